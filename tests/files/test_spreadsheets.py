import pytest
from hypothesis import given
from hypothesis import strategies as st

from dag_gfn.files import csv_line, from_spreadsheet, spreadsheet_safe

DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("age", "age"),
        ("=1+1", "'=1+1"),
        ("@sum", "'@sum"),
        ("-2+3", "'-2+3"),
        ("+a", "'+a"),
        ("\tx", "'\tx"),
        ("\r=x", "'\r=x"),
        ("-12.5", "-12.5"),
        ("+3e-8", "+3e-8"),
        ("a=b", "a=b"),
        ("'quoted'", "'quoted'"),
        ("'=x", "''=x"),
        ("", ""),
    ],
)
def test_what_a_spreadsheet_would_compute_is_text(text, cell):
    assert spreadsheet_safe(text) == cell
    assert from_spreadsheet(cell) == text


@given(st.text(alphabet="'=+-@\t\r\na1.e ", max_size=8))
def test_every_text_comes_back_and_none_is_a_formula(text):
    cell = spreadsheet_safe(text)
    assert from_spreadsheet(cell) == text
    if cell.startswith(DANGEROUS):
        float(cell)  # a number is no formula


def test_a_line_of_csv():
    assert csv_line(["a,b", 'say "x"', "c\rd", "=1", 0.5, ""]) == '"a,b","say ""x""","c\rd",\'=1,0.5,\n'
