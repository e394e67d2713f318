"""Single files that are written completely or not at all."""

import contextlib
import errno
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

TEMPORARY_FILE = re.compile(r"\.dag-gfn-[0-9a-f]{16}")
"""Names of files that are being written; a killed process leaves such a file."""
_LOST = {errno.EIO, errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
"""Errors of fsync that mean that the content is not on the disk; others mean that fsync is not supported."""


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary name in the same folder to write to, and rename that file to `path` if no error occurs.

    The content is on the disk before the file is renamed. A kill or a power cut leaves either the old file or the new
    one. If `path` is a link, the file that it leads to is replaced. The temporary name does not contain the name of
    the file, which may already have the largest allowed length.

    Raises
    ------
    OSError
        If the file cannot be written; the old file is unchanged.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from dag_gfn.files import replacing
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "notes.txt"
    ...     with replacing(path) as unfinished:
    ...         _ = unfinished.write_text("done")
    ...         print(path.exists())
    ...     print(path.read_text())
    False
    done
    """
    target = Path(os.path.realpath(path)) if path.is_symlink() else path
    unfinished = target.with_name(f".dag-gfn-{secrets.token_hex(8)}")
    try:
        yield unfinished
        sync(unfinished)
        os.replace(unfinished, target)
        sync(target.parent)
    finally:
        unfinished.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file in UTF-8 with the line ends of `text`, completely or not at all.

    Raises
    ------
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from dag_gfn.files import write_text
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_text(Path(folder) / "a.txt", "größe")
    ...     print((Path(folder) / "a.txt").read_bytes().decode("utf-8"))
    größe
    """
    with replacing(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8", newline="\n")


def read_text(path: Path, limit: int) -> str:
    """Return the text of a file in UTF-8.

    Pipes and devices are refused, because reading them may never end.

    Parameters
    ----------
    path : Path
    limit : int
        Largest number of bytes.

    Raises
    ------
    OSError
        If the path is not a file, or cannot be read.
    ValueError
        If the file has more than `limit` bytes, or is not text.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from dag_gfn.files import read_text, write_text
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_text(Path(folder) / "a.txt", "one two")
    ...     print(read_text(Path(folder) / "a.txt", limit=100))
    one two
    """
    if not path.is_file():
        raise OSError(errno.EINVAL, "it is not a file", str(path))
    with path.open("rb") as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise ValueError(f"it has more than the {limit:,} bytes that are read")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not text in UTF-8 (byte {error.start + 1})") from None


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk, if the system supports that.

    Raises
    ------
    OSError
        If the content cannot be stored because the disk is full or broken.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from dag_gfn.files import sync
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     sync(Path(folder))  # returns when the folder is on the disk
    """
    if os.name == "nt":  # Windows cannot open folders, and syncs only files that are open for writing
        return
    try:
        handle = os.open(path, os.O_RDONLY)
    except PermissionError:  # a folder may be writable without being readable
        return
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno in _LOST:
            raise
    finally:
        os.close(handle)
