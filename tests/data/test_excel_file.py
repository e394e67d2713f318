import datetime

import pytest

from dag_gfn.data.excel_file import read_excel_file
from dag_gfn.errors import DataError

openpyxl = pytest.importorskip("openpyxl")
pytest.importorskip("python_calamine")


@pytest.fixture
def write(tmp_path):
    def write(**sheets):
        book = openpyxl.Workbook()
        book.remove(book.active)
        for name, rows in sheets.items():
            sheet = book.create_sheet(name)
            for row in rows:
                sheet.append(row)
        path = tmp_path / "t.xlsx"
        book.save(path)
        return path

    return write


def columns(table):
    return {name: table.cells(j) for j, name in enumerate(table.names)}


ROWS = [["a", "b"], [1, 2.5], [3, 4]]


def test_cells_become_text_as_they_are_typed(write):
    table = read_excel_file(
        write(
            s=[
                ["n", "x", "t", "f", "d", "when"],
                [1, 0.1, " A1 ", True, datetime.date(2024, 5, 31), datetime.datetime(2024, 5, 31, 8, 30)],
                [10**6, None, "?", False, datetime.datetime(1999, 1, 1), None],
            ]
        )
    )
    assert columns(table) == {
        "n": ["1", "1000000"],
        "x": ["0.1", ""],
        "t": ["A1", "?"],
        "f": ["True", "False"],
        "d": ["2024-05-31", "1999-01-01"],
        "when": ["2024-05-31 08:30:00", ""],
    }
    assert table.notes == ()


@pytest.mark.parametrize(
    ("rows", "notes"),
    [
        (ROWS, ()),
        ([["Sales of 2020"], [], *ROWS], ("left out 'Sales of 2020' above the header",)),
        ([[], [None, "a", "b"], [None, 1, 2.5], [None, 3, 4]], ()),
        ([ROWS[0], ROWS[1], [], ROWS[2]], ("left out 1 row without any value",)),
        ([*ROWS, [" ", None]], ()),
        ([["a", None, "b"], [1, None, 2.5], [3, None, 4]], ()),
    ],
)
def test_layouts_of_one_table(write, rows, notes):
    table = read_excel_file(write(s=rows))
    assert columns(table) == {"a": ["1", "3"], "b": ["2.5", "4"]}
    assert table.notes == notes


def test_row_numbers_count_rows_without_values(write):
    assert read_excel_file(write(s=[ROWS[0], ROWS[1], [], ROWS[2]])).rows.tolist() == [0, 2]


def test_totals_are_left_out(write):
    table = read_excel_file(write(s=[["k", "b"], ["x", 1], ["y", 2], ["z", 4], ["Total", 7]]))
    assert len(table) == 3
    assert "Total" in table.notes[0]


def test_the_first_sheet_with_a_table_is_read_and_named(write):
    table = read_excel_file(write(empty=[], about=[["by me"], ["in 2020"]], data=ROWS, more=ROWS))
    assert columns(table)["a"] == ["1", "3"]
    assert table.notes == ("read the sheet 'data' of 4, and not 'empty', 'about' and 'more'",)


@pytest.mark.parametrize("rows", [[], [["a", "b"]]])
def test_sheets_without_a_table_are_refused(write, rows):
    with pytest.raises(DataError, match=r"t\.xlsx' has no sheet with a header and rows below it"):
        read_excel_file(write(s=rows))


def test_damaged_files_are_refused(write):
    path = write(s=ROWS)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DataError, match=r"t\.xlsx' cannot be read as a spreadsheet"):
        read_excel_file(path)
