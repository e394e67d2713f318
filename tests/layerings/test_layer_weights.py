"""Weights of a node with its parents summed out."""

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
from sampler_cases import score_table

from dag_gfn.errors import NotTractable, OptionError
from dag_gfn.layerings.layer_weights import CANCELLED, LayerWeights, index_of, log_node_weight
from dag_gfn.subsets import pack, remove_bit, unpack


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
        others = [i for i in range(5) if i != node]
        for place in itertools.product(("earlier", "last", "later"), repeat=4):
            last = {i for i, p in zip(others, place, strict=True) if p == "last"}
            inside = last | {i for i, p in zip(others, place, strict=True) if p == "earlier"}
            if inside and not last:
                continue
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
        others = [i for i in range(5) if i != node]
        for place in itertools.product(("earlier", "last", "later"), repeat=4):
            last = {i for i, p in zip(others, place, strict=True) if p == "last"}
            inside = last | {i for i, p in zip(others, place, strict=True) if p == "earlier"}
            if inside and not last:
                continue
            exact = by_summation(joined, node, inside, last)
            at = (weights.tables, node, mask(inside), mask(last))
            assert log_node_weight(*at, True)[0] == pytest.approx(exact, abs=1e-6)
            bound, is_bound = log_node_weight(*at, False)
            assert bound >= exact - 1e-6
            assert is_bound or bound == pytest.approx(exact, abs=1e-6)


def test_who_may_be_a_parent_and_what_candidates_cover(rng):
    candidates = random_candidates(6, 2, rng)
    log_odds = random_log_odds(candidates, rng, impossible=0.3)
    weights = LayerWeights.of(np.zeros((6, 4)), candidates, log_odds)
    possible = unpack(candidates, 6) | (log_odds > -np.inf)
    np.testing.assert_array_equal(weights.may_gain, pack(possible))
    np.testing.assert_allclose(weights.covered, 1 / (1 + np.exp(log_odds)).prod(axis=1))
    assert weights.coverage(list("abcdef"))["least_covered"] == "abcdef"[weights.covered.argmin()]


def test_weights_of_given_parent_sets(rng):
    complete = random_table(5, seed=2, forbidden=0.1).complete
    complete[:, 0] = 0.0
    candidates = random_candidates(5, 2, rng)
    log_odds = random_log_odds(candidates, rng, impossible=0.2)
    weights = LayerWeights.of(only_within(complete, candidates), candidates, log_odds)
    nodes = np.arange(5)
    parents = rng.integers(0, 32, size=(500, 5)) & ~(1 << nodes)
    exact = join_independently(complete, candidates, log_odds)[nodes, remove_bit(parents, nodes)]
    np.testing.assert_allclose(weights.log_weight_of(parents), exact.sum(axis=1))
    assert np.isfinite(weights.log_weight_of(parents)).any()
    np.testing.assert_allclose(weights.log_set_weights(3, parents[:, 3]), exact[:, 3])


def test_weights_of_complete_tables_are_scores():
    table = random_table(4, seed=2)
    weights = LayerWeights.of(table.complete)
    parents = np.array([[0, 1, 3, 7], [14, 12, 8, 0]])
    np.testing.assert_allclose(weights.log_weight_of(parents), table.log_reward(parents))
    assert not weights.has_outside


@pytest.mark.parametrize(
    ("at", "value"), [((0, 0), 0.0), ((0, 1), 0.0), ((0, 2), np.inf), ((0, 2), np.nan), ((0, 2), -14.0)]
)
def test_odds_that_cannot_be(at, value):
    log_odds = np.full((3, 3), -np.inf)
    log_odds[at] = value
    with pytest.raises(ValueError, match=r"expected odds in \(1e-06, 1000.0\), or 0"):
        LayerWeights.of(np.zeros((3, 2)), np.array([2, 1, 1]), log_odds)


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


def test_without_candidates_the_indices_are_those_of_complete_tables():
    weights = LayerWeights.of(random_table(6, seed=0).complete)
    sets = np.arange(64)
    for node in range(6):
        index = (sets[:, None] >> np.arange(6) & 1) @ weights.places[node]
        np.testing.assert_array_equal(index, remove_bit(sets, node))
    assert weights.candidates.tolist() == [63 - (1 << v) for v in range(6)]
    assert (weights.covered == 1).all()


def test_candidates_that_are_all_others_give_the_same_tables():
    table = score_table(6)
    complete, chosen = LayerWeights.build(table), LayerWeights.build(table, num_candidates=99, outside=True)
    lazy = LayerWeights.build(score_table(6, storage="lazy"))
    for name in (
        "log_weights",
        "log_sums",
        "candidates",
        "places",
        "may_gain",
        "covered",
        "log_scales",
        "log_odds",
    ):
        np.testing.assert_array_equal(getattr(chosen, name), getattr(complete, name))
        np.testing.assert_allclose(getattr(lazy, name), getattr(complete, name), atol=1e-9)
    np.testing.assert_array_equal(complete.log_weights, LayerWeights.of(table.complete).log_weights)


@pytest.mark.parametrize("storage", ["complete", "lazy"])
def test_tables_of_candidates_hold_the_scores_of_their_sets(storage):
    table = score_table(7, storage=storage, forbidden=[(0, 1), (2, 1)], max_parents=3)
    weights = LayerWeights.build(table, num_candidates=4)
    with_others = LayerWeights.build(table, num_candidates=4, outside=True)
    assert (weights.has_outside, with_others.has_outside) == (False, True)
    for name in ("candidates", "log_weights", "covered"):
        np.testing.assert_array_equal(getattr(weights, name), getattr(with_others, name))
    assert weights.log_weights.shape == weights.log_sums.shape == (7, 16)
    scale = 0.0
    for v in range(7):
        members = [i for i in range(7) if weights.candidates[v] >> i & 1]
        assert len(members) == 4
        sets = np.array([sum(1 << i for k, i in enumerate(members) if s >> k & 1) for s in range(16)])
        scores = table.local_scores(np.full(16, v), sets)
        np.testing.assert_allclose(weights.log_weights[v], scores - scores.max(), atol=1e-9)
        scale += scores.max()
        gained = [i for i in members if not (v == 1 and i in (0, 2))]
        assert weights.may_gain[v] == sum(1 << i for i in gained)
        others = [i for i in range(7) if i != v and not (v == 1 and i in (0, 2))]
        assert with_others.may_gain[v] == sum(1 << i for i in others)
    assert weights.log_scale == pytest.approx(scale)


def test_nodes_that_no_parent_set_of_positive_weight_has():
    complete = np.zeros((4, 8))
    complete[0, [1, 3, 5, 7]] = -np.inf  # never node 1
    complete[3, 1:] = -np.inf
    assert LayerWeights.of(complete).may_gain.tolist() == [0b1100, 0b1101, 0b1011, 0]


@pytest.mark.parametrize(
    "candidates", [[3, 4, 1], [2, 5, 1], [0, 1, 1]], ids=["itself", "too many", "too few"]
)
def test_candidates_that_do_not_fit_the_table(candidates):
    with pytest.raises(ValueError, match="expected candidates with 2 subsets"):
        LayerWeights.of(np.zeros((3, 2)), np.array(candidates))


def test_numbers_of_candidates_that_cannot_be():
    table = score_table(6, required=[(0, 2), (1, 2), (3, 2)])
    for size in (-1, 0, 2):
        with pytest.raises(OptionError, match=r"at least 3 candidate parents \(column '.*' has 3 required"):
            LayerWeights.build(table, num_candidates=size)
    with pytest.raises(NotTractable, match=r"all sets of 29 candidate parents of 30 columns.*limit is 1 GB"):
        LayerWeights.build(score_table(30, rows=40), num_candidates=40)


def test_two_columns_filled_on_demand():
    assert LayerWeights.build(score_table(2, storage="lazy")).log_weights.shape == (2, 2)
