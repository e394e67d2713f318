"""The search over orders, against all DAGs on few nodes."""

import numpy as np
import oracles
import pytest
from sampler_cases import log_reward, score_table

from dag_gfn.budget import TimeBudget
from dag_gfn.search import order_search
from dag_gfn.search.order_search import best_by_orders, choose

EVEN = np.full((4, 4), 0.5)


@pytest.fixture(scope="module")
def all_dags():
    return oracles.all_dags(4)


def adjacency_of(parents):
    d = len(parents)
    return np.array([[bool(parents[j] >> i & 1) for j in range(d)] for i in range(d)])


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("constraints", [{}, {"required": [(0, 1)], "forbidden": [(2, 3)], "max_parents": 2}])
def test_the_first_is_the_best_of_all_dags(seed, constraints, all_dags):
    table = score_table(4, rows=40, seed=seed, **constraints)
    starts = np.array([[0, 1, 0, 0], [0, 1, 2, 0]])  # 0 -> 1, without and with 1 -> 2
    found = best_by_orders(table, starts, EVEN)
    dags = [adjacency_of(parents) for parents in found.tolist()]
    assert all(oracles.is_dag(dag) for dag in dags)
    scores = [log_reward(table)(dag) for dag in dags]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == pytest.approx(max(map(log_reward(table), all_dags)), abs=1e-9)


def test_equal_tables_give_equal_graphs():
    table, starts = score_table(4, rows=40), np.zeros((1, 4), dtype=np.int64)
    np.testing.assert_array_equal(best_by_orders(table, starts, EVEN), best_by_orders(table, starts, EVEN))


def test_without_time_the_starts_are_returned():
    starts = np.array([[0, 1, 0, 0], [0, 0, 2, 0]])
    over = TimeBudget(1, clock=iter([0.0, *[5.0] * 50]).__next__)
    np.testing.assert_array_equal(best_by_orders(score_table(4), starts, EVEN, budget=over), starts)


@pytest.mark.parametrize("size", [1, 2])
def test_candidates_are_those_of_the_starts_then_the_likeliest(size, monkeypatch):
    """Node 0: the best start has 2, another start 1, and 3 is the likeliest of the rest."""
    monkeypatch.setattr(order_search, "MAX_CANDIDATES", size)
    edge = np.zeros((4, 4))
    edge[3, 0] = 1.0
    starts = np.array([[0b0100, 0, 0, 0], [0b0010, 0, 0, 0]])
    assert choose(score_table(4), starts, edge)[0] == (0b0100 if size == 1 else 0b0110)


def test_required_parents_are_candidates_before_all_others(monkeypatch):
    monkeypatch.setattr(order_search, "MAX_CANDIDATES", 1)
    table = score_table(4, required=[(3, 0)])
    starts = np.array([[0b1010, 0, 0, 0]])
    edge = np.zeros((4, 4))
    edge[1, 0] = 1.0
    assert choose(table, starts, edge)[0] == 0b1000


def test_a_node_is_no_candidate_of_its_own():
    for node, mask in enumerate(choose(score_table(4), np.zeros((1, 4), dtype=np.int64), EVEN).tolist()):
        assert mask == 0b1111 ^ 1 << node
