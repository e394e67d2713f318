"""Draws of a policy over edges, brought nearer to the posterior by moves that leave the posterior unchanged.

Each draw begins a Markov chain of its own. A round undoes some edges of every DAG and lets the policy go on from there
(:mod:`dag_gfn.gflownet.sampling.redo`), which leads far; then some steps of the chain over root layerings
(:mod:`dag_gfn.mcmc.ladder`) look nearby, and a DAG is drawn of the last layering. Where parents beyond the
candidates of a column count, the second kind of moves would not be exact and is left out. Early rounds are dropped.
What remains of the error of the policy can be seen in how far the first half of the kept rounds is from the second.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float32, Int, Int16, Int64
from torch import Tensor

from dag_gfn.chunked import run_chunks
from dag_gfn.gflownet.env.dag_state import closure
from dag_gfn.gflownet.env.edge_addition import EdgeAddition
from dag_gfn.gflownet.policies.policy import Policy
from dag_gfn.gflownet.sampling.redo import redo
from dag_gfn.graphs.graph import adjacency_from_masks, parent_masks
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.layerings.layered_dags import draw_dags, layering_of
from dag_gfn.mcmc.ladder import Ladder, LadderState, run_ladder
from dag_gfn.mcmc.partition import init_at
from dag_gfn.posterior import Marginal

_DROPPED = 1 / 3
"""Share of the rounds that are dropped."""
_STEPS = 50
"""Steps over layerings in a round, for each node."""
_CHANCE = 3.0
"""Standard errors that are taken for chance."""
_TOGETHER = 64
"""DAGs whose chains a thread takes at a time."""


@dataclass(frozen=True, eq=False)
class MovedDraws:
    """The DAGs of chains that begin at draws of a policy.

    Attributes
    ----------
    parents : ndarray, shape (r, n, d), int64
        Parent masks of n chains after each of r rounds.
    edges : ndarray, shape (r, n, d, d), float32
        Edges of each, or their mean probabilities over the layerings of the round.
    acceptance : float
        Share of the moves by the policy that led to another graph.
    kept : int
        Rounds that count, the last ones.
    averaged : bool
        Whether `edges` are means over layerings.
    interrupted : bool
        Whether Ctrl-C ended them.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.gflownet.edges.moves import MovedDraws
    >>> parents, edges = np.zeros((3, 8, 2), dtype=np.int64), np.zeros((3, 8, 2, 2), dtype=np.float32)
    >>> parents[2, :4, 1] = edges[2, :4, 0, 1] = 1  # the edge 0 -> 1 in half of the graphs that are kept
    >>> moved = MovedDraws(parents, edges, acceptance=0.5, kept=1, averaged=False)
    >>> moved.marginal().values.tolist(), moved.adjacency().shape
    ([[0.0, 0.5], [0.0, 0.0]], (8, 2, 2))
    """

    parents: Int64[np.ndarray, "r n d"]
    edges: Float32[np.ndarray, "r n d d"]
    acceptance: float
    kept: int
    averaged: bool
    interrupted: bool = False

    def adjacency(self) -> Bool[np.ndarray, "k d d"]:
        """Return the DAGs of all chains in the rounds that count."""
        d = self.parents.shape[2]
        return adjacency_from_masks(self.parents[-self.kept :].reshape(-1, d), d)

    def marginal(self) -> Marginal:
        """Return edge probabilities with standard errors, by how far the independent chains are apart."""
        of_chains = self.edges[-self.kept :].mean(axis=0, dtype=np.float64)
        chains = len(of_chains)
        error = np.full(of_chains.shape[1:], 0.5)
        if chains > 1:
            error = of_chains.std(axis=0, ddof=1) / np.sqrt(chains)
        values = np.clip(of_chains.mean(axis=0), 0.0, 1.0)
        return Marginal(values, "rao_blackwell" if self.averaged else "samples", error)

    def drift(self) -> float:
        """Return the largest change of an edge probability from the first half of the kept rounds to the second.

        What three standard errors explain is taken off. Where one round is kept, it is compared with the one before;
        infinite where there was none, or one chain alone.
        """
        if len(self.edges) < 2 or self.edges.shape[1] < 2:
            return math.inf
        early, late = np.array_split(self.edges[-max(self.kept, 2) :], 2)
        change = late.mean(axis=0, dtype=np.float64) - early.mean(axis=0, dtype=np.float64)
        chance = _CHANCE * change.std(axis=0, ddof=1) / np.sqrt(len(change))
        return float(np.maximum(np.abs(change.mean(axis=0)) - chance, 0.0).max())


def moved(
    environment: EdgeAddition,
    policy: Policy,
    parents: Int[Tensor, "n d"],
    weights: LayerWeights | None,
    *,
    rounds: int,
    generator: torch.Generator,
    rng: np.random.Generator,
    goes_on: Callable[[int], bool] | None = None,
) -> MovedDraws:
    """Move each DAG, and return where it was after each round.

    Parameters
    ----------
    environment : EdgeAddition
    policy : Policy
        Trained with the uniform backward policy.
    parents : Tensor, shape (n, d), int64
        Parent masks of the DAGs at the start.
    weights : LayerWeights or None
        Of layerings; None where these are not exact.
    rounds : int
        At least 1.
    generator, rng
        Of the moves by the policy, and of those over layerings.
    goes_on : callable, optional
        Is called with the number of rounds that are done, and returns whether another one may follow.

    Raises
    ------
    KeyboardInterrupt
        On Ctrl-C in the first round; later the rounds that are done are returned.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.gflownet.edges.moves import moved
    >>> from dag_gfn.gflownet.env.edge_addition import EdgeAddition
    >>> from dag_gfn.gflownet.policies.uniform import UniformPolicy
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> table = ScoreTable.build(make_score("bge", from_array(np.random.default_rng(0).normal(size=(9, 2)))))
    >>> log_r = table.log_reward(np.array([[0, 0], [0, 1], [2, 0]]))
    >>> exact = np.exp(log_r[1] - np.logaddexp.reduce(log_r))
    >>> edge = moved(
    ...     EdgeAddition(table), UniformPolicy(), torch.zeros(200, 2, dtype=torch.long), LayerWeights.build(table),
    ...     rounds=3, generator=torch.Generator().manual_seed(0), rng=np.random.default_rng(0)).marginal()
    >>> bool(abs(edge.values[0, 1] - exact) < 4 * edge.standard_error[0, 1])
    True
    """
    after, edges, accepted, interrupted = [], [], 0.0, False
    try:
        for done in range(rounds):
            if done and goes_on is not None and not goes_on(done):
                break
            before = environment.state_of(parents, closure(parents))
            graphs, _ = redo(environment, policy, before, generator=generator)
            changed = float((graphs.outcome != before.outcome).any(dim=1).double().mean())
            adjacency = adjacency_from_masks(graphs.outcome.cpu().numpy(), environment.num_nodes)
            probabilities = adjacency.astype(np.float32)
            if weights is not None:
                layer_of, probabilities = _along_layerings(weights, layering_of(adjacency), rng)
                adjacency = draw_dags(weights, layer_of, rng=rng)
            masks = parent_masks(adjacency)
            parents = torch.from_numpy(masks).to(parents.device)
            after.append(masks)
            edges.append(probabilities)
            accepted += changed
    except KeyboardInterrupt:
        if not after:
            raise
        interrupted = True
    kept = max(1, len(after) - round(_DROPPED * len(after)))
    return MovedDraws(
        np.stack(after), np.stack(edges), accepted / len(after), kept, weights is not None, interrupted
    )


def _along_layerings(
    weights: LayerWeights, layer_of: Int64[np.ndarray, "n d"], rng: np.random.Generator
) -> tuple[Int16[np.ndarray, "n d"], Float32[np.ndarray, "n d d"]]:
    """Run a chain from each layering; return where it ends, and the mean edge probabilities along it."""
    n, d = layer_of.shape
    ends, edges = np.empty((n, d), dtype=np.int16), np.empty((n, d, d), dtype=np.float32)
    starts = range(0, n, _TOGETHER)
    streams = dict(zip(starts, rng.spawn(len(starts)), strict=True))

    def fill(start: int) -> None:
        for row in range(start, min(start + _TOGETHER, n)):
            begin = LadderState.at(init_at(weights, layer_of[row]).layer_of[None])
            drawn, _, _ = run_ladder(
                weights,
                Ladder.alone(),
                begin,
                rng=streams[start],
                blocks=1,
                thinning=_STEPS * d,
            )
            ends[row], edges[row] = drawn.layer_of[0], drawn.edge[0]

    run_chunks(fill, starts)
    return ends, edges
