import numpy as np
import pytest

from dag_gfn.data.text_table import CELL_END, TextColumn, TextTable

JOBS = ["cook", " nurse", "cook", "clerk ", "nurse", "Total"]
AGES = ["31", "25.5", "40", " 1e1", "52", "148.5"]


@pytest.fixture(params=[1, 2, 4, 6], ids=lambda rows: f"blocks of {rows}")
def table(request):
    """Rows 3 and above have a gap in their numbers; the last row is a total."""
    blocks = tuple(
        tuple(CELL_END.join(cells[i : i + request.param]) for cells in (JOBS, AGES))
        for i in range(0, len(JOBS), request.param)
    )
    numbers = np.array([0, 1, 2, 5, 6, 7])
    return TextTable(("job", "age"), blocks, numbers, start=0, stop=len(JOBS), separator=",")


def test_cells_are_as_they_were_written(table):
    assert len(table) == 6
    assert table.cells(0) == JOBS
    assert table.cells(1, 3) == AGES[:3]
    assert table.first_row() == [JOBS[0], AGES[0]]
    assert table.last_row() == [JOBS[-1], AGES[-1]]


def test_a_column_has_each_text_once_without_blanks(table):
    column = table.column(0)
    assert column.texts == ("cook", "nurse", "clerk", "Total")
    assert [column.texts[code] for code in column.codes] == [job.strip() for job in JOBS]
    assert column.counts().tolist() == [2, 2, 1, 1]
    assert column.counts(np.array([True, True, True, False, False, False])).tolist() == [2, 1, 0, 0]
    assert column.codes.dtype == np.uint8


def test_rows_outside_the_data_are_not_seen(table):
    less = table.without(first=1, last=1, note="left out two rows")
    assert len(less) == 4
    assert less.rows.tolist() == [1, 2, 5, 6]
    assert less.cells(0) == JOBS[1:5]
    assert less.cells(0, 2) == JOBS[1:3]
    assert less.column(0).texts == ("cook", "nurse", "clerk")
    np.testing.assert_array_equal(less.numbers(1), [25.5, 40, 10, 52])
    assert less.notes == ("left out two rows",)
    assert table.notes == ()


def test_numbers_only_where_every_cell_is_a_plain_number(table):
    np.testing.assert_array_equal(table.numbers(1), [31, 25.5, 40, 10, 52, 148.5])
    assert table.numbers(0) is None


@pytest.mark.parametrize("odd", ["1,5", "?", "", "inf", "nan", "1_0"])
def test_one_other_cell_makes_a_column_text(odd):
    table = TextTable(("a",), ((CELL_END.join(["1", "2", odd]),),), np.arange(3), 0, 3, ",")
    assert table.numbers(0) is None
    assert table.column(0).texts == ("1", "2", odd)


def test_a_table_without_rows():
    table = TextTable(("a",), (), np.arange(0), 0, 0, ",")
    assert len(table) == 0
    assert table.cells(0) == []
    assert isinstance(table.column(0), TextColumn)
    assert table.column(0).texts == ()
    assert table.numbers(0) is None


def test_codes_take_more_bytes_for_more_texts():
    cells = [f"x{i}" for i in range(300)]
    column = TextTable(("a",), ((CELL_END.join(cells),),), np.arange(300), 0, 300, ",").column(0)
    assert column.codes.dtype == np.uint16
    assert [column.texts[code] for code in column.codes] == cells
