import numpy as np
import pytest

from dag_gfn.data.csv_file import read_csv_file
from dag_gfn.errors import DataError


@pytest.fixture
def read(tmp_path):
    def read(text):
        path = tmp_path / "table.csv"
        path.write_text(text)
        return read_csv_file(path)

    return read


def body(rng, rows, columns, *, loc=0.0, decimals=3):
    values = rng.normal(loc=loc, size=(rows, columns))
    return "".join(",".join(f"{x:.{decimals}f}" for x in row) + "\n" for row in values)


def test_an_unnamed_first_column_is_called_as_pandas_does(read):
    table = read(",a,b\n0,1,2\n1,3,4\n")
    assert table.names == ("Unnamed: 0", "a", "b")
    assert table.notes == ()


def test_other_unnamed_columns_get_a_name_that_options_can_take(read):
    table = read("a,,b,\n1,2,3,\n4,5,6,\n")
    assert table.names == ("a", "Unnamed: 1", "b", "Unnamed: 3")
    assert table.notes == ("called columns without a name 'Unnamed: 1' (column 2)",)


def test_line_breaks_in_names_become_blanks(read):
    assert read('"age\n(years)",b\n1,2\n').names == ("age (years)", "b")


@pytest.mark.parametrize(
    "header",
    ["0,1,2", "1,2,3", "1960,1965,1970", "1960,1965,1972", "400,410,420.5", '"1","2","3"', "1034,22,517"],
)
def test_numbers_above_measurements_are_names(read, rng, header):
    table = read(header + "\n" + body(rng, 50, 3))
    assert table.names == tuple(header.replace('"', "").split(","))
    assert len(table) == 50
    assert (table.notes == ()) == (header == "0,1,2")


def test_two_years_above_measurements_of_their_size(read, rng):
    assert read("1960,1965\n" + body(rng, 50, 2, loc=1962, decimals=2)).names == ("1960", "1965")


def test_numbers_above_words_are_names(read):
    assert read("7,3\n" + "yes,no\nno,no\n" * 5).names == ("7", "3")


@pytest.mark.parametrize("columns", [2, 3, 6])
def test_a_row_of_measurements_is_no_header(read, rng, columns):
    for _ in range(20):
        with pytest.raises(
            DataError, match=r"first line holds numbers.*add a header line, for example x1,x2"
        ):
            read(body(rng, 50, columns))


def test_a_row_of_answers_is_no_header(read, rng):
    rows = rng.integers(1, 6, size=(60, 4))
    rows[0] = [3, 5, 2, 2]
    with pytest.raises(DataError, match="first line holds numbers"):
        read("\n".join(",".join(map(str, row)) for row in rows))
    with pytest.raises(DataError, match="first line holds numbers"):
        read("0.5,1.5\n1,2\n")


def test_a_second_header_line_is_left_out(read):
    numbers = "20,1.70,f\n30,1.80,m\n40,1.75,f\n50,1.65,m\n"
    table = read("Q1,Q2,Q3\nHow old are you?,How tall?,Sex\n" + numbers)
    assert table.cells(0) == ["20", "30", "40", "50"]
    assert table.rows.tolist() == [1, 2, 3, 4]
    assert "second header line ('How old are you?'" in table.notes[0]
    three = 'Q1,Q2,Q3\nHow old?,How tall?,Sex\n"{""ImportId"":""Q1""}","{""ImportId"":""Q2""}",x\n'
    assert read(three + numbers).cells(2) == ["f", "m", "f", "m"]
    assert read("a,b\n(kg),(m)\n" + "1,2\n3,4\n5,6\n").cells(0) == ["1", "3", "5"]


def test_one_odd_cell_is_no_second_header(read):
    assert len(read("a,b,c\nx,1,2\n3,4,5\n6,7,8\n9,1,2\n")) == 4
    assert len(read("a,b\nn.d.,?\n1,2\n3,4\n5,6\n")) == 4


@pytest.mark.parametrize("word", ["Total", "total:", "Summe", "Grand total", "Mean"])
def test_a_last_line_of_totals_is_left_out(read, word):
    table = read(f"region,a,b\nnorth,1,2\nsouth,3,4\neast,5,7\n{word},9,13\n")
    assert table.cells(0) == ["north", "south", "east"]
    assert table.notes == (f"left out the last row, which begins with '{word}'",)


def test_total_may_be_a_state(read):
    assert len(read("region,a\nTotal,1\nnorth,2\nTotal,3\nnorth,4\nTotal,5\n")) == 5


def test_names_of_a_line_of_data_are_questioned(read):
    with pytest.raises(DataError, match=r"'yes' more than once.*add a header line if the first line is data"):
        read("yes,no,yes\nno,no,no\n")


def test_headers_of_whole_numbers_far_from_whole_numbers(read, rng):
    rows = rng.integers(0, 2, size=(40, 5))
    table = read("101,17,1203,55,90\n" + "\n".join(",".join(map(str, row)) for row in rows))
    assert table.names[0] == "101"
    assert np.array(table.cells(0), dtype=int).tolist() == rows[:, 0].tolist()
