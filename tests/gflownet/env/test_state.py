"""What all environments' states are held to."""

from dataclasses import FrozenInstanceError, dataclass

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sampler_cases import score_table
from torch import Tensor

from dag_gfn.gflownet.env.edge_addition import EdgeAddition
from dag_gfn.gflownet.env.root_layers import RootLayers
from dag_gfn.gflownet.env.state import State
from dag_gfn.layerings.layer_weights import LayerWeights

TABLE = score_table(4)
ENVIRONMENTS = {"edges": EdgeAddition(TABLE), "layers": RootLayers(LayerWeights.build(TABLE))}


@dataclass(frozen=True)
class Counted(State):
    number: Tensor

    @property
    def outcome(self):
        return self.number.unsqueeze(1)


def counted(n):
    return Counted(-torch.arange(n, dtype=torch.float64), torch.arange(n))


def walked(environment, rows, steps):
    """Return a batch after some steps, each the first that is legal or, in every other row, the last but one."""
    state = environment.initial_state(rows)
    for _ in range(steps):
        legal = environment.observe(state).legal_actions.clone()
        legal[legal.sum(1) > 1, environment.stop_action] = False
        first, last = legal.int().argmax(1), legal.shape[1] - 1 - legal.flip(1).int().argmax(1)
        state = environment.step(state, first.where(torch.arange(rows) % 2 == 0, last))
    return state


@given(st.lists(st.integers(0, 6), max_size=9))
def test_rewards_go_with_their_rows(rows):
    some = counted(7)[torch.tensor(rows, dtype=torch.long)]
    assert len(some) == len(rows)
    assert some.log_reward.tolist() == [-float(row) for row in rows]
    assert some.outcome.flatten().tolist() == rows


def test_what_has_no_outcome_says_so():
    with pytest.raises(NotImplementedError):
        _ = State(torch.zeros(2, dtype=torch.float64)).outcome
    with pytest.raises(FrozenInstanceError):
        counted(2).log_reward = torch.zeros(2, dtype=torch.float64)


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_states_of_every_environment(name):
    environment = ENVIRONMENTS[name]
    state = walked(environment, 6, 3)
    assert isinstance(state, State)
    assert state.log_reward.dtype == torch.float64
    assert (state.outcome.shape, state.outcome.dtype) == ((6, 4), torch.int64)
    assert not torch.equal(state.outcome[0], state.outcome[1])
    rows = torch.tensor([4, 1, 4])
    for whole, chosen in zip(state.tensors, state[rows].tensors, strict=True):
        assert len(whole) == 6
        assert torch.equal(chosen, whole[rows])
    rejoined = State.concatenate([state[:2], state[2:]])
    assert type(rejoined) is type(state)
    assert all(torch.equal(a, b) for a, b in zip(rejoined.tensors, state.tensors, strict=True))


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_a_step_leaves_the_state_before_it_alone(name):
    environment = ENVIRONMENTS[name]
    before = walked(environment, 6, 2)
    copies = [tensor.clone() for tensor in before.tensors]
    after = environment.step(before, environment.observe(before).legal_actions.int().argmax(1))
    assert all(torch.equal(a, b) for a, b in zip(before.tensors, copies, strict=True))
    assert not torch.equal(after.outcome, before.outcome)
