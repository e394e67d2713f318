"""Weighted graphs merged and sorted, against a dictionary."""

import math

import numpy as np
import oracles
import pytest

from dag_gfn.posterior import distinct_graphs
from dag_gfn.posterior.distinct_graphs import merged_graphs, require_dags

CYCLE = np.array([[0, 1, 0], [0, 0, 1], [1, 0, 0]], dtype=bool)
PAIR = np.array([[[0, 0], [0, 0]], [[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)


def test_weights_of_equal_graphs_are_added(rng):
    pool = np.array([oracles.random_dag(4, 0.4, rng) for _ in range(6)])
    scores = {dag.tobytes(): rng.normal() for dag in pool}
    draws = pool[rng.integers(6, size=50)]
    log_weights = rng.normal(size=50) - 1000.0
    log_weights[::7] = -np.inf
    totals = {}
    for dag, log_weight in zip(draws, log_weights, strict=True):
        totals[dag.tobytes()] = totals.get(dag.tobytes(), 0.0) + math.exp(log_weight + 1000.0)
    totals = {key: total for key, total in totals.items() if total > 0}
    merged = merged_graphs(draws, log_weights, np.array([scores[dag.tobytes()] for dag in draws]))
    keys = [dag.tobytes() for dag in merged.graphs]
    assert keys == sorted(totals, key=lambda key: -totals[key])
    expected = np.array([totals[key] for key in keys]) / sum(totals.values())
    np.testing.assert_allclose(np.exp(merged.log_weights), expected, rtol=1e-10)
    assert merged.log_scores.tolist() == [scores[key] for key in keys]


def test_ties_go_by_score_and_then_do_not_depend_on_the_order_given():
    merged = merged_graphs(PAIR, np.zeros(3), np.array([-2.0, -3.0, -1.0]))
    assert merged.log_scores.tolist() == [-1.0, -2.0, -3.0]
    first = merged_graphs(PAIR, np.zeros(3), np.zeros(3)).graphs
    np.testing.assert_array_equal(merged_graphs(PAIR[::-1].copy(), np.zeros(3), np.zeros(3)).graphs, first)


@pytest.mark.parametrize(
    ("log_weights", "message"),
    [
        ([0.0, np.nan], "numbers below infinity"),
        ([0.0, np.inf], "numbers below infinity"),
        ([-np.inf, -np.inf], "at least one graph of positive weight"),
    ],
)
def test_weights_that_are_none_are_refused(log_weights, message):
    with pytest.raises(ValueError, match=message):
        merged_graphs(PAIR[:2], np.array(log_weights), np.zeros(2))


def test_a_cycle_is_named_by_its_place_in_the_whole_also_beyond_the_first_chunk(monkeypatch):
    monkeypatch.setattr(distinct_graphs, "chunks", lambda m, d: [slice(i, i + 2) for i in range(0, m, 2)])
    graphs = np.zeros((7, 3, 3), dtype=bool)
    require_dags(graphs)
    graphs[5] = CYCLE
    with pytest.raises(ValueError, match="graph 5 has a directed cycle"):
        require_dags(graphs)
    with pytest.raises(ValueError, match="graph 5 has a directed cycle"):
        merged_graphs(graphs, np.where(np.arange(7) == 5, -np.inf, 0.0), np.zeros(7))
