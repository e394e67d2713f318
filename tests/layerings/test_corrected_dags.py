"""DAGs corrected for parents outside the candidates, against the exact posterior."""

from dataclasses import replace

import numpy as np
import pytest
from sampler_cases import score_table

from dag_gfn.exact.enumeration import enumerate_dags
from dag_gfn.exact.reference import exact_reference
from dag_gfn.graphs.graph import adjacency_from_masks, is_dag, parent_masks
from dag_gfn.layerings import outside_parents
from dag_gfn.layerings.corrected_dags import correct_dags
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.layerings.layered_dags import layering_of


@pytest.fixture(scope="module")
def table():
    return score_table(4, rows=12, seed=1)


@pytest.fixture(scope="module")
def weights(table):
    built = LayerWeights.build(table, num_candidates=1, outside=True)
    assert built.has_outside
    return built


@pytest.fixture(scope="module")
def drawn(table, weights):
    """Layerings by the approximate weights: those of all DAGs, resampled."""
    dags = adjacency_from_masks(enumerate_dags(4).astype(np.int64), 4)
    log_weights = weights.log_weight_of(parent_masks(dags))
    probability = np.exp(log_weights - np.logaddexp.reduce(log_weights))
    chosen = np.random.default_rng(1).choice(len(dags), size=20_000, p=probability)
    return layering_of(dags[chosen]), float(np.logaddexp.reduce(log_weights))


@pytest.mark.slow
def test_edges_and_evidence_are_those_of_the_posterior(table, weights, drawn):
    layer_of, log_evidence = drawn
    exact = exact_reference(table)
    corrected = correct_dags(weights, table, layer_of, rng=np.random.default_rng(2))
    z = np.abs(corrected.edge.values - exact.features["edge"]) / np.maximum(
        corrected.edge.standard_error, 1e-6
    )
    off = ~np.eye(4, dtype=bool)
    assert z[off].max() < 5
    assert corrected.edge.standard_error.max() < 0.03
    gap = log_evidence + corrected.log_z_shift - exact.log_evidence
    assert abs(gap) < 5 * corrected.shift_standard_error
    assert abs(corrected.log_z_shift) > 10 * corrected.shift_standard_error
    counted = np.tensordot(np.exp(corrected.log_share), corrected.adjacency, axes=1)
    assert np.abs(counted - exact.features["edge"]).max() < 0.03
    assert is_dag(corrected.adjacency).all()
    assert np.logaddexp.reduce(corrected.log_share) == pytest.approx(0, abs=1e-9)
    assert 1_000 < corrected.effective_samples < len(layer_of)


def test_draws_that_are_alike_are_worth_less(table, weights, drawn):
    layer_of = drawn[0][:3_000]
    alone, alike = (
        correct_dags(weights, table, layer_of, independent=worth, rng=np.random.default_rng(0))
        for worth in (None, 300)
    )
    assert alike.effective_samples == pytest.approx(alone.effective_samples / 10)
    assert alike.shift_standard_error == pytest.approx(alone.shift_standard_error * np.sqrt(10))
    np.testing.assert_allclose(alike.edge.standard_error, alone.edge.standard_error * np.sqrt(10), atol=1e-12)
    np.testing.assert_array_equal(alike.edge.values, alone.edge.values)


@pytest.mark.parametrize(
    ("effective", "shape", "reliable"), [(100.0, 0.7, True), (99.9, 0.5, False), (5_000.0, 0.71, False)]
)
def test_what_is_reliable(table, weights, drawn, effective, shape, reliable):
    corrected = correct_dags(weights, table, drawn[0][:50], rng=np.random.default_rng(0))
    corrected = replace(corrected, effective_samples=effective, pareto_k=shape)
    assert corrected.reliable is reliable
    assert corrected.correction().corrected is reliable


def test_parts_do_not_matter(monkeypatch, table, weights, drawn):
    layer_of = drawn[0][:500]
    whole = correct_dags(weights, table, layer_of, rng=np.random.default_rng(0))
    monkeypatch.setattr(outside_parents, "_AT_A_TIME", 120)
    parts = correct_dags(weights, table, layer_of, rng=np.random.default_rng(0))
    assert parts.adjacency.shape == whole.adjacency.shape
    assert np.abs(parts.edge.values - whole.edge.values).max() < 0.1


def test_what_has_no_weight_is_left_out(rng):
    table = score_table(4, rows=12, seed=1, max_parents=2)
    weights = LayerWeights.build(table, num_candidates=1, outside=True)
    layer_of = np.array([[0, 0, 0, 1]] * 200)
    corrected = correct_dags(weights, table, layer_of, rng=rng)
    assert len(corrected.adjacency) <= 200
    assert corrected.adjacency.sum(axis=1).max() <= 2
    assert np.isfinite(corrected.log_share).all()


def test_the_evidence_does_not_depend_on_the_sampler(table, weights):
    """Layerings of DAGs by a power of their weights, which count alike for all but the evidence."""
    dags = adjacency_from_masks(enumerate_dags(4).astype(np.int64), 4)
    log_weights = weights.log_weight_of(parent_masks(dags))
    layer_of, which = np.unique(layering_of(dags), axis=0, return_inverse=True)
    totals = np.full((2, len(layer_of)), -np.inf)
    for total, power in zip(totals, (1.0, 0.2), strict=True):
        np.logaddexp.at(total, which.reshape(-1), power * log_weights)
    probability = np.exp(totals[1] - np.logaddexp.reduce(totals[1]))
    chosen = np.random.default_rng(1).choice(len(layer_of), size=20_000, p=probability)
    shifts = [
        correct_dags(weights, table, layer_of[chosen], log_weights=given, rng=np.random.default_rng(2))
        for given in (None, (totals[0] - totals[1])[chosen])
    ]
    exact = exact_reference(table).log_evidence - np.logaddexp.reduce(log_weights)
    as_drawn, weighted = ((found.log_z_shift - exact) / found.shift_standard_error for found in shifts)
    assert abs(weighted) < 4
    assert abs(as_drawn) > 8
