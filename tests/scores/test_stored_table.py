"""Tables as arrays: what comes back is the same table, and what is not one is refused."""

from dataclasses import replace

import numpy as np
import pytest

import dag_gfn
from dag_gfn.errors import OptionError
from dag_gfn.scores import Constraints, ScoreTable, make_prior, make_score, stored_table
from dag_gfn.scores.local_score import LocalScore
from dag_gfn.scores.stored_table import require_storable, table_arrays, table_of


def data(d, rows=60):
    return dag_gfn.simulate(d, rows, rng=np.random.default_rng(d)).standardize()


def families(d, seed=0, most=4):
    rng = np.random.default_rng(seed)
    nodes = rng.integers(d, size=300)
    sets = np.array(
        [
            sum(1 << int(i) for i in rng.permutation(np.delete(np.arange(d), j))[: k % (most + 1)])
            for k, j in enumerate(nodes)
        ]
    )
    return nodes, sets


def test_a_complete_table_comes_back_as_it_was():
    prior = make_prior("edge", 5, beta=0.3).with_beliefs(np.where(np.eye(5, k=1) > 0, 0.9, 0.5))
    constraints = Constraints.from_names(data(5).names, required=[("x0", "x1")], max_parents_of={"x2": 3})
    table = ScoreTable.build(make_score("bge", data(5)), prior, constraints)
    arrays, description = table_arrays(table)
    assert description["storage"] == "complete"
    same = table_of(arrays, description)
    np.testing.assert_array_equal(same.complete, table.complete)
    np.testing.assert_array_equal(same.constraints.required, constraints.required)
    np.testing.assert_array_equal(same.constraints.max_parents_of, constraints.max_parents_of)
    np.testing.assert_array_equal(same.graph_prior.log_odds, prior.log_odds)
    assert (same.names, same.score, same.prior) == (table.names, "bge", "edge")
    assert same.score_options == table.score_options


def test_a_table_without_constraints_is_stored_dense_and_a_sparse_one_by_its_list():
    dense = ScoreTable.build(make_score("bge", data(8)))
    sparse = ScoreTable.build(
        make_score("bge", data(8)), None, Constraints.from_names(data(8).names, max_parents=2)
    )
    assert table_arrays(dense)[1]["storage"] == "complete"
    arrays, description = table_arrays(sparse)
    assert description["storage"] == "listed"
    assert len(arrays["values"]) == 8 * (1 + 7 + 21)
    np.testing.assert_array_equal(table_of(arrays, description).complete, sparse.complete)


def discrete():
    rng = np.random.default_rng(0)
    return dag_gfn.from_array(rng.integers(3, size=(200, 7)), discrete="all")


@pytest.mark.parametrize(
    ("score", "made"),
    [
        ("bge", lambda: data(7)),
        ("bic", lambda: data(7)),
        ("linear_gaussian", lambda: data(7)),
        ("bdeu", discrete),
        ("bic", discrete),
    ],
)
def test_a_lazy_table_is_made_again_from_statistics(score, made):
    table = ScoreTable.build(
        make_score(score, made()),
        make_prior("fair", 7),
        Constraints.from_names(made().names, forbidden=[(made().names[0], made().names[1])]),
        storage="lazy",
    )
    arrays, description = table_arrays(table)
    assert description["storage"] == "statistics"
    same = table_of(arrays, description)
    nodes, sets = families(7)
    found, truth = same.local_scores(nodes, sets), table.local_scores(nodes, sets)
    np.testing.assert_array_equal(np.isfinite(found), np.isfinite(truth))
    finite = np.isfinite(truth)
    np.testing.assert_allclose(found[finite], truth[finite], atol=1e-8)
    assert same.complete is None


class Count(LocalScore):
    """A score that no statistics tell."""

    name, kind = "count", "continuous"

    def local_scores(self, node, parents):
        return -np.array([int(mask).bit_count() + 0.1 * node for mask in parents.tolist()], dtype=float)


def test_a_lazy_table_of_an_own_score_is_listed():
    limits = Constraints.from_names(data(7).names, required=[("x0", "x1")], max_parents=3)
    table = ScoreTable.build(Count(data(7)), make_prior("edge", 7), limits, storage="lazy")
    arrays, description = table_arrays(table)
    assert description["storage"] == "lazily listed"
    same = table_of(arrays, description)
    nodes, sets = families(7)
    found, truth = same.local_scores(nodes, sets), table.local_scores(nodes, sets)
    np.testing.assert_array_equal(np.isfinite(found), np.isfinite(truth))
    np.testing.assert_allclose(found[np.isfinite(truth)], truth[np.isfinite(truth)], atol=1e-12)


def test_too_many_families_to_list_are_refused_before_the_work(monkeypatch):
    table = ScoreTable.build(Count(data(7)), storage="lazy")
    require_storable(table)
    monkeypatch.setattr(stored_table, "MAX_LISTED", 100)
    with pytest.raises(OptionError, match=r"448 parent sets to list \(100 at most\).*max_parents"):
        require_storable(table)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda arrays, about: arrays.pop("required"),
        lambda arrays, about: arrays.update(required=np.zeros(2, dtype=np.int64)),
        lambda arrays, about: arrays.update(forbidden=np.full(3, 8)),
        lambda arrays, about: arrays.update(complete=np.full((3, 4), np.nan)),
        lambda arrays, about: arrays.update(complete=np.zeros((3, 2))),
        lambda arrays, about: about.update(storage="magic"),
        lambda arrays, about: about.pop("names"),
        lambda arrays, about: about.update(names=["a", "b"]),
    ],
)
def test_what_is_no_table_is_refused(spoil):
    arrays, about = table_arrays(ScoreTable.build(make_score("bge", data(3))))
    spoil(arrays, about)
    with pytest.raises((KeyError, ValueError, TypeError, IndexError)):
        table_of(arrays, about)


def test_a_cell_limit_comes_back():
    table = discrete()
    limits = Constraints.from_names(table.names).without_sparse_families(
        replace(table, values=table.values[:60])
    )
    whole = ScoreTable.build(make_score("bdeu", table), None, limits)
    same = table_of(*table_arrays(whole))
    np.testing.assert_array_equal(same.complete, whole.complete)
    np.testing.assert_array_equal(same.constraints.cell_limit.num_rows, limits.cell_limit.num_rows)
