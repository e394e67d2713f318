"""Weights of a node with its parents summed out, read from tables."""

import itertools

import mpmath
import numpy as np
import pytest
from exact_tables import peaked_table, random_table
from hypothesis import given
from hypothesis import strategies as st
from layering_oracles import (
    forbid_outside,
    join_independently,
    only_within,
    random_candidates,
    random_log_odds,
)

from dag_gfn.graphs.subsets import pack
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.layerings.node_weights import CANCELLED, index_of, log_node_weight


def by_summation(complete, node, inside, last):
    """Return log of the sum of w(T) over T within `inside` that meet `last`, in high precision."""
    others = [i for i in range(len(complete)) if i != node]
    with mpmath.workdps(40):
        total = mpmath.mpf(0)
        for index, value in enumerate(complete[node]):
            chosen = {i for k, i in enumerate(others) if index >> k & 1}
            if chosen <= inside and (chosen & last or not inside) and value > -np.inf:
                total += mpmath.exp(mpmath.mpf(float(value)))
        return float(mpmath.log(total)) if total else -np.inf


def mask(nodes):
    return np.int64(sum(1 << i for i in nodes))


def places_of_others(node):
    """Return all pairs (U, Q) of earlier nodes and the last layer of these that a node out of five can have."""
    others = [i for i in range(5) if i != node]
    pairs = []
    for place in itertools.product(("earlier", "last", "later"), repeat=4):
        last = {i for i, p in zip(others, place, strict=True) if p == "last"}
        inside = last | {i for i, p in zip(others, place, strict=True) if p == "earlier"}
        if last or not inside:
            pairs.append((inside, last))
    return pairs


@pytest.mark.parametrize(
    ("table", "cancels"),
    [
        (random_table(5, seed=0), False),
        (random_table(5, seed=1, scale=10.0, forbidden=0.4), True),
        (random_table(5, seed=1, scale=200.0), True),
        (peaked_table(5, seed=2, nats=3000.0), True),
    ],
    ids=["plain", "constrained", "peaked", "thousands of nats"],
)
def test_node_weights_are_sums_over_parent_sets(table, cancels):
    weights = LayerWeights.of(table.complete)
    largest = table.complete.max(axis=1)
    cancelled = 0
    for node in range(5):
        for inside, last in places_of_others(node):
            exact = by_summation(table.complete - largest[:, None], node, inside, last)
            at = (weights.tables, node, mask(inside), mask(last))
            assert log_node_weight(*at, True)[0] == pytest.approx(exact, abs=1e-6)
            bound, is_bound = log_node_weight(*at, False)
            cancelled += is_bound
            assert bound >= exact - 1e-6
            if not is_bound:
                assert bound == pytest.approx(exact, abs=1e-6)
            else:
                all_within = by_summation(table.complete - largest[:, None], node, inside, inside)
                assert exact - max(all_within, weights.log_weights[node, 0]) < np.log(2 * CANCELLED)
    assert (cancelled > 0) == cancels
    assert weights.log_scale == pytest.approx(largest.sum())


def test_a_node_without_any_parent_set():
    complete = np.zeros((2, 2))
    complete[1] = -np.inf
    weights = LayerWeights.of(complete)
    assert log_node_weight(weights.tables, 1, 1, 1, True)[0] == -np.inf
    assert weights.log_scale == 0.0


@pytest.mark.parametrize("size", [1, 2, 3])
def test_node_weights_over_candidates_are_those_of_the_sets_within(size, rng):
    complete = random_table(5, seed=3, scale=10.0).complete
    candidates = random_candidates(5, size, rng)
    weights = LayerWeights.of(only_within(complete, candidates), candidates)
    possible = forbid_outside(complete, candidates)
    possible -= possible.max(axis=1, keepdims=True)
    for node in range(5):
        for inside, last in places_of_others(node):
            exact = by_summation(possible, node, inside, last)
            found, _ = log_node_weight(weights.tables, node, mask(inside), mask(last), True)
            assert found == pytest.approx(exact, abs=1e-6)


@pytest.mark.parametrize(
    ("size", "scale", "impossible"), [(1, 1.0, 0.0), (2, 10.0, 0.3), (3, 10.0, 0.0), (2, 60.0, 0.3)]
)
def test_node_weights_with_parents_outside_the_candidates(size, scale, impossible, rng):
    complete = random_table(5, seed=3, scale=scale).complete
    candidates = random_candidates(5, size, rng)
    log_odds = random_log_odds(candidates, rng, impossible=impossible)
    weights = LayerWeights.of(only_within(complete, candidates), candidates, log_odds)
    joined = join_independently(complete, candidates, log_odds)
    joined -= weights.log_scales[:, None]
    assert weights.has_outside
    for node in range(5):
        for inside, last in places_of_others(node):
            exact = by_summation(joined, node, inside, last)
            at = (weights.tables, node, mask(inside), mask(last))
            assert log_node_weight(*at, True)[0] == pytest.approx(exact, abs=1e-6)
            bound, is_bound = log_node_weight(*at, False)
            assert bound >= exact - 1e-6
            assert is_bound or bound == pytest.approx(exact, abs=1e-6)


def test_a_set_without_candidates_has_no_weight_and_no_bound():
    weights = LayerWeights.of(np.zeros((3, 2)), np.array([2, 1, 1]))
    for exact in (True, False):
        assert log_node_weight(weights.tables, 0, np.int64(4), np.int64(4), exact) == (-np.inf, False)


@given(st.integers(2, 63), st.data())
def test_the_index_of_a_set_is_the_sum_of_its_members_places(d, data):
    size = data.draw(st.integers(1, min(d - 1, 4)))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    candidates = random_candidates(d, size, rng)
    weights = LayerWeights.of(np.zeros((d, 1 << size)), candidates)
    inside = rng.random(d) < 0.5
    for node in (0, d // 2, d - 1):
        members = [i for i in range(d) if candidates[node] >> i & 1]
        expected = sum(1 << k for k, i in enumerate(members) if inside[i])
        assert weights.places[node] @ inside == expected
        assert index_of(weights.tables, node, pack(inside)[()]) == expected
