"""Which cells are missing, and tables in which they are filled in."""

from dataclasses import replace

import numpy as np
import pytest
from completion_cases import chain_data, discrete_data

import dag_gfn
from dag_gfn.completion.discrete_cells import DiscreteCells
from dag_gfn.errors import DataError


def test_cells_are_listed_row_by_row():
    missing = np.array([[False, True, True], [False, False, False], [True, False, False]])
    cells = DiscreteCells.of(discrete_data(np.array([[0, 0, 0], [1, 1, 1], [1, 0, 1]]), missing))
    assert cells.rows.tolist() == [0, 2]
    assert cells.starts.tolist() == [0, 2, 3]
    assert cells.columns.tolist() == [1, 2, 0]
    completed = cells.completed(np.array([1, 0, 0]))
    assert completed.values.tolist() == [[0, 1, 0], [1, 1, 1], [0, 0, 1]]
    assert completed.cardinalities == cells.data.cardinalities


def test_the_first_draw_keeps_what_was_seen_and_follows_the_column():
    rng = np.random.default_rng(0)
    codes = np.column_stack([(np.arange(3_000) % 10 == 0), np.arange(3_000) % 3]).astype(int)
    missing = np.zeros(codes.shape, dtype=bool)
    missing[rng.random(3_000) < 0.5, 0] = True
    cells = DiscreteCells.of(discrete_data(codes, missing))
    drawn = cells.first_draw(rng)
    assert (drawn[~missing] == codes[~missing]).all()
    assert abs(drawn[missing[:, 0], 0].mean() - 0.1) < 0.04
    assert set(drawn[:, 0].tolist()) == {0, 1}


def test_incomplete_rows_have_weight_one():
    data = chain_data(6, 1, seed=0)
    row = int(np.flatnonzero(np.isnan(data.values).any(1))[0])
    weights = np.full(6, 2.0)
    weights[row] = 1.0
    assert DiscreteCells.of(replace(data, weights=weights)).weights is not None
    weights[row] = 3.0
    with pytest.raises(DataError, match=f"row {row + 1} has missing cells and the weight 3"):
        DiscreteCells.of(replace(data, weights=weights))


def test_continuous_columns_are_refused():
    data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 2)), ["a", "b"])
    with pytest.raises(DataError, match="'a' and 'b' are continuous"):
        DiscreteCells.of(data)
