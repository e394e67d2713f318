"""The most probable DAGs and classes, against all of them."""

from types import SimpleNamespace

import numpy as np
import oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dag_gfn
from dag_gfn.budget import TimeBudget
from dag_gfn.errors import ConstraintError, NotTractable
from dag_gfn.exact.enumeration import enumerate_dags
from dag_gfn.exact.most_probable import MAX_NODES, most_probable_classes, most_probable_dags
from dag_gfn.graphs import graph
from dag_gfn.graphs.interventional import essential_graph, oriented_pairs
from dag_gfn.posterior.class_size import class_size
from dag_gfn.scores import ScoreTable, make_score


def table_of(weights):
    return SimpleNamespace(d=len(weights), complete=weights)


def scores_of(weights, dags):
    d = len(weights)
    sums = np.zeros(len(dags))
    for j in range(d):
        index = np.zeros(len(dags), dtype=np.int64)
        for a in range(d):
            if a != j:
                index |= dags[:, a, j].astype(np.int64) << (a - (a > j))
        sums += weights[j, index]
    return sums


@pytest.fixture(scope="module")
def four():
    return oracles.all_dags(4)


@pytest.fixture(scope="module")
def five():
    return graph.adjacency_from_masks(enumerate_dags(5).astype(np.int64), 5)


def fitted(d, rows, seed):
    """Return the log-weights of simulated columns; with no rows all DAGs have the same."""
    if not rows:
        return np.zeros((d, 1 << (d - 1)))
    data = dag_gfn.simulate(d, rows, rng=np.random.default_rng(seed), edges_per_node=1.0, noise_variance=1.0)
    return ScoreTable.build(make_score("bge", data.standardize())).complete


@given(seed=st.integers(0, 2**32 - 1), k=st.integers(1, 600), spread=st.sampled_from([0.0, 0.3, 3.0]))
@settings(max_examples=60)
def test_the_best_of_all_543_dags(seed, k, spread, four):
    rng = np.random.default_rng(seed)
    weights = spread * rng.normal(size=(4, 8))
    weights[:, 1:][rng.random((4, 7)) < rng.choice([0, 0.4])] = -np.inf
    expected = np.sort(scores_of(weights, four))[::-1]
    expected = expected[expected > -np.inf][:k]
    found = most_probable_dags(table_of(weights), k)
    assert found.ended
    np.testing.assert_allclose(found.log_scores, expected, atol=1e-9)
    np.testing.assert_allclose(scores_of(weights, found.adjacency), found.log_scores, atol=1e-9)
    assert len({dag.tobytes() for dag in found.adjacency}) == len(expected)


@pytest.mark.parametrize("rows", [0, 6, 30, 300])
@pytest.mark.parametrize("k", [1, 40, 2_000])
def test_the_best_of_all_29281_dags(rows, k, five):
    weights = fitted(5, rows, 1)
    found = most_probable_dags(table_of(weights), k)
    np.testing.assert_allclose(found.log_scores, np.sort(scores_of(weights, five))[::-1][:k], atol=1e-8)
    assert len({dag.tobytes() for dag in found.adjacency}) == k


@pytest.mark.parametrize("set_nodes", [(), (0,), (1, 2)], ids=["observed", "one set", "two set"])
@pytest.mark.parametrize("rows", [0, 6, 30, 300])
def test_the_best_of_all_classes(rows, set_nodes, five):
    """Ranked by size · R, which is not the order of R; experiments leave smaller classes."""
    weights = fitted(5, rows, 2)
    oriented = oriented_pairs(np.eye(5, dtype=bool)[list(set_nodes)]) if set_nodes else None
    first, group = graph.distinct(essential_graph(five, oriented))
    masses = np.full(len(first), -np.inf)
    np.logaddexp.at(masses, group, scores_of(weights, five))
    expected = np.sort(masses)[::-1]
    for k in (1, 10, 300, 30_000):
        found = most_probable_classes(table_of(weights), k, oriented)
        assert found.ended
        np.testing.assert_allclose(found.log_mass, expected[:k], atol=1e-7)
        classes = essential_graph(found.adjacency, oriented)
        assert len(graph.distinct(classes)[0]) == min(k, len(first))
        sizes = [class_size(each) for each in classes[:50]]
        np.testing.assert_allclose(np.exp(found.log_mass - found.log_scores)[:50], sizes, rtol=1e-9)


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2, 3))])
def test_classes_of_more_nodes_are_those_of_the_best_dags(seed):
    """Every class with one of the 20,000 best of nine nodes' DAGs, whose mass is large enough, is found."""
    weights = fitted(9, 200, seed)
    found = most_probable_classes(table_of(weights), 50)
    assert found.ended
    known = {each.tobytes() for each in essential_graph(found.adjacency)}
    dags = most_probable_dags(table_of(weights), 20_000)
    first, _ = graph.distinct(essential_graph(dags.adjacency))
    for dag, score in zip(dags.adjacency[first], dags.log_scores[first], strict=True):
        cpdag = essential_graph(dag)
        if score + np.log(class_size(cpdag)) > found.log_mass[-1] + 1e-6:
            assert cpdag.tobytes() in known


def test_what_is_found_in_fewer_steps_is_the_best_nevertheless():
    weights = fitted(8, 20, 0)
    whole = most_probable_classes(table_of(weights), 2_000)
    assert whole.ended
    part = most_probable_classes(table_of(weights), 2_000, max_steps=20_000)
    assert not part.ended
    assert 0 < len(part.log_mass) < 2_000
    np.testing.assert_allclose(part.log_mass, whole.log_mass[: len(part.log_mass)], atol=1e-8)
    over = TimeBudget(1.0, clock=iter(range(1_000_000)).__next__)
    hurried = most_probable_dags(table_of(weights), 10_000, budget=over)
    assert not hurried.ended
    everything = most_probable_dags(table_of(weights), 10_000)
    np.testing.assert_allclose(
        hurried.log_scores, everything.log_scores[: len(hurried.log_scores)], atol=1e-8
    )
    assert len(hurried.log_scores) > 0


def test_more_nodes_than_bounds_have_memory_for():
    weights = np.zeros((MAX_NODES + 1, 1 << MAX_NODES))
    with pytest.raises(NotTractable, match="up to 16 nodes"):
        most_probable_dags(table_of(weights), 1)
    with pytest.raises(NotTractable, match="complete"):
        most_probable_dags(SimpleNamespace(d=3, complete=None), 1)
    with pytest.raises(ConstraintError, match="no DAG"):
        most_probable_dags(table_of(np.full((3, 4), -np.inf)), 1)
