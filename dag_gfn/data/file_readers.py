"""The readers of files with data, by the suffix of the file's name and by its first bytes."""

import re
import zipfile
from collections.abc import Callable
from importlib import import_module
from os import PathLike
from pathlib import Path

import pandas as pd

from dag_gfn.data.compressed import unpacked
from dag_gfn.data.csv_file import read_csv_file
from dag_gfn.data.text_table import TextTable
from dag_gfn.errors import DataError

FileReader = Callable[[str | PathLike], TextTable | pd.DataFrame]
"""Reads a file to a text table, or to a data frame if the format stores types; DataError says what is wrong."""

_NAMES = {
    **dict.fromkeys((".csv", ".tsv", ".tab", ".txt", ".dat"), "csv_file.read_csv_file"),
    **dict.fromkeys((".xlsx", ".xls", ".xlsm", ".xlsb", ".ods"), "excel_file.read_excel_file"),
    **dict.fromkeys((".parquet", ".pq"), "arrow_files.read_parquet"),
    **dict.fromkeys((".feather", ".arrow", ".ipc"), "arrow_files.read_arrow"),
    ".dta": "labelled_files.read_stata",
    **dict.fromkeys((".sav", ".zsav"), "labelled_files.read_spss"),
    ".por": "labelled_files.read_spss_portable",
    ".sas7bdat": "labelled_files.read_sas",
    ".xpt": "labelled_files.read_sas_transport",
    **dict.fromkeys((".rds", ".rda", ".rdata"), "r_file.read_r_file"),
}


def _later(name: str) -> FileReader:
    """Return a reader that loads its module, and the library of the format, when it is first called."""
    module, function = name.split(".")

    def read(path: str | PathLike) -> TextTable | pd.DataFrame:
        return getattr(import_module(f"dag_gfn.data.{module}"), function)(path)

    read.__name__ = function
    return read


FILE_READERS: dict[str, FileReader] = {
    suffix: read_csv_file if name == "csv_file.read_csv_file" else _later(name)
    for suffix, name in _NAMES.items()
}
"""A new reader is one file, one entry here, and one entry in the conformance test."""
SIGNATURES = {
    b"PAR1": ".parquet",
    b"ARROW1\x00\x00": ".arrow",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": ".xls",
    b"PK\x03\x04": ".xlsx",
    b"<stata_dta>": ".dta",
    b"$FL2@(#)": ".sav",
    b"$FL3@(#)": ".zsav",
    b"HEADER RECORD*******": ".xpt",
    b"RDX2\n": ".rda",
    b"RDX3\n": ".rda",
}
"""The first bytes of formats that are known by them, whatever the suffix."""
_WEB_PAGE = re.compile(rb"[\s\xef\xbb\xbf]*<(html|table|!doc|\?xml|meta)", re.IGNORECASE)


def file_reader(path: str | PathLike) -> FileReader:
    """Return the reader of a file by the suffix of its name; other suffixes are read as CSV.

    Examples
    --------
    >>> from dag_gfn.data.file_readers import file_reader
    >>> file_reader("survey.csv").__name__, file_reader("survey.SAV").__name__, file_reader("survey").__name__
    ('read_csv_file', 'read_spss', 'read_csv_file')
    """
    return FILE_READERS.get(Path(path).suffix.lower(), read_csv_file)


def read_table(path: str | PathLike, reader: FileReader | None = None) -> TextTable | pd.DataFrame:
    """Return the table in a file, which may be compressed, as text or as a data frame.

    Parameters
    ----------
    path : str or path
    reader : FileReader, optional
        By default the suffix decides, and the first bytes where they show that it is wrong: a sheet that is called
        survey.csv, or text that is called survey.xls.

    Raises
    ------
    DataError
        If the file cannot be read; the message says what to do.

    Examples
    --------
    >>> import gzip, tempfile
    >>> from pathlib import Path
    >>> from dag_gfn.data.file_readers import read_table
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "survey.csv.gz"
    ...     _ = path.write_bytes(gzip.compress(b"age,pay\\n31,2.1\\n25,1.7\\n"))
    ...     read_table(path).names
    ('age', 'pay')
    """
    with unpacked(path) as plain:
        return (reader or _reader_of(plain))(plain)


def _reader_of(path: Path) -> FileReader:
    reader = file_reader(path)
    try:
        with open(path, "rb") as file:
            head = file.read(64)
            file.seek(max(file.seek(0, 2) - 4, 0))
            tail = file.read()
    except OSError:
        return reader  # it says why the file cannot be read
    for magic, suffix in SIGNATURES.items():
        if not head.startswith(magic) or (magic == b"PAR1" and tail != magic):
            continue
        if magic[:2] == b"PK" and not zipfile.is_zipfile(path):
            continue
        shown = FILE_READERS[suffix]
        # Several suffixes have one reader; a workspace of R may be called .rds.
        return reader if reader.__name__ == shown.__name__ else shown
    if reader.__name__ == "read_excel_file" and head:
        if _WEB_PAGE.match(head):
            raise DataError(
                f"'{path}' is a web page that is called a spreadsheet: open it in a spreadsheet program, and save "
                "it as .xlsx or CSV."
            )
        return read_csv_file
    return reader
