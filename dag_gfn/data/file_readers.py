"""The readers of files with data, by the suffix of the file's name."""

from collections.abc import Callable
from os import PathLike
from pathlib import Path

import pandas as pd

from dag_gfn.data.csv_file import read_csv_file
from dag_gfn.data.text_table import TextTable

FileReader = Callable[[str | PathLike], TextTable | pd.DataFrame]
"""Reads a file to a text table, or to a data frame if the format stores types; DataError says what is wrong."""

FILE_READERS: dict[str, FileReader] = {".csv": read_csv_file}
"""A new reader is one file, one entry here, and one entry in the conformance test."""


def file_reader(path: str | PathLike) -> FileReader:
    """Return the reader of a file by the suffix of its name; other suffixes are read as CSV.

    Examples
    --------
    >>> from dag_gfn.data.file_readers import file_reader
    >>> file_reader("survey.csv").__name__, file_reader("survey.txt").__name__
    ('read_csv_file', 'read_csv_file')
    """
    return FILE_READERS.get(Path(path).suffix.lower(), read_csv_file)
