import numpy as np
import oracles
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sampler_cases import score_table, states_of

from dag_gfn.gflownet.env.dag_state import DagState, add_edge, closure, unpack_bits
from dag_gfn.gflownet.env.edge_addition import EdgeAddition


def closure_masks(d):
    return torch.tensor([[1 << i for i in range(d)]])


def masks_of(dags):
    bits = 1 << np.arange(dags.shape[1], dtype=np.int64)
    return torch.from_numpy((dags * bits[:, None]).sum(1))


@pytest.mark.parametrize("d", [1, 2, 7, 63])
def test_bits_in_both_directions(d):
    rng = np.random.default_rng(d)
    bits = rng.random((5, d, d)) < 0.5
    masks = [[sum(1 << i for i in range(d) if graph[i, j]) for j in range(d)] for graph in bits]
    np.testing.assert_array_equal(unpack_bits(torch.tensor(masks)).numpy(), bits)


@given(st.integers(2, 9), st.integers(0, 2**32 - 1))
def test_closure_follows_edge_by_edge(d, seed):
    rng = np.random.default_rng(seed)
    dag = oracles.random_dag(d, 0.5, rng)
    edges = rng.permutation(np.argwhere(dag))
    ancestors, so_far = closure_masks(d), np.zeros((d, d), dtype=bool)
    for i, j in edges:
        ancestors = add_edge(ancestors, torch.tensor([i]), torch.tensor([j]))
        so_far[i, j] = True
        np.testing.assert_array_equal(unpack_bits(ancestors)[0].numpy(), oracles.closure(so_far))


@given(st.integers(1, 9), st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=4))
def test_closure_of_whole_graphs(d, seeds):
    dags = np.array([oracles.random_dag(d, 0.4, np.random.default_rng(seed)) for seed in seeds])
    found = unpack_bits(closure(masks_of(dags)))
    np.testing.assert_array_equal(found.numpy(), [oracles.closure(dag) for dag in dags])


def test_closure_of_the_longest_chain():
    """Whatever the order in which its nodes are numbered."""
    d = 63
    order = np.random.default_rng(0).permutation(d)
    dag = np.zeros((d, d), dtype=bool)
    dag[order[:-1], order[1:]] = True
    expected = np.zeros((d, d), dtype=bool)
    for place, i in enumerate(order):
        expected[i, order[place:]] = True
    np.testing.assert_array_equal(unpack_bits(closure(masks_of(dag[None])))[0].numpy(), expected)


def test_graphs_of_a_batch_do_not_mix():
    ancestors = closure_masks(3).repeat(3, 1)
    after = unpack_bits(add_edge(ancestors, torch.tensor([0, 2, 1]), torch.tensor([1, 0, 1])))
    for k, edge in enumerate([(0, 1), (2, 0), None]):
        expected = np.eye(3, dtype=bool)
        if edge is not None:
            expected[edge] = True
        np.testing.assert_array_equal(after[k].numpy(), expected)


def test_longest_chain_reaches_the_highest_bit():
    """62 -> 61 -> ... -> 0, built from its middle outwards; bit 62 is the last before the sign."""
    d = 63
    ancestors = closure_masks(d)
    for source in sorted(range(1, d), key=lambda i: abs(i - 31)):
        ancestors = add_edge(ancestors, torch.tensor([source]), torch.tensor([source - 1]))
    np.testing.assert_array_equal(unpack_bits(ancestors)[0].numpy(), np.tril(np.ones((d, d), dtype=bool)))


def test_rows_of_a_batch():
    environment = EdgeAddition(score_table(3))
    dags = oracles.all_dags(3)
    state = states_of(environment, dags)
    assert len(state) == 25
    np.testing.assert_array_equal(state.adjacency.numpy(), dags)
    np.testing.assert_array_equal(state.ancestor.numpy(), [oracles.closure(dag) for dag in dags])
    for rows in (torch.tensor([3, 1, 3]), slice(2, 9), state.log_reward > state.log_reward.median()):
        part = state[rows]
        assert isinstance(part, DagState)
        np.testing.assert_array_equal(part.adjacency.numpy(), dags[rows])
        assert torch.equal(part.gains, state.gains[rows])
        assert torch.equal(part.log_reward, state.log_reward[rows])
