"""What readers of formats with types share: a library that may be absent, and errors in one line."""

from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from types import ModuleType

import pandas as pd

from dag_gfn.data.file_bytes import check_file
from dag_gfn.data.messages import one_line
from dag_gfn.errors import DataError
from dag_gfn.quiet_import import quiet_import

NOTES = "dag_gfn notes"
"""The attribute of a data frame that holds what was done while reading it."""


def library(name: str, package: str, path: str | PathLike) -> ModuleType:
    """Return the module that reads a file.

    Raises
    ------
    DataError
        If its package is not installed; the message says how to install it.

    Examples
    --------
    >>> from dag_gfn.data.typed_files import library
    >>> library("no_such_module", "nothing", "t.xyz")
    Traceback (most recent call last):
    dag_gfn.errors.DataError: reading 't.xyz' needs the package nothing: pip install 'dag-gfn[files]'
    """
    try:
        return quiet_import(name)
    except ImportError:
        raise DataError(
            f"reading '{path}' needs the package {package}: pip install 'dag-gfn[files]'"
        ) from None


@contextmanager
def reading_as(kind: str, path: str | PathLike) -> Iterator[Path]:
    """Give the path of a file to a library, and turn what the library raises into a DataError of one line.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from dag_gfn.data.typed_files import reading_as
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "t.parquet"
    ...     _ = path.write_bytes(b"no table")
    ...     try:
    ...         with reading_as("a Parquet file", path):
    ...             raise ValueError("bad\\nmagic")
    ...     except Exception as error:
    ...         print(type(error).__name__, str(error).partition("t.parquet' ")[2])
    DataError cannot be read as a Parquet file (bad magic): it may be damaged or in another format.
    """
    path = check_file(path)
    if not path.stat().st_size:
        raise DataError(f"'{path}' is empty: a table with column names and at least two rows is needed.")
    try:
        yield path
    except (DataError, KeyboardInterrupt, MemoryError):
        raise
    except Exception as error:
        reason = one_line(error, 120) or type(error).__name__
        raise DataError(
            f"'{path}' cannot be read as {kind} ({reason}): it may be damaged or in another format."
        ) from None


def with_notes(frame: pd.DataFrame, *notes: str) -> pd.DataFrame:
    """Return a frame that carries notes on how it was read; `notes_of` gives them back.

    Examples
    --------
    >>> import pandas as pd
    >>> from dag_gfn.data.typed_files import notes_of, with_notes
    >>> notes_of(with_notes(pd.DataFrame({"a": [1]}), "read the sheet 'x'"))
    ("read the sheet 'x'",)
    """
    frame.attrs[NOTES] = (*notes_of(frame), *notes)
    return frame


def notes_of(frame: pd.DataFrame) -> tuple[str, ...]:
    """Return the notes of `with_notes`.

    Examples
    --------
    See `with_notes`.
    """
    return tuple(frame.attrs.get(NOTES, ()))
