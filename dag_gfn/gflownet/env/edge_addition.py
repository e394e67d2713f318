"""The environment that builds a DAG by adding edges; every state is a finished DAG."""

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from dag_gfn.gflownet.env.dag_state import DagState, add_edge, closure, unpack_bits
from dag_gfn.gflownet.policies.edge_observation import EdgeObservation
from dag_gfn.scores import ScoreTable


class EdgeAddition:
    """The environment of DAG-GFlowNet: start from the required edges, add legal edges, stop.

    Action ``i * d + j`` adds i -> j; action ``d * d`` stops. An edge is illegal if it is present, would close a cycle,
    or has no finite score gain (it is forbidden, or the node would have too many parents). The uniform backward policy
    removes each of the k edges that are not required with probability 1/k.

    Parameters
    ----------
    table : ScoreTable
        Local scores with prior and constraints, in nats. A complete table is copied to `device`; a lazy table
        is read on the CPU.
    device : torch.device or str
    required : Tensor, shape (d,), int64, optional
        Parent masks of the edges of the initial state, by default the table's required edges. They must contain those.

    References
    ----------
    Deleu et al., Bayesian Structure Learning with Generative Flow Networks, UAI 2022, section 4.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> rows = np.random.default_rng(0).normal(size=(20, 3))
    >>> table = ScoreTable.build(make_score("bge", from_array(rows)), None)
    >>> import torch
    >>> from dag_gfn.gflownet.env.edge_addition import EdgeAddition
    >>> environment = EdgeAddition(table)
    >>> state = environment.step(environment.initial_state(1), torch.tensor([0 * 3 + 1]))  # 0 -> 1
    >>> environment.observe(state).legal[0].int().tolist()  # all other edges but 1 -> 0, which closes a cycle
    [[0, 0, 1], [0, 0, 1], [1, 1, 0]]
    """

    every_state_terminal = True

    def __init__(
        self,
        table: ScoreTable,
        *,
        device: torch.device | str = "cpu",
        required: Int[Tensor, " d"] | None = None,
    ):
        d = table.d
        self.table = table
        self.device = torch.device(device)
        self.num_nodes = d
        self.num_actions = d * d + 1
        self.stop_action = d * d
        self._nodes = torch.arange(d, device=self.device)
        self._bits = 1 << self._nodes
        # [j, i]: the bit of parent i in the index of a parent set of j, which leaves out the bit of j
        bits = self._bits.repeat(d, 1)
        self._index_bits = bits.tril(-1) + (bits >> 1).triu(1)
        self._flat: Tensor | None = None
        if table.is_complete:
            self._flat = torch.from_numpy(table.complete).to(self.device).reshape(-1)
        if required is None:
            required = torch.from_numpy(table.constraints.required)
        self._required = required.to(self.device)
        self._initial = self._initial_row()

    def starting_from(self, required: Bool[Tensor, "d d"]) -> "EdgeAddition":
        """Return the environment whose initial state has the given edges, [i, j] for i -> j."""
        masks = (required.to(self.device) * self._bits.unsqueeze(1)).sum(0)
        return EdgeAddition(self.table, device=self.device, required=masks)

    def _initial_row(self) -> DagState:
        """Return the initial state as a batch of one."""
        parents = self._required.unsqueeze(0)
        return self.state_of(parents, closure(parents))

    def state_of(self, parents: Int[Tensor, "b d"], ancestors: Int[Tensor, "b d"]) -> DagState:
        """Return the states of graphs given by parent and ancestor masks; it looks up O(d^2) scores a graph."""
        b, d = parents.shape
        columns = self._column_gains(self._nodes.repeat(b), parents.reshape(-1)).view(b, d, d)
        local = self._local_scores(self._nodes.repeat(b), parents.reshape(-1)).view(b, d)
        return DagState(local.sum(1), parents, ancestors, columns.transpose(1, 2).contiguous())

    def initial_state(self, batch_size: int) -> DagState:
        """Return `batch_size` copies of the graph with the required edges only."""
        return self._initial[torch.zeros(batch_size, dtype=torch.long, device=self.device)]

    def observe(self, state: DagState) -> EdgeObservation:
        """Return the adjacency matrices, the legal edges and their gains."""
        # [k, i, j]: i -> j would close a cycle where j is an ancestor of i
        legal = ((state.ancestors.unsqueeze(2) & self._bits) == 0) & (state.gains > -torch.inf)
        # multiplication takes a quarter of the time of masked_fill, whose branches are hard to predict
        gains = state.gains.to(torch.float32).nan_to_num_(neginf=0.0).mul_(legal)
        return EdgeObservation(unpack_bits(state.parents), legal, gains)

    def step(self, state: DagState, action: Int[Tensor, " b"]) -> DagState:
        """Add one edge to each graph, or none where the action is the stop.

        Adding i -> j changes the gains in column j only, so a step looks up d scores a graph.
        """
        d = self.num_nodes
        adds = action < self.stop_action
        edge = action.where(adds, 0)  # the stop is computed as adding 0 -> 0, which changes nothing
        source = edge // d
        target = edge - source * d
        column = target.unsqueeze(1)
        mask = state.parents.gather(1, column).squeeze(1) | (adds.long() << source)
        gain = state.gains.flatten(1).gather(1, edge.unsqueeze(1)).squeeze(1).where(adds, 0.0)
        gains = state.gains.scatter(
            2, column.unsqueeze(2).expand(-1, d, 1), self._column_gains(target, mask).unsqueeze(2)
        )
        return DagState(
            parents=state.parents.scatter(1, column, mask.unsqueeze(1)),
            ancestors=add_edge(state.ancestors, source, target),
            gains=gains,
            log_reward=state.log_reward + gain,
        )

    def removable(self, state: DagState) -> Int[Tensor, "b d"]:
        """Return the parent masks of the edges that a backward step may remove: all but the required ones."""
        return state.parents & ~self._required

    def num_parents_of_state(self, state: DagState) -> Int[Tensor, " b"]:
        """Return the number of edges that a backward step may remove."""
        return unpack_bits(self.removable(state)).sum(dim=(1, 2))

    def backward_actions(
        self, state: DagState, *, generator: torch.Generator
    ) -> tuple[Int[Tensor, "b t"], Int[Tensor, " b"]]:
        """Draw a uniformly random order of the edges of each graph: a trajectory of the uniform backward policy.

        Returns
        -------
        actions : Tensor, shape (b, t), int64
            Edges in the order in which they are added, padded with ``stop_action``; t is the largest number of edges
            in the batch.
        lengths : Tensor, shape (b,), int64
        """
        present = unpack_bits(self.removable(state)).flatten(1)
        keys = torch.rand(present.shape, generator=generator, device=self.device)
        order = keys.masked_fill(~present, 2.0).argsort(dim=1)
        lengths = present.sum(1)
        longest = int(lengths.max()) if len(lengths) else 0
        actions = order[:, :longest]
        steps = torch.arange(longest, device=self.device)
        return actions.where(steps < lengths.unsqueeze(1), self.stop_action), lengths

    def undo(self, state: DagState, action: Int[Tensor, " b"]) -> DagState:
        """Remove one edge from each graph; all gains are looked up again."""
        source, target = action // self.num_nodes, action % self.num_nodes
        return self._without(state.parents, source, target)

    def _without(
        self, parents: Int[Tensor, "b d"], source: Int[Tensor, " b"], target: Int[Tensor, " b"]
    ) -> DagState:
        column = target.unsqueeze(1)
        fewer = parents.gather(1, column) & ~self._bits[source].unsqueeze(1)
        parents = parents.scatter(1, column, fewer)
        return self.state_of(parents, closure(parents))

    def predecessors(self, seen: EdgeObservation) -> tuple[DagState, Int[Tensor, " p"], Int[Tensor, " p"]]:
        """Return the graphs with one removable edge less than the given ones; all gains are looked up again."""
        required = unpack_bits(self._required.unsqueeze(0))
        which, source, target = (seen.adjacency & ~required).nonzero(as_tuple=True)
        parents = (seen.adjacency * self._bits.unsqueeze(1)).sum(1)[which]
        return self._without(parents, source, target), source * self.num_nodes + target, which

    def _index(self, nodes: Int[Tensor, " m"], masks: Int[Tensor, " m"]) -> Int[Tensor, " m"]:
        """Return the index of each family in the flattened complete table, which leaves out the bit of the node."""
        low = masks & ((1 << nodes) - 1)
        return low | ((masks >> (nodes + 1)) << nodes) | (nodes << (self.num_nodes - 1))

    def _local_scores(self, nodes: Int[Tensor, " m"], masks: Int[Tensor, " m"]) -> Float[Tensor, " m"]:
        if self._flat is None:
            return self._look_up(self.table.local_scores, nodes, masks)
        return self._flat[self._index(nodes, masks)]

    def _column_gains(self, nodes: Int[Tensor, " m"], masks: Int[Tensor, " m"]) -> Float[Tensor, "m d"]:
        """Return the gain of adding each node to the given parent sets, -inf where that is impossible."""
        if self._flat is None:
            return self._look_up(self.table.column_gains, nodes, masks)
        present = self._index(nodes, masks).unsqueeze(1)
        larger = present | self._index_bits[nodes]  # (m, d), equal where i is the node or a parent already
        # a parent set of score -inf (a required edge is missing) gives gains of -inf, not NaN
        before = self._flat[present].nan_to_num_(neginf=torch.inf)
        return (self._flat[larger] - before).masked_fill_(larger == present, -torch.inf)

    def _look_up(
        self, lookup: Callable[[np.ndarray, np.ndarray], np.ndarray], nodes: Tensor, masks: Tensor
    ) -> Tensor:
        """Return what a lazy table gives, on the device."""
        return torch.from_numpy(lookup(nodes.cpu().numpy(), masks.cpu().numpy())).to(self.device)
