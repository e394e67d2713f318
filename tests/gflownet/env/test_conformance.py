"""Mutants of both environments that break what holds of any."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from layering_oracles import random_log_odds
from sampler_cases import score_table, seeded

from dag_gfn.gflownet.env.conformance import check_environment
from dag_gfn.gflownet.env.edge_addition import EdgeAddition
from dag_gfn.gflownet.env.root_layers import RootLayers
from dag_gfn.layerings.layer_weights import LayerWeights

CONSTRAINTS = {"required": [(4, 0), (0, 3)], "forbidden": [(1, 2), (3, 1)], "max_parents": 2}


def root_layers(table, kind=RootLayers, **options):
    return kind(LayerWeights.build(table, **options))


@pytest.mark.parametrize("d", [2, 3, 5])
def test_any_environment_conforms(d):
    table = score_table(d)
    check_environment(EdgeAddition(table), generator=seeded())
    check_environment(root_layers(table), generator=seeded())


@pytest.mark.parametrize(
    ("table", "candidates"),
    [
        ({"d": 5} | CONSTRAINTS, None),
        ({"d": 5, "max_parents": 0}, None),
        ({"d": 5, "max_parents": 1}, None),
        ({"d": 2, "required": [(1, 0)]}, None),
        ({"d": 2, "forbidden": [(1, 0), (0, 1)]}, None),
        ({"d": 6}, 3),
        ({"d": 6}, 1),
        ({"d": 6} | CONSTRAINTS, 2),
    ],
    ids=str,
)
def test_root_layers_conform_with_constraints_and_candidates(table, candidates):
    options = {} if candidates is None else {"num_candidates": candidates}
    for outside in (False, True)[: 1 + len(options)]:
        environment = root_layers(score_table(**table), **options, outside=outside)
        check_environment(environment, generator=seeded())


@pytest.mark.parametrize("outside", [False, True])
def test_root_layers_of_more_nodes_than_candidates_conform(outside, rng):
    d, size = 13, 4
    others = [[i for i in range(d) if i != v] for v in range(d)]
    chosen = [rng.choice(of, size, replace=False) for of in others]
    candidates = np.array([(1 << of).sum() for of in chosen])
    log_odds = random_log_odds(candidates, rng) if outside else None
    weights = LayerWeights.of(rng.normal(size=(d, 1 << size)), candidates, log_odds)
    check_environment(RootLayers(weights), generator=seeded(), batch_size=4, single_rows=1)


class NoCopies(RootLayers):
    def initial_state(self, batch_size):
        return super().initial_state(max(batch_size, 2))


class BeginsAnywhere(RootLayers):
    def initial_state(self, batch_size):
        state = super().initial_state(batch_size)
        return replace(state, closed=torch.arange(batch_size))


class InPlace(RootLayers):
    def step(self, state, action):
        following = super().step(state, action)
        state.layer_of.copy_(following.layer_of)
        return following


class ObservesInPlace(RootLayers):
    def observe(self, state):
        state.log_within.sub_(1.0)
        return super().observe(state)


class SinglePrecision(RootLayers):
    def initial_state(self, batch_size):
        state = super().initial_state(batch_size)
        return replace(state, log_reward=state.log_reward.float())


class NothingLegal(RootLayers):
    def observe(self, state):
        seen = super().observe(state)
        legal = seen.legal.clone()
        legal[:, -1] = False
        return replace(seen, legal=legal)


class StopsAnywhere(RootLayers):
    def observe(self, state):
        seen = super().observe(state)
        legal = seen.legal.clone()
        legal[:, -1] = True
        return replace(seen, legal=legal)


class NeverEnds(RootLayers):
    def observe(self, state):
        seen = super().observe(state)
        legal = torch.zeros_like(seen.legal)
        legal[:, 0] = True
        return replace(seen, legal=legal)

    def step(self, state, action):
        return replace(state, closed=state.closed + 1)

    def undo(self, state, action):
        return replace(state, closed=state.closed - 1)

    def num_parents_of_state(self, state):
        return state.closed


class StopCloses(RootLayers):
    def step(self, state, action):
        following = super().step(state, action)
        return replace(following, closed=following.closed + (action == self.stop_action))


class StopIsLoweredAgain(RootLayers):
    def step(self, state, action):
        following = super().step(state, action)
        return replace(following, log_reward=following.log_reward - 1.0 * (action == self.stop_action))


class InitialHasParents(RootLayers):
    def num_parents_of_state(self, state):
        return torch.ones_like(state.closed)


class ForgetsParents(RootLayers):
    def num_parents_of_state(self, state):
        return torch.zeros_like(state.closed)


class CountsSteps(RootLayers):
    def num_parents_of_state(self, state):
        return super().num_parents_of_state(state) + state.closed * (state.closed > 1)


class UndoKeepsTheReward(RootLayers):
    def undo(self, state, action):
        return replace(super().undo(state, action), log_reward=state.log_reward)


class UndoesAnotherNode(RootLayers):
    def undo(self, state, action):
        return super().undo(state, action.where(action >= self.num_nodes, 0))


class UndoForgetsToOpen(RootLayers):
    def undo(self, state, action):
        return self.state_of(super().undo(state, action).layer_of, state.closed)


class MixesRows(RootLayers):
    def observe(self, state):
        seen = super().observe(state)
        return replace(seen, now=seen.now - 1e-3 * len(state))


class StepMixesRows(RootLayers):
    def step(self, state, action):
        following = super().step(state, action)
        mean = following.log_reward.mean()
        return replace(following, log_reward=following.log_reward + 1e-6 * (mean - following.log_reward))


class LosesAStep(RootLayers):
    def backward_actions(self, state, *, generator=None):
        actions, lengths = super().backward_actions(state, generator=generator)
        return actions[:, :-1], lengths.clamp_max(actions.shape[1] - 1)


class ClosesTwice(RootLayers):
    def backward_actions(self, state, *, generator=None):
        actions, lengths = super().backward_actions(state, generator=generator)
        one_more = torch.full_like(actions[:, :1], self.num_nodes)
        return torch.cat([actions[:, :1], one_more, one_more, actions[:, 1:]], dim=1), lengths + 2


class PadsWithClosing(RootLayers):
    def backward_actions(self, state, *, generator=None):
        actions, lengths = super().backward_actions(state, generator=generator)
        return actions.clamp_max(self.num_nodes), lengths


class OwnRandomness(RootLayers):
    calls = 0

    def backward_actions(self, state, *, generator=None):
        self.calls += 1
        actions, lengths = super().backward_actions(state)
        return actions.roll(self.calls, dims=0), lengths.roll(self.calls)


class RebuildsAnotherLayering(RootLayers):
    def backward_actions(self, state, *, generator=None):
        return super().backward_actions(state[torch.zeros_like(state.closed)])


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (NoCopies, "initial_state\\(1\\) has 2 rows"),
        (BeginsAnywhere, "initial states differ"),
        (InPlace, "step changes its input"),
        (ObservesInPlace, "observe changes its input"),
        (SinglePrecision, "not float64"),
        (NothingLegal, "no legal action"),
        (StopsAnywhere, "stop where there are other actions"),
        (NeverEnds, "walks go on"),
        (StopCloses, "stopping changes"),
        (StopIsLoweredAgain, "stopping changes"),
        (InitialHasParents, "initial state has parents"),
        (ForgetsParents, "num_parents_of_state is 0 after a step"),
        (CountsSteps, "num_parents_of_state is \\d+ where backward trajectories come from"),
        (UndoKeepsTheReward, "log_reward of an undone step"),
        (UndoesAnotherNode, "outcome before a step"),
        (UndoForgetsToOpen, "other legal actions"),
        (MixesRows, "observe on a batch differs from single"),
        (StepMixesRows, "step of a batch differs from single"),
        (LosesAStep, "build another state"),
        (ClosesTwice, "illegal step"),
        (PadsWithClosing, "not padded"),
        (OwnRandomness, "same generator state"),
        (RebuildsAnotherLayering, "build another state"),
    ],
)
def test_what_is_broken_is_named(broken, message):
    environment = root_layers(score_table(4), broken)
    with pytest.raises(AssertionError, match=message):
        check_environment(environment, generator=seeded())


class PrefersOneParent(EdgeAddition):
    def backward_actions(self, state, *, generator=None):
        # of two equal states one keeps its own trajectory, where the other's ends with a later action
        one, lengths = super().backward_actions(state, generator=generator)
        other, _ = super().backward_actions(state, generator=generator)
        row = torch.arange(len(one))
        later = other[row, lengths - 1] > one[row, lengths - 1]
        return other.where(later[:, None], one), lengths


def test_backward_trajectories_that_prefer_one_parent_are_named():
    with pytest.raises(AssertionError, match="equally often"):
        check_environment(PrefersOneParent(score_table(4)), generator=seeded())
