"""What a state holds, against sums over parent sets by their definition."""

import numpy as np
import pytest
import torch
from exact_tables import random_table
from hypothesis import given
from hypothesis import strategies as st

from dag_gfn.gflownet.env.layer_state import LayerState
from dag_gfn.gflownet.env.root_layers import RootLayers
from dag_gfn.gflownet.env.state import State
from dag_gfn.layerings.layer_weights import LayerWeights

D = 5
COMPLETE = random_table(D, seed=3).complete
ENVIRONMENT = RootLayers(LayerWeights.of(COMPLETE))


def walk(seed, steps):
    """Return the state after so many random legal actions."""
    rng, state = np.random.default_rng(seed), ENVIRONMENT.initial_state(1)
    for _ in range(steps):
        (legal,) = state.legal.numpy()
        state = ENVIRONMENT.step(state, torch.tensor([rng.choice(np.flatnonzero(legal))]))
    return state


def log_share(node, counts):
    """Return the log of the share that the parent sets of a node have for which ``counts(parents)`` is True."""
    others = [i for i in range(D) if i != node]
    weights = np.exp(COMPLETE[node])
    sets = [{i for k, i in enumerate(others) if index >> k & 1} for index in range(len(weights))]
    chosen = [bool(counts(parents)) for parents in sets]
    return np.log(weights[chosen].sum() / weights.sum())


@given(st.integers(0, 2**32 - 1), st.integers(0, 2 * D))
def test_weights_are_those_of_parent_sets_within_layers(seed, steps):
    state = walk(seed, steps)
    layer_of, closed = state.layer_of[0].tolist(), int(state.closed)
    before = {v for v in range(D) if 0 <= layer_of[v] < closed}
    last = {v for v in before if layer_of[v] == closed - 1}
    placed = {v for v in range(D) if layer_of[v] >= 0}
    for v in set(range(D)) - placed:
        expected = {
            "log_now": log_share(v, lambda parents: parents <= before and (not before or parents & last)),
            "log_within": log_share(v, lambda parents: parents <= before),
            "log_next": log_share(v, lambda parents: parents <= placed),
        }
        for name, share in expected.items():
            found = float(getattr(state, name)[0, v] - ENVIRONMENT.log_all[v])
            assert found == pytest.approx(share, abs=1e-6), name


@given(st.integers(0, 2**32 - 1), st.integers(0, 2 * D))
def test_layers_are_numbered_from_the_roots_without_gaps(seed, steps):
    state = walk(seed, steps)
    numbers = set(state.layer_of[0].tolist()) - {-1}
    assert numbers in (set(range(int(state.closed))), set(range(int(state.closed) + 1)))
    assert state.legal.any()


def test_the_outcome_is_the_layers():
    state = ENVIRONMENT.state_of(torch.tensor([[0, 1, 2, 0, 1], [1, 0, 0, 0, 2]]))
    assert isinstance(state, State)
    assert state.outcome is state.layer_of
    assert state[1:].outcome.tolist() == [[1, 0, 0, 0, 2]]


def test_states_of_several_batches_are_joined():
    parts = [walk(seed, steps) for seed, steps in ((0, 0), (1, 3), (2, 9))]
    joined = State.concatenate(parts)
    assert isinstance(joined, LayerState)
    assert torch.equal(joined.layer_of, torch.cat([part.layer_of for part in parts]))
    assert torch.equal(joined[torch.tensor([2, 0])].log_now, torch.cat([parts[2].log_now, parts[0].log_now]))
