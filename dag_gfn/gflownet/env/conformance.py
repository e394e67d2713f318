"""Whether an environment keeps its protocol, checked on random walks that are undone and built anew."""

from dataclasses import fields, is_dataclass

import numpy as np
import torch
from torch import Tensor

from dag_gfn.gflownet.env.environment import Environment
from dag_gfn.gflownet.env.state import State
from dag_gfn.gflownet.policies.masking import sample_actions

RELATIVE_ERROR = 1e-9
"""Error allowed on log-rewards, as a share of the largest of them: each is a sum of many rounded gains."""


def check_environment(
    environment: Environment,
    *,
    generator: torch.Generator,
    batch_size: int = 32,
    single_rows: int = 2,
    tolerance: float = 1e-5,
) -> None:
    """Hold any environment to its protocol.

    A batch of random walks goes from the initial state until all have stopped. On the way, every step is undone, some
    are taken alone, and what is legal is looked at. Then what the walks have finished is built once more along
    backward trajectories. That rewards are the right ones is for each environment's own tests to see.

    Parameters
    ----------
    environment : Environment
    generator : torch.Generator
        On the environment's device.
    batch_size : int
        Number of walks.
    single_rows : int
        How many of them are also taken one at a time.
    tolerance : float
        Relative error allowed on what is observed of a batch against single rows: logarithms of a vector and of a
        number can differ in their last digit.

    Raises
    ------
    AssertionError
        If the environment does not do what its protocol says.
    """
    last = environment.num_actions - 1
    assert environment.stop_action == last, f"stop_action is {environment.stop_action}, not the last one"
    state = environment.initial_state(batch_size)
    _check_initial_state(environment, state, batch_size)
    walking = torch.ones(batch_size, dtype=torch.bool, device=environment.device)
    most = environment.num_nodes * (environment.num_nodes + 1)  # an edge, or a layer, adds to what there is
    for _ in range(most):
        legal = _check_state(environment, state, walking)
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


def _check_initial_state(environment: Environment, state: State, batch_size: int) -> None:
    alone = environment.initial_state(1)
    for rows, given in ((batch_size, state), (1, alone)):
        assert len(given) == rows, f"initial_state({rows}) has {len(given)} rows"
    for row in range(batch_size):
        assert same(state[row : row + 1], alone), "initial states differ"
    assert not environment.num_parents_of_state(state).any(), "the initial state has parents"


def _check_state(environment: Environment, state: State, walking: Tensor) -> Tensor:
    """Check what holds of every state, and return its legal actions; some no longer walk, but have stopped."""
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
    """Check that stopping changes nothing, and that any other step leads to another state and can be undone."""
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
    """Check that a row of a batch fares as it does alone."""
    alone = slice(row, row + 1)
    by_itself = environment.step(state[alone], action[alone])
    precise = min(tolerance, RELATIVE_ERROR)
    assert same(by_itself, following[alone], precise), "a step of a batch differs from single steps"
    whole, part = environment.observe(state), environment.observe(state[alone])
    assert same(whole[alone], part, tolerance), "observe on a batch differs from single observations"


def _check_backward_actions(environment: Environment, state: State, generator: torch.Generator) -> None:
    """Check that backward trajectories, read forwards, take legal steps to the very states they are for."""
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


def random_action(legal: Tensor, generator: torch.Generator) -> Tensor:
    """Draw a legal action for each state."""
    log_p = legal.to(torch.float32).log()
    log_p[:, -1] -= 1.0  # stop somewhat less often, to see graphs with many edges
    return sample_actions(log_p, generator=generator)


def _tensors(record: object) -> list[Tensor]:
    """Return the tensors of a record of tensors, or the tensor itself."""
    if isinstance(record, Tensor):
        return [record]
    assert is_dataclass(record)
    return [getattr(record, field.name) for field in fields(record)]


def same(a: object, b: object, tolerance: float = 0.0) -> bool:
    """Return whether two records, or tensors, are equal in every number, or nearly in those that are not whole."""
    return all(
        torch.equal(x, y) or (x.is_floating_point() and torch.allclose(x, y, rtol=tolerance, atol=tolerance))
        for x, y in zip(_tensors(a), _tensors(b), strict=True)
    )


def unchanged_by(method, name: str, *inputs):
    """Return what the method returns, having checked that it leaves its inputs alone."""
    before = [[tensor.clone() for tensor in _tensors(given)] for given in inputs]
    result = method(*inputs)
    for given, tensors in zip(inputs, before, strict=True):
        unchanged = all(torch.equal(x, y) for x, y in zip(_tensors(given), tensors, strict=True))
        assert unchanged, f"{name} changes its input"
    return result


def require_close(
    found: np.ndarray, expected: np.ndarray, what: str, *, scale: np.ndarray, relative: float = RELATIVE_ERROR
) -> None:
    """Compare within a share of the largest absolute value of `scale`; infinities must agree."""
    allowed = relative * max(1.0, float(np.abs(scale).max(initial=0.0)))
    finite = np.isfinite(expected)
    assert np.array_equal(found[~finite], expected[~finite]), f"{what}: finite where it should not be"
    error = float(np.abs(found[finite] - expected[finite]).max(initial=0.0))
    assert error <= allowed, f"{what} off by {error:.3g} nats, more than {allowed:.3g}"
