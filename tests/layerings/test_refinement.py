"""Candidates and odds from given layerings, beside sums over all parent sets."""

import functools
import itertools

import numpy as np
import pytest
from layering_cases import sets_given
from sampler_cases import score_table

import dag_gfn
from dag_gfn.graphs.subsets import parent_sets, unpack
from dag_gfn.layerings.layer_weights import ODDS, LayerWeights
from dag_gfn.layerings.refinement import refine
from dag_gfn.scores import Constraints, ScoreTable, make_score

LAYERING = np.array([2, 0, 1, 0, 1, 3])


def probabilities(table, weights, node):
    """Return the mean probability of each node as a parent, over sets by the weights given `LAYERING`."""
    d = table.d
    sets, share = sets_given(weights, LAYERING, node)

    @functools.cache
    def score(parents):
        return float(table.scores_of(node, np.array([parents]))[0])

    found, total = np.zeros(d), 0.0
    for drawn, of_set in zip(sets.tolist(), share.tolist(), strict=True):
        for parents, part in made_possible(drawn, int(weights.tables.outside[node]), score, 1.0):
            total += of_set * part
            members = [t for t in range(d) if parents >> t & 1]
            others = [u for u in range(d) if u != node and u not in members]
            for u in members + others:
                with_u, without = score(parents | 1 << u), score(parents & ~(1 << u))
                if with_u > -np.inf:
                    found[u] += of_set * part / (1 + np.exp(without - with_u))
                elif members:  # it competes for the place of the member that gives least
                    weakest = max(members, key=lambda t: score(parents & ~(1 << t)))
                    free = parents & ~(1 << weakest)
                    rivals = [score(free | 1 << r) for r in others if score(parents | 1 << r) == -np.inf]
                    all_of_them = np.exp([score(parents), score(free), *rivals]).sum()
                    found[u] += of_set * part * np.exp(score(free | 1 << u)) / all_of_them
    return found / total


def made_possible(parents, outside, score, share, depth=0):
    """Return possible sets with their shares: others lose half of their members outside, again and again."""
    members = [t for t in range(outside.bit_length()) if parents & outside >> t & 1]
    if score(parents) > -np.inf:
        return [(parents, share)]
    if depth == 8 or not members:
        return []
    found = []
    for kept in itertools.product((0, 1), repeat=len(members)):
        left = parents & ~outside | sum(1 << t for t, stays in zip(members, kept, strict=True) if stays)
        found += made_possible(left, outside, score, share / 2 ** len(members), depth + 1)
    return found


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


def test_a_child_that_comes_later_stays_a_candidate_where_parents_are_few(rng):
    """With a limit of one parent no second one is possible, but another one is."""
    a = rng.normal(size=300)
    values = rng.normal(size=(300, 7))
    values[:, 1], values[:, 0] = a, a + 0.5 * rng.normal(size=300)
    values[:, 6] = values[:, 0] + 0.5 * rng.normal(size=300)
    data = dag_gfn.from_array(values).standardize()
    constraints = Constraints.from_names(data.names, max_parents=1)
    table = ScoreTable.build(make_score("bge", data), None, constraints)
    weights = LayerWeights.build(table, num_candidates=2, outside=True)
    refined = refine(weights, table, np.tile([1, 0, 0, 0, 0, 0, 2], (50, 1)), rng=rng)
    assert refined.candidates[0] == 0b1000010


def test_odds_by_which_every_draw_has_too_many_parents_become_lower(rng):
    table = score_table(12, rows=30, max_parents=2)
    masks = np.array([1 << (v + 1) % 12 for v in range(12)])
    log_odds = np.where(unpack(masks, 12) | np.eye(12, dtype=bool), -np.inf, np.log(ODDS[1]))
    weights = LayerWeights.given(table, masks, log_odds, np.ones(12))
    layerings = np.tile(np.arange(12), (200, 1))
    joining = []
    for _ in range(4):
        joining.append((1 / (1 + np.exp(-weights.log_odds))).sum(axis=1).mean())
        weights = refine(weights, table, layerings, rng=rng)
    assert joining[0] > 5
    assert joining[-1] < 2  # no more are possible


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
