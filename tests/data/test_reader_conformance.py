import dataclasses

import pandas as pd
import pytest

from dag_gfn.data.csv_file import read_csv_file
from dag_gfn.data.file_readers import FILE_READERS
from dag_gfn.data.reader_conformance import REFERENCE_TABLE, check_file_reader
from dag_gfn.errors import DataError

SHORT = REFERENCE_TABLE.rename(columns={"body mass": "MASS", "age": "AGE"})
"""For formats whose names are short, in capitals, and without blanks."""


def with_library(name, write):
    """Return a writer that skips the test where its library is absent."""
    return lambda path: write(pytest.importorskip(name), path)


def write_excel(_, path):
    pytest.importorskip("python_calamine")
    REFERENCE_TABLE.to_excel(path, index=False)


WRITERS = {
    "read_csv_file": (".csv", lambda path: REFERENCE_TABLE.to_csv(path, index=False), REFERENCE_TABLE),
    "read_excel_file": (".xlsx", with_library("openpyxl", write_excel), REFERENCE_TABLE),
    "read_parquet": (
        ".parquet",
        with_library("pyarrow", lambda _, path: REFERENCE_TABLE.to_parquet(path)),
        REFERENCE_TABLE,
    ),
    "read_arrow": (
        ".feather",
        with_library("pyarrow", lambda _, path: REFERENCE_TABLE.to_feather(path)),
        REFERENCE_TABLE,
    ),
    "read_stata": (".dta", with_library("pyreadstat", lambda lib, path: lib.write_dta(SHORT, path)), SHORT),
    "read_spss": (".sav", with_library("pyreadstat", lambda lib, path: lib.write_sav(SHORT, path)), SHORT),
    "read_spss_portable": (
        ".por",
        with_library("pyreadstat", lambda lib, path: lib.write_por(SHORT, path)),
        SHORT,
    ),
    "read_sas_transport": (
        ".xpt",
        with_library("pyreadstat", lambda lib, path: lib.write_xport(SHORT, path)),
        SHORT,
    ),
    "read_r_file": (
        ".rds",
        with_library("rdata", lambda lib, path: lib.write_rds(path, REFERENCE_TABLE, compression=None)),
        REFERENCE_TABLE,
    ),
}
"""The suffix, how to write a table, and the table, for each reader; a new reader needs an entry."""
UNWRITTEN = {"read_sas"}  # no library writes this format


def test_every_reader_is_checked():
    assert {*WRITERS, *UNWRITTEN} == {reader.__name__ for reader in FILE_READERS.values()}


@pytest.mark.parametrize("reader", WRITERS)
def test_readers_keep_their_contract(tmp_path, reader):
    suffix, write, table = WRITERS[reader]
    path = tmp_path / f"table{suffix}"
    write(path)
    assert FILE_READERS[suffix].__name__ == reader
    check_file_reader(FILE_READERS[suffix], path, table)


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
        (lambda path: pd.read_csv(path).set_index("age", drop=False), "no column"),
        (lambda path: pd.read_csv(path) if "table" in str(path) else REFERENCE_TABLE, "without an error"),
        (renumbered, "row numbers"),
        (two_lines, "several lines"),
        (nameless, "does not name the file"),
    ],
)
def test_faulty_readers_are_found(tmp_path, reader, message):
    path = tmp_path / "table.csv"
    REFERENCE_TABLE.to_csv(path, index=False)
    with pytest.raises(AssertionError, match=message):
        check_file_reader(reader, path)
