import networkx as nx
import numpy as np
import oracles
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dag_gfn
from dag_gfn.posterior import GraphPosterior

NAMES = ("a", "b", "c", "d")


@pytest.fixture(scope="module")
def exact():
    """The BGe posterior over all 543 DAGs on four simulated columns."""
    return dag_gfn.fit(dag_gfn.simulate(4, 30, rng=np.random.default_rng(0)), method="exact")


def test_weights_are_those_of_the_members(exact):
    classes = exact.class_posterior()
    assert len(classes) == oracles.NUM_CLASSES[4]
    assert classes.weights.sum() == pytest.approx(1)
    expected = {}
    for dag, weight in zip(exact.graphs, exact.weights, strict=True):
        key = oracles.markov_equivalence_class(dag)
        expected[key] = expected.get(key, 0) + weight
    np.testing.assert_allclose(classes.weights, sorted(expected.values(), reverse=True), rtol=1e-10)
    for index, dag in zip(classes.class_of_graph, exact.graphs, strict=True):
        assert classes.weights[index] == pytest.approx(expected[oracles.markov_equivalence_class(dag)])


def test_bge_gives_the_members_of_a_class_equal_weight(exact):
    classes = exact.class_posterior()
    sizes = np.bincount(classes.class_of_graph)
    np.testing.assert_allclose(
        exact.weights, (classes.weights / sizes)[classes.class_of_graph], rtol=1e-8, atol=1e-15
    )


def test_compelled_and_reversible_make_up_linked(exact):
    classes = exact.class_posterior()
    compelled, reversible = exact.compelled_marginals(), exact.reversible_marginals()
    mixed = np.tensordot(classes.weights, classes.cpdags, 1)
    np.testing.assert_allclose(compelled + reversible, mixed, atol=1e-12)
    np.testing.assert_allclose(compelled + compelled.T + reversible, exact.linked_marginals(), atol=1e-12)
    assert exact.marginal("compelled").source == "exact"
    assert (exact.standard_errors("reversible") == 0).all(axis=None)


@given(st.integers(2, 5), st.integers(1, 30), st.integers(0, 2**32 - 1))
def test_classes_of_draws(d, k, seed):
    rng = np.random.default_rng(seed)
    pool = [oracles.random_dag(d, 0.4, rng) for _ in range(5)]
    draws = np.array([pool[i] for i in rng.integers(5, size=k)])
    posterior = GraphPosterior.from_samples([f"v{i}" for i in range(d)], draws)
    classes = posterior.class_posterior()
    keys = [oracles.markov_equivalence_class(dag) for dag in draws]
    counts = sorted((keys.count(key) / k for key in set(keys)), reverse=True)
    np.testing.assert_allclose(classes.weights, counts, rtol=1e-10)
    assert classes.probability.source == "samples"
    errors = np.sqrt(np.clip(classes.weights * (1 - classes.weights), 0, None) / k)
    np.testing.assert_allclose(classes.probability.standard_error, errors, atol=1e-7)


def test_mixed_graphs():
    chain = np.zeros((4, 4), dtype=bool)
    chain[0, 1] = chain[1, 2] = True
    collider = np.zeros((4, 4), dtype=bool)
    collider[0, 1] = collider[2, 1] = collider[1, 3] = True
    draws = np.array([chain, chain.T, collider, chain])
    posterior = GraphPosterior.from_samples(NAMES, draws)
    first, second = posterior.top_classes(5)
    assert isinstance(first, nx.DiGraph)
    assert list(first) == list(NAMES)
    assert first.graph == {
        "probability": pytest.approx(0.75),
        "standard_error": pytest.approx(np.sqrt(0.75 * 0.25 / 4)),
        "odds": 1.0,
        "num_graphs": 2,
        "size": 3,
        "proven": False,
    }
    assert {(a, b): c for a, b, c in first.edges(data="compelled")} == dict.fromkeys(
        [("a", "b"), ("b", "a"), ("b", "c"), ("c", "b")], False
    )
    assert first.edges["b", "a"]["probability"] == 0.25
    assert {(a, b): c for a, b, c in second.edges(data="compelled")} == dict.fromkeys(
        [("a", "b"), ("c", "b"), ("b", "d")], True
    )
    assert repr(posterior.class_posterior()) == "ClassPosterior(2 classes of 3 graphs, most probable 0.75)"
    with pytest.raises(ValueError, match="at least 1"):
        posterior.top_classes(0)


def test_the_error_of_a_class_is_zero_where_exact_and_none_where_unknown(exact):
    assert exact.top_classes(1)[0].graph["standard_error"] == 0
    unknown = GraphPosterior.from_weights(NAMES, exact.graphs[:2], np.zeros(2))
    assert unknown.top_classes(1)[0].graph["standard_error"] is None


def test_equally_probable_classes_are_in_the_order_of_their_graphs(rng):
    draws = np.array([oracles.random_dag(4, 0.5, rng) for _ in range(30)])
    posterior = GraphPosterior.from_samples(NAMES, draws, rng.normal(size=30))
    classes = posterior.class_posterior()
    first = [np.flatnonzero(classes.class_of_graph == k)[0] for k in range(len(classes))]
    ties = np.isclose(np.diff(classes.log_weights), 0, atol=1e-12)
    assert ties.any()
    assert (np.diff(first)[ties] > 0).all()
