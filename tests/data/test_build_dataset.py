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
    others = {name: options.pop(name) for name in ("notes", "intervened") if name in options}
    return build_dataset(given, ReadingChoices(**options), **others)


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


def test_the_mask_of_interventions_loses_the_columns_that_are_left_out():
    mask = np.array([[True, False, True], [False, True, False], [False, False, True]])
    data = build(source({"a": ["1", "4", "2"], "b": ["x"] * 3, "c": ["3", "4", "5"]}), intervened=mask)
    np.testing.assert_array_equal(data.intervened, mask[:, [0, 2]])


def test_missing_cells_stay_and_rows_without_any_value_go():
    data = build(source({"a": ["1", "", "", "4"], "b": ["?", "", "7", "9"]}))
    np.testing.assert_array_equal(data.values, [[1, np.nan], [np.nan, 7], [4, 9]])
    assert "dropped 1 of 4 rows without any value" in data.notes
    assert [role.missing for role in data.roles] == [1, 1]


def test_missing_cells_of_a_category_may_be_a_level():
    columns = {"a": ["u", "v", "", "u", "v", "u"], "b": ["1", "2", "3", "", "5", "6"]}
    data = build(source(columns), missing="level")
    assert data.states[0] == ("u", "v", "missing")
    np.testing.assert_array_equal(data.values[:, 0], [0, 1, 2, 0, 1, 0])
    assert np.isnan(data.values[3, 1])


def test_the_left_out_column_costs_no_rows():
    """Its missing cells drop no rows, because it is no variable."""
    columns = {"id": ["a", "b", "", "d"], "x": ["1", "2", "4", "3"], "y": ["5", "?", "9", "7"]}
    data = build(source(columns), missing="drop")
    assert data.names == ("x", "y")
    assert data.n == 3


def test_rows_of_a_table_of_counts_have_weights():
    columns = {
        "sex": ["f", "f", "m", "m"] * 2,
        "ill": ["no", "yes"] * 4,
        "old": ["no"] * 4 + ["yes"] * 4,
        "Freq": ["3", "0", "5", "7", "2", "9", "4", "1"],
    }
    data = build(source(columns))
    assert data.names == ("sex", "ill", "old")
    assert data.weights.tolist() == [3, 5, 7, 2, 9, 4, 1]
    assert data.roles[3].role == "weights"
    assert "dropped 1 of 8 rows of weight 0" in data.notes
    assert build(source(columns), continuous=("Freq",)).weights is None
    assert build(source(columns), strict=True).weights is None


def test_columns_of_many_texts_are_loaded_twice_and_others_once():
    loaded = []
    n = KEPT_TEXTS + 1
    columns = {"few": ["1", "2"] * (n // 2) + ["1"] * (n % 2), "many": [f"{i}.5" for i in range(n)]}
    given = source(columns)
    load = given.load
    object.__setattr__(given, "load", lambda k: loaded.append(k) or load(k))
    build(given, strict=True)
    assert loaded == [0, 1, 1]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"a": ["1"], "b": ["2"]}, "only one row"),
        ({"a": [], "b": []}, "no rows below its header"),
        ({"a": ["1", "2"]}, r"one column \('a'\)"),
        ({"a": ["1", "?", "3"], "b": ["?", "2", "3"]}, "1 of 3 rows have no missing value"),
        ({"a": ["p", "q", "r"], "b": ["x", "y", "x"]}, "'a' has 3 distinct values"),
    ],
)
def test_unusable_tables_are_refused(columns, message):
    with pytest.raises(DataError, match=message):
        build(source(columns), missing="drop", strict=True)


def test_too_few_columns_are_named_with_the_reasons():
    columns = {"name": list("pqrs"), "b": ["x", "y", "x", "y"], "c": ["1"] * 4}
    with pytest.raises(DataError) as error:
        build(source(columns))
    assert str(error.value).startswith("only one column can be a variable")
    assert "'name' (an identifier or free text: all cells differ)" in str(error.value)
    assert "'c' (constant: 1 in every row)" in str(error.value)


def test_more_than_256_variables_are_refused_with_the_remedy():
    generator = np.random.default_rng(0)
    columns = {f"x{k}": generator.normal(size=5).tolist() for k in range(257)}
    with pytest.raises(
        DataError, match=r"257 columns that can be variables, at most 256.*--columns or --drop"
    ):
        build(source(columns))
    columns["x0"] = ["1"] * 5  # a constant does not count
    assert build(source(columns)).d == 256


def test_several_refused_columns_are_named_together():
    with pytest.raises(DataError, match=r"'a' has .* Likewise 'b' and 'c': --drop id,a,b,c leaves all"):
        build(source({name: ["p", "q", "r"] for name in "abc"}), drop=("id",), strict=True)
