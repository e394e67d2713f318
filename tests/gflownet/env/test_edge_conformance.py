from dataclasses import replace

import pytest
import torch
from sampler_cases import score_table, seeded

from dag_gfn.gflownet.env.edge_addition import EdgeAddition
from dag_gfn.gflownet.env.edge_conformance import check_edge_environment


@pytest.mark.parametrize(
    "options",
    [
        {"d": 2},
        {"d": 3},
        {"d": 6},
        {"d": 6, "storage": "lazy"},
        {"d": 6, "required": [(5, 0), (0, 3)], "forbidden": [(1, 2), (4, 5)], "max_parents": 2},
        {"d": 6, "storage": "lazy", "required": [(5, 0), (0, 3)], "forbidden": [(1, 2)], "max_parents": 2},
        {"d": 4, "max_parents": 0},
        {"d": 22, "rows": 40, "max_parents": 1},
    ],
    ids=str,
)
def test_edge_addition_conforms(options):
    table = score_table(**options)
    check_edge_environment(EdgeAddition(table), table, generator=seeded())


def test_the_largest_number_of_nodes_conforms():
    table = score_table(63, rows=80, max_parents=1)
    check_edge_environment(EdgeAddition(table), table, generator=seeded(), batch_size=2)


class StaleClosure(EdgeAddition):
    def step(self, state, action):
        return replace(super().step(state, action), ancestors=state.ancestors)


class StaleGains(EdgeAddition):
    def step(self, state, action):
        return replace(super().step(state, action), gains=state.gains)


class StaleReward(EdgeAddition):
    def step(self, state, action):
        return replace(super().step(state, action), log_reward=state.log_reward)


class InPlace(EdgeAddition):
    def step(self, state, action):
        following = super().step(state, action)
        state.parents.copy_(following.parents)
        return following


class StopTakesAnEdge(EdgeAddition):
    def step(self, state, action):
        following = super().step(state, action)
        stops = (action == self.stop_action)[:, None]
        return replace(following, parents=following.parents.where(~stops, self._required))


class OffersCycles(EdgeAddition):
    def observe(self, state):
        seen = super().observe(state)
        return replace(seen, legal=seen.legal | (state.gains > -torch.inf))


class HidesAnEdge(EdgeAddition):
    def observe(self, state):
        seen = super().observe(state)
        legal = seen.legal.clone()
        legal[:, 0, 1] = False
        return replace(seen, legal=legal)


class MixesRows(EdgeAddition):
    def observe(self, state):
        seen = super().observe(state)
        return replace(seen, gains=seen.gains * (1 + 1e-8 * len(state)))


class ForgetsRequired(EdgeAddition):
    def initial_state(self, batch_size):
        empty = self._required.new_zeros(batch_size, self.num_nodes)
        return self.state_of(empty, self._bits.repeat(batch_size, 1))


class CountsRequired(EdgeAddition):
    def num_parents_of_state(self, state):
        return state.adjacency.sum((1, 2))


class ForgetsAPredecessor(EdgeAddition):
    def predecessors(self, seen):
        before, action, which = super().predecessors(seen)
        return before[1:], action[1:], which[1:]


class TakesRequiredAway(EdgeAddition):
    def predecessors(self, seen):
        every = EdgeAddition(score_table(self.num_nodes))
        return every.predecessors(seen)


class SwapsPredecessors(EdgeAddition):
    def predecessors(self, seen):
        before, action, which = super().predecessors(seen)
        return before[torch.arange(len(before)).flip(0)], action, which


class StalePredecessors(EdgeAddition):
    def predecessors(self, seen):
        before, action, which = super().predecessors(seen)
        return replace(before, log_reward=before.log_reward + 1.0), action, which


class LosesAnEdge(EdgeAddition):
    def backward_actions(self, state, *, generator):
        actions, lengths = super().backward_actions(state, generator=generator)
        return actions[:, :-1], lengths.clamp_max(actions.shape[1] - 1)


class OwnRandomness(EdgeAddition):
    def backward_actions(self, state, *, generator):
        return super().backward_actions(state, generator=torch.Generator().manual_seed(generator.seed()))


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (StaleClosure, "reflexive closure"),
        (StaleGains, "gains"),
        (StaleReward, "log_reward off by"),
        (InPlace, "step changes its input"),
        (StopTakesAnEdge, "does not add just its edge"),
        (OffersCycles, "an illegal edge as legal"),
        (HidesAnEdge, "a legal edge as illegal: 0 -> 1"),
        (MixesRows, "differs from single"),
        (ForgetsRequired, "required edges"),
        (CountsRequired, "num_parents_of_state miscounts"),
        (ForgetsAPredecessor, "predecessors does not take each edge away"),
        (TakesRequiredAway, "predecessors does not take each edge away"),
        (SwapsPredecessors, "does not lack just its edge"),
        (StalePredecessors, "log_reward off by 1"),
        (LosesAnEdge, "another state"),
        (OwnRandomness, "same generator state"),
    ],
)
def test_what_is_broken_is_named(broken, message):
    table = score_table(4, required=[(2, 3)])
    with pytest.raises(AssertionError, match=message):
        check_edge_environment(broken(table), table, generator=seeded())
