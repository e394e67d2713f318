r"""The environment that builds the root layering of a DAG node by node, with all parent sets summed out.

The roots of a DAG are its first layer; the roots of what remains without them are the second layer, and so on. The
reward of a layering is the sum of R(G) over all DAGs G that have it, :math:`\prod_v g_v(U, Q)`
(:mod:`dag_gfn.layerings.layer_weights`). The rewards of all layerings sum to :math:`\sum_G R(G)`.
"""

import math

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, Int64
from torch import Tensor

from dag_gfn.gflownet.env.layer_state import LayerState
from dag_gfn.gflownet.policies.independent_nodes import log_available, log_no_pair
from dag_gfn.gflownet.policies.layer_observation import LayerObservation
from dag_gfn.graphs.possible_parents import PossibleParents
from dag_gfn.graphs.subsets import unpack
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.layerings.node_weights import CANCELLED, exact_log_node_weights

MIN_DEAD_END = 1e5
"""Least penalty of a dead end in training, in nats."""

_NO_SHARE = -1000.0
"""Least log-share in an observation, in nats."""


class RootLayers:
    r"""The environment of root layerings.

    Action v < d adds node v to the open layer, d closes that layer, d + 1 stops. The nodes of a layer are added in
    increasing order, so there is exactly one way to build a layering: every state but the initial one has one
    predecessor, there is no backward policy to choose, and the probability of a finished layering is that of its
    trajectory.

    A layer can be closed if it has a node, if every unplaced node can still gain a parent in a later layer, and if
    possible parents lead from it to every unplaced node. Stopping is legal, and is then the only legal action, when all
    nodes are placed. Constraints can also lead to a state without any other action. Such a state is `dead`: its reward
    is 0 and its only action is the stop. Training needs finite numbers, so its `log_reward` is the product so far less
    `dead_end` nats, more than the difference of any two layerings.

    Before the stop, rewards are unfinished products; only finished layerings stand for DAGs.

    Parameters
    ----------
    weights : LayerWeights
    device : torch.device or str

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from dag_gfn.gflownet.env.root_layers import RootLayers
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> environment = RootLayers(LayerWeights.of(np.zeros((2, 2))))  # two nodes, R(G) = 1
    >>> layerings = environment.state_of(torch.tensor([[0, 0], [0, 1], [1, 0]]))
    >>> layerings.log_reward.exp().round(decimals=6).tolist()  # one DAG in each: empty, 0 -> 1, 1 -> 0
    [1.0, 1.0, 1.0]
    """

    every_state_terminal = False

    def __init__(self, weights: LayerWeights, *, device: torch.device | str = "cpu"):
        d = weights.d
        self.weights = weights
        self.device = torch.device(device)
        self.num_nodes = d
        self.num_actions = d + 2
        self.stop_action = d + 1
        self._sums = torch.from_numpy(weights.log_sums).to(self.device).reshape(-1)
        self._nodes = torch.arange(d, device=self.device)
        # a matrix product is the fastest way to add the places of the members of a set, and exact below 2^53
        places = torch.from_numpy(weights.possible.by_node(weights.places, 0))
        self._places = places.to(self.device, torch.float64).T.contiguous()
        self._log_factors = None
        if weights.has_outside:
            log_odds = torch.from_numpy(weights.possible.by_node(weights.log_odds, -np.inf))
            self._log_factors = log_odds.to(self.device).exp().log1p().T.contiguous()
        self._first = self._nodes * weights.log_sums.shape[1]
        self._may_gain = _Relation(weights.may_gain, weights.possible, self.device)
        everyone = torch.ones(1, d, dtype=torch.bool, device=self.device)
        self._log_all = self._within(everyone)  # (1, d): log ŵ_v of all parent sets
        others = ~torch.eye(d, dtype=torch.bool, device=self.device)
        self._log_without = (self._within(others) - self._log_all).T.float()
        self.dead_end = max(MIN_DEAD_END, 2.0 * _spread(weights))
        self._initial = self._initial_row()

    @property
    def log_all(self) -> Float[Tensor, " d"]:
        """log ŵ_v of all parent sets of each node, in nats and on the scale of the weights."""
        return self._log_all[0]

    @property
    def log_without(self) -> Float[Tensor, "d d"]:
        """At [u, w], the log-share of the parent sets of u that do not contain w."""
        return self._log_without

    def _initial_row(self) -> LayerState:
        nobody = torch.zeros(1, self.num_nodes, dtype=torch.bool, device=self.device)
        empty = self._within(nobody)
        return self._with_legal(
            log_reward=torch.full((1,), self.weights.log_scale, dtype=torch.float64, device=self.device),
            layer_of=torch.full_like(self._nodes, -1).unsqueeze(0),
            closed=torch.zeros(1, dtype=torch.long, device=self.device),
            log_now=empty,
            log_within=empty,
            log_next=empty,
            dead=torch.zeros(1, dtype=torch.bool, device=self.device),
        )

    def initial_state(self, batch_size: int) -> LayerState:
        """Return `batch_size` copies of the state in which no node is placed."""
        return self._initial[torch.zeros(batch_size, dtype=torch.long, device=self.device)]

    def observe(self, state: LayerState) -> LayerObservation:
        """Return where the nodes are, the shares of their weights that are left, and the legal actions."""
        closed, placed = state.closed.unsqueeze(1), state.layer_of >= 0
        now = (state.log_now - self._log_all).clamp_(min=_NO_SHARE).float()
        later = _log_rest(state.log_within, self._log_all)
        available = log_available(now, later, state.legal[:, : self.num_nodes])
        return LayerObservation(
            legal=state.legal,
            placed=placed & (state.layer_of < closed),
            last=placed & (state.layer_of == closed - 1),
            open=state.layer_of == closed,
            now=now,
            later=later,
            beyond=_log_rest(state.log_next, self._log_all),
            clash=log_no_pair(~placed, available, self._log_without),
        )

    def step(self, state: LayerState, action: Int[Tensor, " b"]) -> LayerState:
        """Add a node to the open layer, close that layer, or leave the state unchanged where the action is the stop."""
        d = self.num_nodes
        adds, closing = (action < d).unsqueeze(1), (action == d).unsqueeze(1)
        node = action.clamp_max(d - 1).unsqueeze(1)
        old_layer = state.layer_of.gather(1, node)
        layer_of = state.layer_of.scatter(1, node, old_layer.where(~adds, state.closed.unsqueeze(1)))
        opened = state.layer_of == state.closed.unsqueeze(1)
        meets = self._may_gain.some_in(opened) & (state.log_next > -torch.inf)
        log_now = _log_difference(state.log_next, state.log_within).where(meets, -torch.inf)
        gain = self._gain(state, node).where(adds, 0.0).squeeze(1)
        impossible = gain == -torch.inf
        return self._with_legal(
            log_reward=state.log_reward + gain.masked_fill(impossible, -self.dead_end),
            layer_of=layer_of,
            closed=state.closed + closing.squeeze(1),
            log_now=log_now.where(closing, state.log_now),
            log_within=state.log_next.where(closing, state.log_within),
            log_next=self._within(layer_of >= 0),
            dead=state.dead | impossible,
            stopped=action == self.stop_action,
        )

    def _with_legal(
        self,
        log_reward: Float[Tensor, " b"],
        layer_of: Int[Tensor, "b d"],
        closed: Int[Tensor, " b"],
        log_now: Float[Tensor, "b d"],
        log_within: Float[Tensor, "b d"],
        log_next: Float[Tensor, "b d"],
        dead: Bool[Tensor, " b"],
        stopped: Bool[Tensor, " b"] | None = None,
    ) -> LayerState:
        """Return the state with its legal actions; if it has just become a dead end, its reward is lowered."""
        unplaced, is_open = layer_of < 0, layer_of == closed.unsqueeze(1)
        highest = torch.where(is_open, self._nodes, -1).amax(1, keepdim=True)
        adds = unplaced & (self._nodes > highest) & (log_now > -torch.inf)
        # stuck: no later layer gives it a parent in the layer before
        stuck = unplaced & ~self._may_gain.some_in(unplaced | is_open)
        follows = unplaced & self._may_gain.some_in(is_open) & (log_next > -torch.inf)
        closes = (highest >= 0) & ~stuck.any(1, keepdim=True) & follows.any(1, keepdim=True)
        if not self._may_gain.is_full:
            closes = closes & self._reaches_all(is_open, unplaced)
        stops = ~adds.any(1, keepdim=True) & ~closes
        stuck_now = (stops & unplaced.any(1, keepdim=True)).squeeze(1)
        lowered = stuck_now if stopped is None else stuck_now & ~stopped
        legal = torch.cat([adds, closes, stops], dim=1)
        return LayerState(
            log_reward - self.dead_end * lowered,
            layer_of,
            closed,
            log_now,
            log_within,
            log_next,
            dead | stuck_now,
            legal,
        )

    def _reaches_all(self, layer: Bool[Tensor, "b d"], unplaced: Bool[Tensor, "b d"]) -> Bool[Tensor, "b 1"]:
        """Return whether possible parents lead from each open layer to every unplaced node.

        Every node of a later layer has a parent in the layer before it, so other nodes could never be placed.
        """
        reached = layer
        for _ in range(self.num_nodes):
            more = layer | (unplaced & self._may_gain.some_in(reached))
            left = unplaced & ~more
            if not left.any() or torch.equal(more, reached):
                break
            reached = more
        return left.logical_not().all(1, keepdim=True)

    def num_parents_of_state(self, state: LayerState) -> Int[Tensor, " b"]:
        """Return 1, and 0 for the initial state."""
        return (state.layer_of >= 0).any(1).long()

    def backward_actions(
        self, state: LayerState, *, generator: torch.Generator | None = None
    ) -> tuple[Int[Tensor, "b t"], Int[Tensor, " b"]]:
        """Return the only sequence of actions that builds each state, padded with stops, and its length."""
        return self._actions(state.layer_of, state.closed)

    def _actions(
        self, layer_of: Int[Tensor, "b d"], closed: Int[Tensor, " b"]
    ) -> tuple[Int[Tensor, "b t"], Int[Tensor, " b"]]:
        d = self.num_nodes
        order = torch.where(layer_of >= 0, layer_of * d + self._nodes, d * d).argsort(dim=1)
        layers = layer_of.gather(1, order)
        lengths = (layer_of >= 0).sum(1) + closed
        longest = int(lengths.max()) if len(lengths) else 0
        # a node of layer l comes after l closings; the places that no node takes are the closings
        place = torch.where(layers >= 0, self._nodes + layers, longest)
        actions = torch.full((len(layer_of), longest + 1), d, device=self.device)
        actions = actions.scatter(1, place, order)[:, :longest]
        steps = torch.arange(longest, device=self.device)
        return actions.where(steps < lengths.unsqueeze(1), self.stop_action), lengths

    def state_of(self, layer_of: Int[Tensor, "b d"], closed: Int[Tensor, " b"] | None = None) -> LayerState:
        """Return the states of given layerings, built from the start; by default the last layer is open."""
        if closed is None:
            closed = layer_of.amax(1)
        actions, _ = self._actions(layer_of, closed)
        state = self.initial_state(len(layer_of))
        for action in actions.T:
            state = self.step(state, action)
        return state

    def undo(self, state: LayerState, action: Int[Tensor, " b"]) -> LayerState:
        """Return the states before the given actions, built from the start."""
        d = self.num_nodes
        opened = (action == d).long()
        node = action.clamp_max(d - 1).unsqueeze(1)
        placed = state.layer_of.gather(1, node)
        layer_of = state.layer_of.scatter(1, node, placed.where(action.unsqueeze(1) >= d, -1))
        return self.state_of(layer_of, state.closed - opened)

    def _within(self, members: Bool[Tensor, "b d"]) -> Float[Tensor, "b d"]:
        """Return log ŵ_v(U) of each set U of nodes, for every node v."""
        inside = members.double()
        sums = self._sums[(inside @ self._places).long() + self._first]
        return sums if self._log_factors is None else sums + inside @ self._log_factors

    def _gain(self, state: LayerState, node: Int[Tensor, "b 1"]) -> Float[Tensor, "b 1"]:
        """Return log g of one node of each state, computed term by term where the difference of weights cancels."""
        gain = state.log_now.gather(1, node)
        cancelled = gain - state.log_within.gather(1, node) <= _LOG_BOUND
        rows = (
            (cancelled.squeeze(1) & (state.closed > 0) & (gain.squeeze(1) > -torch.inf)).nonzero().squeeze(1)
        )
        if len(rows):
            closed, layer_of = state.closed[rows].unsqueeze(1), state.layer_of[rows]
            placed = torch.where((layer_of >= 0) & (layer_of < closed), layer_of, self.num_nodes)
            exact = exact_log_node_weights(
                self.weights.tables,
                *(each.cpu().numpy() for each in (node[rows, 0], placed, closed[:, 0])),
            )
            gain[rows, 0] = torch.from_numpy(exact).to(self.device)
        return gain


class _Relation:
    """Which nodes may be parents of which, as words of bits; as a matrix where they do not fit one word."""

    def __init__(self, masks: Int64[np.ndarray, " d"], possible: PossibleParents, device: torch.device):
        self._bits = self._masks = None
        may = unpack(masks, possible.size)
        if possible.is_all:
            self._masks = torch.from_numpy(masks).to(device)
            self._bits = 1 << torch.arange(possible.d, device=device)
        self._matrix = torch.from_numpy(possible.by_node(may, False).T.copy()).to(device, torch.float32)
        self.is_full = bool(may.sum() == possible.d * (possible.d - 1))

    def some_in(self, nodes: Bool[Tensor, "b d"]) -> Bool[Tensor, "b d"]:
        """Return, for each node, whether it may have a parent in a set of nodes."""
        if self._masks is None or self._bits is None:
            return nodes.float() @ self._matrix > 0
        return self._masks & (nodes * self._bits).sum(1, keepdim=True) != 0


_LOG_BOUND = math.log(2 * CANCELLED) + 1e-9
"""Log of the share of a weight below which a difference is only an upper bound."""


def _spread(weights: LayerWeights) -> float:
    """Return an upper bound of the difference of the log-weights of any two layerings, in nats."""
    finite = np.where(weights.log_weights > -np.inf, weights.log_weights, 0.0)
    odds = np.where(weights.log_odds > -np.inf, np.abs(weights.log_odds), 0.0)
    return float(-finite.min(axis=1).sum() + odds.sum()) + weights.d * math.log(2.0) * weights.d


def _log_difference(larger: Float[Tensor, "b d"], smaller: Float[Tensor, "b d"]) -> Float[Tensor, "b d"]:
    """Return log(exp(larger) - exp(smaller)), or an upper bound where the difference nearly cancels."""
    share = (-torch.expm1(smaller - larger)).nan_to_num(
        nan=1.0
    )  # NaN where both are -inf; the result is -inf
    return larger + share.clamp_min(2 * CANCELLED).log()


def _log_rest(part: Float[Tensor, "b d"], whole: Float[Tensor, "1 d"]) -> Float[Tensor, "b d"]:
    """Return the log-share of the whole that is not in the part."""
    return (-torch.expm1(part - whole)).log().clamp_(min=_NO_SHARE).float()
