"""DAGs of a given layering: the layering of a DAG, and frequencies of draws."""

import numpy as np
import pytest
from exact_tables import random_table
from layering_cases import OUTSIDE, with_outside
from layering_oracles import (
    all_layered_dags,
    layer_numbers,
    layering_weights,
    layers_of,
    random_candidates,
)
from scipy import stats

from dag_gfn.graphs.subsets import unpack
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.layerings.layered_dags import draw_dags, layering_of
from dag_gfn.layerings.layered_edges import edge_probabilities
from dag_gfn.mcmc.partition import init


@pytest.mark.parametrize("nth", [1, 4, 30])
@pytest.mark.parametrize(("scale", "forbidden"), [(1.0, 0.0), (5.0, 0.0), (20.0, 0.0), (1.0, 0.2)])
def test_frequency_of_every_dag_of_a_layering(rng, scale, forbidden, nth):
    draws = 20_000
    complete = random_table(4, seed=7, scale=scale, forbidden=forbidden).complete
    possible = {
        layers: [(dag, weight) for dag, weight in dags if weight > 0]
        for layers, dags in layering_weights(complete - complete.max(axis=1, keepdims=True)).items()
    }
    layers = sorted(possible, key=lambda layers: len(possible[layers]))[-nth]
    dags = possible[layers]
    assert len(dags) > 2
    numbers = np.tile(layer_numbers(layers).astype(np.int16), (draws, 1))
    drawn = draw_dags(LayerWeights.of(complete), numbers, rng=rng)
    assert all(layers_of(dag) == layers for dag in np.unique(drawn, axis=0))
    probability = np.array([weight for _, weight in dags]) / sum(weight for _, weight in dags)
    keys = {dag.tobytes(): k for k, (dag, _) in enumerate(dags)}
    counts = np.bincount([keys[dag.tobytes()] for dag in drawn], minlength=len(dags))
    level = 1e-5 / len(dags)
    assert (stats.binom.cdf(counts, draws, probability) > level).all()
    assert (stats.binom.sf(counts - 1, draws, probability) > level).all()


def test_the_seed_decides():
    weights = LayerWeights.of(random_table(5, seed=0).complete)
    numbers = np.tile(np.array([0, 0, 1, 1, 2], dtype=np.int16), (600, 1))
    one, same, other = (draw_dags(weights, numbers, rng=np.random.default_rng(s)) for s in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_no_layerings(rng):
    weights = LayerWeights.of(random_table(3, seed=0).complete)
    none = np.empty((0, 3), dtype=np.int16)
    assert draw_dags(weights, none, rng=rng).shape == edge_probabilities(weights, none).shape == (0, 3, 3)


@pytest.mark.parametrize("scale", [1.0, 20.0, 400.0])
def test_draws_over_candidates_have_the_edge_probabilities_of_their_layerings(scale, rng):
    d, draws = 10, 4_000
    candidates = random_candidates(d, 4, rng)
    weights = LayerWeights.of(scale * rng.normal(size=(d, 16)), candidates)
    numbers = np.tile(init(weights, rng=rng).layer_of.astype(np.int16), (draws, 1))
    drawn = draw_dags(weights, numbers, rng=rng)
    assert not drawn[:, ~unpack(candidates, d).T].any()
    layers = layers_of(drawn[0])
    assert all(layers_of(dag) == layers for dag in np.unique(drawn, axis=0))
    probability = np.minimum(edge_probabilities(weights, numbers[:1])[0] + 2e-6, 1.0)
    counts = drawn.sum(axis=0)
    assert (stats.binom.cdf(counts, draws, probability) > 1e-7).all()
    assert (stats.binom.sf(counts - 1, draws, probability) > 1e-7).all()


@pytest.mark.parametrize("nth", [1, 6])
@OUTSIDE
def test_frequency_of_every_dag_with_parents_outside_the_candidates(size, scale, impossible, nth, rng):
    draws = 20_000
    weights, layerings = with_outside(size, scale, impossible, rng)
    layers = sorted(layerings, key=lambda layers: sum(w > 0 for _, w in layerings[layers]))[-nth]
    dags = [(dag, weight) for dag, weight in layerings[layers] if weight > 0]
    assert len(dags) > 2
    drawn = draw_dags(weights, np.tile(layer_numbers(layers).astype(np.int16), (draws, 1)), rng=rng)
    probability = np.array([weight for _, weight in dags]) / sum(weight for _, weight in dags)
    keys = {dag.tobytes(): k for k, (dag, _) in enumerate(dags)}
    counts = np.bincount([keys[dag.tobytes()] for dag in drawn], minlength=len(dags))
    level = 1e-5 / len(dags)
    assert (stats.binom.cdf(counts, draws, probability) > level).all()
    assert (stats.binom.sf(counts - 1, draws, probability) > level).all()


def test_draws_do_not_depend_on_the_number_of_threads(rng, monkeypatch):
    weights, layerings = with_outside(1, 1.0, 0.0, rng)
    numbers = np.array([layer_numbers(layers) for layers in layerings] * 30, dtype=np.int16)
    drawn = []
    for cores in (1, 2, 7):
        monkeypatch.setattr("os.cpu_count", lambda cores=cores: cores)
        drawn.append(draw_dags(weights, numbers, rng=np.random.default_rng(3)))
    assert len(numbers) > 1_000
    np.testing.assert_array_equal(drawn[0], drawn[1])
    np.testing.assert_array_equal(drawn[0], drawn[2])


def test_layering_of_a_dag():
    for layers, dag in all_layered_dags(4):
        np.testing.assert_array_equal(layering_of(dag), layer_numbers(layers))
    together = layering_of(np.array([dag for _, dag in all_layered_dags(4)]))
    np.testing.assert_array_equal(together, [layer_numbers(layers) for layers, _ in all_layered_dags(4)])
    assert layering_of(np.zeros((0, 3, 3), dtype=bool)).shape == (0, 3)
