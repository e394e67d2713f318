"""Whether an environment keeps its protocol, checked on random walks against slow and independent answers."""

from dataclasses import fields, is_dataclass

import numpy as np
import torch
from torch import Tensor

from dag_gfn import graph
from dag_gfn.env.dag_state import DagState
from dag_gfn.env.environment import Environment
from dag_gfn.policies.masking import sample_actions
from dag_gfn.scores import ScoreTable

RELATIVE_ERROR = 1e-9
"""Error allowed on log-rewards, as a share of the largest of them: each is a sum of many rounded gains."""

_LOOKED_AT = 16
"""About how many predecessors have all their gains looked up anew."""


def check_environment(
    environment: Environment,
    table: ScoreTable,
    *,
    generator: torch.Generator,
    batch_size: int = 32,
    single_rows: int = 2,
) -> None:
    """Hold an environment in which every state is a DAG, and every step an edge, to its protocol.

    A batch of random walks goes from the initial state until all have stopped. On the way, legal actions,
    closure, gains and rewards are compared with the ones that `dag_gfn.graph` and fresh look-ups give. Then the
    predecessors of the graphs at the end are, and these graphs are rebuilt along backward trajectories.

    Parameters
    ----------
    environment : Environment
    table : ScoreTable
        What the environment was built from.
    generator : torch.Generator
        On the environment's device.
    batch_size : int
        Number of walks.
    single_rows : int
        How many of them are also taken one at a time.

    Raises
    ------
    AssertionError
        If the environment does not do what its protocol says.
    """
    d = environment.num_nodes
    assert environment.num_actions == d * d + 1, f"num_actions is {environment.num_actions}, not d*d + 1"
    assert environment.stop_action == d * d, f"stop_action is {environment.stop_action}, not the last one"
    state = environment.initial_state(batch_size)
    _check_initial_state(environment, table, state, batch_size)
    walking = torch.ones(batch_size, dtype=torch.bool, device=environment.device)
    for _ in range(d * (d - 1) // 2 + 1):  # the edges of a complete DAG, and the stop
        _check_state(environment, table, state)
        action = _random_action(environment, state, generator)
        action = action.where(walking, environment.stop_action)
        following = _unchanged_by(environment.step, "step", state, action)
        _check_step(environment, state, action, following)
        for row in range(min(single_rows, batch_size)):
            _check_single(environment, state, action, following, row)
        walking = walking & (action != environment.stop_action)
        state = following
        if not walking.any():
            break
    assert not walking.any(), f"walks go on after {d * (d - 1) // 2} edges and a stop"
    _check_predecessors(environment, table, state)
    _check_backward_actions(environment, state, generator)


def _check_initial_state(
    environment: Environment, table: ScoreTable, state: DagState, batch_size: int
) -> None:
    assert len(state) == batch_size, f"initial_state({batch_size}) has {len(state)} rows"
    required = graph.adjacency_from_masks(table.constraints.required, environment.num_nodes)
    assert np.array_equal(state.adjacency.cpu().numpy(), np.broadcast_to(required, state.adjacency.shape)), (
        "the initial state does not consist of the required edges alone"
    )
    assert not environment.num_parents_of_state(state).any(), "the initial state has parents"
    assert len(environment.initial_state(1)) == 1, "initial_state(1) is not a batch of one"


def _check_state(environment: Environment, table: ScoreTable, state: DagState) -> None:
    """Compare everything known of the states with an answer worked out from their adjacency alone."""
    adjacency, legal, gains = _check_knowledge(table, state)
    parents = graph.parent_masks(adjacency)

    seen = _unchanged_by(environment.observe, "observe", state)
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
    _require_close(seen.gains.cpu().numpy(), shown, "observed gains", scale=shown, relative=1e-6)

    num_parents = _removable(table, adjacency).sum((1, 2))
    counted = _unchanged_by(environment.num_parents_of_state, "num_parents_of_state", state)
    assert np.array_equal(counted.cpu().numpy(), num_parents), "num_parents_of_state miscounts"


def _check_knowledge(table: ScoreTable, state: DagState) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Compare closure, reward and gains with those of the adjacency; return it, the legal edges and the gains."""
    adjacency = state.adjacency.cpu().numpy()
    b, d, _ = adjacency.shape
    assert graph.is_dag(adjacency).all(), "a state has a directed cycle"
    ancestor = graph.transitive_closure(adjacency)
    assert np.array_equal(state.ancestor.cpu().numpy(), ancestor), "ancestor is not the reflexive closure"

    parents = graph.parent_masks(adjacency)
    expected = table.log_reward(parents)
    assert np.isfinite(expected).all(), "a state breaks the constraints: the table gives it no reward"
    assert state.log_reward.dtype == torch.float64, f"log_reward is {state.log_reward.dtype}, not float64"
    _require_close(state.log_reward.cpu().numpy(), expected, "log_reward", scale=expected)

    # every edge taken in, all families at once: [k, i, j]
    nodes = np.broadcast_to(np.arange(d), (b, d, d))
    bits = (np.int64(1) << np.arange(d))[:, None]
    before = table.local_scores(nodes[:, 0].ravel(), parents.ravel()).reshape(b, 1, d)
    with_edge = np.broadcast_to(parents[:, None, :], (b, d, d)) | bits
    after = table.local_scores(nodes.ravel(), with_edge.ravel()).reshape(b, d, d)
    present = adjacency | np.eye(d, dtype=bool)
    gains = np.where(present, -np.inf, after - before)
    _require_close(state.gains.cpu().numpy(), gains, "gains", scale=expected)
    legal = np.isfinite(gains) & ~np.swapaxes(ancestor, -1, -2)
    return adjacency, legal, gains


def _removable(table: ScoreTable, adjacency: np.ndarray) -> np.ndarray:
    """Return the edges without which a graph still is one that the table supports, shape (b, d, d)."""
    b, d, _ = adjacency.shape
    nodes = np.broadcast_to(np.arange(d), (b, d, d))
    bits = (np.int64(1) << np.arange(d))[:, None]
    without_edge = np.broadcast_to(graph.parent_masks(adjacency)[:, None, :], (b, d, d)) & ~bits
    smaller = table.local_scores(nodes.ravel(), without_edge.ravel()).reshape(b, d, d)
    return adjacency & np.isfinite(smaller)


def _check_predecessors(environment: Environment, table: ScoreTable, state: DagState) -> None:
    """Check that the predecessors are all graphs that lack one edge, that all is known of them, and what leads on."""
    adjacency = state.adjacency.cpu().numpy()
    seen = environment.observe(state)
    before, action, which = _unchanged_by(environment.predecessors, "predecessors", seen)
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


def _check_step(environment: Environment, state: DagState, action: Tensor, following: DagState) -> None:
    """Check that a step adds its edge and no other, and that stopping changes nothing."""
    stops = action == environment.stop_action
    assert _same(state[stops], following[stops]), "stopping changes a state"
    edge = torch.nn.functional.one_hot(action, environment.num_actions).bool()[:, :-1]
    expected = state.adjacency.flatten(1) | edge
    assert torch.equal(following.adjacency.flatten(1), expected), "a step does not add just its edge"


def _check_single(
    environment: Environment, state: DagState, action: Tensor, following: DagState, row: int
) -> None:
    """Check that a row of a batch fares as it does alone."""
    alone = slice(row, row + 1)
    by_itself = environment.step(state[alone], action[alone])
    assert _same(by_itself, following[alone]), "a step of a batch differs from single steps"
    whole, part = environment.observe(state), environment.observe(state[alone])
    assert _same(whole[alone], part), "observe on a batch differs from single observations"


def _check_backward_actions(environment: Environment, state: DagState, generator: torch.Generator) -> None:
    """Check that backward trajectories, read forwards, take legal steps to the very graphs they are for."""
    beginning = generator.get_state()
    actions, lengths = _unchanged_by(
        lambda s: environment.backward_actions(s, generator=generator), "backward_actions", state
    )
    end = generator.get_state()
    generator.set_state(beginning)
    again, _ = environment.backward_actions(state, generator=generator)
    assert torch.equal(actions, again), "the same generator state gives other backward actions"
    generator.set_state(end)

    longest = int(lengths.max()) if len(lengths) else 0
    assert actions.shape == (len(state), longest), f"backward actions have shape {tuple(actions.shape)}"
    padding = torch.arange(longest, device=actions.device) >= lengths[:, None]
    assert torch.equal(actions == environment.stop_action, padding), (
        "backward actions are not padded with stop_action beyond their lengths, or stop before"
    )
    rebuilt = environment.initial_state(len(state))
    for action in actions.T:
        legal = environment.observe(rebuilt).legal_actions
        assert legal.gather(1, action[:, None]).all(), "a backward trajectory takes an illegal step"
        rebuilt = environment.step(rebuilt, action)
    assert torch.equal(rebuilt.adjacency, state.adjacency), "backward actions build another graph"
    expected = state.log_reward.cpu().numpy()
    _require_close(
        rebuilt.log_reward.cpu().numpy(), expected, "log_reward of a rebuilt graph", scale=expected
    )


def _random_action(environment: Environment, state: DagState, generator: torch.Generator) -> Tensor:
    legal = environment.observe(state).legal_actions
    log_p = legal.to(torch.float32).log()
    log_p[:, -1] -= 1.0  # stop somewhat less often, to see graphs with many edges
    return sample_actions(log_p, generator=generator)


def _tensors(record: object) -> list[Tensor]:
    """Return the tensors of a record of tensors, or the tensor itself."""
    if isinstance(record, Tensor):
        return [record]
    assert is_dataclass(record)
    return [getattr(record, field.name) for field in fields(record)]


def _same(a: object, b: object) -> bool:
    return all(torch.equal(x, y) for x, y in zip(_tensors(a), _tensors(b), strict=True))


def _unchanged_by(method, name: str, *inputs):
    """Return what the method returns, having checked that it leaves its inputs alone."""
    before = [[tensor.clone() for tensor in _tensors(given)] for given in inputs]
    result = method(*inputs)
    for given, tensors in zip(inputs, before, strict=True):
        same = all(torch.equal(x, y) for x, y in zip(_tensors(given), tensors, strict=True))
        assert same, f"{name} changes its input"
    return result


def _require_close(
    found: np.ndarray, expected: np.ndarray, what: str, *, scale: np.ndarray, relative: float = RELATIVE_ERROR
) -> None:
    """Compare within a share of the largest absolute value of `scale`; infinities must agree."""
    allowed = relative * max(1.0, float(np.abs(scale).max(initial=0.0)))
    finite = np.isfinite(expected)
    assert np.array_equal(found[~finite], expected[~finite]), f"{what}: finite where it should not be"
    error = float(np.abs(found[finite] - expected[finite]).max(initial=0.0))
    assert error <= allowed, f"{what} off by {error:.3g} nats, more than {allowed:.3g}"
