"""Single files that are written whole or not at all."""

import contextlib
import errno
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

TEMPORARY_FILE = re.compile(r"\.dag-gfn-[0-9a-f]{16}")
"""Names of files that are still being written; a kill leaves one."""
_LOST = {errno.EIO, errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
"""Of fsync: the content is not on the disk. Other errors say that the file system does not offer it."""


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a new name in the same folder to write to, and move that file to `path` when all has gone well.

    The content is on the disk before the name changes, so that a kill or a power cut leaves the old file or the
    new one. A link is followed: the file that it leads to is replaced. The temporary name does not hold that of the
    file, which may be as long as names can be.

    Raises
    ------
    OSError
        If the file cannot be written; what was there stays as it was.
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
    """Write a file in UTF-8 with the line ends of `text`, complete or not at all.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    with replacing(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8", newline="\n")


def read_text(path: Path, limit: int) -> str:
    """Return the text of a file in UTF-8.

    Nothing but a file is read: a pipe in its place would never end, nor would a device.

    Raises
    ------
    OSError
        If it is no file, or cannot be read.
    ValueError
        If it has more than `limit` bytes, or is no text.
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
    """Wait until a file, or the names in a folder, are on the disk, where the system offers that.

    Raises
    ------
    OSError
        If the content cannot be kept: the disk is full or broken.
    """
    if os.name == "nt":  # folders cannot be opened there, and files only for writing
        return
    try:
        handle = os.open(path, os.O_RDONLY)
    except PermissionError:  # a folder may be written and not read
        return
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno in _LOST:
            raise
    finally:
        os.close(handle)
