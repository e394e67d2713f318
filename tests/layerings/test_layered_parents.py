"""Compiled draws of one node's parents, against frequencies from the weights of all its parent sets."""

import numpy as np
import pytest
from exact_tables import random_table
from layering_oracles import join_independently, only_within, random_candidates, random_log_odds
from scipy import stats

from dag_gfn.graphs.subsets import parent_sets
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.layerings.layered_parents import _draw_descending, draw_meeting, draw_one, draw_within

D, NODE = 5, 2
INSIDE, LAST = 0b11011, 0b10001  # all others have come before, nodes 0 and 4 last


def expected(log_weights, inside, last):
    """Return {parent set: probability} of the sets within `inside` that meet `last`, if that is not empty."""
    sets = parent_sets(NODE, D).tolist()
    possible = [s & ~inside == 0 and (last == 0 or s & last != 0) for s in sets]
    weights = np.exp(log_weights - log_weights.max()) * possible
    return dict(zip(sets, weights / weights.sum(), strict=True))


def assert_frequencies(drawn, probabilities):
    sets, counts = np.unique(drawn, return_counts=True)
    found = dict(zip(sets.tolist(), counts.tolist(), strict=True))
    assert found.keys() <= {s for s, p in probabilities.items() if p > 0}
    level = 1e-5 / len(probabilities)
    for parents, p in probabilities.items():
        count = found.get(parents, 0)
        assert stats.binom.cdf(count, len(drawn), p) > level
        assert stats.binom.sf(count - 1, len(drawn), p) > level


@pytest.mark.parametrize(
    "together", [False, True]
)  # one by one by differences of sums, or all by enumeration
@pytest.mark.parametrize("scale", [1.0, 6.0, 60.0])
def test_sets_that_meet_the_last_layer(rng, scale, together):
    complete = random_table(D, seed=3, scale=scale).complete
    weights = LayerWeights.of(complete)
    uniforms = rng.random(20_000)
    sets = np.empty(len(uniforms), dtype=np.int64)
    if together:
        draw_meeting(weights.tables, NODE, INSIDE, LAST, uniforms, rng, sets)
    else:
        sets[:] = [draw_one(weights.tables, NODE, INSIDE, LAST, uniform, rng) for uniform in uniforms]
    assert_frequencies(sets, expected(complete[NODE], INSIDE, LAST))


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("size", [1, 2])
def test_sets_with_parents_outside_the_candidates(rng, size, together):
    complete = random_table(D, seed=4).complete
    candidates = random_candidates(D, size, rng)
    log_odds = random_log_odds(candidates, rng)
    weights = LayerWeights.of(only_within(complete, candidates), candidates, log_odds)
    sets = np.empty(20_000, dtype=np.int64)
    if together:
        draw_meeting(weights.tables, NODE, INSIDE, LAST, rng.random(len(sets)), rng, sets)
    else:
        sets[:] = [draw_one(weights.tables, NODE, INSIDE, LAST, rng.random(), rng) for _ in sets]
    joined = join_independently(complete, candidates, log_odds)
    assert_frequencies(sets, expected(joined[NODE], INSIDE, LAST))


@pytest.mark.parametrize("size", [11, 13, 15])
@pytest.mark.parametrize("scale", [0.3, 3.0, 12.0])
def test_uniform_numbers_are_inverted(rng, size, scale):
    """Among many nodes, several members are chosen by inclusion and exclusion: against cumulative sums of all sets."""
    log_weights = scale * rng.normal(size=1 << size)
    log_weights[rng.random(1 << size) < 0.1] = -np.inf
    log_weights -= log_weights.max()
    sums = log_weights.copy()
    for bit in range(size):
        halves = sums.reshape(-1, 2, 1 << bit)
        halves[:, 1] = np.logaddexp(halves[:, 0], halves[:, 1])
    within = (1 << size) - 1 & ~0b100
    for touching in (0b11, 1 << (size - 1), within):
        index = np.arange(1 << size)
        meets = (index & ~within == 0) & (index & touching != 0)
        cumulative = np.cumsum(np.where(meets, np.exp(log_weights), 0.0))
        uniforms = rng.random(3_000)
        expected = np.searchsorted(cumulative, uniforms * cumulative[-1], side="right")
        found = np.array([_draw_descending(log_weights, sums, within, touching, u) for u in uniforms])
        share = cumulative[-1] / np.exp(sums[within])  # of the sets that meet: what differences of sums leave
        near = np.abs(cumulative[:, None] / cumulative[-1] - uniforms[found != expected]).min(axis=0)
        assert (near < 1e-12 / share).all()
        assert meets[found].all()
        assert scale > 10 or len(set(found.tolist())) > 100


@pytest.mark.parametrize("scale", [1.0, 6.0, 60.0])
def test_any_set_within_some_nodes(rng, scale):
    complete = random_table(D, seed=5, scale=scale).complete
    tables = LayerWeights.of(complete).tables
    sets = [draw_within(tables, NODE, INSIDE, rng) for _ in range(20_000)]
    assert_frequencies(sets, expected(complete[NODE], INSIDE, 0))


@pytest.mark.parametrize("size", [1, 2])
def test_any_set_with_parents_outside_the_candidates(rng, size):
    complete = random_table(D, seed=4).complete
    candidates = random_candidates(D, size, rng)
    log_odds = random_log_odds(candidates, rng)
    tables = LayerWeights.of(only_within(complete, candidates), candidates, log_odds).tables
    sets = [draw_within(tables, NODE, INSIDE, rng) for _ in range(20_000)]
    joined = join_independently(complete, candidates, log_odds)
    assert_frequencies(sets, expected(joined[NODE], INSIDE, 0))


def test_the_empty_set_may_be_impossible(rng):
    complete = random_table(D, seed=5).complete.copy()
    complete[NODE, 0] = -np.inf
    tables = LayerWeights.of(complete).tables
    assert all(draw_within(tables, NODE, INSIDE, rng) for _ in range(200))


def test_a_root_has_no_parents(rng):
    tables = LayerWeights.of(random_table(D, seed=5).complete).tables
    assert draw_within(tables, NODE, 0, rng) == 0
