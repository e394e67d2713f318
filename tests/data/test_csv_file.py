import os

import pytest

from dag_gfn.data.csv_file import read_csv_file
from dag_gfn.errors import DataError


@pytest.fixture
def write(tmp_path):
    def write(content):
        path = tmp_path / "table.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def cells(table):
    return [[text.strip() for text in table.cells(j)] for j in range(len(table.names))]


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        ("a,b\n1.5,2\n3,4\n", ()),
        ("a, b\n1.5, 2\n\n3, 4\n\n", ()),
        ("\ufeffa,b\r\n1.5,2\r\n3,4\r\n", ()),
        ("a,b\r1.5,2\r3,4\r", ()),
        ('"a","b"\n1.5,2\n3,4', ()),
        ("a,b\n1.5,2\n3,4\n\x1a", ()),
        ("a;b\n1.5;2\n3;4\n", ("read semicolons as separators",)),
        ("a\tb\n1.5\t2\n3\t4\n", ("read tabs as separators",)),
        ("a|b\n1.5|2\n3|4\n", ("read vertical bars as separators",)),
        ("a,b,\n1.5,2\n3,4\n", ()),
        ("a b\n1.5 2\n3 4\n", ("read blanks as separators",)),
        ("# by me\na,b\n1.5,2\n3,4\n", ("left out 1 comment line at the top",)),
        ("a,b\n1.5,2,\n3,4,\n", ("cut empty cells at the end of 2 lines",)),
        ("a,b\n1.5,2\n,\n3,4\n,\n", ("left out 2 rows without any value",)),
        ("a,b\n1.5,2\n3,4\n".encode("utf-16"), ("read as UTF-16 text",)),
    ],
)
def test_spellings_of_one_table(write, text, notes):
    table = read_csv_file(write(text))
    assert table.names == ("a", "b")
    assert cells(table) == [["1.5", "3"], ["2", "4"]]
    assert table.notes == notes


def test_cells_stay_text(write):
    table = read_csv_file(write("a,b\n1.10,01\n1.1,1\n"))
    assert cells(table) == [["1.10", "1.1"], ["01", "1"]]


def test_rows_keep_their_numbers_when_others_are_left_out(write):
    table = read_csv_file(write("a,b\n1,2\n,\n3,4\n"))
    assert table.rows.tolist() == [0, 2]


def test_quoted_cells_may_hold_separators_and_line_breaks(write):
    table = read_csv_file(write('a,b\n"x, y","two\nlines"\nz,w\n'))
    assert cells(table) == [["x, y", "z"], ["two\nlines", "w"]]


def test_long_files_come_in_blocks(write):
    rows = [(str(i), f"v{i % 7}") for i in range(45_000)]
    table = read_csv_file(write("a,b\n" + "".join(f"{a},{b}\n" for a, b in rows)))
    assert len(table.blocks) == 3
    assert table.cells(0) == [a for a, _ in rows]
    assert table.cells(1, 3) == ["v0", "v1", "v2"]
    column = table.column(1)
    assert [column.texts[code] for code in column.codes[:9]] == [b for _, b in rows[:9]]
    assert column.codes.dtype.itemsize == 1
    assert table.last_row() == ["44999", "v3"]


@pytest.mark.parametrize(
    ("text", "names", "rows"),
    [
        ("Temp (mean, °C);p;y\n9.5;8.0;1.0\n10.5;8.5;2.0\n", ("Temp (mean, °C)", "p", "y"), 2),
        ("Temp (mean, °C);p\n9,5;8,0\n10,5;8,5\n", ("Temp (mean, °C)", "p"), 2),
        ("a;b\n1,5;2,5\n3,1;4,2\n", ("a", "b"), 2),
        ("weight|b, c\n1|x, y\n2|z, w\n3|u\n", ("weight", "b, c"), 3),
        ("a\tb; c\n1\tx; y\n2\tz\n", ("a", "b; c"), 2),
        ("a,b;c\n1,x;y\n2,z\n", ("a", "b;c"), 2),
    ],
)
def test_the_separator_divides_all_lines_not_the_header_alone(write, text, names, rows):
    table = read_csv_file(write(text))
    assert table.names == names
    assert len(table) == rows


def test_two_possible_separators_are_said(write):
    table = read_csv_file(write("a;b,c;d\nu;v,w;x\np;q,r;s\n"))
    assert table.notes == ("read commas as separators, though semicolons divide the lines as well",)


def test_row_names_of_r(write):
    table = read_csv_file(write("a,b\nr1,1,2\nr2,3,4\n"))
    assert table.names == ("Unnamed: 0", "a", "b")
    assert cells(table) == [["r1", "r2"], ["1", "3"], ["2", "4"]]


def test_row_names_of_r_between_blanks(write):
    table = read_csv_file(write('"mpg" "cyl"\n"Mazda RX4" 21 6\n"Fiat 128" 32.4 4\n'))
    assert table.names == ("Unnamed: 0", "mpg", "cyl")
    assert cells(table) == [["Mazda RX4", "Fiat 128"], ["21", "32.4"], ["6", "4"]]


def test_errors_count_comment_lines(write):
    with pytest.raises(DataError, match="line 203 has 3 cells"):
        read_csv_file(write("# by me\na b\n" + "6 7\n" * 200 + "3 4 5\n"))


def test_windows_encoding_is_read_with_a_note(write):
    table = read_csv_file(write("größe,b\n1,2\n3,4\n".encode("cp1252")))
    assert table.names == ("größe", "b")
    assert "Windows-1252" in table.notes[0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        (" \n\n", "is empty"),
        ("\ufeff\n", "is empty"),
        ("a,a,b\n1,2,3\n", "names 'a' more than once"),
        ("a,b\n1,2\n3\n", r"line 3 has 1 cells, but the header names 2 columns"),
        ("a,b\n1,2\n3,4,5\n", r"line 3 has 3 cells"),
        ("a,b\n1,2,3\n4,5\n", r"line 2 has 3 cells, but the header names 2 columns"),
        ("Results of 2020\na,b\n1,2\n3,4\n", "line 2 has 2 cells.*if line 1 is a title, delete it"),
        ('a,b\n1,"2\n3,4\n5,6\n', "line 2: a quote is not closed"),
        ('a,b\n1,2\n3,"4\n', "line 3: a quote is not closed"),
        ('a,b\n1,2\n3,"', "line 3: a quote is not closed"),
        ('"\nb3', "line 1: a quote is not closed"),
        ('a,b\n1,"2\n3,4\n5,"6"\n7,8\n', "line 2: a quote is not closed"),
        ('a,b\n1,"2\n' + "3,4\n" * 50_000, "line 2: a quote is not closed"),
        (b"a,b\ncaf\xe9,2\x81\n", "not UTF-8 text .byte 0xe9 at position 7.*save it as"),
        (b"PK\x03\x04\xe9\x00", "not UTF-8 text"),
        (b"a,b\n1\x00,2\n", r"not text \(byte 0x00 at position 5\)"),
        ("a,b\n" + "1" * 200_000 + ",2\n", "line 2 is not CSV"),
    ],
)
def test_broken_files_are_named(write, content, message):
    with pytest.raises(DataError, match=message) as error:
        read_csv_file(write(content))
    assert "\n" not in str(error.value)
    assert "table.csv" in str(error.value)


def test_paths_that_are_no_files(tmp_path):
    with pytest.raises(DataError, match=r"no file .*nowhere\.csv"):
        read_csv_file(tmp_path / "nowhere.csv")
    with pytest.raises(DataError, match="is a directory"):
        read_csv_file(tmp_path)
    with pytest.raises(DataError, match="cannot be read") as error:
        read_csv_file(tmp_path / ("n" * 5000))
    assert len(str(error.value)) < 300
    with pytest.raises(DataError, match="cannot be read"):
        read_csv_file("table\0.csv")


@pytest.mark.skipif(os.name == "nt", reason="devices and links of other systems")
def test_devices_and_loops_of_links(tmp_path):
    with pytest.raises(DataError, match="is a device"):
        read_csv_file("/dev/zero")
    loop = tmp_path / "loop.csv"
    loop.symlink_to(loop)
    with pytest.raises(DataError, match="cannot be read"):
        read_csv_file(loop)
