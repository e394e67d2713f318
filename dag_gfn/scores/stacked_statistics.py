"""The sufficient statistics of several completed tables together, and which table goes with which graph."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float64, Int64, Shaped

from dag_gfn.posterior.table_statistics import PER_TABLE


def stacked_statistics(
    tables: Sequence[dict[str, Shaped[np.ndarray, "..."]]],
    log_weights: Float64[np.ndarray, " t"],
    log_evidence: Float64[np.ndarray, " t"] | None = None,
) -> dict[str, Shaped[np.ndarray, "..."]]:
    """Return the statistics of completed tables as arrays that an npz file can hold without pickle.

    Parameters
    ----------
    tables : sequence of dict, length t
        The statistics of each table (:func:`dag_gfn.data.sufficient_statistics`).
    log_weights : array, shape (t,), float64
        Of the tables, normalised.
    log_evidence : array, shape (t,), float64, optional
        log Z of each table, where it is known: P(G | table) = exp(log R - log Z).

    Returns
    -------
    dict
        The statistics by their names. Those in `PER_TABLE` have one axis more, of tables, before all others; the
        distinct `rows` of discrete tables are those of all tables together, with `counts` (t, u), or (t, d, u) with
        interventions. `table_log_weights` (t,) marks such statistics. Beside it stands `table_log_evidence` (t,), if
        it is known.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.data import sufficient_statistics
    >>> from dag_gfn.scores.stacked_statistics import stacked_statistics
    >>> tables = [np.array([[0, 1], [1, 0], [1, last]]) for last in (0, 1)]
    >>> each = [sufficient_statistics(dag_gfn.from_array(table, discrete="all")) for table in tables]
    >>> stacked = stacked_statistics(each, np.log([0.5, 0.5]))
    >>> stacked["rows"].tolist(), stacked["counts"].tolist()
    ([[0, 1], [1, 0], [1, 1]], [[1, 2, 0], [1, 1, 1]])
    """
    stacked = dict(tables[0])
    if "rows" in stacked:
        rows = np.unique(np.concatenate([table["rows"] for table in tables]), axis=0)
        place = {row.tobytes(): index for index, row in enumerate(np.ascontiguousarray(rows))}
        counts = []
        for table in tables:
            own = [place[row.tobytes()] for row in np.ascontiguousarray(table["rows"])]
            of_all = np.zeros((*table["counts"].shape[:-1], len(rows)), dtype=table["counts"].dtype)
            of_all[..., own] = table["counts"]
            counts.append(of_all)
        stacked |= {"rows": rows, "counts": np.stack(counts)}
    for name in PER_TABLE:
        if name in stacked and name != "counts":
            stacked[name] = np.stack([table[name] for table in tables])
    stacked["table_log_weights"] = np.asarray(log_weights, dtype=np.float64)
    if log_evidence is not None:
        stacked["table_log_evidence"] = np.asarray(log_evidence, dtype=np.float64)
    return stacked


def pair_statistics(
    graphs: Bool[np.ndarray, "p d d"], tables: Int64[np.ndarray, " p"], log_weights: Float64[np.ndarray, " p"]
) -> dict[str, Shaped[np.ndarray, "..."]]:
    """Return which completed table goes with which graph, as arrays beside those of `stacked_statistics`.

    Given a graph, the table of one of its pairs, by the weights of these, is a draw of the table given the graph.

    Parameters
    ----------
    graphs : array, shape (p, d, d), bool
        ``[s, i, j]`` is True for i → j in the graph of pair s (row → column); a graph may stand in several pairs.
    tables : array, shape (p,), int64
        The table of each pair.
    log_weights : array, shape (p,), float64
        Of the pairs; need not be normalised.

    Returns
    -------
    dict
        `pair_graphs` (p, b), uint8: the d·d entries of each adjacency matrix packed into bits, row by row;
        `pair_tables` (p,), int64; `pair_log_weights` (p,), float64, normalised.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.scores.stacked_statistics import pair_statistics
    >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 1], [0, 0]]], dtype=bool)
    >>> pairs = pair_statistics(graphs, np.array([0, 3]), np.zeros(2))
    >>> pairs["pair_graphs"].tolist(), pairs["pair_tables"].tolist(), np.exp(pairs["pair_log_weights"]).tolist()
    ([[64], [64]], [0, 3], [0.5, 0.5])
    """
    return {
        "pair_graphs": np.packbits(graphs.reshape(len(graphs), -1), axis=1),
        "pair_tables": tables.astype(np.int64),
        "pair_log_weights": log_weights - np.logaddexp.reduce(log_weights),
    }
