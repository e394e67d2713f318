"""Tables and draws that tests of root layerings share."""

import numpy as np
import oracles
import pytest
import torch
from exact_tables import random_table
from layering_oracles import (
    join_independently,
    layer_numbers,
    layering_weights,
    only_within,
    random_candidates,
    random_log_odds,
)
from sampler_cases import log_reward, score_table

from dag_gfn.gflownet.layers.sampler import LayerSampler
from dag_gfn.gflownet.policies.flow_model import FlowModel
from dag_gfn.gflownet.policies.uniform import UniformPolicy
from dag_gfn.graphs.possible_parents import PossibleParents
from dag_gfn.graphs.subsets import parent_sets
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.layerings.weighted_draws import WeightedLayerings
from dag_gfn.mcmc.chains import Chains

OUTSIDE = pytest.mark.parametrize(
    ("size", "scale", "impossible"), [(1, 1.0, 0.0), (1, 1.0, 0.3), (2, 5.0, 0.0), (2, 40.0, 0.3)]
)


def with_outside(size, scale, impossible, rng):
    """Return weights with parents outside the candidates, and {layers: [(DAG, weight)]}."""
    complete = random_table(4, seed=5, scale=scale).complete
    candidates = random_candidates(4, size, rng)
    log_odds = random_log_odds(candidates, rng, impossible=impossible)
    weights = LayerWeights.of(only_within(complete, candidates), candidates, log_odds)
    joined = join_independently(complete, candidates, log_odds) - weights.log_scales[:, None]
    found = layering_weights(joined).items()
    return weights, {layers: dags for layers, dags in found if sum(weight for _, weight in dags) > 0}


def exact_edges(table):
    reward = log_reward(table)
    dags = oracles.all_dags(table.d)
    log_r = np.array([reward(dag) for dag in dags])
    return np.average(dags, axis=0, weights=np.exp(log_r - log_r.max())), float(np.logaddexp.reduce(log_r))


def tempered(table, k, rng, power=0.7):
    """Return draws by a power of the posterior over layerings, and the exact edge probabilities."""
    complete = table.complete - table.complete.max(axis=1, keepdims=True)
    sums = layering_weights(complete)
    numbers = np.array([layer_numbers(layers) for layers in sums])
    log_r = np.log([sum(weight for _, weight in dags) for dags in sums.values()])
    log_q = power * log_r - np.logaddexp.reduce(power * log_r)
    chosen = rng.choice(len(numbers), k, p=np.exp(log_q))
    return WeightedLayerings(numbers[chosen], log_r[chosen], (log_r - log_q)[chosen])


def with_gaps(seed):
    """Return a table of which half is -inf, so that one may come to a dead end."""
    table = score_table(4)
    table.complete = random_table(4, seed=seed, scale=2.0, forbidden=0.5).complete
    return table


def uniform_sampler(table):
    """Return the sampler that takes every legal action with the same probability."""
    model = FlowModel(UniformPolicy())
    model.register_parameter("unused", torch.nn.Parameter(torch.zeros(())))  # its device is the sampler's
    return LayerSampler(table, LayerWeights.build(table), model)


def chains_of(layer_of, log_weights):
    """Return chains that have drawn the given layerings, shape (c, k, d)."""
    c, k, d = layer_of.shape
    return Chains(
        layer_of=layer_of.astype(np.int16),
        log_weights=log_weights,
        edge=np.broadcast_to(log_weights[:, :, None, None], (c, k, d, d)).astype(np.float32),
        tried=np.ones((c, 5), dtype=np.int64),
        accepted=np.ones((c, 5), dtype=np.int64),
        temperatures=np.ones(1),
        swaps_tried=np.zeros((c, 0), dtype=np.int64),
        swaps_accepted=np.zeros((c, 0), dtype=np.int64),
        rounds=np.zeros((c, k), dtype=np.int64),
        arrivals=np.zeros((c, k), dtype=np.int64),
        log_ratios=np.zeros((c, k, 0)),
        thinning=2,
        iterations=4 * k,
        cut_short=False,
        interrupted=False,
        seconds=0.0,
    )


def in_own_masks(weights, rng):
    """Return the same weights with masks over possible parents of each node, all others in a random order."""
    d = weights.d
    possible = PossibleParents(np.stack([rng.permutation(np.delete(np.arange(d), v)) for v in range(d)]))
    candidates, scores = np.zeros(d, dtype=np.int64), np.empty_like(weights.log_weights)
    for v, others in enumerate(possible.nodes.tolist()):
        members = [u for u in others if weights.candidates[v] >> u & 1]
        candidates[v] = sum(1 << others.index(u) for u in members)
        for index in range(scores.shape[1]):
            before = sum(int(weights.places[v, u]) for k, u in enumerate(members) if index >> k & 1)
            scores[v, index] = weights.log_weights[v, before] + weights.log_scales[v]
    log_odds = possible.by_bit(weights.log_odds)
    return LayerWeights.of(scores, candidates, log_odds, weights.covered, possible=possible)


def sets_given(weights, layering, node):
    """Return all parent sets of a node given a layering, and their weights."""
    d, own = len(layering), layering[node]
    inside = sum(1 << u for u in range(d) if layering[u] < own)
    last = sum(1 << u for u in range(d) if layering[u] == own - 1)
    sets = parent_sets(node, d)
    sets = sets[(sets & ~inside == 0) & (sets & last != 0)] if own else np.zeros(1, dtype=np.int64)
    return sets, np.exp(weights.log_set_weights(node, sets))
