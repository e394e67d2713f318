"""Candidates and odds from given layerings, beside sums over all parent sets."""

import numpy as np
import pytest
from sampler_cases import score_table

from dag_gfn.graphs.subsets import parent_sets, unpack
from dag_gfn.layerings.layer_weights import ODDS, LayerWeights
from dag_gfn.layerings.refinement import refine

LAYERING = np.array([2, 0, 1, 0, 1, 3])


def probabilities(table, weights, node):
    """Return the mean probability of each node as a parent, over sets by the weights given `LAYERING`."""
    d, own = table.d, LAYERING[node]
    inside = sum(1 << u for u in range(d) if LAYERING[u] < own)
    last = sum(1 << u for u in range(d) if LAYERING[u] == own - 1)
    sets = parent_sets(node, d)
    sets = sets[(sets & ~inside == 0) & (sets & last != 0)] if own else np.zeros(1, dtype=np.int64)
    share = np.exp(weights.log_set_weights(node, sets))
    found = np.zeros(d)
    for u in range(d):
        if u == node:
            continue
        with_u, without = (table.scores_of(node, each) for each in (sets | 1 << u, sets & ~(1 << u)))
        most = np.maximum(with_u, without)
        likely = most > -np.inf
        p = np.zeros(len(sets))
        p[likely] = np.exp(with_u - most)[likely] / (np.exp(with_u - most) + np.exp(without - most))[likely]
        found[u] = np.average(p, weights=share)
    return found


@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize(
    "options",
    [{}, {"rows": 40, "seed": 2}, {"required": [(1, 0)], "forbidden": [(3, 0), (2, 5)]}, {"max_parents": 2}],
    ids=str,
)
def test_candidates_and_odds_are_those_of_the_layering(options, rng):
    table = score_table(6, **options)
    weights = LayerWeights.build(table, num_candidates=2, outside=True)
    refined = refine(weights, table, np.tile(LAYERING, (4_000, 1)), rng=rng)
    is_candidate = unpack(refined.candidates, 6)
    assert (is_candidate.sum(axis=1) == 2).all()
    required, forbidden = (
        unpack(each, 6) for each in (table.constraints.required, table.constraints.forbidden)
    )
    assert is_candidate[required].all()
    for node in range(6):
        expected, before = probabilities(table, weights, node), LAYERING[node] > LAYERING
        outside = refined.log_odds[node] > -np.inf
        np.testing.assert_array_equal(
            outside, ~is_candidate[node] & ~forbidden[node] & (np.arange(6) != node)
        )
        share = 1 / (1 + np.exp(-refined.log_odds[node]))
        least, most = np.array(ODDS) / (1 + np.array(ODDS))
        np.testing.assert_allclose(share[outside], expected[outside].clip(least, most), atol=0.03)
        rank = np.where(before, expected, 0.3 * expected)
        left = outside & ~required[node]
        chosen = is_candidate[node] & ~required[node]
        assert not left.any() or not chosen.any() or rank[chosen].min() > rank[left].max() - 0.03


def test_their_scores_are_those_of_the_table(rng):
    table = score_table(6)
    weights = LayerWeights.build(table, num_candidates=2, outside=True)
    refined = refine(weights, table, np.tile(LAYERING, (20, 1)), size=3, rng=rng)
    assert refined.tables.members.shape == (6, 3)
    for node in range(6):
        within = parent_sets(node, 6)
        within = within[within & ~refined.candidates[node] == 0]
        np.testing.assert_allclose(
            refined.log_set_weights(node, within), table.scores_of(node, within), atol=1e-9
        )


def test_the_seed_decides():
    table = score_table(6)
    weights = LayerWeights.build(table, num_candidates=2, outside=True)
    one, same, other = (
        refine(weights, table, np.tile(LAYERING, (20, 1)), rng=np.random.default_rng(seed))
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(one.log_odds, same.log_odds)
    assert not np.array_equal(one.log_odds, other.log_odds)
