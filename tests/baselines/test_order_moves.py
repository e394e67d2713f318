"""The chain over orders: its transition matrix, exactly, its compiled steps beside that, and its draws of DAGs."""

from itertools import permutations

import numpy as np
import oracles
import pytest
from sampler_cases import log_reward, score_table

from dag_gfn.baselines.order_moves import (
    ADJACENT,
    SWAPS,
    OrderChain,
    _add_edges,
    _change,
    draw_parents,
    predecessors,
    random_order,
)
from dag_gfn.errors import ConstraintError
from dag_gfn.layerings.layer_weights import LayerWeights


def weight_of_orders(table):
    """Return {order: the sum of R over the DAGs that agree with it}, by looking at every DAG."""
    dags, score = oracles.all_dags(table.d), log_reward(table)
    rewards = [np.exp(score(dag)) for dag in dags]
    found = {}
    for order in permutations(range(table.d)):
        place = np.argsort(order)
        later = place[:, None] >= place[None, :]  # i does not come before j
        found[order] = sum(r for dag, r in zip(dags, rewards, strict=True) if not (dag & later).any())
    return found


def moved(order, kind, start, end):
    """Return an order after a move, by its definition."""
    new = list(order)
    if kind == 2:
        new.insert(end, new.pop(start))
    else:
        new[start], new[end] = new[end], new[start]
    return tuple(new)


def every_move(d):
    """Return [(kind, start, end, probability)] of all proposals."""
    pairs = [(a, b) for a in range(d) for b in range(d) if a != b]
    return [
        *((0, a, a + 1, ADJACENT / (d - 1)) for a in range(d - 1)),
        *((1, a, b, SWAPS / len(pairs)) for a, b in pairs),
        *((2, a, b, (1 - ADJACENT - SWAPS) / len(pairs)) for a, b in pairs),
    ]


KNOWN = [{}, {"required": [(2, 0)], "forbidden": [(0, 1)]}, {"max_parents": 1}]


@pytest.mark.parametrize("known", KNOWN)
def test_an_order_is_as_probable_as_the_graphs_that_agree_with_it(known):
    table = score_table(3, rows=8, seed=1, **known)
    weights = LayerWeights.build(table)
    for order, truth in weight_of_orders(table).items():
        _, values = predecessors(weights.log_sums, weights.places, np.array(order))
        assert np.exp(values.sum() + weights.log_scales.sum()) == pytest.approx(truth, rel=1e-9)


def transitions(table):
    """Return the orders that have weight, their probabilities and those of each step, by every proposal there is."""
    found = weight_of_orders(table)
    orders = [order for order, weight in found.items() if weight > 0]
    p = np.array([found[order] for order in orders])
    matrix = np.zeros((len(p), len(p)))
    for k, order in enumerate(orders):
        for kind, start, end, share in every_move(table.d):
            new = moved(order, kind, start, end)
            if new in orders:
                other = orders.index(new)
                matrix[k, other] += share * min(1.0, p[other] / p[k])
    matrix[np.diag_indices(len(p))] += 1 - matrix.sum(axis=1)
    return orders, p / p.sum(), matrix


@pytest.mark.parametrize("known", KNOWN)
def test_proposals_are_symmetric_so_that_balance_is_detailed(known):
    orders, p, matrix = transitions(score_table(3, rows=8, seed=1, **known))
    flow = p[:, None] * matrix
    np.testing.assert_allclose(flow, flow.T, atol=1e-14)
    assert (np.linalg.matrix_power(matrix, len(orders)) > 0).all()


def test_compiled_steps_have_these_probabilities():
    table = score_table(4, rows=8, seed=1)
    orders, _, matrix = transitions(table)
    weights, rng, repeats = LayerWeights.build(table), np.random.default_rng(0), 800
    counts, begin = np.zeros(len(orders)), orders.index((2, 0, 3, 1))
    for _ in range(repeats):
        blocks, _, _ = OrderChain(weights, np.array(orders[begin])).advance(1, 2, rng)
        counts[orders.index(tuple(blocks.state[0].tolist()))] += 1
    power = np.linalg.matrix_power(matrix, 2)[begin]
    assert (np.abs(counts / repeats - power) <= 4.5 * np.sqrt(power * (1 - power) / repeats) + 1e-12).all()


def test_every_move_changes_order_and_predecessors_as_defined():
    weights = LayerWeights.build(score_table(6))
    order = np.random.default_rng(0).permutation(6)
    before, _ = predecessors(weights.log_sums, weights.places, order)
    for kind, start, end, _ in every_move(6):
        new_order, new_before = order.copy(), before.copy()
        _change(weights.places, order, before, kind, start, end, new_order, new_before)
        expected = np.array(moved(order.tolist(), kind, start, end))
        np.testing.assert_array_equal(new_order, expected)
        np.testing.assert_array_equal(new_before, predecessors(weights.log_sums, weights.places, expected)[0])


@pytest.mark.parametrize("num_candidates", [None, 2])
def test_what_a_chain_holds_is_right_after_many_steps(num_candidates):
    weights = LayerWeights.build(score_table(5), num_candidates=num_candidates)
    chain = OrderChain(weights, np.arange(5))
    blocks, tried, accepted = chain.advance(4, 300, np.random.default_rng(0))
    before, values = predecessors(weights.log_sums, weights.places, chain.order)
    np.testing.assert_array_equal(chain._before, before)
    np.testing.assert_allclose(chain._values, values)
    assert blocks.log_target[-1] == pytest.approx(values.sum() + weights.log_scales.sum())
    assert tried.sum() == 1200
    assert (accepted > 0).all()


@pytest.mark.parametrize("known", [{}, {"max_parents": 1}, {"required": [(0, 2)]}])
def test_graphs_of_an_order_are_drawn_by_their_weight(known):
    table = score_table(4, rows=8, seed=3, **known)
    weights, order, draws = LayerWeights.build(table), (0, 2, 3, 1), 4000
    drawn = draw_parents(weights, np.tile(order, (draws, 1)), np.random.default_rng(0))
    place = np.argsort(order)
    score = log_reward(table)
    agree = [dag for dag in oracles.all_dags(4) if not (dag & (place[:, None] >= place[None, :])).any()]
    p = np.exp([score(dag) for dag in agree])
    p /= p.sum()
    seen = {}
    for dag in table.possible.adjacency_of(drawn):
        seen[dag.tobytes()] = seen.get(dag.tobytes(), 0) + 1
    counts = np.array([seen.pop(dag.tobytes(), 0) for dag in agree])
    assert not seen  # no other graph
    assert (np.abs(counts / draws - p) <= 4.5 * np.sqrt(p * (1 - p) / draws) + 1e-12).all()


def test_edges_given_the_order_are_those_of_the_graphs_that_agree_with_it():
    table = score_table(4, rows=8, seed=3)
    weights, order = LayerWeights.build(table), np.array([0, 2, 3, 1])
    drawn = draw_parents(weights, np.tile(order, (4000, 1)), np.random.default_rng(0))
    counted = table.possible.adjacency_of(drawn).mean(axis=0)
    edge = np.zeros((4, 4))
    before, values = predecessors(weights.log_sums, weights.places, order)
    _add_edges(weights.log_sums, weights.places, order, before, values, edge)
    assert (np.abs(edge - counted) <= 4.5 * np.sqrt(edge * (1 - edge) / 4000) + 1e-9).all()


def test_chains_begin_at_any_order_that_is_allowed():
    weights = LayerWeights.build(score_table(4, required=[(3, 1)]))
    orders = [random_order(weights, np.random.default_rng(k)) for k in range(200)]
    assert all(np.flatnonzero(order == 3) < np.flatnonzero(order == 1) for order in orders)
    assert len({tuple(order) for order in orders}) == 12  # of all orders of four


def test_no_order_has_weight():
    scores = np.array([[-np.inf, 0.0], [-np.inf, 0.0]])  # each needs the other
    with pytest.raises(ConstraintError):
        random_order(LayerWeights.of(scores), np.random.default_rng(0))
