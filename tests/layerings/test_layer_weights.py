"""The tables of weights, with the parents of each node summed out."""

import numpy as np
import pytest
from exact_tables import random_table
from layering_oracles import (
    join_independently,
    only_within,
    random_candidates,
    random_log_odds,
)
from sampler_cases import score_table

from dag_gfn.errors import NotTractable, OptionError
from dag_gfn.graphs.subsets import pack, remove_bit, unpack
from dag_gfn.layerings.layer_weights import LayerWeights


def test_who_may_be_a_parent_and_what_candidates_cover(rng):
    candidates = random_candidates(6, 2, rng)
    log_odds = random_log_odds(candidates, rng, impossible=0.3)
    weights = LayerWeights.of(np.zeros((6, 4)), candidates, log_odds)
    possible = unpack(candidates, 6) | (log_odds > -np.inf)
    np.testing.assert_array_equal(weights.may_gain, pack(possible))
    np.testing.assert_allclose(weights.covered, 1 / (1 + np.exp(log_odds)).prod(axis=1))
    assert weights.coverage(list("abcdef")).least_covered == "abcdef"[weights.covered.argmin()]


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
