import numpy as np
import pandas as pd
import pytest

import dag_gfn
from dag_gfn import DataError, OptionError
from dag_gfn.data.lagged_columns import lagged_name, rows_before


def frame(rows=12, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(rng.normal(size=(rows, 2)), columns=["x", "y"])


def test_each_row_has_its_past():
    table = frame()
    data = dag_gfn.from_frame(table, lags=2)
    assert data.names == ("x", "y", "x[t-1]", "y[t-1]", "x[t-2]", "y[t-2]")
    for t in range(2, 12):
        expected = [*table.iloc[t], *table.iloc[t - 1], *table.iloc[t - 2]]
        assert data.values[t - 2].tolist() == expected
    assert (data.n, data.lags) == (10, 2)
    assert rows_before(data).tolist() == [0, 0, 1, 1, 2, 2]
    assert "2 of 12 rows have no such past" in data.notes[-1]


def test_no_lag_crosses_series_whose_rows_may_be_mixed():
    table = frame().assign(unit=["a", "b", "a"] * 4)
    data = dag_gfn.from_frame(table, lags=1, series="unit")
    seen = {tuple(row) for row in data.values.tolist()}
    expected = set()
    for _, series in table.groupby("unit"):
        values = series[["x", "y"]].to_numpy()
        expected |= {
            (*now, *before) for now, before in zip(values[1:].tolist(), values[:-1].tolist(), strict=True)
        }
    assert seen == expected
    assert data.names == ("x", "y", "x[t-1]", "y[t-1]")
    (role,) = (role for role in data.roles if role.name == "unit")
    assert role.reason == "it says which series a row belongs to"
    chosen = dag_gfn.from_frame(table, columns=["unit", "x", "y"], lags=1, series="unit")
    np.testing.assert_array_equal(chosen.values, data.values)


def test_rows_that_are_left_out_stay_in_time():
    table = frame()
    table.iloc[5] = np.nan  # a row without any value
    table.iloc[8, 0] = np.nan
    data = dag_gfn.from_frame(table, lags=1)
    after = data.values[data.values[:, 0] == table.iloc[6, 0]][0]
    assert np.isnan(after[2:]).all()  # not the row before the gap
    assert data.n == 10
    complete = dag_gfn.from_frame(table, lags=1, missing="drop")
    assert not complete.has_missing
    gaps = {5, 6, 8, 9, 0}
    assert complete.values[:, 0].tolist() == [table.iloc[t, 0] for t in range(12) if t not in gaps]


def test_files_categories_and_groups(tmp_path):
    table = frame(40).assign(job=["cook", "nurse", "clerk", "cook"] * 10, unit=["a"] * 20 + ["b"] * 20)
    table.to_csv(tmp_path / "t.csv", index=False)
    data = dag_gfn.read_csv(tmp_path / "t.csv", lags=1, series="unit", group={"pair": ["x", "y"]})
    assert data.nodes == ("pair", "job", "pair[t-1]", "job[t-1]")
    assert data.states[2] == data.states[5] == ("clerk", "cook", "nurse")
    assert data.n == 38


def test_interventions_move_with_the_cells():
    table = frame()
    was_set = np.zeros((12, 2), dtype=bool)
    was_set[4, 1] = True
    data = dag_gfn.from_frame(table, lags=1, intervened=was_set)
    assert np.argwhere(data.intervened).tolist() == [[3, 1], [4, 3]]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"lags": -1}, OptionError, "whole number from 0 up"),
        ({"series": "x"}, OptionError, "give lags"),
        ({"lags": 1, "series": "z"}, DataError, "'z'"),
        ({"lags": 11}, DataError, "only 1 of 12 rows have 11 rows"),
        ({"lags": 128}, DataError, "make 258 columns, at most 256"),
        ({"lags": 1, "weights": np.arange(12) + 1.0}, DataError, "no order of time"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_what_is_impossible_is_refused(options, error, message):
    with pytest.raises(error, match=message):
        dag_gfn.from_frame(frame(), **options)


def test_names_of_lags_are_not_taken():
    table = frame().rename(columns={"y": lagged_name("x", 1)})
    with pytest.raises(DataError, match="has the name of a lag"):
        dag_gfn.from_frame(table, lags=1)
