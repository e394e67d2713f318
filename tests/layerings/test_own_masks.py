"""Weights with masks over possible parents of each node, as more than 63 nodes have them, beside masks over all."""

import numpy as np
import pytest
import torch
from exact_tables import random_table
from layering_cases import in_own_masks
from layering_oracles import (
    frequencies_fail,
    join_independently,
    layering_weights,
    only_within,
    random_candidates,
    random_log_odds,
)

from dag_gfn.gflownet.env.conformance import check_environment
from dag_gfn.gflownet.env.root_layers import RootLayers
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.layerings.layered_dags import draw_dags, layering_of
from dag_gfn.layerings.layered_edges import edge_probabilities
from dag_gfn.mcmc.partition import init, log_weight_of, run

CASES = ["all", "constrained", "candidates", "beyond", "steep"]


def case(name, rng):
    """Return weights with masks over all nodes, the same with masks of their own, and the table of all weights."""
    d = 4
    scale, forbidden = 15.0 if name == "steep" else 2.0, 0.3 if name == "constrained" else 0.0
    complete = random_table(d, seed=8, scale=scale, forbidden=forbidden).complete
    weights = LayerWeights.of(complete)
    if name in ("candidates", "beyond"):
        candidates = random_candidates(d, 2, rng)
        log_odds = random_log_odds(candidates, rng, impossible=1.0 if name == "candidates" else 0.3)
        weights = LayerWeights.of(only_within(complete, candidates), candidates, log_odds)
        complete = join_independently(complete, candidates, log_odds)
    return weights, in_own_masks(weights, rng), complete


def layerings_of(weights, rng, count=60):
    return np.stack([init(weights, rng=rng).layer_of for _ in range(count)])


@pytest.mark.parametrize("name", CASES)
def test_weights_and_edges_are_the_same(name, rng):
    weights, own, complete = case(name, rng)
    layer_of = layerings_of(own, rng)
    for each in layer_of[:20]:
        assert log_weight_of(own, each) == pytest.approx(log_weight_of(weights, each), abs=1e-9)
    found, expected = (edge_probabilities(one, layer_of.astype(np.int16)) for one in (own, weights))
    np.testing.assert_allclose(found, expected, atol=1e-6)
    dags = [dag for same in layering_weights(complete).values() for dag, _ in same]
    graphs = np.stack(dags).astype(bool)
    np.testing.assert_allclose(
        own.log_weight_of(own.possible.masks_of(graphs)),
        weights.log_weight_of(weights.possible.masks_of(graphs)),
        atol=1e-9,
    )


@pytest.mark.parametrize("name", CASES)
def test_chains_take_the_same_steps(name, rng):
    weights, own, _ = case(name, rng)
    start = init(weights, rng=rng)
    ends = []
    for one in (weights, own):
        drawn, state, info = run(one, start, rng=np.random.default_rng(5), blocks=30, thinning=40)
        ends.append((drawn, state, info))
    np.testing.assert_array_equal(ends[0][0].layer_of, ends[1][0].layer_of)
    np.testing.assert_allclose(ends[0][0].edge, ends[1][0].edge, atol=1e-6)
    assert ends[0][1].log_weight == pytest.approx(ends[1][1].log_weight, abs=1e-9)
    assert ends[0][2].accepted.tolist() == ends[1][2].accepted.tolist()


@pytest.mark.parametrize("name", CASES)
def test_draws_have_the_probabilities_of_the_definition(name, rng):
    _, own, complete = case(name, rng)
    layer_of = layerings_of(own, rng, 1)[0]
    drawn = draw_dags(own, np.tile(layer_of.astype(np.int16), (20_000, 1)), rng=rng)
    assert (layering_of(drawn) == layer_of).all()
    layers = tuple(tuple(np.flatnonzero(layer_of == k).tolist()) for k in range(layer_of.max() + 1))
    dags, weight = zip(*layering_weights(complete)[layers], strict=True)
    index = {np.asarray(dag, dtype=bool).tobytes(): k for k, dag in enumerate(dags)}
    found = np.bincount([index[dag.tobytes()] for dag in drawn], minlength=len(dags))
    assert not frequencies_fail(found, np.array(weight) / sum(weight))


@pytest.mark.parametrize("name", CASES)
def test_the_environment_is_the_same(name, rng):
    weights, own, _ = case(name, rng)
    layer_of = torch.from_numpy(layerings_of(own, rng))
    found, expected = (RootLayers(one).state_of(layer_of) for one in (own, weights))
    torch.testing.assert_close(found.log_reward, expected.log_reward, atol=1e-6, rtol=0.0)
    assert torch.equal(found.legal, expected.legal)
    check_environment(RootLayers(own), generator=torch.Generator().manual_seed(0))
