import sys
from dataclasses import replace

import numpy as np
import pytest

import dag_gfn
from dag_gfn.baselines.constraint_search import constraint_search, require_pc
from dag_gfn.errors import DataError, OptionError

pytest.importorskip("causallearn")
ANYTHING, NOTHING = ~np.eye(3, dtype=bool), np.zeros((3, 3), dtype=bool)


def collider(rows=300):
    a, c = np.random.default_rng(0).normal(size=(2, rows))
    return dag_gfn.from_array(np.column_stack([a, a + c + 0.1 * np.roll(a, 1), c]))


def found(data, possible=ANYTHING, required=NOTHING):
    return constraint_search(data, significance_level=0.01, possible=possible, required=required)


def test_a_collider_is_directed_and_a_chain_is_not():
    assert np.argwhere(found(collider())).tolist() == [[0, 1], [2, 1]]
    rng = np.random.default_rng(1)
    a = rng.normal(size=500)
    b = a + rng.normal(size=500)
    chain = dag_gfn.from_array(np.column_stack([a, b, b + rng.normal(size=500)]))
    assert np.argwhere(found(chain)).tolist() == [[0, 1], [1, 0], [1, 2], [2, 1]]


def test_categories_with_counts():
    rng = np.random.default_rng(0)
    a = rng.integers(2, size=400)
    flipped = rng.random(400) < 0.1
    data = dag_gfn.from_array(np.column_stack([a, a ^ flipped, rng.integers(2, size=400)]), discrete="all")
    assert np.argwhere(found(data)).tolist() == [[0, 1], [1, 0]]
    twice = replace(data, weights=np.full(400, 2.0))
    np.testing.assert_array_equal(found(twice), found(data.of_rows(np.tile(np.arange(400), 2))))


def test_it_is_told_what_is_known():
    possible = ANYTHING.copy()
    possible[0, 1] = possible[1, 0] = False
    assert not found(collider(), possible)[[0, 1], [1, 0]].any()


def test_collinear_columns_are_an_error_of_the_data(monkeypatch):
    def inverse(matrix):
        raise np.linalg.LinAlgError("Singular matrix")

    monkeypatch.setattr(np.linalg, "inv", inverse)
    with pytest.raises(DataError, match="PC algorithm fails"):
        found(collider())


def test_data_that_it_has_no_test_for():
    data = collider(20)
    mask = np.zeros((20, 3), dtype=bool)
    mask[:5, 0] = True
    with pytest.raises(OptionError, match="experiments"):
        require_pc(replace(data, intervened=mask))
    with pytest.raises(OptionError, match="counts"):
        require_pc(replace(data, weights=np.linspace(0.5, 1.5, 20)))
    with pytest.raises(OptionError, match="numbers alone"):
        require_pc(replace(data, groups=(("both", ("x0", "x1")),)))


def test_without_causal_learn(monkeypatch):
    monkeypatch.setitem(sys.modules, "causallearn", None)
    with pytest.raises(OptionError, match="pip install causal-learn"):
        require_pc(collider())
