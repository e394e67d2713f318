"""The sufficient statistics of a table, which effects and fitted parameters are computed from."""

import numpy as np

from dag_gfn.data.dataset import Dataset


def sufficient_statistics(dataset: Dataset) -> dict[str, np.ndarray]:
    """Return the data's sufficient statistics as arrays that an npz file can hold without pickle.

    A row in which the experimenter set node j carries no information on how j depends on its parents. With
    interventions, each node therefore has statistics of the rows in which it was observed, along a leading node axis.
    Where rows have weights, numbers of rows, means, sums and counts are weighted. The score of nodes that own several
    columns has statistics of its own: :func:`dag_gfn.scores.block_statistics`.

    Returns
    -------
    dict
        Both kinds: `num_rows` (d,), int64, the number of rows in which each node was observed; where rows have
        weights, their total weight, float64.

        Continuous, of the scored values, which are z-scored if the data are standardized:

        - `means`, `scales` (d,), float64: original value = value · scales + means;
        - `column_means` (d,), or (d, d) with interventions: `column_means[j]` are the means of all columns
          over the rows of node j (0 if it has none);
        - `scatter` (d, d), or (d, d, d): the sums of products about these means, for example
          `scatter[j] = sum_t (x_t - column_means[j]) (x_t - column_means[j])^T` over the rows t of node j.

        Discrete:

        - `rows` (u, d), int64: the distinct rows of codes in lexicographic order;
        - `counts` (u,), or (d, u) with interventions: how often each occurs (in the rows of node j), int64; where rows
          have weights, their total weight, float64;
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
    weights = np.ones(dataset.n, dtype=np.int64) if dataset.weights is None else dataset.weights
    if dataset.intervened is None:
        num_rows = np.full(dataset.d, weights.sum())
    else:
        num_rows = weights @ ~dataset.intervened
    statistics = {"num_rows": num_rows}
    return statistics | (_moments(dataset) if dataset.kind == "continuous" else _counts(dataset))


def _moments(dataset: Dataset) -> dict[str, np.ndarray]:
    weights = dataset.weights
    if dataset.intervened is None:
        column_means, scatter = _centred_moments(dataset.values, weights)
    else:
        per_node = [
            _centred_moments(dataset.values[~was_set], None if weights is None else weights[~was_set])
            for was_set in dataset.intervened.T
        ]
        column_means, scatter = (np.stack(arrays) for arrays in zip(*per_node, strict=True))
    moments = {
        "means": dataset.means,
        "scales": dataset.scales,
        "column_means": column_means,
        "scatter": scatter,
    }
    if dataset.moments_only:  # its rows are no observations
        return moments
    return moments | {"lowest": dataset.values.min(axis=0), "highest": dataset.values.max(axis=0)}


def _centred_moments(values: np.ndarray, weights: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    if weights is None:
        mean = values.sum(axis=0) / max(len(values), 1)
        centred = values - mean
    else:
        mean = weights @ values / (weights.sum() or 1.0)
        centred = (values - mean) * np.sqrt(weights)[:, None]
    return mean, centred.T @ centred


def _counts(dataset: Dataset) -> dict[str, np.ndarray]:
    rows, row_of, counts = dataset.distinct_rows
    weights = dataset.weights
    if dataset.intervened is not None:
        per_node = [
            np.bincount(row_of[~was_set], None if weights is None else weights[~was_set], minlength=len(rows))
            for was_set in dataset.intervened.T
        ]
        counts = np.stack(per_node)
    elif weights is not None:
        counts = np.bincount(row_of, weights, minlength=len(rows))
    labels = np.array(
        [[*s, *[""] * (max(dataset.cardinalities) - len(s))] for s in dataset.states], dtype=np.str_
    )
    cardinalities = np.array(dataset.cardinalities, dtype=np.int64)
    counts = counts.astype(np.int64 if weights is None else np.float64)
    return {"rows": rows, "counts": counts, "cardinalities": cardinalities, "states": labels}
