"""The encoding of a text file."""

import codecs
import re
from pathlib import Path

from dag_gfn.errors import DataError

_NO_TEXT = re.compile(rb"[\x00-\x08\x0e-\x19\x1b-\x1f]")


def text_encoding(content: bytes, path: Path) -> tuple[str, tuple[str, ...]]:
    """Return the encoding of a file's bytes and notes on it: UTF-8, UTF-16, or Windows-1252.

    Raises
    ------
    DataError
        If the bytes are not text.

    Examples
    --------
    >>> from pathlib import Path
    >>> from dag_gfn.data.text_encoding import text_encoding
    >>> text_encoding("größe,alter".encode(), Path("t.csv"))
    ('utf-8-sig', ())
    >>> text_encoding("größe,alter".encode("cp1252"), Path("t.csv"))[0]
    'cp1252'
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and len(content) % 2 == 0:
        try:
            content.decode("utf-16")
        except UnicodeDecodeError:
            pass
        else:
            return "utf-16", ("read as UTF-16 text",)
    order = _byte_order(content)
    if order:
        return order, ("read as UTF-16 text",)
    decoder = codecs.getincrementaldecoder("utf-8")()
    binary = _NO_TEXT.search(content)
    position = 0
    try:
        for position in range(0, len(content), 1 << 20):
            piece = content[position : position + (1 << 20)]
            decoder.decode(piece, final=position + len(piece) == len(content))
    except UnicodeDecodeError as error:
        # The decoder counts from the bytes that it kept of the piece before.
        where = position + error.start
        byte = error.object[error.start]
        if binary is None and _is_windows_1252(content):
            return "cp1252", ("read as Windows-1252 text, since it is not UTF-8: check letters with accents",)
        raise DataError(
            f"'{path}' is not UTF-8 text (byte 0x{byte:02x} at position {where}): "
            "save it as a CSV file in UTF-8 (a spreadsheet or a compressed file has to be exported first)."
        ) from None
    if binary:
        raise DataError(
            f"'{path}' is not text (byte 0x{content[binary.start()]:02x} at position {binary.start()}): "
            "save it as a CSV file in UTF-8."
        )
    return "utf-8-sig", ()


def _is_windows_1252(content: bytes) -> bool:
    try:
        content.decode("cp1252")
    except UnicodeDecodeError:
        return False
    return True


def _byte_order(content: bytes) -> str | None:
    """Return the encoding of UTF-16 text without a mark: every second byte of plain letters and digits is zero."""
    head = content[:1000]
    zeros = [head[start::2].count(0) for start in (0, 1)]
    if len(content) % 2 or min(zeros) or max(zeros) < 0.3 * len(head):
        return None
    order = "utf-16-be" if zeros[0] else "utf-16-le"
    try:
        text = content.decode(order)
    except UnicodeDecodeError:
        return None
    return None if _NO_TEXT.search(text.encode("utf-8")) else order
