import codecs
from pathlib import Path

import pytest

from dag_gfn.data.text_encoding import text_encoding
from dag_gfn.errors import DataError

TEXT = "größe,straße\n1,2\n"
PATH = Path("table.csv")


@pytest.mark.parametrize("written", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_the_encoding_that_is_found_gives_the_text_back(written):
    content = TEXT.encode(written)
    found, notes = text_encoding(content, PATH)
    assert content.decode(found) == TEXT
    assert bool(notes) == (written in ("utf-16", "cp1252"))


def test_both_byte_orders_of_utf_16():
    for mark, order in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        assert text_encoding(mark + TEXT.encode(order), PATH)[0] == "utf-16"


@pytest.mark.parametrize("order", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark(order):
    assert text_encoding(TEXT.encode(order), PATH) == (order, ("read as UTF-16 text",))
    with pytest.raises(DataError, match="is not text"):
        text_encoding("a,\x01b\n".encode(order), PATH)


@pytest.mark.parametrize("before", [0, 1, (1 << 20) - 1, 1 << 20])
def test_a_letter_may_lie_across_two_pieces(before):
    assert text_encoding(b"a" * before + "ö".encode() + b"\n", PATH) == ("utf-8-sig", ())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a,b\n\x00\x01", "is not text .byte 0x00 at position 4"),
        (b"a,b\n1,\x07", "is not text .byte 0x07 at position 6"),
        (b"a\x81b", "is not UTF-8 text .byte 0x81 at position 1"),  # 0x81 is undefined in Windows-1252
        (b"PK\x03\x04\xff\xfe", "is not UTF-8 text .byte 0xff at position 4"),
        (b"a" * (1 << 20) + b"\xc3\x01", f"position {1 << 20}"),
    ],
)
def test_binary_content_is_refused_with_the_first_wrong_byte(content, message):
    with pytest.raises(DataError, match=message):
        text_encoding(content, PATH)


def test_an_odd_number_of_bytes_is_not_utf_16():
    assert text_encoding(codecs.BOM_UTF16_LE + b"a", PATH)[0] == "cp1252"
