"""The bytes of a file, or an error that says why there are none."""

import stat
from os import PathLike
from pathlib import Path

from dag_gfn.errors import DataError, shortened


def check_file(path: str | PathLike) -> Path:
    """Return the path of a file that can be read.

    Raises
    ------
    DataError
        If there is no such file, it may not be read, or it is a directory or a device.

    Examples
    --------
    >>> from dag_gfn.data.file_bytes import check_file
    >>> check_file("nowhere.csv")
    Traceback (most recent call last):
    dag_gfn.errors.DataError: no file 'nowhere.csv': give the path of a table with column names in its first line.
    """
    path = Path(path)
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise DataError(f"'{path}' is a directory: give the path of a table in it.")
        if stat.S_ISCHR(mode) or stat.S_ISBLK(mode) or stat.S_ISSOCK(mode):
            raise DataError(f"'{path}' is a device, not a file: give the path of a table.")
    except (FileNotFoundError, NotADirectoryError):
        raise DataError(
            f"no file '{shortened(str(path))}': give the path of a table with column names in its first line."
        ) from None
    except (OSError, ValueError, RuntimeError) as error:  # a name too long, a loop of links, ...
        raise _unreadable(path, error) from None
    return path


def read_bytes(path: str | PathLike) -> bytes:
    """Return the content of a file.

    Raises
    ------
    DataError
        If it cannot be read, or holds nothing but blanks.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from dag_gfn.data.file_bytes import read_bytes
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "t.csv"
    ...     _ = path.write_bytes(b"a,b")
    ...     read_bytes(path)
    b'a,b'
    """
    path = check_file(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from None
    if not content.strip(b" \t\r\n\f\v\xef\xbb\xbf\x1a"):
        raise DataError(
            f"'{path}' is empty: a header line with the column names and at least two rows are needed."
        )
    return content


def _unreadable(path: Path, error: Exception) -> DataError:
    reason = getattr(error, "strerror", None) or str(error)
    return DataError(
        f"'{shortened(str(path))}' cannot be read ({reason}): check the path and its permissions."
    )
