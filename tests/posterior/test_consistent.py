"""Counts made consistent with stored edge probabilities, against cases worked out by hand and what must hold."""

import itertools

import networkx as nx
import numpy as np
import oracles
import pytest

from dag_gfn.posterior.consistent import CORRECTED, corrected_counts


def chain(*nodes, d=3):
    dag = np.zeros((d, d), dtype=bool)
    for i, j in itertools.pairwise(nodes):
        dag[i, j] = True
    return dag


def sample(rng, d=5, m=40):
    """Return weighted DAGs, and edge probabilities near the counted ones as another estimate gives them."""
    graphs = np.array([oracles.random_dag(d, 0.4, rng) for _ in range(m)])
    weights = rng.dirichlet(np.ones(m))
    edge = np.tensordot(weights, graphs, axes=1)
    edge = np.where(edge > 0, np.clip(edge + rng.normal(scale=0.05, size=edge.shape), 0.01, 0.99), 0.0)
    return graphs, weights, edge / np.maximum(1.0, edge + edge.T)


def holds(feature, dag, i, j):
    """Return whether a feature holds, by the definitions and by enumeration of the equivalence class."""
    if feature == "path":
        return nx.has_path(oracles.as_networkx(dag), i, j)
    if feature == "markov_blanket":
        return bool(oracles.markov_blanket(dag)[i, j])
    members = oracles.equivalent_dags(dag)
    if feature == "compelled":
        return all(member[i, j] for member in members)
    return any(member[i, j] for member in members) and any(member[j, i] for member in members)


@pytest.mark.parametrize("feature", CORRECTED)
def test_counted_edges_give_counted_features(rng, feature):
    """Where the stored edges are those counted, every feature is what the graphs say."""
    graphs, weights, _ = sample(rng, d=4, m=12)
    found, _ = corrected_counts(feature, graphs, weights, np.tensordot(weights, graphs, axes=1))
    expected = np.array(
        [
            [
                sum(w for w, dag in zip(weights, graphs, strict=True) if i != j and holds(feature, dag, i, j))
                for j in range(4)
            ]
            for i in range(4)
        ]
    )
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_what_implies_something_is_never_more_probable(seed):
    graphs, weights, edge = sample(np.random.default_rng(seed))
    linked, tolerance = edge + edge.T, 1e-12
    path, _ = corrected_counts("path", graphs, weights, edge)
    assert (edge <= path + tolerance).all()
    assert (path + path.T <= 1 + tolerance).all()
    blanket, _ = corrected_counts("markov_blanket", graphs, weights, edge)
    assert (linked <= blanket + tolerance).all()
    assert (blanket <= 1 + tolerance).all()
    np.testing.assert_allclose(blanket, blanket.T, atol=tolerance)
    compelled, _ = corrected_counts("compelled", graphs, weights, edge)
    assert (compelled <= edge + tolerance).all()
    reversible, _ = corrected_counts("reversible", graphs, weights, edge)
    np.testing.assert_array_equal(reversible, reversible.T)
    assert (reversible <= linked + tolerance).all()


def test_paths_beside_an_edge_fit_into_what_the_edge_leaves():
    edge = np.zeros((3, 3))
    edge[0, 2] = 0.6
    path, counted = corrected_counts("path", chain(0, 1, 2)[None], np.ones(1), edge)
    assert (path[0, 2], counted[0, 2]) == pytest.approx((1.0, 0.4))
    path, counted = corrected_counts("path", chain(0, 1, 2)[None], np.array([0.3]), edge)
    assert (path[0, 2], counted[0, 2]) == pytest.approx((0.9, 0.3))


def test_stored_edges_are_split_into_compelled_and_reversible_as_counted():
    collider = np.zeros((3, 3), dtype=bool)
    collider[0, 2] = collider[1, 2] = True  # compelled; in the chain 0 -> 2 alone the edge is reversible
    graphs, weights = np.array([collider, chain(0, 2)]), np.array([0.3, 0.1])
    edge = np.zeros((3, 3))
    edge[0, 2], edge[1, 2] = 0.8, 0.4
    compelled, _ = corrected_counts("compelled", graphs, weights, edge)
    assert (compelled[0, 2], compelled[1, 2]) == pytest.approx((0.6, 0.4))
    reversible, _ = corrected_counts("reversible", graphs, weights, edge)
    assert reversible[0, 2] == reversible[2, 0] == pytest.approx(0.2)
    assert reversible[1, 2] == 0


def test_an_edge_that_no_graph_has_is_neither():
    edge = np.zeros((3, 3))
    edge[1, 0] = 0.05
    for feature in ("compelled", "reversible"):
        found, _ = corrected_counts(feature, chain(0, 2)[None], np.ones(1), edge)
        assert found[1, 0] == 0
