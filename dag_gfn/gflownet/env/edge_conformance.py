"""Check that an environment that adds edges keeps its protocol, against slow and independent computations."""

import numpy as np
import torch
from torch import Tensor

from dag_gfn.gflownet.env.conformance import check_environment, random_action, require_close, unchanged_by
from dag_gfn.gflownet.env.dag_state import DagState
from dag_gfn.gflownet.env.environment import Environment, EnvironmentWithPredecessors
from dag_gfn.gflownet.policies.edge_observation import EdgeObservation
from dag_gfn.graphs import graph
from dag_gfn.scores import ScoreTable

_LOOKED_AT = 16
"""About this many predecessors have all their gains looked up again."""


def check_edge_environment(
    environment: EnvironmentWithPredecessors[DagState, EdgeObservation],
    table: ScoreTable,
    *,
    generator: torch.Generator,
    batch_size: int = 32,
) -> None:
    """Check that an environment in which every state is a DAG and every step adds an edge keeps its protocol.

    A batch of random walks goes from the initial state until all have stopped. In every state the legal actions, the
    closure, the gains and the rewards are compared with those that `dag_gfn.graphs.graph` and the table give; at the
    end the predecessors are. `check_environment` then checks what holds for any environment.

    Parameters
    ----------
    environment : EnvironmentWithPredecessors
    table : ScoreTable
        The table from which the environment was built.
    generator : torch.Generator
        On the environment's device.
    batch_size : int
        Number of walks.

    Raises
    ------
    AssertionError
        If the environment breaks its protocol.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> rows = np.random.default_rng(0).normal(size=(20, 3))
    >>> table = ScoreTable.build(make_score("bge", from_array(rows)), None)
    >>> import torch
    >>> from dag_gfn.gflownet.env.edge_addition import EdgeAddition
    >>> from dag_gfn.gflownet.env.edge_conformance import check_edge_environment
    >>> generator = torch.Generator().manual_seed(0)
    >>> check_edge_environment(EdgeAddition(table), table, generator=generator, batch_size=4)
    """
    d = environment.num_nodes
    assert environment.num_actions == d * d + 1, f"num_actions is {environment.num_actions}, not d*d + 1"
    state = environment.initial_state(batch_size)
    required = graph.adjacency_from_masks(table.constraints.required, d)
    assert np.array_equal(state.adjacency.cpu().numpy(), np.broadcast_to(required, state.adjacency.shape)), (
        "the initial state does not consist of the required edges alone"
    )
    walking = torch.ones(batch_size, dtype=torch.bool, device=environment.device)
    for _ in range(d * (d - 1) // 2 + 1):  # the edges of a complete DAG, and the stop
        _check_state(environment, table, state)
        action = random_action(environment.observe(state).legal_actions, generator)
        action = action.where(walking, environment.stop_action)
        following = environment.step(state, action)
        _check_step(environment, state, action, following)
        walking = walking & (action != environment.stop_action)
        state = following
        if not walking.any():
            break
    assert not walking.any(), f"walks go on after {d * (d - 1) // 2} edges and a stop"
    _check_predecessors(environment, table, state)
    check_environment(environment, generator=generator, batch_size=batch_size, tolerance=0.0)


def _check_state(
    environment: Environment[DagState, EdgeObservation], table: ScoreTable, state: DagState
) -> None:
    """Compare all fields of the states and observations with those computed from the adjacency alone."""
    adjacency, legal, gains = _check_knowledge(table, state)
    parents = graph.parent_masks(adjacency)

    seen = unchanged_by(environment.observe, "observe", state)
    assert np.array_equal(seen.adjacency.cpu().numpy(), adjacency), "observe shows another adjacency"
    seen_legal = seen.legal.cpu().numpy()
    for wrong, what in (
        (seen_legal & ~legal, "an illegal edge as legal"),
        (legal & ~seen_legal, "a legal edge as illegal"),
    ):
        if wrong.any():
            k, i, j = np.argwhere(wrong)[0]
            raise AssertionError(f"observe shows {what}: {i} -> {j} in the graph with parents {parents[k]}")
    shown = np.where(legal, gains, 0.0)
    require_close(seen.gains.cpu().numpy(), shown, "observed gains", scale=shown, relative=1e-6)

    num_parents = _removable(table, adjacency).sum((1, 2))
    counted = unchanged_by(environment.num_parents_of_state, "num_parents_of_state", state)
    assert np.array_equal(counted.cpu().numpy(), num_parents), "num_parents_of_state miscounts"


def _check_knowledge(table: ScoreTable, state: DagState) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Check closure, reward and gains of the states; return their adjacency, legal edges and gains."""
    adjacency = state.adjacency.cpu().numpy()
    b, d, _ = adjacency.shape
    assert graph.is_dag(adjacency).all(), "a state has a directed cycle"
    ancestor = graph.transitive_closure(adjacency)
    assert np.array_equal(state.ancestor.cpu().numpy(), ancestor), "ancestor is not the reflexive closure"

    parents = graph.parent_masks(adjacency)
    expected = table.log_reward(parents)
    assert np.isfinite(expected).all(), "a state breaks the constraints: the table gives it no reward"
    assert state.log_reward.dtype == torch.float64, f"log_reward is {state.log_reward.dtype}, not float64"
    require_close(state.log_reward.cpu().numpy(), expected, "log_reward", scale=expected)

    # the families after adding each edge: [k, i, j]
    nodes = np.broadcast_to(np.arange(d), (b, d, d))
    bits = (np.int64(1) << np.arange(d))[:, None]
    before = table.local_scores(nodes[:, 0].ravel(), parents.ravel()).reshape(b, 1, d)
    with_edge = np.broadcast_to(parents[:, None, :], (b, d, d)) | bits
    after = table.local_scores(nodes.ravel(), with_edge.ravel()).reshape(b, d, d)
    present = adjacency | np.eye(d, dtype=bool)
    gains = np.where(present, -np.inf, after - before)
    require_close(state.gains.cpu().numpy(), gains, "gains", scale=expected)
    legal = np.isfinite(gains) & ~np.swapaxes(ancestor, -1, -2)
    return adjacency, legal, gains


def _removable(table: ScoreTable, adjacency: np.ndarray) -> np.ndarray:
    """Return the edges without which a graph still has a finite score, shape (b, d, d)."""
    b, d, _ = adjacency.shape
    nodes = np.broadcast_to(np.arange(d), (b, d, d))
    bits = (np.int64(1) << np.arange(d))[:, None]
    without_edge = np.broadcast_to(graph.parent_masks(adjacency)[:, None, :], (b, d, d)) & ~bits
    smaller = table.local_scores(nodes.ravel(), without_edge.ravel()).reshape(b, d, d)
    return adjacency & np.isfinite(smaller)


def _check_predecessors(
    environment: EnvironmentWithPredecessors[DagState, EdgeObservation], table: ScoreTable, state: DagState
) -> None:
    """Check that the predecessors are all graphs with one removable edge less, with right fields and actions."""
    adjacency = state.adjacency.cpu().numpy()
    seen = environment.observe(state)
    before, action, which = unchanged_by(environment.predecessors, "predecessors", seen)
    assert len(before) == len(action) == len(which), (
        "predecessors gives states, actions and rows of different number"
    )
    found = sorted(zip(which.tolist(), action.tolist(), strict=True))
    removable = _removable(table, adjacency)
    d = environment.num_nodes
    expected = sorted((k, i * d + j) for k, i, j in np.argwhere(removable).tolist())
    assert found == expected, "predecessors does not take each edge away that can be, once"
    edge = torch.nn.functional.one_hot(action, environment.num_actions).bool()[:, :-1]
    lacking = state.adjacency.flatten(1)[which] & ~edge
    assert torch.equal(before.adjacency.flatten(1), lacking), "a predecessor does not lack just its edge"
    if len(before):
        _check_knowledge(table, before[:: 1 + len(before) // _LOOKED_AT])


def _check_step(
    environment: Environment[DagState, EdgeObservation], state: DagState, action: Tensor, following: DagState
) -> None:
    """Check that a step adds its edge and no other."""
    edge = torch.nn.functional.one_hot(action, environment.num_actions).bool()[:, :-1]
    expected = state.adjacency.flatten(1) | edge
    assert torch.equal(following.adjacency.flatten(1), expected), "a step does not add just its edge"
