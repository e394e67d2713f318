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


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("a,b\n1.5,2\n3,4\n", None),
        ("a, b\n1.5, 2\n\n3, 4\n\n", None),
        ("\ufeffa,b\r\n1.5,2\r\n3,4\r\n", None),
        ('"a","b"\n1.5,2\n3,4', None),
        ("a;b\n1.5;2\n3;4\n", "read semicolons as separators"),
        ("a;b\n1,5;2\n3;4\n", "read semicolons as separators and decimal commas"),
        ("a\tb\n1.5\t2\n3\t4\n", "read tabs as separators"),
    ],
)
def test_spellings_of_one_table(write, text, note):
    frame, notes = read_csv_file(write(text))
    assert list(frame.columns) == ["a", "b"]
    assert frame.to_numpy().tolist() == [[1.5, 2.0], [3.0, 4.0]]
    assert notes == (() if note is None else (note,))


def test_quoted_cells_may_hold_separators_and_line_breaks(write):
    frame, _ = read_csv_file(write('a,b\n"x, y","two\nlines"\nz,w\n'))
    assert frame.to_numpy().tolist() == [["x, y", "two\nlines"], ["z", "w"]]


def test_empty_cells_are_missing_but_none_is_a_state(write):
    frame, _ = read_csv_file(write("a,b\nNone,1\n,NA\nfull,nan\n"))
    assert frame.isna().to_numpy().tolist() == [[False, False], [True, True], [False, True]]
    assert frame["a"].iloc[0] == "None"


def test_an_unnamed_first_column_is_called_as_pandas_does(write):
    frame, _ = read_csv_file(write(",a,b\n0,1,2\n1,3,4\n"))
    assert list(frame.columns) == ["Unnamed: 0", "a", "b"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        (" \n\n", "is empty"),
        ("a,a,b\n1,2,3\n", "names 'a' more than once"),
        ("a,,b\n1,2,3\n", "no name to column 2"),
        ("a,b\n1,2\n3\n", r"line 3 has 1 cells, but the header names 2 columns"),
        ("a,b\n1,2\n3,4,5\n", r"line 3 has 3 cells"),
        ("a,b\n1,2,\n3,4,\n", r"line 2 has 3 cells"),
        ("0.5,1.5\n1,2\n", r"first line holds numbers \(0.5, 1.5\)"),
        (b"a,b\ncaf\xe9,2\n", "not UTF-8 text .byte 0xe9 at position 7.*save it as"),
        ("a,b\n" + "1" * 200_000 + ",2\n", "line 2 is not CSV"),
    ],
)
def test_broken_files_are_named(write, content, message):
    with pytest.raises(DataError, match=message) as error:
        read_csv_file(write(content))
    assert "\n" not in str(error.value)
    assert "table.csv" in str(error.value)


def test_missing_file_and_directory(tmp_path):
    with pytest.raises(DataError, match=r"no file .*nowhere\.csv"):
        read_csv_file(tmp_path / "nowhere.csv")
    with pytest.raises(DataError, match="is a directory"):
        read_csv_file(tmp_path)


def test_column_numbers_are_names(write):
    frame, _ = read_csv_file(write("0,1\n1.5,2\n3,4\n"))
    assert list(frame.columns) == ["0", "1"]
