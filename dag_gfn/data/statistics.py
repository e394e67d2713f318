"""The sufficient statistics of a table, which effects and fitted parameters are computed from."""

import numpy as np

from dag_gfn.data.dataset import Dataset


def sufficient_statistics(dataset: Dataset) -> dict[str, np.ndarray]:
    """Return the data's sufficient statistics as arrays that an npz file can hold without pickle.

    A row in which the experimenter set node j carries no information on how j depends on its parents. With
    interventions, each node therefore has statistics of the rows in which it was observed, along a leading node axis.

    Returns
    -------
    dict
        Both kinds: `num_rows` (d,), int64, the number of rows in which each node was observed.

        Continuous, of the scored values, which are z-scored if the data are standardized:

        - `means`, `scales` (d,), float64: original value = value · scales + means;
        - `column_means` (d,), or (d, d) with interventions: `column_means[j]` are the means of all columns
          over the rows of node j (0 if it has none);
        - `scatter` (d, d), or (d, d, d): the sums of products about these means, for example
          `scatter[j] = sum_t (x_t - column_means[j]) (x_t - column_means[j])^T` over the rows t of node j.

        Discrete:

        - `rows` (u, d), int64: the distinct rows of codes in lexicographic order;
        - `counts` (u,), int64, or (d, u) with interventions: how often each occurs (in the rows of
          node j);
        - `cardinalities` (d,), int64;
        - `states` (d, r), str: the labels of each column's codes, "" beyond its cardinality.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.data import sufficient_statistics
    >>> statistics = sufficient_statistics(dag_gfn.from_array(np.array([[1.0, 2.0], [3.0, 8.0]])))
    >>> statistics["column_means"].tolist(), statistics["scatter"].tolist()
    ([2.0, 5.0], [[2.0, 6.0], [6.0, 18.0]])
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
        per_node = [_centred_moments(dataset.values[~was_set]) for was_set in dataset.intervened.T]
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
        per_node = [np.bincount(row_of[~was_set], minlength=len(rows)) for was_set in dataset.intervened.T]
        counts = np.stack(per_node)
    labels = np.array(
        [[*s, *[""] * (max(dataset.cardinalities) - len(s))] for s in dataset.states], dtype=np.str_
    )
    cardinalities = np.array(dataset.cardinalities, dtype=np.int64)
    return {"rows": rows, "counts": counts.astype(np.int64), "cardinalities": cardinalities, "states": labels}
