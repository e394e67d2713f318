"""Check that an environment keeps its protocol, on random walks that are undone and rebuilt."""

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from dag_gfn.gflownet.env.environment import Environment
from dag_gfn.gflownet.env.state import State
from dag_gfn.gflownet.policies.masking import sample_actions

Result = TypeVar("Result")

_DRAWS = 200  # backward trajectories for each parent of a state
_MOST_PARENTS = 20  # of a state to which so many are drawn
_CHECKED = 2  # states at a time
_DEVIATIONS = 6  # that the number of those from one parent may be off

RELATIVE_ERROR = 1e-9
"""Error allowed for log-rewards, relative to the largest: each is a sum of many rounded gains."""


def check_environment(
    environment: Environment,
    *,
    generator: torch.Generator,
    batch_size: int = 32,
    single_rows: int = 2,
    tolerance: float = 1e-5,
    max_steps: int | None = None,
) -> None:
    """Check that an environment keeps its protocol.

    A batch of random walks goes from the initial state until all have stopped. Legal actions are checked in every
    state, every step is undone, and some steps are repeated for single states. The finished objects are then rebuilt
    along backward trajectories, and many of these to a few objects come equally often from each of as many states as
    `num_parents_of_state` says. Whether the rewards are right is left to the tests of each environment.

    Parameters
    ----------
    environment : Environment
    generator : torch.Generator
        On the environment's device.
    batch_size : int
        Number of walks.
    single_rows : int
        Number of walks that are also taken one state at a time.
    tolerance : float
        Relative error allowed between observations of a batch and of single states: logarithms of a vector and of a
        number can differ in their last digit.
    max_steps : int, optional
        By how many steps every walk must have stopped; by default d (d + 1), enough for any that adds an edge or a node
        or closes a layer.

    Raises
    ------
    AssertionError
        If the environment breaks its protocol.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from dag_gfn.gflownet.env.conformance import check_environment
    >>> from dag_gfn.gflownet.env.root_layers import RootLayers
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> environment = RootLayers(LayerWeights.of(np.zeros((3, 4))))
    >>> check_environment(environment, generator=torch.Generator().manual_seed(0), batch_size=4)
    """
    last = environment.num_actions - 1
    assert environment.stop_action == last, f"stop_action is {environment.stop_action}, not the last one"
    state = environment.initial_state(batch_size)
    _check_initial_state(environment, state, batch_size)
    walking = torch.ones(batch_size, dtype=torch.bool, device=environment.device)
    most = environment.num_nodes * (environment.num_nodes + 1) if max_steps is None else max_steps
    on_the_way = []
    for taken in range(most):
        legal = _check_state(environment, state, walking)
        if taken & (taken - 1) == 0:  # at 1, 2, 4, 8, ... steps
            on_the_way.append(state[walking])
        action = random_action(legal, generator).where(walking, environment.stop_action)
        following = unchanged_by(environment.step, "step", state, action)
        _check_step(environment, state, action, following)
        for row in range(min(single_rows, batch_size)):
            _check_single(environment, state, action, following, row, tolerance)
        walking = walking & (action != environment.stop_action)
        state = following
        if not walking.any():
            break
    assert not walking.any(), f"walks go on after {most} steps"
    _check_backward_actions(environment, state, generator)
    for states in (*on_the_way, state):
        _check_parents(environment, states, generator)


def _check_initial_state(environment: Environment, state: State, batch_size: int) -> None:
    alone = environment.initial_state(1)
    for rows, given in ((batch_size, state), (1, alone)):
        assert len(given) == rows, f"initial_state({rows}) has {len(given)} rows"
    for row in range(batch_size):
        assert same(state[row : row + 1], alone), "initial states differ"
    assert not environment.num_parents_of_state(state).any(), "the initial state has parents"


def _check_state(environment: Environment, state: State, walking: Tensor) -> Tensor:
    """Check what holds in every state, and return its legal actions; rows that are not walking have stopped."""
    assert state.log_reward.dtype == torch.float64, f"log_reward is {state.log_reward.dtype}, not float64"
    assert state.log_reward[walking].isfinite().all(), "a state that is reached has no finite log_reward"
    shape = (len(state), environment.num_nodes)
    assert state.outcome.shape == shape, f"outcome has shape {tuple(state.outcome.shape)}, not {shape}"
    seen = unchanged_by(environment.observe, "observe", state)
    assert len(seen) == len(state), f"an observation of {len(state)} states has {len(seen)} rows"
    legal = seen.legal_actions
    expected = (len(state), environment.num_actions)
    assert legal.shape == expected, f"legal actions have shape {tuple(legal.shape)}, not {expected}"
    assert legal.any(1).all(), "a state has no legal action"
    stop = legal[:, environment.stop_action]
    if environment.every_state_terminal:
        assert stop.all(), "every state is terminal, and one may not stop in each"
    else:
        others = legal.sum(1) - stop.long()
        assert torch.equal(stop, others == 0), "one may stop where there are other actions"
    return legal


def _check_step(environment: Environment, state: State, action: Tensor, following: State) -> None:
    """Check that stopping changes nothing, and that every other step changes the state and can be undone."""
    stops = action == environment.stop_action
    assert same(state[stops], following[stops]), "stopping changes a state"
    counted = unchanged_by(environment.num_parents_of_state, "num_parents_of_state", following)
    assert (counted[~stops] >= 1).all(), "num_parents_of_state is 0 after a step"
    before = unchanged_by(environment.undo, "undo", following[~stops], action[~stops])
    assert torch.equal(before.outcome, state.outcome[~stops]), "undo does not give the outcome before a step"
    expected = state.log_reward[~stops].cpu().numpy()
    require_close(before.log_reward.cpu().numpy(), expected, "log_reward of an undone step", scale=expected)
    legal = [environment.observe(of).legal_actions for of in (before, state[~stops])]
    assert torch.equal(*legal), "an undone step leaves other legal actions than there were"


def _check_single(
    environment: Environment, state: State, action: Tensor, following: State, row: int, tolerance: float
) -> None:
    """Check that a step and an observation give the same for a state in a batch and alone."""
    alone = slice(row, row + 1)
    by_itself = environment.step(state[alone], action[alone])
    precise = min(tolerance, RELATIVE_ERROR)
    assert same(by_itself, following[alone], precise), "a step of a batch differs from single steps"
    whole, part = environment.observe(state), environment.observe(state[alone])
    assert same(whole[alone], part, tolerance), "observe on a batch differs from single observations"


def _check_backward_actions(environment: Environment, state: State, generator: torch.Generator) -> None:
    """Check that backward trajectories, read forwards, take legal steps and end in the given states."""
    beginning = generator.get_state()
    actions, lengths = unchanged_by(
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
    for t, action in enumerate(actions.T):
        going = t < lengths
        legal = environment.observe(rebuilt).legal_actions.gather(1, action[:, None]).squeeze(1)
        assert legal[going].all(), "a backward trajectory takes an illegal step"
        rebuilt = environment.step(rebuilt, action)
    assert torch.equal(rebuilt.outcome, state.outcome), "backward actions build another state"
    assert environment.observe(rebuilt).legal_actions[:, environment.stop_action].all(), (
        "backward actions end where one may not stop"
    )
    expected = state.log_reward.cpu().numpy()
    require_close(rebuilt.log_reward.cpu().numpy(), expected, "log_reward of a rebuilt state", scale=expected)


def _check_parents(environment: Environment, state: State, generator: torch.Generator) -> None:
    """Check that backward trajectories come equally often from as many states as are counted."""
    counted = environment.num_parents_of_state(state)
    counted = counted.where(counted <= _MOST_PARENTS, 0)
    most, rows = counted.topk(min(_CHECKED, len(counted)))
    for row, parents in zip(rows[most > 0].tolist(), most[most > 0].tolist(), strict=True):
        copies = state[torch.full((_DRAWS * parents,), row, device=counted.device)]
        actions, lengths = environment.backward_actions(copies, generator=generator)
        assert (lengths >= 1).all(), "a backward trajectory has no step, and its state has parents"
        last = actions.gather(1, lengths[:, None] - 1)
        times = last.unique(return_counts=True)[1]
        assert len(times) == parents, (
            f"num_parents_of_state is {parents} where backward trajectories come from {len(times)}"
        )
        assert ((times - _DRAWS).abs() <= _DEVIATIONS * _DRAWS**0.5).all(), (
            "backward_actions do not come from each of the states that lead to a state equally often"
        )


def random_action(legal: Tensor, generator: torch.Generator) -> Tensor:
    """Draw a legal action for each state.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.env.conformance import random_action
    >>> legal = torch.tensor([[False, True, False], [False, False, True]])
    >>> random_action(legal, torch.Generator().manual_seed(0)).tolist()
    [1, 2]
    """
    log_p = legal.to(torch.float32).log()
    log_p[:, -1] -= 1.0  # stop less often, so that graphs with many edges occur
    return sample_actions(log_p, generator=generator)


def _tensors(record: object) -> list[Tensor]:
    """Return the tensors of a record of tensors, or the tensor itself."""
    if isinstance(record, Tensor):
        return [record]
    assert is_dataclass(record)
    return [getattr(record, field.name) for field in fields(record)]


def same(a: object, b: object, tolerance: float = 0.0) -> bool:
    """Return whether two tensors, or two records of tensors, are equal, floating-point numbers up to a tolerance.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.env.conformance import same
    >>> same(torch.tensor([1.0]), torch.tensor([1.001])), same(torch.tensor([1.0]), torch.tensor([1.001]), 0.01)
    (False, True)
    """
    return all(
        torch.equal(x, y) or (x.is_floating_point() and torch.allclose(x, y, rtol=tolerance, atol=tolerance))
        for x, y in zip(_tensors(a), _tensors(b), strict=True)
    )


def unchanged_by(method: Callable[..., Result], name: str, *inputs: object) -> Result:
    """Return the result of a method, and check that the method does not change its inputs.

    Raises
    ------
    AssertionError
        If it does.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.env.conformance import unchanged_by
    >>> unchanged_by(torch.Tensor.neg, "neg", torch.tensor([1.0])).tolist()
    [-1.0]
    >>> unchanged_by(torch.Tensor.neg_, "neg_", torch.tensor([1.0]))
    Traceback (most recent call last):
        ...
    AssertionError: neg_ changes its input
    """
    before = [[tensor.clone() for tensor in _tensors(given)] for given in inputs]
    result = method(*inputs)
    for given, tensors in zip(inputs, before, strict=True):
        unchanged = all(torch.equal(x, y) for x, y in zip(_tensors(given), tensors, strict=True))
        assert unchanged, f"{name} changes its input"
    return result


def require_close(
    found: np.ndarray, expected: np.ndarray, what: str, *, scale: np.ndarray, relative: float = RELATIVE_ERROR
) -> None:
    """Check that numbers agree within a share of the largest absolute value of `scale`, and infinities exactly.

    Raises
    ------
    AssertionError
        If they do not.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.gflownet.env.conformance import require_close
    >>> require_close(np.array([1.5]), np.array([1.0]), "score", scale=np.array([100.0]), relative=0.001)
    Traceback (most recent call last):
        ...
    AssertionError: score off by 0.5 nats, more than 0.1
    """
    allowed = relative * max(1.0, float(np.abs(scale).max(initial=0.0)))
    finite = np.isfinite(expected)
    assert np.array_equal(found[~finite], expected[~finite]), f"{what}: finite where it should not be"
    error = float(np.abs(found[finite] - expected[finite]).max(initial=0.0))
    assert error <= allowed, f"{what} off by {error:.3g} nats, more than {allowed:.3g}"
