"""Files and folders that are written completely or not at all, and what killed processes left of them."""

from dag_gfn.files.folders import (
    check_place,
    place,
    recover,
    remove_empty,
    remove_files,
    remove_leftovers,
    strangers,
    unfinished_folder,
)
from dag_gfn.files.interrupts import uninterrupted
from dag_gfn.files.locks import Lock
from dag_gfn.files.spreadsheets import csv_line, from_spreadsheet, spreadsheet_safe
from dag_gfn.files.writing import read_text, replacing, sync, write_text

__all__ = [
    "Lock",
    "check_place",
    "csv_line",
    "from_spreadsheet",
    "place",
    "read_text",
    "recover",
    "remove_empty",
    "remove_files",
    "remove_leftovers",
    "replacing",
    "spreadsheet_safe",
    "strangers",
    "sync",
    "unfinished_folder",
    "uninterrupted",
    "write_text",
]
