from collections import Counter
from itertools import permutations

import numpy as np
import oracles
import pytest
import torch
from sampler_cases import log_reward, score_table, seeded, states_of
from scipy import stats

from dag_gfn.gflownet.env.edge_addition import EdgeAddition
from dag_gfn.gflownet.policies.masking import sample_actions


def reachable(environment):
    """Return the bytes of every graph that legal actions lead to, breadth first."""
    d = environment.num_nodes
    state, found = environment.initial_state(1), set()
    while len(state):
        found |= {dag.tobytes() for dag in state.adjacency.numpy()}
        rows, action = environment.observe(state).legal.flatten(1).nonzero(as_tuple=True)
        following = environment.step(state[rows], action)
        flat = following.adjacency.flatten(1).numpy()
        _, first = np.unique(flat, axis=0, return_index=True)
        state = following[torch.from_numpy(first)]
        assert (following.adjacency.sum((1, 2)) <= d * (d - 1) // 2).all()
    return found


@pytest.mark.parametrize("d", [2, 3, 4])
def test_every_dag_is_reached_and_nothing_else(d):
    assert reachable(EdgeAddition(score_table(d))) == {dag.tobytes() for dag in oracles.all_dags(d)}


@pytest.mark.parametrize(
    "constraints",
    [
        {"required": [(2, 0)]},
        {"required": [(2, 0), (0, 1)]},
        {"forbidden": [(0, 1), (2, 1)]},
        {"max_parents": 1},
        {"required": [(0, 1)], "forbidden": [(1, 2)], "max_parents": 1},
        {"max_parents": 0},
    ],
)
@pytest.mark.parametrize("storage", ["complete", "lazy"])
def test_constraints_bound_what_is_reached(constraints, storage):
    def allowed(dag):
        return (
            all(dag[edge] for edge in constraints.get("required", []))
            and not any(dag[edge] for edge in constraints.get("forbidden", []))
            and dag.sum(0).max() <= constraints.get("max_parents", 2)
        )

    environment = EdgeAddition(score_table(3, storage=storage, **constraints))
    assert reachable(environment) == {dag.tobytes() for dag in oracles.all_dags(3) if allowed(dag)}


def test_rewards_and_gains_are_those_of_the_definition():
    table = score_table(4, rows=9)
    environment = EdgeAddition(table)
    values = table._local_score.data.values

    def score(dag):
        return sum(oracles.bge(values, j, np.flatnonzero(dag[:, j]).tolist()) for j in range(4))

    state, dag = environment.initial_state(1), np.zeros((4, 4), dtype=bool)
    for i, j in [(2, 0), (0, 3), (2, 3), (1, 3)]:
        before = score(dag)
        dag[i, j] = True
        assert float(state.gains[0, i, j]) == pytest.approx(score(dag) - before, abs=1e-9)
        state = environment.step(state, torch.tensor([i * 4 + j]))
        assert float(state.log_reward[0]) == pytest.approx(score(dag), abs=1e-9)
        assert float(state.gains[0, i, j]) == -torch.inf


def test_a_state_met_on_the_way_is_the_state_looked_up_anew():
    environment = EdgeAddition(score_table(4))
    state = environment.initial_state(64)
    generator = seeded()
    for _ in range(5):
        legal = environment.observe(state).legal_actions
        state = environment.step(state, sample_actions(legal.float().log(), generator=generator))
    anew = states_of(environment, state.adjacency.numpy())
    assert torch.equal(state.gains, anew.gains)
    assert torch.equal(state.ancestors, anew.ancestors)
    torch.testing.assert_close(state.log_reward, anew.log_reward, rtol=1e-12, atol=0)


def test_lazy_and_complete_tables_make_the_same_environment():
    whole, lazy = (EdgeAddition(score_table(5, storage=storage)) for storage in ("complete", "lazy"))
    state, other = whole.initial_state(32), lazy.initial_state(32)
    generator = seeded()
    for _ in range(8):
        legal = whole.observe(state).legal_actions
        assert torch.equal(legal, lazy.observe(other).legal_actions)
        action = sample_actions(legal.float().log(), generator=generator)
        state, other = whole.step(state, action), lazy.step(other, action)
        torch.testing.assert_close(state.gains, other.gains, rtol=0, atol=1e-9)
        torch.testing.assert_close(state.log_reward, other.log_reward, rtol=1e-12, atol=0)


def test_on_two_nodes_one_edge_leaves_only_the_stop():
    environment = EdgeAddition(score_table(2))
    state = environment.initial_state(2)
    assert environment.observe(state).legal.tolist() == [[[False, True], [True, False]]] * 2
    following = environment.step(state, torch.tensor([1, 2]))
    assert not environment.observe(following).legal.any()
    assert not environment.observe(following).gains.any()
    assert environment.num_parents_of_state(following).tolist() == [1, 1]


def test_sixty_three_nodes():
    """The highest bit of a parent set is bit 62; the table of so many nodes can only be lazy."""
    environment = EdgeAddition(score_table(63, rows=80, max_parents=3))
    state = environment.initial_state(2)
    for i, j in [(62, 61), (61, 0), (62, 0), (5, 62)]:
        state = environment.step(state, torch.tensor([i * 63 + j, environment.stop_action]))
    dag = np.zeros((63, 63), dtype=bool)
    dag[[62, 61, 62, 5], [61, 0, 0, 62]] = True
    np.testing.assert_array_equal(state.adjacency[0].numpy(), dag)
    np.testing.assert_array_equal(state.ancestor[0].numpy(), oracles.closure(dag))
    assert not state.adjacency[1].any()
    legal = environment.observe(state).legal[0]
    for i, j in [(0, 62), (61, 62), (0, 5), (61, 5), (62, 62), (62, 61)]:
        assert not legal[i, j]
    for i, j in [(4, 62), (62, 4), (0, 4), (5, 0)]:
        assert legal[i, j]
    assert float(state.log_reward[0]) == pytest.approx(log_reward(environment.table)(dag), rel=1e-12)
    actions, lengths = environment.backward_actions(state, generator=seeded())
    assert lengths.tolist() == [4, 0]
    assert sorted(actions[0].tolist()) == sorted(i * 63 + j for i, j in np.argwhere(dag))


def test_required_edges_are_there_from_the_start_and_stay():
    environment = EdgeAddition(score_table(4, required=[(3, 1), (1, 0)]))
    state = environment.initial_state(3)
    assert {(int(i), int(j)) for _, i, j in state.adjacency.nonzero()} == {(3, 1), (1, 0)}
    assert state.ancestor[0, 3, 0]
    assert not environment.observe(state).legal[0, 0, 3]
    assert environment.num_parents_of_state(state).tolist() == [0, 0, 0]
    state = environment.step(state, torch.tensor([2 * 4 + 0, 3 * 4 + 0, environment.stop_action]))
    assert environment.num_parents_of_state(state).tolist() == [1, 1, 0]
    actions, lengths = environment.backward_actions(state, generator=seeded())
    assert actions.tolist() == [[8], [12], [environment.stop_action]]
    assert lengths.tolist() == [1, 1, 0]


@pytest.mark.parametrize("constraints", [{}, {"required": [(2, 0), (1, 0)]}, {"max_parents": 1}], ids=str)
@pytest.mark.parametrize("storage", ["complete", "lazy"])
def test_predecessors_are_those_of_the_lattice(constraints, storage):
    table = score_table(3, storage=storage, **constraints)
    environment = EdgeAddition(table)
    possible = oracles.posterior(3, log_reward(table))
    dags = np.array([dag for dag in oracles.all_dags(3) if dag.tobytes() in possible])
    before, action, which = environment.predecessors(environment.observe(states_of(environment, dags)))
    found = {
        (int(k), int(a), dag.tobytes())
        for k, a, dag in zip(which, action, before.adjacency.numpy(), strict=True)
    }
    expected = {
        (k, 3 * i + j, smaller.tobytes())
        for k, dag in enumerate(dags)
        for smaller, i, j in oracles.one_edge_apart(dag, possible, add=False)
    }
    assert found == expected
    assert len(before) == len(expected)
    anew = states_of(environment, before.adjacency.numpy())
    assert torch.equal(before.ancestors, anew.ancestors)
    assert torch.equal(before.gains, anew.gains)
    assert torch.equal(environment.step(before, action).parents, states_of(environment, dags).parents[which])


def test_backward_orders_are_uniform_over_the_edges_that_are_not_required():
    environment = EdgeAddition(score_table(4, required=[(0, 1)]))
    dag = np.zeros((4, 4), dtype=bool)
    dag[[0, 0, 1, 2], [1, 2, 2, 3]] = True
    free = [0 * 4 + 2, 1 * 4 + 2, 2 * 4 + 3]
    copies = states_of(environment, np.repeat(dag[None], 6000, axis=0))
    actions, lengths = environment.backward_actions(copies, generator=seeded())
    assert (lengths == 3).all()
    counts = Counter(map(tuple, actions.tolist()))
    assert set(counts) == set(permutations(free))
    assert stats.chisquare(list(counts.values())).pvalue > 1e-3


def test_graphs_without_edges_have_no_backward_actions():
    environment = EdgeAddition(score_table(3))
    actions, lengths = environment.backward_actions(environment.initial_state(4), generator=seeded())
    assert actions.shape == (4, 0)
    assert lengths.tolist() == [0] * 4
    actions, lengths = environment.backward_actions(environment.initial_state(0), generator=seeded())
    assert actions.shape == (0, 0)


def test_an_empty_batch_goes_through_every_method():
    environment = EdgeAddition(score_table(3))
    state = environment.initial_state(0)
    assert len(environment.observe(state)) == 0
    assert len(environment.step(state, torch.empty(0, dtype=torch.long))) == 0
    assert environment.num_parents_of_state(state).shape == (0,)
    for empty in (state, environment.initial_state(2)):
        before, action, which = environment.predecessors(environment.observe(empty))
        assert len(before) == len(action) == len(which) == 0


def test_graphs_without_support_have_no_legal_edge_but_are_no_nan():
    """The exact distribution of a policy may look at all DAGs, possible or not."""
    environment = EdgeAddition(score_table(3, required=[(0, 1)]))
    empty = np.zeros((1, 3, 3), dtype=bool)
    seen = environment.observe(states_of(environment, empty))
    assert seen.gains.isfinite().all()
    assert not seen.legal[0, :, 1].any()
