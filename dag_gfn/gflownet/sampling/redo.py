r"""Draws of a policy, brought nearer to the posterior by moves of the policy itself.

A move undoes some of the last steps of an object x in a random order of its steps, down to a state s, and lets the
policy go on from there to a new object x'. With k of the n steps of x undone, k uniform from 0 to n, it is accepted
with the probability of Metropolis and Hastings,

.. math:: \min\left(1,\; \frac{R(x')\, P_B(s \mid x')\, P_F(s \to x)\, (n + 1)}
                              {R(x)\, P_B(s \mid x)\, P_F(s \to x')\, (n' + 1)}\right),

where the products of probabilities are along the paths between s and the objects. Any policy leaves the posterior
unchanged by such moves; a better one has more of them accepted.

References
----------
Zhang, Malkin, Liu, Volokhova, Courville and Bengio, Generative Flow Networks for Discrete Probabilistic Modeling,
ICML 2022 (undoing and redoing part of a trajectory); Kim et al., Local Search GFlowNets, ICLR 2024.
"""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from dag_gfn.gflownet.env.environment import Environment
from dag_gfn.gflownet.env.state import State
from dag_gfn.gflownet.policies.masking import masked_log_softmax, sample_actions
from dag_gfn.gflownet.policies.policy import Policy


@torch.no_grad()
def redo(
    environment: Environment, policy: Policy, objects: State, *, generator: torch.Generator
) -> tuple[State, Bool[Tensor, " b"]]:
    """Undo some steps of each object and let the policy go on from there; return the objects after it.

    Parameters
    ----------
    environment : Environment
        In which every order of the steps of an object leads to it.
    policy : Policy
        Trained with the uniform backward policy.
    objects : State of b finished objects
    generator : torch.Generator

    Returns
    -------
    objects : State
        The new object of each row where the move was accepted, else the old one.
    accepted : Tensor, shape (b,), bool

    Examples
    --------
    Three graphs on two nodes: wherever one starts, soon they are as frequent as they are probable.

    >>> import numpy as np
    >>> import torch
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.gflownet.env.edge_addition import EdgeAddition
    >>> from dag_gfn.gflownet.policies.uniform import UniformPolicy
    >>> from dag_gfn.gflownet.sampling.redo import redo
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> table = ScoreTable.build(make_score("bge", from_array(np.random.default_rng(0).normal(size=(9, 2)))))
    >>> environment, generator = EdgeAddition(table), torch.Generator().manual_seed(0)
    >>> graphs = environment.initial_state(3000)
    >>> for _ in range(5):
    ...     graphs, accepted = redo(environment, UniformPolicy(), graphs, generator=generator)
    >>> log_r = table.log_reward(np.array([[0, 0], [0, 1], [2, 0]]))
    >>> empty = np.exp(log_r[0] - np.logaddexp.reduce(log_r))
    >>> bool(abs(float((graphs.parents == 0).all(1).double().mean()) - empty) < 0.05)
    True
    """
    steps, lengths = environment.backward_actions(objects, generator=generator)
    drawn = torch.rand(len(lengths), generator=generator, device=environment.device, dtype=torch.float64)
    kept = lengths - (drawn * (lengths + 1)).long().minimum(lengths)
    start = _followed(environment, steps, kept)
    old_weight = _Continuation(environment, policy, start).along(steps, kept, lengths)[1]
    new, new_weight, added = _Continuation(environment, policy, start).drawn(generator)
    log_ratio = new_weight - old_weight + (lengths + 1).double().log() - (kept + added + 1).double().log()
    accepted = (
        torch.rand(len(drawn), generator=generator, device=drawn.device, dtype=torch.float64).log()
        < log_ratio
    )
    return State.concatenate([objects, new])[_rows(accepted)], accepted


@torch.no_grad()
def log_weights_of(
    environment: Environment, policy: Policy, objects: State, *, generator: torch.Generator
) -> Float[Tensor, " b"]:
    """Return log R + log P_B - log P_F of a trajectory to each object, in a random order of its steps.

    Over draws from the posterior the mean exceeds the log evidence, in expectation
    (`dag_gfn.gflownet.sampling.importance.log_evidence_upper_bound`).

    Parameters
    ----------
    environment, policy, objects, generator
        As for `redo`.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.gflownet.env.edge_addition import EdgeAddition
    >>> from dag_gfn.gflownet.policies.uniform import UniformPolicy
    >>> from dag_gfn.gflownet.sampling.redo import log_weights_of
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> table = ScoreTable.build(make_score("bge", from_array(np.random.default_rng(0).normal(size=(9, 2)))))
    >>> environment = EdgeAddition(table)
    >>> graphs = environment.initial_state(2)
    >>> weights = log_weights_of(environment, UniformPolicy(), graphs, generator=torch.Generator())
    >>> (weights - graphs.log_reward).exp().numpy().round(6).tolist()  # the stop is one of three actions
    [3.0, 3.0]
    """
    steps, lengths = environment.backward_actions(objects, generator=generator)
    start = environment.initial_state(len(lengths))
    return _Continuation(environment, policy, start).along(steps, torch.zeros_like(lengths), lengths)[1]


def _rows(accepted: Bool[Tensor, " b"]) -> Int[Tensor, " b"]:
    """Return the row of each object among the old ones and, after them, the new ones."""
    every = torch.arange(len(accepted), device=accepted.device)
    return every + accepted.long() * len(accepted)


def _followed(environment: Environment, steps: Int[Tensor, "b t"], kept: Int[Tensor, " b"]) -> State:
    """Return the states after the first steps of each row."""
    state = environment.initial_state(len(kept))
    for t in range(int(kept.max()) if len(kept) else 0):
        state = environment.step(state, steps[:, t].where(t < kept, environment.stop_action))
    return state


class _Continuation:
    """Walks on from given states until each has stopped, and adds up log R + log P_B - log P_F on the way."""

    def __init__(self, environment: Environment, policy: Policy, start: State):
        self.environment, self.policy, self.start = environment, policy, start

    def along(
        self, steps: Int[Tensor, "b t"], kept: Int[Tensor, " b"], lengths: Int[Tensor, " b"]
    ) -> tuple[State, Float[Tensor, " b"], Int[Tensor, " b"]]:
        """Take the steps from number `kept` on, then stop."""
        last = torch.full_like(kept, self.environment.stop_action).unsqueeze(1)
        steps = torch.cat([steps, last], dim=1)

        def planned(rows: Int[Tensor, " r"], log_p: Float[Tensor, "r a"], taken: int) -> Int[Tensor, " r"]:
            return steps[rows, (kept[rows] + taken).minimum(lengths[rows])]  # a stop beyond the length

        return self._walk(planned)

    def drawn(self, generator: torch.Generator) -> tuple[State, Float[Tensor, " b"], Int[Tensor, " b"]]:
        """Let the policy choose the steps."""
        return self._walk(lambda rows, log_p, taken: sample_actions(log_p, generator=generator))

    def _walk(
        self, choose: Callable[[Int[Tensor, " r"], Float[Tensor, "r a"], int], Int[Tensor, " r"]]
    ) -> tuple[State, Float[Tensor, " b"], Int[Tensor, " b"]]:
        """Return where each row stops, its weight, and the number of its steps."""
        environment, state = self.environment, self.start
        rows = torch.arange(len(state), device=environment.device)
        log_weight = torch.zeros(len(state), dtype=torch.float64, device=environment.device)
        added = torch.zeros_like(rows)
        ended, order, taken = [state[:0]], [rows[:0]], 0
        while len(rows):
            observation = environment.observe(state)
            log_p = masked_log_softmax(self.policy(observation), observation.legal_actions)
            action = choose(rows, log_p, taken)
            log_weight[rows] -= log_p.gather(1, action.unsqueeze(1)).squeeze(1).double()
            stops = action == environment.stop_action
            ended.append(state[stops])
            order.append(rows[stops])
            rows, state = rows[~stops], environment.step(state[~stops], action[~stops])
            log_weight[rows] -= environment.num_parents_of_state(state).double().log()
            added[rows] += 1
            taken += 1
        final = State.concatenate(ended)[torch.cat(order).argsort()]
        return final, log_weight + final.log_final_reward, added
