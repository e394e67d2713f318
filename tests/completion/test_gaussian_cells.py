import numpy as np
import pytest

from dag_gfn.completion.gaussian_cells import CategoryColumns, GaussianCells, RankColumn
from dag_gfn.errors import DataError

VECTORS = np.array([[-1.0, -0.5], [1.0, -0.5], [0.0, 2.0]])


def mixed():
    """Return five rows of a number, an ordinal column and a category of three levels; each has a missing cell."""
    values = np.zeros((5, 4))
    values[:, 0] = [1.0, np.nan, 3.0, 4.0, 5.0]
    rank = RankColumn(1, np.array([0, 1, 1, -1, 2]))
    category = CategoryColumns((2, 3), VECTORS, np.array([0, 1, 2, 2, -1]))
    return GaussianCells(values, [[0], [1], [2, 3]], [rank], [category])


def test_a_start_agrees_with_what_was_seen(rng):
    cells = mixed()
    for _ in range(20):
        start = cells.start(rng)
        assert np.isfinite(start).all()
        assert start[[0, 2, 3, 4], 0].tolist() == [1.0, 3.0, 4.0, 5.0]
        assert start[0, 1] < min(start[1, 1], start[2, 1])
        assert max(start[1, 1], start[2, 1]) < start[4, 1]
        assert (start[:4, 2:] == VECTORS[[0, 1, 2, 2]]).all()
        assert (start[4, 2:] == VECTORS).all(axis=1).any()


def test_rows_that_are_drawn():
    cells = mixed()
    assert cells.drawn_rows.all()  # an ordinal column is drawn everywhere
    without = GaussianCells(cells.values, cells.nodes, (), cells.categories)
    assert without.drawn_rows.tolist() == [False, True, False, False, True]
    assert GaussianCells(np.zeros((2, 1)), [[0]]).is_complete


def test_columns_must_be_owned_once():
    with pytest.raises(DataError, match="must belong to one node"):
        GaussianCells(np.zeros((2, 3)), [[0], [1]])
    with pytest.raises(DataError, match="must belong to one node"):
        GaussianCells(np.zeros((2, 2)), [[0, 1], [1]])


def test_weights_of_incomplete_rows_are_refused():
    values = np.array([[1.0, np.nan], [2.0, 3.0]])
    GaussianCells(values, [[0], [1]], weights=np.array([1.0, 2.5]))
    with pytest.raises(DataError, match=r"weights other than 1 \(row 1 has 2\)"):
        GaussianCells(values, [[0], [1]], weights=np.array([2.0, 1.0]))


def test_a_category_without_a_seen_level_is_refused():
    category = CategoryColumns((0,), np.array([[-1.0], [1.0]]), np.array([-1, -1]))
    with pytest.raises(DataError, match="no level that was seen"):
        GaussianCells(np.zeros((2, 1)), [[0]], (), [category])


def test_values_that_were_set_must_be_known():
    values = np.array([[1.0, np.nan], [2.0, 3.0]])
    GaussianCells(values, [[0], [1]], intervened=np.array([[True, False], [False, True]]))
    with pytest.raises(DataError, match="node 1 has values that were set"):
        GaussianCells(values, [[0], [1]], intervened=np.array([[False, True], [False, False]]))
    with pytest.raises(DataError, match="node 0 has values that were set"):
        GaussianCells(
            np.array([[1.0, 1.0], [2.0, 3.0]]),
            [[0], [1]],
            [RankColumn(0, np.array([0, 1]))],
            intervened=np.array([[True, False], [False, False]]),
        )
