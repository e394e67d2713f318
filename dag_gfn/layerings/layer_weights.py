r"""Weights of root layerings as products over the nodes, with the parents of each node summed out.

The roots of a DAG are its first layer R_1. The nodes that become roots when these are removed are the second layer, and
so on. Every node of a later layer therefore has at least one parent in the layer just before. With U the nodes of all
earlier layers and Q the last of these, the total weight of the parent sets that a node v can have is

.. math:: g_v(U, Q) = \sum_{T \subseteq U,\, T \cap Q \ne \emptyset} w_v(T) = \hat w_v(U) - \hat w_v(U \setminus Q),
          \qquad g_v(\emptyset, \emptyset) = w_v(\emptyset),

and the weights of all DAGs with one layering sum to the product of these over the nodes.

Parent sets are at indices of tables: bit k of an index stands for candidate number k of the node. The candidate parents
are all other nodes up to 20 nodes, and K of them beyond (:mod:`dag_gfn.layerings.candidates`). Members of U or Q that
are no candidates are not part of the index. Either they are in no parent set of positive weight, or they join a parent
set independently of all else, with odds :math:`r_{vu}`. The weight of a set is then taken to be

.. math:: \tilde w_v(T) = w_v(T \cap C_v) \prod_{u \in T \setminus C_v} r_{vu}

with C_v the candidates. The tables are exact for these weights, and :mod:`dag_gfn.layerings.node_weights` reads
:math:`g_v` from them. :mod:`dag_gfn.layerings.outside_parents` corrects the difference between these weights and those
of the score table. Where all other nodes are candidates there is none.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Bool, Float64, Int64, Num

from dag_gfn.chunked import run_chunks
from dag_gfn.errors import NotTractable
from dag_gfn.graphs.possible_parents import PossibleParents
from dag_gfn.graphs.subsets import log_zeta_transform, pack, unpack
from dag_gfn.layerings.candidates import (
    affordable_seconds,
    choose_candidates,
    covered_share,
    default_size,
)
from dag_gfn.layerings.node_weights import CompiledTables, log_set_weights
from dag_gfn.posterior.diagnostic_parts import Coverage
from dag_gfn.scores import MEMORY_LIMIT, ScoreTable

ODDS = (1e-6, 1e3)
"""Smallest and largest odds of a parent that is no candidate: above `node_weights.CANCELLED`, far from overflow."""


@dataclass(frozen=True, eq=False)
class LayerWeights:
    """The tables from which weights of layerings are read. Use :meth:`build` or :meth:`of`.

    Attributes
    ----------
    log_weights : ndarray, shape (d, 2^K), float64
        log w_v(T) minus the largest of each node: row v over the subsets of its K candidate parents. Where the
        candidates are all others, the order is that of `ScoreTable.complete`.
    log_sums : ndarray, shape (d, 2^K), float64
        log ŵ_v(U), the log of the weight of all parent sets within U, for each U within the candidates.
    log_scales : ndarray, shape (d,), float64
        The largest log w_v(T) of each node, which was subtracted.
    candidates : ndarray, shape (d,), int64
        Bitmask of each node's candidate parents, K for every node.
    places : ndarray, shape (d, p), int64
        ``[v, i]`` is the bit of i in the indices of v, 0 where i is no candidate, with i a bit of the masks of v: node
        i itself, up to 63 nodes. The index of a set is the sum of ``places[v, i]`` over its members.
    may_gain : ndarray, shape (d,), int64
        Bitmask of the nodes that are in some parent set of positive weight.
    log_odds : ndarray, shape (d, p), float64
        ``[v, u]`` is log r, the odds that u, which is no candidate of v, is a parent of v; -inf for all others. Here
        too u is a bit of the masks of v.
    covered : ndarray, shape (d,), float64
        Estimated share of the total weight of each node's parent sets that lies within its candidates.
    tables : CompiledTables
    possible : PossibleParents
        What the bits of masks stand for.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> weights = LayerWeights.of(np.log([[1.0, 1.0], [1.0, 3.0]]))  # node 1: the sets {} and {0} weigh 1 and 3
    >>> np.exp(weights.log_weight_of(np.array([[0, 0], [0, 1]]))).round(6).tolist()  # the empty graph, 0 -> 1
    [1.0, 3.0]
    """

    log_weights: Float64[np.ndarray, "d sets"]
    log_sums: Float64[np.ndarray, "d sets"]
    log_scales: Float64[np.ndarray, " d"]
    candidates: Int64[np.ndarray, " d"]
    places: Int64[np.ndarray, "d p"]
    may_gain: Int64[np.ndarray, " d"]
    log_odds: Float64[np.ndarray, "d p"]
    covered: Float64[np.ndarray, " d"]
    tables: CompiledTables
    possible: PossibleParents

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
        """Return the weights of a score table: over all parent sets if it is complete, else over those of candidates.

        Parameters
        ----------
        table : ScoreTable
        num_candidates : int, optional
            K; by default as large as the time allows (`candidates.default_size`). If it is given, candidates are chosen
            for a complete table too.
        outside : bool
            Whether other nodes than candidates can be parents too, by their odds. The weights then only approximate
            those of the table, and draws by them need correction (`outside_parents.correct_parents`).
        seconds : float, optional
            Time budget of the whole fit. A short one makes the search for candidates shorter and K smaller.
        on_phase : callable, optional
            Called with the name of the phase and the share of it that is done, in [0, 1].

        Raises
        ------
        OptionError
            If K is less than 1, or less than the number of required parents of a node.
        NotTractable
            If the table would exceed 1 GB.
        """
        if table.complete is not None and num_candidates is None:
            return cls.of(table.complete)
        core_seconds = affordable_seconds(seconds)
        size = default_size(table, core_seconds) if num_candidates is None else num_candidates
        size = min(size, table.possible.size, table.d - 1)
        require_memory(table.d, size)
        tell = (lambda name: None) if on_phase is None else lambda name: partial(on_phase, name)
        chosen = choose_candidates(table, size, seconds=core_seconds, on_share=tell("candidate parents"))
        log_odds = chosen.log_odds if outside else None
        return cls.given(table, chosen.masks, log_odds, chosen.covered, on_share=tell("parent sets"))

    @classmethod
    def given(
        cls,
        table: ScoreTable,
        candidates: Int64[np.ndarray, " d"],
        log_odds: Float64[np.ndarray, "d p"] | None,
        covered: Float64[np.ndarray, " d"],
        *,
        on_share: Callable[[float], None] | None = None,
    ) -> "LayerWeights":
        """Return the weights of a score table for given candidates; their scores are computed, in threads.

        Parameters
        ----------
        table : ScoreTable
        candidates, log_odds, covered
            As the attributes. Without odds no other node can be a parent.
        on_share : callable, optional
            Called with the share that is done, in [0, 1].
        """
        scores = run_chunks(
            lambda v: table.scores_within(v, int(candidates[v])), range(table.d), progress=on_share
        )
        return cls.of(np.stack(scores), candidates, log_odds, covered, possible=table.possible)

    def stored(self) -> dict[str, np.ndarray]:
        """Return the arrays that, with the score table, make these weights again (`restored`)."""
        return {"candidates": self.candidates, "log_odds": self.log_odds, "covered": self.covered}

    @classmethod
    def restored(cls, table: ScoreTable, arrays: Mapping[str, np.ndarray]) -> "LayerWeights":
        """Return the weights that `stored` has described; scores of candidates are computed again.

        Raises
        ------
        KeyError, ValueError
            If arrays are missing, or do not belong to the table.
        """
        chosen = arrays["candidates"], arrays["log_odds"], arrays["covered"]
        if [each.shape for each in chosen] != [(table.d,), (table.d, table.possible.size), (table.d,)]:
            raise ValueError(f"expected candidates of {table.d} nodes")
        return cls.given(table, *chosen)

    @classmethod
    def of(
        cls,
        scores: Float64[np.ndarray, "d sets"],
        candidates: Int64[np.ndarray, " d"] | None = None,
        log_odds: Float64[np.ndarray, "d p"] | None = None,
        covered: Float64[np.ndarray, " d"] | None = None,
        *,
        possible: PossibleParents | None = None,
    ) -> "LayerWeights":
        """Return the weights of the scores of all subsets of candidate parents; O(d K 2^K).

        Parameters
        ----------
        scores : ndarray, shape (d, 2^K), float64
            `ScoreTable.complete`, or `ScoreTable.scores_within` of each node.
        candidates, log_odds, covered, possible : optional
            As the attributes. By default the candidates are all other nodes, no other node can be a parent, and
            `covered` follows from the odds. With more than 63 nodes the possible parents are needed.
        """
        d = len(scores)
        possible = PossibleParents.all(d) if possible is None else possible
        everyone = np.array([possible.everyone(v) for v in range(d)], dtype=np.int64)
        candidates = everyone if candidates is None else candidates
        is_candidate = unpack(candidates, possible.size)  # (node, candidate)
        places = np.where(is_candidate, np.int64(1) << (is_candidate.cumsum(axis=1) - is_candidate), 0)
        if (candidates & ~everyone != 0).any() or (places.sum(axis=1) != scores.shape[1] - 1).any():
            raise ValueError(
                f"expected candidates with {scores.shape[1]} subsets, among the others, for each of {d} nodes, not "
                f"{candidates}"
            )
        if log_odds is None:
            log_odds = np.full((d, possible.size), -np.inf)
        is_outside = log_odds != -np.inf
        least, most = np.log(ODDS)
        can_be = is_outside <= (unpack(everyone, possible.size) & ~is_candidate)
        if not (can_be & (~is_outside | (log_odds >= least - 1e-9) & (log_odds <= most + 1e-9))).all():
            raise ValueError(f"expected odds in {ODDS}, or 0, as they are for candidates and the node itself")
        members = np.nonzero(is_candidate)[1].reshape(d, -1)
        outside = pack(is_outside)
        largest = scores.max(axis=1, keepdims=True)
        largest[largest == -np.inf] = 0.0  # no parent set is possible, and so no layering
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
                np.arange(d) if possible.is_all else possible.nodes,
            ),
            possible=possible,
        )

    def coverage(self, names: Sequence[str]) -> Coverage:
        """Return how many candidates there are, the least share that they cover, and of which node."""
        least = int(self.covered.argmin())
        covered = float(self.covered[least])
        return Coverage(
            candidates=int(self.tables.members.shape[1]),
            covered=covered,
            least_covered=names[least] if covered < 1.0 else None,
        )

    @property
    def d(self) -> int:
        """Number of nodes."""
        return len(self.log_weights)

    @property
    def log_scale(self) -> float:
        """Sum of `log_scales`."""
        return float(self.log_scales.sum())

    @property
    def has_outside(self) -> bool:
        """Whether other nodes than candidates can be parents, so that draws by the weights need correction."""
        return bool(self.tables.outside.any())

    def log_weight_of(self, parents: Int64[np.ndarray, "k d"]) -> Float64[np.ndarray, " k"]:
        """Return the log-weights of DAGs, given as the mask of each node's parents; -inf where a DAG has no weight.

        Where no other node than a candidate can be a parent, this is log R(G), or -inf.
        """
        return np.sum([self.log_set_weights(v, parents[:, v]) for v in range(self.d)], axis=0)

    def log_set_weights(self, node: int, parents: Int64[np.ndarray, " k"]) -> Float64[np.ndarray, " k"]:
        """Return the log-weights of parent sets of one node, given as bitmasks, in nats."""
        return log_set_weights(self.tables, node, parents) + self.log_scales[node]


def require_memory(d: int, size: int) -> None:
    """Refuse tables of all sets of so many candidate parents of d nodes, where they are too large.

    Raises
    ------
    NotTractable
        If they would exceed 1 GB.

    Examples
    --------
    >>> from dag_gfn.layerings.layer_weights import require_memory
    >>> require_memory(50, 20)
    """
    if size > 0 and 8 * d << size > MEMORY_LIMIT:
        raise NotTractable(
            f"all sets of {size} candidate parents of {d} columns need a table of {(8 * d << size) / 1e9:.3g} GB, the "
            f"limit is {MEMORY_LIMIT / 1e9:g} GB: take fewer candidates, or require fewer parents of one column"
        )


def _union(
    chosen: Bool[np.ndarray, "d sets"], members: Int64[np.ndarray, "d candidates"]
) -> Int64[np.ndarray, " d"]:
    """Return the mask of the nodes that are in some chosen subset of each node's candidates."""
    indices = np.arange(chosen.shape[1], dtype=np.int64)
    union = np.array([np.bitwise_or.reduce(indices[row], initial=0) for row in chosen])
    return (unpack(union, members.shape[1]) * (np.int64(1) << members)).sum(axis=1)


def _by_byte(values: Num[np.ndarray, "d p"]) -> Num[np.ndarray, "d bytes 256"]:
    """Return the sum of each row's values over the members of every byte of a set of nodes."""
    d, bits = values.shape
    padded = np.zeros((d, -(-bits // 8), 8), dtype=values.dtype)
    padded.reshape(d, -1)[:, :bits] = values
    return padded @ unpack(np.arange(256), 8).T.astype(values.dtype)
