"""Build a DAG by adding one edge at a time; every state is a finished DAG."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from dag_gfn.gflownet.env.dag_state import DagState, add_edge, closure, unpack_bits
from dag_gfn.gflownet.policies.edge_observation import EdgeObservation
from dag_gfn.scores import ScoreTable


class EdgeAddition:
    """The environment of DAG-GFlowNet: start from the required edges, add legal edges, stop.

    Action ``i * d + j`` adds i -> j; action ``d * d`` stops. An edge is illegal if it is present, would close
    a cycle, or has no finite score gain (forbidden, or beyond the cap on parents). With k edges that may be
    taken away (all but the required ones), the uniform backward policy has probability 1/k.

    Parameters
    ----------
    table : ScoreTable
        Local scores with prior and constraints, in nats; a complete table is copied to `device`, a lazy
        one is asked on the CPU.
    device : torch.device or str
    required : Tensor, shape (d,), int64, optional
        Parent masks of edges to begin from, in place of the table's required ones, which they must contain.

    References
    ----------
    Deleu et al., Bayesian Structure Learning with Generative Flow Networks, UAI 2022, section 4.
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
        # [j, i]: the bit that parent i has in the index of a parent set of j, whose own bit is squeezed out
        bits = self._bits.repeat(d, 1)
        self._index_bits = bits.tril(-1) + (bits >> 1).triu(1)
        self._flat = None
        if table.is_complete:
            self._flat = torch.from_numpy(table.complete).to(self.device).reshape(-1)
        if required is None:
            required = torch.from_numpy(table.constraints.required)
        self._required = required.to(self.device)
        self._initial = self._initial_row()

    def starting_from(self, required: Bool[Tensor, "d d"]) -> "EdgeAddition":
        """Return the environment whose trajectories begin with the given edges, [i, j] for i -> j."""
        masks = (required.to(self.device) * self._bits.unsqueeze(1)).sum(0)
        return EdgeAddition(self.table, device=self.device, required=masks)

    def _initial_row(self) -> DagState:
        """Return the one state in which every trajectory begins, as a batch of one."""
        parents = self._required.unsqueeze(0)
        return self.state_of(parents, closure(parents))

    def state_of(self, parents: Int[Tensor, "b d"], ancestors: Int[Tensor, "b d"]) -> DagState:
        """Return the full state of given graphs, looking every gain up anew: O(d^2) look-ups a graph."""
        b, d = parents.shape
        columns = self._column_gains(self._nodes.repeat(b), parents.reshape(-1)).view(b, d, d)
        local = self._local_scores(self._nodes.repeat(b), parents.reshape(-1)).view(b, d)
        return DagState(local.sum(1), parents, ancestors, columns.transpose(1, 2).contiguous())

    def initial_state(self, batch_size: int) -> DagState:
        """Return `batch_size` copies of the graph that has the required edges alone."""
        return self._initial[torch.zeros(batch_size, dtype=torch.long, device=self.device)]

    def observe(self, state: DagState) -> EdgeObservation:
        """Return adjacency, legal edges and their gains, which is all that a policy may see."""
        # [k, i, j]: i -> j would close a cycle where j is an ancestor of i
        legal = ((state.ancestors.unsqueeze(2) & self._bits) == 0) & (state.gains > -torch.inf)
        # a product takes a quarter of the time of masked_fill, whose branches cannot be foreseen
        gains = state.gains.to(torch.float32).nan_to_num_(neginf=0.0).mul_(legal)
        return EdgeObservation(unpack_bits(state.parents), legal, gains)

    def step(self, state: DagState, action: Int[Tensor, " b"]) -> DagState:
        """Add one edge to each graph, or leave it where the action is to stop.

        Adding i -> j changes the gains of column j alone, so a step costs d look-ups a graph.
        """
        d = self.num_nodes
        adds = action < self.stop_action
        edge = action.where(adds, 0)  # a stopped graph goes through the motions with 0 -> 0: nothing changes
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
        """Return the parent masks without the required edges: what a backward step may take away."""
        return state.parents & ~self._required

    def num_parents_of_state(self, state: DagState) -> Int[Tensor, " b"]:
        """Return the number of edges that a backward step may take away."""
        return unpack_bits(self.removable(state)).sum(dim=(1, 2))

    def backward_actions(
        self, state: DagState, *, generator: torch.Generator
    ) -> tuple[Int[Tensor, "b t"], Int[Tensor, " b"]]:
        """Draw a uniformly random order of each graph's edges: the uniform backward policy, read forwards.

        Returns
        -------
        actions : Tensor, shape (b, t), int64
            Edges in the order in which to add them, padded with ``stop_action``; t is the largest number of
            edges in the batch.
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
        """Take one edge away from each graph, all gains looked up anew."""
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
        """Return the graphs that lack one edge of the given ones, all gains looked up anew."""
        required = unpack_bits(self._required.unsqueeze(0))
        which, source, target = (seen.adjacency & ~required).nonzero(as_tuple=True)
        parents = (seen.adjacency * self._bits.unsqueeze(1)).sum(1)[which]
        return self._without(parents, source, target), source * self.num_nodes + target, which

    def _index(self, nodes: Int[Tensor, " m"], masks: Int[Tensor, " m"]) -> Int[Tensor, " m"]:
        """Return the place of each family in the flat complete table: the node's own bit is squeezed out."""
        low = masks & ((1 << nodes) - 1)
        return low | ((masks >> (nodes + 1)) << nodes) | (nodes << (self.num_nodes - 1))

    def _local_scores(self, nodes: Int[Tensor, " m"], masks: Int[Tensor, " m"]) -> Float[Tensor, " m"]:
        if self._flat is None:
            return self._ask(self.table.local_scores, nodes, masks)
        return self._flat[self._index(nodes, masks)]

    def _column_gains(self, nodes: Int[Tensor, " m"], masks: Int[Tensor, " m"]) -> Float[Tensor, "m d"]:
        """Return the gain of adding each node to the given parent sets, -inf where that cannot be."""
        if self._flat is None:
            return self._ask(self.table.column_gains, nodes, masks)
        present = self._index(nodes, masks).unsqueeze(1)
        larger = present | self._index_bits[nodes]  # (m, d), the same where i is the node or a parent already
        # a set without support (a required edge is missing) gains nothing: -inf, and no NaN
        before = self._flat[present].nan_to_num_(neginf=torch.inf)
        return (self._flat[larger] - before).masked_fill_(larger == present, -torch.inf)

    def _ask(self, lookup, nodes: Tensor, masks: Tensor) -> Tensor:
        return torch.from_numpy(lookup(nodes.cpu().numpy(), masks.cpu().numpy())).to(self.device)
