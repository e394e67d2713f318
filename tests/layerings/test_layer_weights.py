"""Weights of a node with its parents summed out."""

import itertools

import mpmath
import numpy as np
import pytest
from exact_tables import peaked_table, random_table

from dag_gfn.layerings.layer_weights import CANCELLED, LayerWeights, log_node_weight


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
        others = [i for i in range(5) if i != node]
        for place in itertools.product(("earlier", "last", "later"), repeat=4):
            last = {i for i, p in zip(others, place, strict=True) if p == "last"}
            inside = last | {i for i, p in zip(others, place, strict=True) if p == "earlier"}
            if inside and not last:
                continue
            exact = by_summation(table.complete - largest[:, None], node, inside, last)
            at = (weights.log_weights, weights.log_sums, node, mask(inside), mask(last))
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
    assert log_node_weight(weights.log_weights, weights.log_sums, 1, 1, 1, True)[0] == -np.inf
    assert weights.log_scale == 0.0
