"""Reversals of edges: they keep the posterior, by enumeration, and lead to what single steps do not reach."""

import functools

import numpy as np
import pytest
from exact_tables import Table, random_table
from layering_cases import in_own_masks
from layering_oracles import (
    frequencies_fail,
    join_independently,
    layer_numbers,
    layering_weights,
    layers_of,
    only_within,
    random_candidates,
    random_log_odds,
)
from numba import njit
from scipy import stats

from dag_gfn.graphs.graph import adjacency_from_masks, parent_masks
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.mcmc.edge_reversal import fill_words, make_words, reverse_edge, reverse_edges
from dag_gfn.mcmc.ladder import Ladder, LadderState, run_ladder
from dag_gfn.mcmc.partition import init, init_at, run


@functools.cache
def case(name):
    """Return weights, the parent masks of all DAGs of positive weight, shape (m, d), and their probabilities."""
    d, scale, forbidden = {
        "flat": (3, 0.3, 0.0),
        "usual": (4, 2.0, 0.0),
        "steep": (4, 8.0, 0.0),
        "cancelling": (4, 12.0, 0.0),  # sums over the sets with a given parent lose their digits
        "constrained": (4, 2.0, 0.4),
        "candidates": (4, 2.0, 0.0),
        "beyond": (4, 1.0, 0.0),
    }[name.removesuffix(" in own masks")]
    complete = random_table(d, seed=3, scale=scale, forbidden=forbidden).complete
    weights = LayerWeights.of(complete)
    if name.startswith(("candidates", "beyond")):
        rng = np.random.default_rng(1)
        candidates = random_candidates(d, 1 if name.startswith("beyond") else 2, rng)
        log_odds = random_log_odds(candidates, rng, impossible=0.2 if name.startswith("beyond") else 1.0)
        weights = LayerWeights.of(only_within(complete, candidates), candidates, log_odds)
        complete = join_independently(complete, candidates, log_odds)
    dags = [dag for same in layering_weights(complete).values() for dag, _ in same]
    masks = parent_masks(np.stack(dags).astype(bool))
    log_weights = Table(complete).log_reward(masks)
    possible = log_weights > -np.inf
    share = np.exp(log_weights[possible] - np.logaddexp.reduce(log_weights[possible]))
    masks = masks[possible]
    if name.endswith("in own masks"):
        weights = in_own_masks(weights, np.random.default_rng(2))
        masks = weights.possible.masks_of(adjacency_from_masks(masks, d))
    return weights, masks, share


def numbers_of(masks, among):
    """Return the number of each DAG among given ones."""
    base = (1 << among.shape[1]) ** np.arange(among.shape[1])
    order = np.argsort(among @ base)
    found = order[np.searchsorted((among @ base)[order], masks @ base)]
    assert (among[found] == masks).all(), "a DAG of no weight"
    return found


@njit
def _reversed(tables, reached, rng):
    """Try one reversal of each DAG in place; return which changed, and whether words stayed those of parents."""
    changed = np.empty(len(reached), dtype=np.bool_)
    for k in range(len(reached)):
        words, again = make_words(tables.nodes), make_words(tables.nodes)
        fill_words(tables.nodes, reached[k], words)
        changed[k] = reverse_edge(tables, reached[k], words, rng)
        fill_words(tables.nodes, reached[k], again)
        if not (words[:-1] == again[:-1]).all():
            return changed, False
    return changed, True


def reversals(weights, reached, rng):
    """Try one reversal of each DAG in place, shape (n, d); return which DAGs changed."""
    changed, kept = _reversed(weights.tables, reached, rng)
    assert kept, "the words are no longer those of the parents"
    return changed


@njit
def reverse_edges_of_each(tables, layerings, count, rng):
    for k in range(len(layerings)):
        reverse_edges(tables, layerings[k], count, rng)


CASES = ["flat", "usual", "steep", "cancelling", "constrained", "candidates", "beyond"]
CASES += ["usual in own masks", "constrained in own masks", "beyond in own masks"]


@pytest.mark.parametrize("name", CASES)
def test_detailed_balance(name, rng):
    weights, masks, share = case(name)
    before = np.repeat(np.arange(len(masks)), 120_000 // len(masks))
    reached = masks[before]
    changed = reversals(weights, reached, rng)
    after = numbers_of(reached, masks)
    assert (changed >= (before != after)).all()  # one that was accepted may lead to the same DAG
    there = np.zeros((len(masks), len(masks)), dtype=np.int64)
    np.add.at(there, (before, after), 1)
    a, b = np.nonzero(np.tril(there + there.T, -1))
    assert len(a) > 20
    # as many begin at each: those from a to b and from b to a are as the probabilities of b and a
    to_b, both, p = there[a, b], there[a, b] + there[b, a], share[b] / (share[a] + share[b])
    level = 1e-6 / len(a)
    assert stats.binom.cdf(to_b, both, p).min() > level
    assert stats.binom.sf(to_b - 1, both, p).min() > level


@pytest.mark.parametrize("name", CASES)
def test_the_posterior_is_kept(name, rng):
    weights, masks, share = case(name)
    reached = masks[rng.choice(len(masks), 60_000, p=share)]
    reversals(weights, reached, rng)
    assert not frequencies_fail(np.bincount(numbers_of(reached, masks), minlength=len(masks)), share)


@pytest.mark.parametrize("name", CASES)
def test_layerings_keep_their_weights(name, rng):
    weights, masks, share = case(name)
    layerings = np.stack([layer_numbers(layers_of(dag)) for dag in weights.possible.adjacency_of(masks)])
    distinct, which = np.unique(layerings, axis=0, return_inverse=True)
    of_layerings = np.bincount(which, weights=share)
    reached = distinct[rng.choice(len(distinct), 40_000, p=of_layerings)]
    reverse_edges_of_each(weights.tables, reached, 4, rng)
    index = {tuple(layer_of): k for k, layer_of in enumerate(distinct.tolist())}
    found = np.bincount([index[tuple(layer_of)] for layer_of in reached.tolist()], minlength=len(distinct))
    assert not frequencies_fail(found, of_layerings)


def test_a_dag_without_edges_stays(rng):
    weights, masks, _ = case("usual")
    parents = np.zeros((1, masks.shape[1]), dtype=np.int64)
    assert not reversals(weights, parents, rng)[0]
    assert not parents.any()


def test_the_seed_decides():
    weights, masks, _ = case("flat")
    ends = []
    for seed in (1, 1, 2):
        reached, rng = masks.copy(), np.random.default_rng(seed)
        reversals(weights, reached, rng)
        ends.append(reached.tolist())
    assert ends[0] == ends[1] != ends[2]


def two_orders(gain=30.0):
    """Return scores of 0 -> 1 and of 1 -> 0, equally good, with a child of each and a grandchild of 1.

    Turning the edge moves node 0 together with its child 4, and 1 with what descends from it, to other layers.
    """
    complete = np.full((5, 16), -gain)
    complete[:2, 0] = 0.0
    for child, parent in ((1, 0), (0, 1), (2, 1), (3, 2), (4, 0)):
        others = [v for v in range(5) if v != child]
        complete[child, 1 << others.index(parent)] = gain
    return complete


def test_what_single_steps_do_not_cross_is_crossed():
    weights, begin = LayerWeights.of(two_orders()), np.array([0, 1, 2, 3, 1])
    stays, _, _ = run(
        weights, init_at(weights, begin), rng=np.random.default_rng(0), blocks=500, thinning=100
    )
    assert stays.edge[:, 0, 1].min() > 0.99
    drawn, _, counts = run_ladder(
        weights,
        Ladder.alone(),
        LadderState.at(begin[None]),
        rng=np.random.default_rng(0),
        blocks=500,
        thinning=100,
    )
    turned = (drawn.edge[:, 0, 1] < 0.5).mean()
    assert 0.35 < turned < 0.65
    assert counts.accepted[-1] > 100


def test_a_required_edge_is_never_turned():
    complete = random_table(4, seed=5).complete.copy()
    complete[1, [index for index in range(8) if not index & 1]] = -np.inf  # node 1 has the parent 0
    weights, rng = LayerWeights.of(complete), np.random.default_rng(0)
    parents, seen = np.array([[0, 1, 2, 4]]), set()  # 0 -> 1 -> 2 -> 3
    for _ in range(500):
        reversals(weights, parents, rng)
        assert parents[0, 1] & 1
        seen.add(tuple(parents[0].tolist()))
    assert len(seen) > 20


@pytest.mark.parametrize("d", [1, 2, 12, 63])
def test_any_number_of_nodes(d):
    rng = np.random.default_rng(d)
    size = min(2, d - 1)
    candidates = random_candidates(d, size, rng)
    weights = LayerWeights.of(rng.normal(size=(d, 1 << size)), candidates)
    start = LadderState.at(init(weights, rng=rng).layer_of[None])
    drawn, end, counts = run_ladder(weights, Ladder.alone(), start, rng=rng, blocks=20, thinning=8 * d)
    assert counts.tried[-1] == 20 * 3 * d
    assert (counts.accepted[-1] > 0) == (d > 1)
    assert np.isfinite(drawn.log_weights).all()
    assert init_at(weights, end.layer_of[0]).log_weight == pytest.approx(drawn.log_weights[-1], abs=1e-9)
