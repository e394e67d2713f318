"""Posterior probabilities of parent sets, against sums over all DAGs."""

import numpy as np
import pytest
from exact_tables import random_table
from layering_cases import with_gaps
from layering_oracles import layer_numbers, layering_weights

from dag_gfn.graphs.graph import parent_masks
from dag_gfn.layerings.family_posterior import FamilyPosterior
from dag_gfn.layerings.layer_weights import LayerWeights


def brute_force(complete, numbers):
    """Return {(node, parent mask): probability}, the mean over the layerings of what all DAGs say."""
    by_number = {tuple(layer_numbers(layers)): dags for layers, dags in layering_weights(complete).items()}
    found = {}
    for layers in numbers:
        dags = by_number[tuple(layers)]
        total = sum(weight for _, weight in dags)
        for dag, weight in dags:
            for node, mask in enumerate(parent_masks(np.asarray(dag))):
                key = node, int(mask)
                found[key] = found.get(key, 0.0) + weight / total / len(numbers)
    return found


def chosen_layerings(complete, rng, k=12):
    possible = [
        layer_numbers(layers)
        for layers, dags in layering_weights(complete).items()
        if sum(weight for _, weight in dags) > 0
    ]
    return np.array([possible[i] for i in rng.integers(len(possible), size=k)])


@pytest.mark.parametrize("seed", range(3))
def test_parent_sets_have_their_mean_probability_over_layerings(seed):
    complete = random_table(4, seed=seed, scale=2.0).complete
    complete = complete - complete.max(axis=1, keepdims=True)
    numbers = chosen_layerings(complete, np.random.default_rng(seed))
    families = FamilyPosterior.of_layerings(LayerWeights.of(complete), numbers)
    expected = brute_force(complete, numbers)
    node = np.repeat(np.arange(4), np.diff(families.start))
    for j, mask, p in zip(node, families.sets, families.probabilities, strict=True):
        assert p == pytest.approx(max(expected.get((int(j), int(mask)), 0.0), 1e-9), abs=1e-8)
    assert families.probabilities.sum() == pytest.approx(4.0, abs=1e-6)


def test_the_most_probable_sets_stay_and_the_empty_one():
    complete = random_table(4, seed=1, scale=2.0).complete
    complete = complete - complete.max(axis=1, keepdims=True)
    weights, numbers = LayerWeights.of(complete), chosen_layerings(complete, np.random.default_rng(1))
    everything = FamilyPosterior.of_layerings(weights, numbers)
    few = FamilyPosterior.of_layerings(weights, numbers, most=2)
    for node in range(4):
        all_of, few_of = slice(*everything.start[node : node + 2]), slice(*few.start[node : node + 2])
        assert set(everything.sets[all_of][:2]) | {0} == set(few.sets[few_of])
    members = [sum(1 << int(i) for i in row[:size]) for row, size in zip(few.members, few.sizes, strict=True)]
    assert members == few.sets.tolist()


def test_conditional_probabilities_are_those_of_the_listed_sets():
    complete = random_table(4, seed=2, scale=1.0).complete
    complete = complete - complete.max(axis=1, keepdims=True)
    rng = np.random.default_rng(2)
    families = FamilyPosterior.of_layerings(LayerWeights.of(complete), chosen_layerings(complete, rng))
    own = 1 << np.arange(4)
    parents = rng.integers(16, size=(40, 4)) & rng.integers(16, size=(40, 4)) & ~own
    excluded = rng.integers(16, size=(40, 4)) & ~parents | own
    further, complete_now = families.given(parents, excluded)
    for k in range(40):
        for j in range(4):
            rows = range(families.start[j], families.start[j + 1])
            fit = [
                (int(families.sets[r]), families.probabilities[r])
                for r in rows
                if families.sets[r] & parents[k, j] == parents[k, j] and not families.sets[r] & excluded[k, j]
            ]
            total = sum(p for _, p in fit)
            if not total:
                assert complete_now[k, j] == 1.0
                assert not further[k, :, j].any()
                continue
            assert complete_now[k, j] == pytest.approx(
                sum(p for s, p in fit if s == parents[k, j]) / total, abs=1e-6
            )
            for i in range(4):
                has = 0.0 if parents[k, j] >> i & 1 else sum(p for s, p in fit if s >> i & 1) / total
                assert further[k, i, j] == pytest.approx(has, abs=1e-6)


def test_impossible_parent_sets_have_no_probability():
    table = with_gaps(3)
    complete = table.complete - table.complete.max(axis=1, keepdims=True)
    numbers = chosen_layerings(complete, np.random.default_rng(0), k=5)
    families = FamilyPosterior.of_layerings(LayerWeights.of(complete), numbers)
    assert np.isfinite(families.probabilities).all()
    assert families.probabilities.min() > 0


def test_layerings_of_hardly_any_weight_are_not_lost():
    """A set that no layering allows can outweigh all that are allowed by thousands of nats."""
    scores = np.zeros((3, 4))
    scores[1] = [-5000.0, -2000.0, -2500.0, 0.0]  # node 1: {}, {0}, {2}, {0, 2}
    weights = LayerWeights.of(scores)
    families = FamilyPosterior.of_layerings(weights, np.array([[0, 1, 2]] * 9 + [[1, 0, 2]]))
    of_one = slice(*families.start[1:3])
    found = dict(zip(families.sets[of_one].tolist(), families.probabilities[of_one].tolist(), strict=True))
    assert found == pytest.approx({0: 0.1, 1: 0.9})


def test_without_a_layering_that_can_be_told_nothing_is_known():
    scores = np.zeros((3, 4))
    scores[2] = [-np.inf, -80.0, 0.0, -80.0]  # the only parent of weight is in an earlier layer than the last
    families = FamilyPosterior.of_layerings(LayerWeights.of(scores), np.array([[1, 0, 2]]))
    assert families.sets[families.start[2] :].tolist() == [0]
