import pytest

from dag_gfn.data.separators import text_lines


def read(text):
    lines, notes = text_lines(text.encode(), "utf-8-sig")
    return [[cell.strip() for cell in row] for row in lines.records() if any(row)], notes


TABLE = [["a", "b"], ["1", "2.5"], ["3", "4.5"]]
BLANKS = "read blanks as separators"


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        ("a b\n1 2.5\n3 4.5\n", (BLANKS,)),
        ("  a     b\n  1   2.5\n  3   4.5\n", (BLANKS,)),
        ("a \t b\r\n1\t\t2.5  \r\n3 4.5\r\n", (BLANKS,)),
        ('"a" "b"\n1 2.5\n3 "4.5"', (BLANKS,)),
        ("# made by a program, in 2020\na,b\n1,2.5\n3,4.5\n", ("left out 1 comment line at the top",)),
        ("# x\n#\n# y\na b\n1 2.5\n3 4.5\n", (BLANKS, "left out 3 comment lines at the top")),
        ("# a b\n1 2.5\n3 4.5\n", (BLANKS, "took the column names from the comment line '# a b'")),
        (
            "# run 7\n#a,b\n1,2.5\n3,4.5\n",
            ("took the column names from the comment line '#a,b'", "left out 1 comment line at the top"),
        ),
        ("sep=;\na;b\n1;2.5\n3;4.5\n", ("read semicolons as separators",)),
        ("\ufeffsep=,\r\na,b\r\n1,2.5\r\n3,4.5\r\n", ()),
    ],
)
def test_spellings_of_one_table(text, notes):
    assert read(text) == (TABLE, notes)


def test_decimal_commas_beside_blanks():
    rows, notes = read("x y\n1,5 2,5\n3,25 4,5\n")
    assert (rows[1], notes) == (["1,5", "2,5"], (BLANKS,))


def test_row_names_of_r_between_blanks():
    rows, notes = read('"a b" "c"\n"r 1" 1 2\n"r 2" 3 4\n')
    assert (rows, notes) == ([["a b", "c"], ["r 1", "1", "2"], ["r 2", "3", "4"]], (BLANKS,))


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("#id,age\nx,31\ny,25\n", ["#id", "age"]),
        ("#\tname\tage\n1\tx\t31\n2\ty\t25\n", ["#", "name", "age"]),
        ("# name age\n1 x 31\n2 y 25\n", ["#", "name", "age"]),
        ("#a\n#b\n", ["#a"]),
    ],
)
def test_a_column_may_be_called_by_the_sign_of_comments(text, header):
    assert read(text)[0][0] == header


@pytest.mark.parametrize(
    "text",
    [
        "full name,home town\nAnn Lee,New York\nBob Ray,Los Angeles\n",
        "name, age\nAnn, 3\nBob, 4, x\n",
        "remark\nall is well\nnothing\n",
        "note\ttown a\nx y z\tu v\nx\tu\n",
    ],
)
def test_blanks_within_cells_do_not_separate(text):
    assert BLANKS not in read(text)[1]


def test_lines_that_are_skipped_count():
    lines, _ = text_lines(b"# one\n# two\na,b\n1,2\n", "utf-8")
    assert list(lines) == ["\n", "\n", "a,b\n", "1,2\n"]
