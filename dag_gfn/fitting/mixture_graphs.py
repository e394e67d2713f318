"""Graphs under a mixture of completed tables: their probabilities, and the most probable ones."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float64, Int64

from dag_gfn.budget import TimeBudget
from dag_gfn.graphs import graph
from dag_gfn.scores import ScoreTable
from dag_gfn.search.neighbours import neighbours

KEPT = 100
"""Most probable graphs that are kept."""
_EXPANDED = 30  # graphs whose neighbours are looked at
_CHUNK = 4_096  # graphs at a time


class MixtureScores:
    r"""The probability of any graph under a mixture, :math:`\sum_m w_m R_m(G) / Z_m`.

    Parameters
    ----------
    tables : sequence of ScoreTable, length r
    log_weights : array, shape (r,), float64
        Normalised.
    log_evidence : array, shape (r,), float64
        log Z of each table.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.exact.dag_dp import log_evidence
    >>> from dag_gfn.fitting.mixture_graphs import MixtureScores
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> rng = np.random.default_rng(0)
    >>> tables = [ScoreTable.build(make_score("bge", dag_gfn.from_array(rng.normal(size=(9, 2))))) for _ in range(2)]
    >>> mixture = MixtureScores(tables, np.log([0.5, 0.5]), np.array([log_evidence(table) for table in tables]))
    >>> all_dags = np.array([[0, 0], [2, 0], [0, 1]])
    >>> round(float(np.exp(mixture.log_probability(all_dags)).sum()), 9)
    1.0
    """

    def __init__(
        self,
        tables: Sequence[ScoreTable],
        log_weights: Float64[np.ndarray, " r"],
        log_evidence: Float64[np.ndarray, " r"],
    ):
        self.tables = tables
        self._log_weights, self._log_evidence = log_weights, log_evidence
        self.d = tables[0].d

    def log_probability_by_table(self, parents: Int64[np.ndarray, "b d"]) -> Float64[np.ndarray, "r b"]:
        """Return log w_m + log R_m(G) - log Z_m of each table m and graph, shape (r, b)."""
        found = np.empty((len(self.tables), len(parents)))
        for start in range(0, len(parents), _CHUNK):
            here = slice(start, start + _CHUNK)
            families, place = _families(parents[here])
            for m, table in enumerate(self.tables):
                found[m, here] = table.local_scores(*families)[place].sum(axis=1)
        return found + (self._log_weights - self._log_evidence)[:, None]

    def log_probability(self, parents: Int64[np.ndarray, "b d"]) -> Float64[np.ndarray, " b"]:
        """Return the log-probability of each graph, shape (b,); -inf where constraints exclude it."""
        return np.logaddexp.reduce(self.log_probability_by_table(parents), axis=0)


def _families(
    parents: Int64[np.ndarray, "b d"],
) -> tuple[tuple[Int64[np.ndarray, " f"], Int64[np.ndarray, " f"]], Int64[np.ndarray, "b d"]]:
    """Return the distinct families of graphs, nodes and parents, and which family each node of each graph has."""
    d = parents.shape[1]
    nodes, sets, places, count = [], [], np.empty(parents.shape, dtype=np.int64), 0
    for node in range(d):
        distinct, place = np.unique(parents[:, node], return_inverse=True)
        nodes.append(np.full(len(distinct), node, dtype=np.int64))
        sets.append(distinct)
        places[:, node] = count + place.reshape(-1)
        count += len(distinct)
    return (np.concatenate(nodes), np.concatenate(sets)), places


def most_probable(
    mixture: MixtureScores,
    starts: Bool[np.ndarray, "s d d"],
    *,
    budget: TimeBudget | None = None,
) -> tuple[Bool[np.ndarray, "k d d"], Float64[np.ndarray, " k"], bool]:
    """Search for the most probable DAGs of a mixture around given ones.

    Parameters
    ----------
    mixture : MixtureScores
    starts : array, shape (s, d, d), bool
        DAGs to begin with, ``[s, i, j]`` True for i → j (row → column): the best of each table, and drawn ones.
    budget : TimeBudget, optional
        When it is over, the best so far are returned.

    Returns
    -------
    adjacency : array, shape (k, d, d), bool
        By descending probability.
    log_probability : array, shape (k,), float64
    cut_short : bool
        Whether the time budget ended the search.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.exact.dag_dp import log_evidence
    >>> from dag_gfn.fitting.mixture_graphs import MixtureScores, most_probable
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 2)))
    >>> table = ScoreTable.build(make_score("bge", data))
    >>> mixture = MixtureScores([table], np.zeros(1), np.array([log_evidence(table)]))
    >>> best, log_probability, _ = most_probable(mixture, np.zeros((1, 2, 2), dtype=bool))
    >>> len(best), round(float(np.exp(log_probability).sum()), 9)
    (3, 1.0)
    """
    known: dict[bytes, float] = {}
    expanded: set[bytes] = set()

    def see(parents: Int64[np.ndarray, "b d"]) -> None:
        fresh = [masks for masks in parents if masks.tobytes() not in known]
        if not fresh:
            return
        for masks, value in zip(fresh, mixture.log_probability(np.stack(fresh)), strict=True):
            if np.isfinite(value):
                known[masks.tobytes()] = float(value)

    see(graph.parent_masks(starts))
    cut = False
    for _ in range(_EXPANDED):
        if cut := budget is not None and budget.is_over():
            break
        ranked = sorted(known, key=lambda key: (-known[key], key))[:KEPT]
        waiting = [key for key in ranked if key not in expanded]
        if not waiting:
            break
        expanded.add(waiting[0])
        see(neighbours(mixture.tables[0], np.frombuffer(waiting[0], dtype=np.int64))[1])
    keys = sorted(known, key=lambda key: (-known[key], key))[:KEPT]
    parents = np.array([np.frombuffer(key, dtype=np.int64) for key in keys]).reshape(-1, mixture.d)
    return (
        graph.adjacency_from_masks(parents, mixture.d),
        np.array([known[key] for key in keys]),
        cut,
    )
