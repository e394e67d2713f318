"""Flows of nodes that choose their parents independently, by formulas of their own."""

import math

import numpy as np
import pytest
import torch
from exact_tables import random_table

from dag_gfn.gflownet.env.root_layers import RootLayers
from dag_gfn.gflownet.env.state import State
from dag_gfn.gflownet.policies.independent_nodes import (
    _batched_no_pair,
    action_logits,
    log_available,
    log_no_pair,
)
from dag_gfn.gflownet.policies.masking import masked_log_softmax
from dag_gfn.layerings.layer_weights import LayerWeights


def weight(linear, node, test):
    """Return the sum of the weights of a node's parent sets that pass a test."""
    others = [i for i in range(len(linear)) if i != node]
    sets = [{i for k, i in enumerate(others) if index >> k & 1} for index in range(linear.shape[1])]
    return sum(w for parents, w in zip(sets, linear[node], strict=True) if test(parents))


class Layers:
    """An unfinished layering: U, Q, C and what has been gained."""

    def __init__(self, linear, layer_of, closed):
        d = len(linear)
        self.linear, self.layer_of = linear, layer_of
        self.inside = {v for v in range(d) if 0 <= layer_of[v] < closed}
        self.last = {v for v in self.inside if layer_of[v] == closed - 1}
        self.open = {v for v in range(d) if layer_of[v] == closed}
        self.left = set(range(d)) - self.inside - self.open
        self.closed = closed

    def now(self, v):
        return weight(self.linear, v, lambda t: t <= self.inside and (not self.inside or bool(t & self.last)))

    def later(self, v):
        return weight(self.linear, v, lambda t: not t <= self.inside)

    @property
    def addable(self):
        return {v for v in self.left if v > max(self.open, default=-1)}

    def reward(self):
        product = 1.0
        for v in self.inside | self.open:
            layer = self.layer_of[v]
            before = {u for u in self.inside if self.layer_of[u] < layer}
            last = {u for u in before if self.layer_of[u] == layer - 1}
            product *= weight(self.linear, v, lambda t: t <= before and (not before or bool(t & last)))  # noqa: B023
        return product

    def flow(self):
        product = self.reward()
        for v in self.left:
            product *= self.later(v) + (self.now(v) if v in self.addable else 0.0)
        return product

    def adding(self, v):
        layer_of = list(self.layer_of)
        layer_of[v] = self.closed
        return Layers(self.linear, layer_of, self.closed)

    def closing(self):
        return Layers(self.linear, self.layer_of, self.closed + 1)


def every_state(environment):
    levels = [environment.initial_state(1)]
    while len(levels[-1]):
        legal = levels[-1].legal[:, : environment.stop_action]
        row, action = legal.nonzero(as_tuple=True)
        levels.append(environment.step(levels[-1][row], action))
    return State.concatenate(levels)


@pytest.mark.parametrize(("d", "seed"), [(2, 0), (3, 0), (3, 1), (4, 2)])
def test_flows_match_but_for_layers_without_a_node(d, seed):
    linear = np.exp(random_table(d, seed=seed).complete)
    state = every_state(RootLayers(LayerWeights.of(np.log(linear))))
    with_a_node = without = 0
    for layer_of, closed in zip(state.layer_of.tolist(), state.closed.tolist(), strict=True):
        here = Layers(linear, layer_of, closed)
        if not here.left:
            continue
        outflow = sum(here.adding(v).flow() for v in here.addable)
        if here.open:
            outflow += here.closing().flow()
            assert outflow == pytest.approx(here.flow(), rel=1e-9)
            with_a_node += 1
        else:
            nobody = math.prod(here.later(v) for v in here.left)
            assert outflow + here.reward() * nobody == pytest.approx(here.flow(), rel=1e-9)
            without += nobody > 0
    assert with_a_node > 0
    assert without > 0


@pytest.mark.parametrize("d", [3, 4])
def test_actions_are_taken_by_these_flows(d):
    linear = np.exp(random_table(d, seed=1).complete)
    environment = RootLayers(LayerWeights.of(np.log(linear)))
    state = every_state(environment)
    seen = environment.observe(state)
    logits = action_logits(seen.now - seen.later, seen.addable)
    probability = masked_log_softmax(logits.double(), seen.legal).exp()
    for row in range(len(state)):
        here = Layers(linear, state.layer_of[row].tolist(), int(state.closed[row]))
        if not here.left:
            assert probability[row, -1] == 1
            continue
        flows = [here.adding(v).flow() if v in here.addable else 0.0 for v in range(d)]
        flows.append(here.closing().flow() if seen.legal[row, d] else 0.0)
        expected = np.array([*flows, 0.0]) / sum(flows)
        np.testing.assert_allclose(probability[row], expected, atol=1e-5)


def test_what_may_still_be_had_excludes_now_where_a_turn_has_passed():
    now, later = torch.tensor([[0.3, 0.3]]).log(), torch.tensor([[0.5, 0.5]]).log()
    available = log_available(now, later, torch.tensor([[True, False]]))
    torch.testing.assert_close(available.exp(), torch.tensor([[0.8, 0.5]]))


@pytest.mark.parametrize(("d", "seed"), [(2, 0), (3, 1), (4, 2)])
def test_cycles_of_two_by_their_definition(d, seed):
    """Where nothing is lost yet the sets without a node are just those; else in proportion to what is left."""
    linear = np.exp(random_table(d, seed=seed, scale=2.0).complete)
    state = every_state(environment := RootLayers(LayerWeights.of(np.log(linear))))
    seen = environment.observe(state)
    rows = (seen.left.sum(1) > 0).nonzero().flatten().tolist()
    exact = 0
    for row in rows:
        here = Layers(linear, state.layer_of[row].tolist(), int(state.closed[row]))
        gone = {
            v: 1 - (here.later(v) + (here.now(v) if v in here.addable else 0.0)) / linear[v].sum()
            for v in here.left
        }

        def without(u, v, gone=gone):
            """Probability that u, choosing among the sets that it may still have, does without v."""
            share = weight(linear, u, lambda t: v not in t) / linear[u].sum()
            return max(share - gone[u], 0.0) / (1 - gone[u])

        for v in here.left:
            pairs = [1 - (1 - without(u, v)) * (1 - without(v, u)) for u in here.left - {v}]
            expected = sum(math.log(pair) if pair > 0 else -math.inf for pair in pairs)
            if expected > -5:
                assert float(seen.clash[row, v]) == pytest.approx(expected, abs=0.02)
                exact += bool(pairs)
            else:
                assert float(seen.clash[row, v]) < -2
        for v in set(range(d)) - here.left:
            assert seen.clash[row, v] == 0
    assert exact >= d


def test_nothing_is_nan_at_the_ends():
    left = torch.tensor([[True, True, False]])
    for available in (torch.zeros(1, 3), torch.full((1, 3), -1000.0)):
        for without in (torch.zeros(3, 3), torch.full((3, 3), -torch.inf), torch.full((3, 3), -1e-9)):
            cost = log_no_pair(left, available, without)
            assert not cost.isnan().any(), (available, without)
            assert (cost <= 0).all()


@pytest.mark.parametrize("scale", [1.0, 30.0, 300.0])
def test_compiled_and_batched_sums_are_the_same(scale):
    generator = torch.Generator().manual_seed(0)
    left = torch.rand(200, 9, generator=generator) < 0.6
    available = -scale * torch.rand(200, 9, generator=generator) ** 4
    without = (-scale * torch.rand(9, 9, generator=generator) ** 3).fill_diagonal_(0.0)
    torch.testing.assert_close(
        log_no_pair(left, available, without),
        _batched_no_pair(left, available, without),
        rtol=1e-3,
        atol=1e-2,
    )
