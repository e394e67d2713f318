r"""Imitation of DAGs near the posterior: the loss on their unfinished states.

If the DAGs x are draws of the posterior and their edges are added in random order, the policy that samples the
posterior is the one that makes these trajectories most probable: it minimises the forward Kullback-Leibler divergence.
Given x and a state s on the way to it, each of the remaining edges is the next one with the same probability, so the
loss of a state is a mean over them instead of one of them:

.. math:: L(s, x) = -\frac{1}{|x \setminus s|} \sum_{e \in x \setminus s} \log P_F(e \mid s),
          \qquad L(x, x) = -\log P_F(\top \mid x).

A step draws many states of different graphs, which say more than the successive states of a few.
"""

from typing import final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from dag_gfn.gflownet.env.dag_state import closure, unpack_bits
from dag_gfn.gflownet.env.edge_addition import EdgeAddition
from dag_gfn.gflownet.policies.masking import masked_log_softmax
from dag_gfn.gflownet.policies.policy import Policy


@final
class StateImitation:
    """Draws states on the way to given DAGs, and says how far a policy is from going there.

    Parameters
    ----------
    environment : EdgeAddition
    parents : Tensor, shape (m, d), int64
        Parent masks of the DAGs; those without support are left out.
    num_states : int
        States of a loss.

    Raises
    ------
    ValueError
        If no DAG has support.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.gflownet.edges.imitation import StateImitation
    >>> from dag_gfn.gflownet.env.edge_addition import EdgeAddition
    >>> from dag_gfn.gflownet.policies.uniform import UniformPolicy
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> table = ScoreTable.build(make_score("bge", from_array(np.random.default_rng(0).normal(size=(9, 2)))))
    >>> one_edge = torch.tensor([[0, 1]])  # from the empty graph, two edges or the stop; then the stop alone
    >>> imitation = StateImitation(EdgeAddition(table), one_edge, num_states=4096)
    >>> loss = imitation.loss(UniformPolicy(), generator=torch.Generator().manual_seed(0))
    >>> bool(abs(loss.item() - np.log(3)) < 0.1)
    True
    """

    def __init__(self, environment: EdgeAddition, parents: Int[Tensor, "m d"], *, num_states: int):
        self.environment, self.num_states = environment, num_states
        parents = parents.to(environment.device)
        supported = torch.cat(
            [environment.state_of(part, closure(part)).log_reward.isfinite() for part in parents.split(4096)]
        )
        self.parents = parents[supported]
        if not len(self.parents):
            raise ValueError("no graph has support")

    def loss(self, policy: Policy, *, generator: torch.Generator) -> Float[Tensor, ""]:
        """Return the mean over random graphs of -log P_F of a trajectory to them, in nats."""
        environment, device = self.environment, self.environment.device
        rows = torch.randint(len(self.parents), (self.num_states,), generator=generator, device=device)
        parents = self.parents[rows]
        required = environment.initial_state(1).parents
        removable = unpack_bits(parents & ~required).flatten(1)
        length = removable.sum(1)
        kept = (torch.rand(len(rows), generator=generator, device=device) * (length + 1)).long()
        keys = torch.rand(removable.shape, generator=generator, device=device)
        rank = keys.masked_fill(~removable, 2.0).argsort(dim=1).argsort(dim=1)
        remaining = removable & (rank >= kept.minimum(length).unsqueeze(1))
        d = environment.num_nodes
        present = (removable & ~remaining).view(-1, d, d)
        bits = (1 << torch.arange(d, device=device)).unsqueeze(1)
        states = required | (present * bits).sum(1)
        observation = environment.observe(environment.state_of(states, closure(states)))
        log_p = masked_log_softmax(policy(observation), observation.legal_actions)
        count = remaining.sum(1)
        edges = log_p[:, :-1].masked_fill(~remaining, 0.0).sum(1) / count.clamp_min(1)
        # a trajectory has one state for each number of edges, and one is drawn
        return -(log_p[:, -1].where(count == 0, edges) * (length + 1)).mean()
