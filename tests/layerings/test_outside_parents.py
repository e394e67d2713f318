"""Corrections for parents outside the candidates, against sums over all DAGs."""

import functools
import math

import numpy as np
import pytest
from layering_oracles import layer_numbers, layering_weights
from sampler_cases import score_table

from dag_gfn.graphs.graph import adjacency_from_masks, is_dag
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.layerings.layered_dags import layering_of
from dag_gfn.layerings.outside_parents import correct_parents
from dag_gfn.mcmc.partition import init_at

CASES = {
    "free": ({}, 2),
    "one candidate": ({"rows": 40, "seed": 1}, 1),
    "max_parents": ({"max_parents": 2, "seed": 2}, 1),
    "constrained": ({"required": [(3, 0)], "forbidden": [(0, 1), (1, 2)], "seed": 3}, 2),
}


@functools.cache
def case(name, d=4):
    """Return a table, its weights, and (layer numbers, approximate weight, [(DAG, R)]) of each layering."""
    options, size = CASES[name]
    table = score_table(d, **options)
    weights = LayerWeights.build(table, num_candidates=size, outside=True)
    assert weights.has_outside
    shift = weights.log_scales[:, None]
    layerings = []
    for layers, dags in layering_weights(table.complete - shift).items():
        numbers = layer_numbers(layers)
        try:
            approximate = math.exp(init_at(weights, numbers).log_weight - weights.log_scale)
        except ValueError:  # no DAG of positive weight
            assert sum(weight for _, weight in dags) == 0
            continue
        layerings.append((numbers, approximate, dags))
    return table, weights, layerings


@pytest.mark.parametrize("name", CASES)
def test_one_draw_is_corrected_by_the_score_of_its_dag(name, rng):
    table, weights, layerings = case(name)
    layer_of = np.array([numbers for numbers, _, _ in layerings] * 5)
    drawn = correct_parents(weights, table, layer_of, draws=1, rng=rng)
    exact = table.log_reward(drawn.parents) - weights.log_weight_of(drawn.parents)
    np.testing.assert_allclose(drawn.log_correction, exact, atol=1e-6)
    adjacency = adjacency_from_masks(drawn.parents, table.d)
    assert is_dag(adjacency).all()
    np.testing.assert_array_equal([layering_of(dag) for dag in adjacency], layer_of)
    possible = np.isfinite(drawn.log_correction)
    np.testing.assert_array_equal(drawn.edge[possible], adjacency[possible])


@pytest.mark.parametrize("draws", [1, 3])
@pytest.mark.parametrize("name", CASES)
def test_corrections_are_unbiased_for_each_layering(name, draws, rng):
    table, weights, layerings = case(name)
    repeats = 4_000
    for numbers, approximate, dags in layerings[:: max(1, len(layerings) // 12)]:
        drawn = correct_parents(weights, table, np.tile(numbers, (repeats, 1)), draws=draws, rng=rng)
        ratio = np.exp(drawn.log_correction)
        exact = sum(weight for _, weight in dags) / approximate
        assert abs(ratio.mean() - exact) <= 4.5 * ratio.std() / math.sqrt(repeats) + 1e-6


@pytest.mark.parametrize("name", CASES)
def test_corrected_edges_are_those_of_all_dags(name, rng):
    """All layerings by their approximate weights, corrected: edges by shares, and by the DAGs that are kept."""
    table, weights, layerings = case(name)
    d, repeats = table.d, 2_000
    total, exact = 0.0, np.zeros((d, d))
    for _, _, dags in layerings:
        for dag, weight in dags:
            total += weight
            exact += weight * dag
    layer_of = np.repeat([numbers for numbers, _, _ in layerings], repeats, axis=0)
    log_weight = np.repeat(np.log([approximate for _, approximate, _ in layerings]), repeats)
    drawn = correct_parents(weights, table, layer_of, draws=4, rng=rng)
    share = np.exp(log_weight + drawn.log_correction)
    assert share.sum() / repeats == pytest.approx(total, rel=0.02)
    kept = adjacency_from_masks(drawn.parents, d)
    for edge, tolerance in ((drawn.edge, 0.01), (kept, 0.02)):
        found = np.tensordot(share, edge.astype(np.float64), axes=1) / share.sum()
        np.testing.assert_allclose(found, exact / total, atol=tolerance)
    assert np.isfinite(table.log_reward(drawn.parents[share > 0])).all()


def test_layerings_of_the_candidates_alone_need_no_correction(rng):
    table, weights, _ = case("one candidate")
    candidate = int(weights.candidates[0]).bit_length() - 1
    layer_of = np.zeros((3, 4), dtype=np.int64)
    layer_of[:, 0] = 1
    drawn = correct_parents(weights, table, layer_of, rng=rng)
    approximate = drawn.edge[:, [i for i in (1, 2, 3) if i != candidate], 0].any()
    assert (drawn.log_correction != 0).any() == approximate
    without = correct_parents(weights, table, np.zeros((3, 4), dtype=np.int64), rng=rng)
    assert (without.log_correction == 0).all()
    assert not without.edge.any()
    assert not without.parents.any()


def test_layerings_without_true_weight_count_for_nothing(rng):
    table = score_table(5, max_parents=1, required=[(0, 4)], seed=1)
    looser = score_table(5, max_parents=2, required=[(0, 4)], seed=1)
    weights = LayerWeights.build(looser, num_candidates=1, outside=True)
    layer_of = np.array([[0, 0, 1, 2, 3]])  # node 4 needs node 3 beside node 0
    drawn = correct_parents(weights, table, layer_of, rng=rng)
    assert drawn.log_correction[0] == -np.inf
    assert np.isfinite(drawn.edge).all()


def test_the_seed_decides_and_threads_do_not(monkeypatch):
    table, weights, layerings = case("free")
    layer_of = np.array([numbers for numbers, _, _ in layerings])
    drawn = []
    for cores, seed in ((1, 1), (4, 1), (1, 2)):
        monkeypatch.setattr("os.cpu_count", lambda cores=cores: cores)
        drawn.append(correct_parents(weights, table, layer_of, rng=np.random.default_rng(seed)))
    for field in ("parents", "log_correction", "edge"):
        np.testing.assert_array_equal(getattr(drawn[0], field), getattr(drawn[1], field))
        assert (getattr(drawn[0], field) != getattr(drawn[2], field)).any()


def test_no_layerings(rng):
    table, weights, _ = case("free")
    drawn = correct_parents(weights, table, np.empty((0, 4), dtype=np.int64), rng=rng)
    assert drawn.parents.shape == (0, 4)
    assert drawn.log_correction.shape == (0,)
    assert drawn.edge.shape == (0, 4, 4)
