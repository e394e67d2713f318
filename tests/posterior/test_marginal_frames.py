"""Marginal probabilities as tables with names, against counts by hand."""

import math

import numpy as np
import oracles
import pytest

from dag_gfn.posterior import GraphPosterior, Marginal

NAMES = ("a", "b", "c")
EMPTY = np.zeros((3, 3), dtype=bool)
A_TO_B = np.array([[0, 1, 0], [0, 0, 0], [0, 0, 0]], dtype=bool)
CHAIN = np.array([[0, 1, 0], [0, 0, 1], [0, 0, 0]], dtype=bool)  # a → b → c
REVERSED = CHAIN.T.copy()


@pytest.fixture
def posterior():
    """Four draws: a → b → c twice, a → b once, c → b → a once."""
    draws = np.array([CHAIN, A_TO_B, CHAIN, REVERSED])
    return GraphPosterior.from_samples(NAMES, draws, np.array([-1.0, -2.0, -1.0, -3.0]))


def test_marginals_row_to_column(posterior):
    edge = posterior.edge_marginals()
    assert edge.loc["a", "b"] == 0.75
    assert edge.loc["b", "a"] == 0.25
    assert edge.loc["b", "c"] == 0.5
    assert posterior.path_marginals().loc["a", "c"] == 0.5
    assert posterior.path_marginals().loc["c", "a"] == 0.25
    assert posterior.linked_marginals().loc["a", "b"] == posterior.linked_marginals().loc["b", "a"] == 1.0
    assert posterior.markov_blanket_marginals().loc["a", "c"] == 0.0
    assert posterior.markov_blanket_marginals().loc["b", "c"] == 0.75
    assert list(edge.index) == list(edge.columns) == list(NAMES)


def test_standard_errors_of_draws(posterior):
    errors = posterior.standard_errors("edge")
    assert errors.loc["a", "b"] == pytest.approx(math.sqrt(0.75 * 0.25 / 4))
    assert posterior.standard_errors("linked").loc["a", "b"] == 0
    fewer = GraphPosterior.from_samples(NAMES, np.array([CHAIN, REVERSED]), effective_samples=0.5)
    assert fewer.standard_errors().loc["a", "b"] == pytest.approx(math.sqrt(0.25 / 0.5))


def test_standard_errors_of_weights_are_zero_if_exact_and_unknown_otherwise():
    graphs, log_weights = np.array([CHAIN, EMPTY]), np.log([0.7, 0.3])
    exact = GraphPosterior.from_weights(NAMES, graphs, log_weights, info={"all_dags": True})
    assert exact.marginal("edge").source == "exact"
    assert (exact.standard_errors("path") == 0).all(axis=None)
    unknown = GraphPosterior.from_weights(NAMES, graphs, log_weights)
    assert unknown.standard_errors("path").isna().all(axis=None)
    weighted = GraphPosterior.from_weights(NAMES, graphs, log_weights, effective_samples=10.0)
    assert weighted.standard_errors().loc["a", "b"] == pytest.approx(math.sqrt(0.7 * 0.3 / 10))


def test_pair_table_has_each_pair_once_with_the_likelier_direction_first(posterior):
    table = posterior.pair_table()
    edge = posterior.edge_marginals()
    assert {frozenset(pair) for pair in zip(table["a"], table["b"], strict=True)} == {
        frozenset((first, second))
        for first in posterior.names
        for second in posterior.names
        if first != second
    }
    assert table["linked"].is_monotonic_decreasing
    for row in table.itertuples():
        assert row.a_to_b == edge.loc[row.a, row.b] >= row.b_to_a == edge.loc[row.b, row.a]
        assert row.linked == posterior.linked_marginals().loc[row.a, row.b]
        assert row.standard_error == posterior.standard_errors("linked").loc[row.a, row.b]


def test_edge_table_has_all_ordered_pairs(posterior):
    table = posterior.edge_table()
    assert list(table.columns) == ["source", "target", "probability", "standard_error"]
    assert list(zip(table["source"], table["target"], strict=True)) == [
        ("a", "b"), ("a", "c"), ("b", "a"), ("b", "c"), ("c", "a"), ("c", "b"),
    ]  # fmt: skip
    edge, error = posterior.edge_marginals(), posterior.standard_errors()
    for row in table.itertuples():
        assert row.probability == edge.loc[row.source, row.target]
        assert row.standard_error == error.loc[row.source, row.target]


def test_returned_frames_are_copies():
    stored = Marginal(np.zeros((3, 3)), "exact")
    result = GraphPosterior.from_samples(NAMES, EMPTY[None], marginals={"edge": stored})
    frame = result.edge_marginals()
    frame.loc["a", "b"] = 1.0
    assert result.edge_marginals().loc["a", "b"] == 0


def test_every_table_is_a_weighted_mean_over_the_graphs(rng):
    graphs = np.unique([oracles.random_dag(4, 0.5, rng) for _ in range(12)], axis=0)
    weights = rng.dirichlet(np.ones(len(graphs)))
    posterior = GraphPosterior.from_weights(tuple("wxyz"), graphs, np.log(weights))

    def compelled(dag):
        return np.all(oracles.equivalent_dags(dag), axis=0)

    def linked(dag):
        return dag | dag.T

    for found, of_graph in (
        (posterior.edge_marginals(), np.asarray),
        (posterior.linked_marginals(), linked),
        (posterior.path_marginals(), lambda dag: oracles.closure(dag) & ~np.eye(4, dtype=bool)),
        (posterior.markov_blanket_marginals(), oracles.markov_blanket),
        (posterior.compelled_marginals(), compelled),
        (posterior.reversible_marginals(), lambda dag: linked(dag) & ~linked(compelled(dag))),
    ):
        expected = sum(weight * of_graph(dag) for weight, dag in zip(weights, graphs, strict=True))
        np.testing.assert_allclose(found.to_numpy(), expected, atol=1e-12)
