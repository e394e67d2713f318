"""The sufficient statistics of a table: what effects and fitted parameters need of the data."""

import numpy as np

from dag_gfn.data.dataset import Dataset


def sufficient_statistics(dataset: Dataset) -> dict[str, np.ndarray]:
    """Return the data's sufficient statistics as plain arrays, fit for an npz file without pickle.

    A row in which node j was set by the experimenter says nothing about how j depends on its parents, so
    with interventions each node has statistics of its own rows, along a leading node axis.

    Returns
    -------
    dict
        All kinds: `num_rows` (d,), int64, the rows in which each node was not set.

        Continuous, of the values as scored, that is z-scored if the data are standardized:

        - `means`, `scales` (d,), float64: original value = value · scales + means;
        - `column_means` (d,), or (d, d) with interventions: `column_means[j]` are the means of all columns
          over the rows of node j (0 where it has none);
        - `scatter` (d, d), or (d, d, d): the sums of products about these means, for example
          `scatter[j] = sum_t (x_t - column_means[j]) (x_t - column_means[j])^T` over the rows t of node j.

        Discrete:

        - `rows` (u, d), int64: the distinct rows of codes in lexicographic order;
        - `counts` (u,), int64, or (d, u) with interventions: how often each occurs (in the rows of
          node j);
        - `cardinalities` (d,), int64;
        - `states` (d, r), str: the labels of each column's codes, "" beyond its cardinality.
    """
    if dataset.intervened is None:
        num_rows = np.full(dataset.d, dataset.n)
    else:
        num_rows = (~dataset.intervened).sum(axis=0)
    statistics = {"num_rows": num_rows.astype(np.int64)}
    return statistics | (_moments(dataset) if dataset.kind == "continuous" else _counts(dataset))


def _moments(dataset: Dataset) -> dict[str, np.ndarray]:
    if dataset.intervened is None:
        column_means, scatter = _centred_moments(dataset.values)
    else:
        per_node = [_centred_moments(dataset.values[~set_by_us]) for set_by_us in dataset.intervened.T]
        column_means, scatter = (np.stack(arrays) for arrays in zip(*per_node, strict=True))
    return {
        "means": dataset.means,
        "scales": dataset.scales,
        "column_means": column_means,
        "scatter": scatter,
    }


def _centred_moments(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    mean = values.sum(axis=0) / max(len(values), 1)
    centred = values - mean
    return mean, centred.T @ centred


def _counts(dataset: Dataset) -> dict[str, np.ndarray]:
    rows, row_of, counts = dataset.distinct_rows
    if dataset.intervened is not None:
        per_node = [
            np.bincount(row_of[~set_by_us], minlength=len(rows)) for set_by_us in dataset.intervened.T
        ]
        counts = np.stack(per_node)
    labels = np.array(
        [[*s, *[""] * (max(dataset.cardinalities) - len(s))] for s in dataset.states], dtype=np.str_
    )
    cardinalities = np.array(dataset.cardinalities, dtype=np.int64)
    return {"rows": rows, "counts": counts.astype(np.int64), "cardinalities": cardinalities, "states": labels}
