import dataclasses

import pandas as pd
import pytest

from dag_gfn.data.csv_file import read_csv_file
from dag_gfn.data.file_readers import FILE_READERS
from dag_gfn.data.reader_conformance import REFERENCE_TABLE, check_file_reader
from dag_gfn.errors import DataError

WRITERS = {".csv": lambda path: REFERENCE_TABLE.to_csv(path, index=False)}
"""Writes the reference table in the format of each suffix; a new reader needs an entry."""


def test_every_reader_is_checked():
    assert set(WRITERS) == set(FILE_READERS)


@pytest.mark.parametrize("suffix", FILE_READERS)
def test_readers_keep_their_contract(tmp_path, suffix):
    path = tmp_path / f"table{suffix}"
    WRITERS[suffix](path)
    check_file_reader(FILE_READERS[suffix], path)


def two_lines(path):
    try:
        return read_csv_file(path)
    except DataError as error:
        raise DataError(f"{error}\n") from None


def nameless(path):
    try:
        return read_csv_file(path)
    except DataError:
        raise DataError("it cannot be read") from None


def renumbered(path):
    table = read_csv_file(path)
    return dataclasses.replace(table, row_numbers=table.row_numbers + 1)


@pytest.mark.parametrize(
    ("reader", "message"),
    [
        (lambda path: read_csv_file(path).names, "neither a text table"),
        (lambda path: pd.read_csv(path).fillna(0), "DataFrame.iloc"),
        (lambda path: pd.read_csv(path) if "table" in str(path) else REFERENCE_TABLE, "without an error"),
        (renumbered, "row numbers"),
        (two_lines, "several lines"),
        (nameless, "does not name the file"),
    ],
)
def test_faulty_readers_are_found(tmp_path, reader, message):
    path = tmp_path / "table.csv"
    WRITERS[".csv"](path)
    with pytest.raises(AssertionError, match=message):
        check_file_reader(reader, path)
