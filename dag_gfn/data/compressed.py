"""Compressed files: gzip, bzip2, xz and zip, unpacked within a limit of size."""

import bz2
import gzip
import lzma
import re
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any

from dag_gfn.data.file_bytes import check_file
from dag_gfn.data.messages import quoted
from dag_gfn.errors import DataError
from dag_gfn.memory import installed_memory

KINDS: dict[str, tuple[re.Pattern[bytes], Callable[[Path], Any]]] = {
    "gzip": (re.compile(rb"\x1f\x8b\x08"), gzip.GzipFile),
    "bzip2": (re.compile(rb"BZh[1-9]1AY&"), bz2.BZ2File),
    "xz": (re.compile(rb"\xfd7zXZ\x00"), lzma.LZMAFile),
}
"""The first bytes of compressed files, and how to open them."""
SUFFIXES = (".gz", ".bz2", ".xz", ".zip", ".gzip")
_PIECE = 1 << 20
_OFFICE = ("[Content_Types].xml", "mimetype")  # members of a zip file that is a spreadsheet
_FAULTS = (
    OSError,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    RuntimeError,
    NotImplementedError,
)


@contextmanager
def unpacked(path: str | PathLike) -> Iterator[Path]:
    """Give the path of a file that is not compressed: the file itself, or a copy that lasts as long as the context.

    The content decides, not the suffix. Errors of DataError in the context name the original file.

    Raises
    ------
    DataError
        If the file cannot be read or unpacked, is too large for this machine, or is a zip file with several files.

    Examples
    --------
    >>> import gzip, tempfile
    >>> from pathlib import Path
    >>> from dag_gfn.data.compressed import unpacked
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "survey.csv.gz"
    ...     _ = path.write_bytes(gzip.compress(b"a,b"))
    ...     with unpacked(path) as plain:
    ...         print(plain.name, plain.read_text())
    survey.csv a,b
    """
    path = check_file(path)
    found = _opener(path)
    if found is None:
        yield path
        return
    kind, name, open_it = found
    with tempfile.TemporaryDirectory(prefix="dag_gfn-") as folder:
        plain = Path(folder) / name
        _copy(path, kind, open_it, plain)
        try:
            yield plain
        except DataError as error:
            raise DataError(str(error).replace(str(plain), str(path))) from error.__cause__


def check_size(path: Path, size: int) -> None:
    """Raise DataError if unpacking a file takes more than a quarter of the memory.

    Examples
    --------
    >>> from pathlib import Path
    >>> from dag_gfn.data.compressed import check_size
    >>> check_size(Path("t.csv.gz"), size=1000)
    """
    limit = installed_memory() // 4
    if size > limit:
        raise DataError(
            f"'{path}' holds more than {limit / 1e9:.3g} GB when unpacked, too much for this machine: "
            "choose the columns and rows that are needed first."
        )


def check_zip(path: Path) -> None:
    """Raise DataError if the members of a zip file, such as a spreadsheet, are too large or cannot be listed.

    Examples
    --------
    >>> import tempfile, zipfile
    >>> from pathlib import Path
    >>> from dag_gfn.data.compressed import check_zip
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "t.zip"
    ...     with zipfile.ZipFile(path, "w") as archive:
    ...         archive.writestr("t.csv", "a,b")
    ...     check_zip(path)  # raises nothing
    """
    try:
        with zipfile.ZipFile(path) as archive:
            check_size(path, sum(member.file_size for member in archive.infolist()))
    except _FAULTS as error:
        raise _broken(path, "zip", error) from None


def _opener(path: Path) -> tuple[str, str, Callable[[], Any]] | None:
    """Return the kind of a compressed file, the name of the file in it, and how to open that; None if it is plain."""
    try:
        with open(path, "rb") as file:
            head = file.read(8)
    except OSError:
        return None  # the reader says why
    for kind, (first, open_it) in KINDS.items():
        if first.match(head):
            name = path.stem if path.suffix.lower() in SUFFIXES else path.name
            return kind, name, partial(open_it, path)
    if head.startswith(b"PK\x03\x04") and zipfile.is_zipfile(path):
        try:
            member = _only_member(path)
        except _FAULTS as error:
            raise _broken(path, "zip", error) from None
        return (
            None if member is None else ("zip", Path(member).name, lambda: zipfile.ZipFile(path).open(member))
        )
    return None


def _only_member(path: Path) -> str | None:
    """Return the name of the only file in a zip file, or None if it is a spreadsheet."""
    with zipfile.ZipFile(path) as archive:
        if any(name in archive.namelist() for name in _OFFICE):
            return None
        members = [
            member.filename
            for member in archive.infolist()
            if not member.is_dir() and not member.filename.startswith("__MACOSX/") and member.file_size
        ]
    if len(members) != 1:
        what = f"{len(members)} files ({quoted(members)})" if members else "no file"
        raise DataError(f"'{path}' holds {what}, where one is expected: unpack it, and give the table in it.")
    return members[0]


def _copy(path: Path, kind: str, open_it: Callable[[], Any], plain: Path) -> None:
    size = 0
    try:
        with open_it() as source, open(plain, "wb") as target:
            while piece := source.read(_PIECE):
                size += len(piece)
                check_size(path, size)
                target.write(piece)
    except _FAULTS as error:
        raise _broken(path, kind, error) from None


def _broken(path: Path, kind: str, error: Exception) -> DataError:
    return DataError(
        f"'{path}' cannot be unpacked as {kind} ({' '.join(str(error).split())}): "
        "it may be cut off or need a password; fetch it again, or unpack it with another program."
    )
