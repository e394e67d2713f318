import numpy as np
import pandas as pd
import pytest

from dag_gfn.data.build_dataset import build_dataset
from dag_gfn.data.reading_choices import ReadingChoices
from dag_gfn.data.source import KEPT_TEXTS, Source
from dag_gfn.data.text_table import TextColumn
from dag_gfn.errors import DataError


def text_column(name, cells):
    codes, texts = pd.factorize(np.array(cells, dtype=object))
    return TextColumn(name, codes, tuple(texts))


def source(columns, *, typed=False, separator=","):
    names, n = tuple(columns), len(next(iter(columns.values())))
    cells = [list(map(str, column)) for column in columns.values()]
    return Source(
        names=names,
        load=lambda k: text_column(names[k], cells[k]),
        numbers=np.arange(n),
        typed=typed,
        head=lambda k: cells[k],
        separator=separator,
    )


def build(given, **options):
    defaults = {"discrete": (), "drop": (), "missing": "error", "na_values": (), "notes": ()}
    return build_dataset(given, **{**defaults, **options})


def test_missing_values_come_first_then_rows_then_types():
    """The word stands only in a row that is dropped, so it does not make the column text."""
    data = build(source({"a": ["1", "odd", "3", "4"], "b": ["5", "?", "7", "9"]}), missing="drop")
    np.testing.assert_array_equal(data.values, [[1, 5], [3, 7], [4, 9]])
    assert data.notes == (
        "took '?' in 'b' (1 cell) for missing values",
        "dropped 1 of 4 rows with missing values",
    )


def test_earlier_notes_come_first():
    data = build(source({"a": ["1", "2"], "b": ["3", "5"]}), notes=("read tabs as separators",))
    assert data.notes == ("read tabs as separators",)


def test_typed_text_of_digits_is_a_state_and_text_of_a_file_a_number():
    columns = {"a": ["1", "2", "1", "2"], "b": ["7", "7", "8", "8"]}
    assert build(source(columns)).kind == "continuous"
    assert build(source(columns, typed=True)).states == (("1", "2"), ("7", "8"))


def test_one_column_shows_the_decimal_sign_of_all():
    data = build(source({"a": ["1.234", "5.678"], "b": ["1,5", "2,25"]}, separator=";"))
    np.testing.assert_array_equal(data.values, [[1234, 1.5], [5678, 2.25]])


def test_the_mask_of_interventions_loses_the_dropped_rows():
    mask = np.array([[True, False], [False, True], [False, False]])
    data = build(source({"a": ["1", "?", "2"], "b": ["3", "4", "5"]}), missing="drop", intervened=mask)
    np.testing.assert_array_equal(data.intervened, mask[[0, 2]])


def test_columns_of_many_texts_are_loaded_twice_and_others_once():
    loaded = []
    n = KEPT_TEXTS + 1
    columns = {"few": ["1", "2"] * (n // 2) + ["1"] * (n % 2), "many": [f"{i}.5" for i in range(n)]}
    given = source(columns)
    load = given.load
    object.__setattr__(given, "load", lambda k: loaded.append(k) or load(k))
    build(given)
    assert loaded == [0, 1, 1]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"a": ["1"], "b": ["2"]}, "only one row"),
        ({"a": [], "b": []}, "no rows below its header"),
        ({"a": ["1", "2"]}, r"one column \('a'\)"),
        ({"a": ["1", "?", "3"], "b": ["?", "2", "3"]}, "1 of 3 rows have no missing value"),
        ({"a": ["1", "2", "3"], "b": ["x", "y", "x"]}, "numeric and discrete columns cannot be mixed"),
        ({"a": ["p", "q", "r"], "b": ["x", "y", "x"]}, "'a' has 3 distinct values"),
    ],
)
def test_unusable_tables_are_refused(columns, message):
    with pytest.raises(DataError, match=message):
        build(source(columns), missing="drop")


def test_several_refused_columns_are_named_together():
    with pytest.raises(DataError, match=r"'a' has .* Likewise 'b' and 'c': --drop id,a,b,c leaves all"):
        build(source({name: ["p", "q", "r"] for name in "abc"}), drop=("id",))
