"""Edge probabilities given a layering, against sums over all DAGs that have it."""

import numpy as np
import pytest
from exact_tables import peaked_table, random_table
from layering_cases import OUTSIDE, with_outside
from layering_oracles import forbid_outside, layer_numbers, layering_weights, only_within, random_candidates

from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.layerings.layered_edges import edge_probabilities


@pytest.mark.parametrize(
    "table",
    [
        random_table(4, seed=0),
        random_table(4, seed=1, scale=8.0, forbidden=0.2),
        random_table(4, seed=2, scale=30.0),
        peaked_table(4, seed=2, nats=60.0),
    ],
    ids=["plain", "constrained", "cancelling", "peaked"],
)
def test_edge_probabilities_are_those_of_all_dags_of_the_layering(table):
    complete = table.complete - table.complete.max(axis=1, keepdims=True)
    layerings = {
        layers: dags
        for layers, dags in layering_weights(complete).items()
        if sum(weight for _, weight in dags) > 0
    }
    expected = [
        np.average([dag for dag, _ in dags], axis=0, weights=[weight for _, weight in dags])
        for dags in layerings.values()
    ]
    numbers = np.array([layer_numbers(layers) for layers in layerings], dtype=np.int16)
    found = edge_probabilities(LayerWeights.of(table.complete), numbers)
    np.testing.assert_allclose(found, expected, atol=2e-6)


@pytest.mark.parametrize(("size", "scale"), [(1, 1.0), (2, 1.0), (2, 30.0)])
def test_edge_probabilities_over_candidates(size, scale, rng):
    complete = random_table(4, seed=5, scale=scale).complete
    complete -= complete.max(axis=1, keepdims=True)
    candidates = random_candidates(4, size, rng)
    layerings = {
        layers: dags
        for layers, dags in layering_weights(forbid_outside(complete, candidates)).items()
        if sum(weight for _, weight in dags) > 0
    }
    expected = [
        np.average([dag for dag, _ in dags], axis=0, weights=[weight for _, weight in dags])
        for dags in layerings.values()
    ]
    numbers = np.array([layer_numbers(layers) for layers in layerings], dtype=np.int16)
    found = edge_probabilities(LayerWeights.of(only_within(complete, candidates), candidates), numbers)
    np.testing.assert_allclose(found, expected, atol=2e-6)


@OUTSIDE
def test_edge_probabilities_with_parents_outside_the_candidates(size, scale, impossible, rng):
    weights, layerings = with_outside(size, scale, impossible, rng)
    expected = [
        np.average([dag for dag, _ in dags], axis=0, weights=[weight for _, weight in dags])
        for dags in layerings.values()
    ]
    numbers = np.array([layer_numbers(layers) for layers in layerings], dtype=np.int16)
    np.testing.assert_allclose(edge_probabilities(weights, numbers), expected, atol=2e-6)
