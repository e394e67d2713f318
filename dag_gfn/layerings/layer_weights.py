r"""What a node contributes to the weight of a root layering, with its parents summed out.

The roots of a DAG are its first layer R_1, what becomes a root when they are removed is the second, and so on.
So every node of a later layer has at least one parent in the layer just before. With U the nodes of all earlier
layers and Q the last of these, the weight of all parent sets that a node v may have is

.. math:: g_v(U, Q) = \sum_{T \subseteq U,\, T \cap Q \ne \emptyset} w_v(T) = \hat w_v(U) - \hat w_v(U \setminus Q),
          \qquad g_v(\emptyset, \emptyset) = w_v(\emptyset),

and the weights of all DAGs with one layering sum to the product of these over the nodes.

Sets are at indices: bit k of one stands for member number k of the node's candidate parents, which are all other nodes
up to 20 nodes and K of them beyond (:mod:`dag_gfn.layerings.candidates`). Members of U or Q that are no candidates drop
out of the index. They are in no parent set of positive weight, or count by their odds :math:`r_{vu}` of being a
parent, as if they joined a set independently of all else: the weight of a set is then taken to be

.. math:: \tilde w_v(T) = w_v(T \cap C_v) \prod_{u \in T \setminus C_v} r_{vu}

with C_v the candidates. The tables are exact for these weights (:mod:`dag_gfn.layerings.node_weights` reads g_v from
them); how these differ from those of a score table is for :mod:`dag_gfn.layerings.outside_parents` to correct. Where
all other nodes are candidates there is no difference.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Bool, Float64, Int64, Num

from dag_gfn.chunked import run_chunks
from dag_gfn.errors import NotTractable
from dag_gfn.graphs.subsets import log_zeta_transform, pack, unpack
from dag_gfn.layerings.candidates import (
    affordable_seconds,
    choose_candidates,
    covered_share,
    default_size,
)
from dag_gfn.layerings.node_weights import CompiledTables, log_set_weights
from dag_gfn.scores import MEMORY_LIMIT, ScoreTable

ODDS = (1e-6, 1e3)
"""Least and largest odds of a parent that is no candidate: above `node_weights.CANCELLED`, far from what overflows."""


@dataclass(frozen=True, eq=False)
class LayerWeights:
    """The tables from which weights of layerings are read. Use :meth:`build` or :meth:`of`.

    Attributes
    ----------
    log_weights : ndarray, shape (d, 2^K), float64
        log w_v(T), less the largest of each node: row v over the subsets of its K candidate parents. Where these are
        all others, the order is that of `ScoreTable.complete`.
    log_sums : ndarray, shape (d, 2^K), float64
        log ŵ_v(U), the weight of all parent sets within U, for U within the candidates.
    log_scales : ndarray, shape (d,), float64
        What was subtracted.
    candidates : ndarray, shape (d,), int64
        Bitmask of each node's candidate parents, K for every node.
    places : ndarray, shape (d, d), int64
        ``[v, i]`` is the bit that i has in the indices of v, 0 where it is no candidate: a set U is at the sum of
        ``places[v, i]`` over its members.
    may_gain : ndarray, shape (d,), int64
        Bitmask of the nodes that are in some parent set of positive weight.
    log_odds : ndarray, shape (d, d), float64
        ``[v, u]`` is log r, the odds that u, which is no candidate of v, is a parent of v; -inf for all others.
    covered : ndarray, shape (d,), float64
        Estimated share of the weight of all parent sets that lies within the candidates; 1 where these are all others.
    tables : CompiledTables
    """

    log_weights: Float64[np.ndarray, "d sets"]
    log_sums: Float64[np.ndarray, "d sets"]
    log_scales: Float64[np.ndarray, " d"]
    candidates: Int64[np.ndarray, " d"]
    places: Int64[np.ndarray, "d d"]
    may_gain: Int64[np.ndarray, " d"]
    log_odds: Float64[np.ndarray, "d d"]
    covered: Float64[np.ndarray, " d"]
    tables: CompiledTables

    @classmethod
    def build(
        cls,
        table: ScoreTable,
        *,
        num_candidates: int | None = None,
        outside: bool = False,
        seconds: float | int | None = None,
        on_phase: Callable[[str, float], None] | None = None,
    ) -> "LayerWeights":
        """Return the weights of a score table: of all parent sets if it is complete, else of those of candidates.

        Parameters
        ----------
        table : ScoreTable
        num_candidates : int, optional
            K; by default as large as is quick (`candidates.default_size`). Given for a complete table, candidates are
            chosen there too.
        outside : bool
            Whether others than candidates can be parents too, by their odds: the weights are then only near those of
            the table, and what is drawn by them is to be corrected (`outside_parents.correct_parents`).
        seconds : float, optional
            The time that there is for a whole fit: where it is short, the search for candidates is shorter, and there
            are fewer of them.
        on_phase : callable, optional
            Is told what is being done and which share of it is done, in [0, 1].

        Raises
        ------
        OptionError
            If K is less than 1, or than the number of parents that constraints require of a node.
        NotTractable
            If a table of so many parent sets would exceed 1 GB.
        """
        if table.complete is not None and num_candidates is None:
            return cls.of(table.complete)
        core_seconds = affordable_seconds(seconds)
        size = default_size(table, core_seconds) if num_candidates is None else num_candidates
        size = min(size, table.d - 1)
        if size > 0 and 8 * table.d << size > MEMORY_LIMIT:
            raise NotTractable(
                f"all sets of {size} candidate parents of {table.d} columns need a table of "
                f"{(8 * table.d << size) / 1e9:.3g} GB, the limit is {MEMORY_LIMIT / 1e9:g} GB: take fewer "
                "candidates, or require fewer parents of one column"
            )
        tell = (lambda name: None) if on_phase is None else lambda name: partial(on_phase, name)
        chosen = choose_candidates(table, size, seconds=core_seconds, on_share=tell("candidate parents"))
        scores = run_chunks(
            lambda v: table.scores_within(v, int(chosen.masks[v])),
            range(table.d),
            progress=tell("parent sets"),
        )
        log_odds = chosen.log_odds if outside else None
        return cls.of(np.stack(scores), chosen.masks, log_odds, chosen.covered)

    @classmethod
    def of(
        cls,
        scores: Float64[np.ndarray, "d sets"],
        candidates: Int64[np.ndarray, " d"] | None = None,
        log_odds: Float64[np.ndarray, "d d"] | None = None,
        covered: Float64[np.ndarray, " d"] | None = None,
    ) -> "LayerWeights":
        """Return the weights of the scores of all subsets of candidate parents; O(d K 2^K).

        Parameters
        ----------
        scores : ndarray, shape (d, 2^K), float64
            `ScoreTable.complete`, or `ScoreTable.scores_within` of each node.
        candidates, log_odds, covered : optional
            As the attributes; when left out, all other nodes, no parents but candidates, and what these odds say.
        """
        d = len(scores)
        bits = np.int64(1) << np.arange(d, dtype=np.int64)
        candidates = bits.sum() - bits if candidates is None else candidates
        is_candidate = unpack(candidates, d)  # (node, candidate)
        places = np.where(is_candidate, np.int64(1) << (is_candidate.cumsum(axis=1) - is_candidate), 0)
        if (np.diagonal(places) > 0).any() or (places.sum(axis=1) != scores.shape[1] - 1).any():
            raise ValueError(
                f"expected candidates with {scores.shape[1]} subsets, among the others, for each of {d} nodes, not "
                f"{candidates}"
            )
        if log_odds is None:
            log_odds = np.full((d, d), -np.inf)
        is_outside = log_odds != -np.inf
        least, most = np.log(ODDS)
        possible = is_outside <= ~(is_candidate | np.eye(d, dtype=bool))
        if not (possible & (~is_outside | (log_odds >= least - 1e-9) & (log_odds <= most + 1e-9))).all():
            raise ValueError(f"expected odds in {ODDS}, or 0, as they are for candidates and the node itself")
        members = np.nonzero(is_candidate)[1].reshape(d, -1)
        outside = pack(is_outside)
        largest = scores.max(axis=1, keepdims=True)
        largest[largest == -np.inf] = 0.0  # no parent set is possible: no layering will be
        log_weights = scores - largest
        log_sums = log_zeta_transform(log_weights)
        return cls(
            log_weights=log_weights,
            log_sums=log_sums,
            log_scales=largest[:, 0],
            candidates=candidates,
            places=places,
            may_gain=_union(log_weights > -np.inf, members) | outside,
            log_odds=log_odds,
            covered=covered_share(log_odds) if covered is None else covered,
            tables=CompiledTables(
                log_weights,
                log_sums,
                candidates,
                members,
                _by_byte(places).astype(np.int32),
                outside,
                log_odds,
                _by_byte(np.logaddexp(0.0, log_odds)),
            ),
        )

    def coverage(self, names: Sequence[str]) -> dict[str, int | float | str]:
        """Return what is to be recorded of the candidates: how many, the least share they cover, and of which node."""
        least = int(self.covered.argmin())
        known = {"candidates": self.tables.members.shape[1], "covered": float(self.covered[least])}
        return known | ({"least_covered": names[least]} if known["covered"] < 1.0 else {})

    @property
    def d(self) -> int:
        """Number of nodes."""
        return len(self.log_weights)

    @property
    def log_scale(self) -> float:
        """Sum of what was subtracted of the nodes' log-weights."""
        return float(self.log_scales.sum())

    @property
    def has_outside(self) -> bool:
        """Whether others than candidates can be parents, so that the weights are to be corrected."""
        return bool(self.tables.outside.any())

    def log_weight_of(self, parents: Int64[np.ndarray, "k d"]) -> Float64[np.ndarray, " k"]:
        """Return the log of what DAGs weigh, given as one parent set for each node; -inf where one has no weight.

        Where there are no nodes but candidates it is log R(G), or -inf.
        """
        return np.sum([self.log_set_weights(v, parents[:, v]) for v in range(self.d)], axis=0)

    def log_set_weights(self, node: int, parents: Int64[np.ndarray, " k"]) -> Float64[np.ndarray, " k"]:
        """Return the log of what parent sets of one node weigh, given as bitmasks, in nats."""
        return log_set_weights(self.tables, node, parents) + self.log_scales[node]


def _union(
    chosen: Bool[np.ndarray, "d sets"], members: Int64[np.ndarray, "d candidates"]
) -> Int64[np.ndarray, " d"]:
    """Return the mask of the nodes that are in some chosen subset of each node's candidates."""
    indices = np.arange(chosen.shape[1], dtype=np.int64)
    union = np.array([np.bitwise_or.reduce(indices[row], initial=0) for row in chosen])
    return (unpack(union, members.shape[1]) * (np.int64(1) << members)).sum(axis=1)


def _by_byte(values: Num[np.ndarray, "d d"]) -> Num[np.ndarray, "d bytes 256"]:
    """Return the sum of each row's values over the members of every byte of a set of nodes."""
    d = len(values)
    padded = np.zeros((d, -(-d // 8), 8), dtype=values.dtype)
    padded.reshape(d, -1)[:, :d] = values
    return padded @ unpack(np.arange(256), 8).T.astype(values.dtype)
