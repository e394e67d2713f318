"""Every trajectory over few nodes, with the terms of an objective from tables of log-probabilities, in float64."""

import itertools
import math

import numpy as np
import oracles
import torch
from sampler_cases import log_reward

from dag_gfn.gflownet.objectives.objective import FlowTerms
from dag_gfn.gflownet.policies.flow_model import FlowModel

CONSTRAINTS = [
    (2, {}),
    (3, {}),
    (3, {"required": [(0, 2)]}),
    (3, {"forbidden": [(0, 1)]}),
    (3, {"max_parents": 1}),
    (3, {"required": [(1, 0)], "forbidden": [(0, 2)]}),
]


class Lattice:
    """All states and all trajectories of a table's graphs, by number; nothing of the sampler is used.

    State 0 is the first. Trajectories are rows of state numbers and actions, padded with -1.
    """

    def __init__(self, table):
        self.d = d = table.d
        self.stop = d * d
        reward = log_reward(table)
        possible = oracles.posterior(d, reward)
        dags = [dag for dag in oracles.all_dags(d) if dag.tobytes() in possible]
        self.dags = np.array(sorted(dags, key=lambda dag: dag.sum()))
        self.number = {dag.tobytes(): k for k, dag in enumerate(self.dags)}
        first = reward(self.dags[0])
        self.first_log_reward = first
        self.log_reward = torch.tensor([reward(dag) - first for dag in self.dags], dtype=torch.float64)
        self.next = {}  # (state, action) -> state
        for k, dag in enumerate(self.dags):
            for larger, i, j in oracles.one_edge_apart(dag, possible, add=True):
                self.next[k, i * d + j] = self.number[larger.tobytes()]
        self.legal = torch.zeros(len(self.dags), d * d + 1, dtype=torch.bool)
        self.legal[:, -1] = True
        self.removable = torch.zeros(len(self.dags), d * d, dtype=torch.bool)
        for (k, action), larger in self.next.items():
            self.legal[k, action] = True
            self.removable[larger, action] = True
        walks = list(self._walks(0))
        self.state, self.action = (padded(column) for column in zip(*walks, strict=True))

    def _walks(self, state):
        yield [state], [self.stop]
        for (k, action), larger in self.next.items():
            if k == state:
                for states, actions in self._walks(larger):
                    yield [state, *states], [action, *actions]

    def numbers(self, adjacency):
        """Return the numbers of given graphs."""
        return torch.tensor([self.number[np.asarray(dag).tobytes()] for dag in adjacency])

    def rows_of(self, trajectories):
        """Return states and actions, in the form of those here, of trajectories that were sampled."""
        state, action = (torch.full(trajectories.shape, -1).flatten() for _ in range(2))
        state[trajectories.position] = self.numbers(trajectories.observation.adjacency.numpy())
        action[trajectories.position] = trajectories.action
        return state.view(trajectories.shape), action.view(trajectories.shape)

    def log_p(self, logits):
        """Return forward log-probabilities (states, d*d + 1) of tabular logits."""
        return logits.masked_fill(~self.legal, -torch.inf).log_softmax(1)

    def log_pb(self, logits):
        """Return backward log-probabilities (states, d*d) of undoing each edge, of tabular logits."""
        first = logits.new_zeros(1, self.stop)  # nothing to undo
        return torch.cat([first, logits[1:].masked_fill(~self.removable[1:], -torch.inf).log_softmax(1)])

    @property
    def uniform_log_pb(self):
        return self.log_pb(torch.zeros(len(self.dags), self.stop, dtype=torch.float64))

    def logits(self, seed=0, *, requires_grad=False):
        """Return random forward and backward logits."""
        generator = torch.Generator().manual_seed(seed)
        forward = torch.randn(len(self.dags), self.stop + 1, generator=generator, dtype=torch.float64)
        backward = torch.randn(len(self.dags), self.stop, generator=generator, dtype=torch.float64)
        return forward.requires_grad_(requires_grad), backward.requires_grad_(requires_grad)

    def exact(self, log_pb):
        """Return log P_F (states, d*d + 1), log F (states,) and log Z that sample the rewards with this P_B.

        By definition: the flow through anything is Σ R(x) P_B(τ | x) over the trajectories through it.
        """
        through = torch.zeros(self.legal.shape, dtype=torch.float64)
        total = 0.0
        for states, actions in zip(self.state.tolist(), self.action.tolist(), strict=True):
            steps = [(s, a) for s, a in zip(states, actions, strict=True) if s >= 0]
            weight = math.exp(self.log_reward[steps[-1][0]])
            for (_, action), (larger, _) in itertools.pairwise(steps):
                weight *= math.exp(log_pb[larger, action])
            total += weight
            for step in steps:
                through[step] += weight
        flow = through.sum(1)
        return (through / flow[:, None]).log(), flow.log(), math.log(total)

    def inflow(self, log_p):
        """Return the log of the flow into each state, where a stop's flow is the reward; -inf for the first."""
        flows = [[] for _ in self.dags]
        for (k, action), larger in self.next.items():
            flows[larger].append(self.log_reward[k] + log_p[k, action] - log_p[k, -1])
        first = torch.tensor(-torch.inf, dtype=torch.float64)
        return torch.stack([first, *(torch.stack(into).logsumexp(0) for into in flows[1:])])

    def terms(
        self,
        log_p,
        log_pb=None,
        *,
        log_flow=None,
        log_z=None,
        behaviour=None,
        inflow=False,
        rows=None,
        walks=None,
    ):
        """Return the terms of all trajectories, of some rows of them, or of others (states, actions).

        ``behaviour`` is log π of each trajectory, all in its first step.
        """
        state, action = (self.state, self.action) if walks is None else walks
        if rows is not None:
            state, action = state[rows], action[rows]
        log_pb = self.uniform_log_pb if log_pb is None else log_pb
        mask, stops = state >= 0, action == self.stop
        goes_on = mask & ~stops
        here, taken = state.clamp_min(0), action.clamp_min(0)
        after = torch.cat([here[:, 1:], here[:, :1]], dim=1)
        zeros = torch.zeros(state.shape, dtype=torch.float64)
        optional = {}
        if log_flow is not None:
            optional["log_flow"] = log_flow[here].where(mask, 0.0)
            optional["log_flow_next"] = log_flow[after].where(goes_on, 0.0)
        if log_z is not None:
            optional["log_z"] = torch.as_tensor(log_z, dtype=torch.float64)
        if behaviour is not None:
            optional["log_behaviour"] = optional["log_branch"] = torch.cat(
                [behaviour.detach()[:, None], zeros[:, 1:]], dim=1
            )
        if inflow:
            optional["log_inflow"] = self.inflow(log_p)[here].where(mask, 0.0)
        return FlowTerms(
            mask=mask,
            stops=stops,
            can_stop=mask,
            log_pf=log_p[here, taken].where(mask, 0.0),
            log_pb=log_pb[after, taken.clamp_max(self.stop - 1)].where(goes_on, 0.0),
            log_stop=log_p[here, -1].where(mask, 0.0),
            log_stop_next=log_p[after, -1].where(goes_on, 0.0),
            delta_log_reward=(self.log_reward[after] - self.log_reward[here]).where(goes_on, 0.0),
            log_reward=self.log_reward[here].where(mask, 0.0),
            **optional,
        )

    def all_terms(self, log_p, log_pb=None, *, log_flow=None, log_z=0.0, rows=None, walks=None):
        """Return terms with every optional field filled; on-policy where nothing else is said."""
        log_flow = self.log_reward if log_flow is None else log_flow
        plain = self.terms(log_p, rows=rows, walks=walks)
        on_policy = plain.log_pf.sum(1)
        return self.terms(
            log_p,
            log_pb,
            log_flow=log_flow,
            log_z=log_z,
            behaviour=on_policy,
            inflow=True,
            rows=rows,
            walks=walks,
        )

    def model(self, log_p, log_pb=None, *, log_flow=None, log_z=None, forward_looking=False):
        """Return the model that looks all this up."""
        if log_flow is not None and forward_looking:
            log_flow = log_flow - self.log_reward
        return FlowModel(
            LookUp(self, log_p.clamp_min(-1e300)),
            backward=None if log_pb is None else LookUp(self, log_pb),
            state_flow=None if log_flow is None else LookUp(self, log_flow),
            forward_looking=forward_looking,
            log_z=log_z,
        )


class LookUp(torch.nn.Module):
    """Gives each state its row of a table."""

    def __init__(self, lattice, table):
        super().__init__()
        self.lattice, self.table = lattice, table

    def forward(self, observation):
        return self.table[self.lattice.numbers(observation.adjacency.numpy())]

    def keeping(self, required):
        raise NotImplementedError("the table is that of one lattice")


def padded(rows):
    """Return rows of different lengths as a tensor, -1 beyond their ends."""
    longest = max(map(len, rows))
    return torch.tensor([row + [-1] * (longest - len(row)) for row in rows])


def gradients(loss, *inputs):
    """Return the gradient with respect to each input, zero where it plays no part."""
    return torch.autograd.grad(loss, inputs, retain_graph=True, materialize_grads=True)


def assert_same_gradients(first, second, *inputs, factor=1.0, atol=1e-10):
    """Check that the first loss has `factor` times the second's gradient, which is not zero everywhere."""
    one, other = gradients(first, *inputs), gradients(second, *inputs)
    assert any(gradient.abs().max() > 1e-6 for gradient in other)
    for a, b in zip(one, other, strict=True):
        torch.testing.assert_close(a, factor * b, rtol=1e-8, atol=atol)
