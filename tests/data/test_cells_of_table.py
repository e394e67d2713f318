import numpy as np
import pandas as pd

from dag_gfn.data.cells_of_table import CellsOfTable
from dag_gfn.data.reading_choices import ReadingChoices
from dag_gfn.data.source import Source


def cells(frame, **choices):
    source = Source(tuple(frame), lambda k: frame.iloc[:, k], numbers=np.arange(len(frame)), typed=True)
    return CellsOfTable.of(source, ReadingChoices(**choices))


def test_empty_cells_and_named_codes_are_missing():
    frame = pd.DataFrame({"a": [1.0, -9, np.nan, 2], "b": [5, 6, 7, -9]})
    table = cells(frame, na_values=("-9",))
    assert table.absent.tolist() == [[False, False], [True, False], [True, False], [False, True]]
    assert [dict(found) for found in table.codes] == [{"-9": 1}, {"-9": 1}]


def test_categories_that_are_codes_are_no_categories():
    frame = pd.DataFrame({"a": pd.Categorical(list("u?vu")), "b": range(4)})
    table = cells(frame)
    assert table.absent[:, 0].tolist() == [False, True, False, False]
    assert list(table.column(0).cat.categories) == ["u", "v"]
    assert not table.typed(0)
    assert table.typed(1)
