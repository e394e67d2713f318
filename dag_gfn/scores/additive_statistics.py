"""What effects and parameters of the additive score are computed from: curves, moments with them, and quantiles."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float64, Shaped

from dag_gfn.data.dataset import Dataset
from dag_gfn.data.quantile_table import QuantileTable
from dag_gfn.scores.curves import Curves
from dag_gfn.scores.moments import Moments


def additive_statistics(
    data: Dataset, curves: Sequence[Curves], moments: Sequence[Moments]
) -> dict[str, Shaped[np.ndarray, "..."]]:
    """Return what the additive score knows beside the statistics of blocks, as arrays without pickle.

    Parameters
    ----------
    data : Dataset
        As scored.
    curves : sequence of Curves, length d
        Of each node.
    moments : sequence of Moments
        Of lines and curves, those of each node side by side: one entry for all nodes, or one for each.

    Returns
    -------
    dict
        With d nodes, c columns of the table and E lines and curves:

        - `curve_sizes` (d,), int64: how many curves each node has;
        - `curve_knots` (d, m + 4), `curve_coefficients` (d, m, K), `curve_slope`, `curve_offset`, `curve_roughness`
          (d, K), float64: see :class:`Curves`; zero beyond the curves of a node;
        - `curve_means` (E,), or (d, E) with interventions, and `curve_scatter` (E, E), or (d, E, E);
        - `quantile_counts` (c,), int64: points of the quantiles of each number, 0 for a category;
        - `quantile_shares`, `quantile_scored`, `quantile_own` (c, Q), float64: see :class:`QuantileTable`; what is
          scored there is in units before z-scoring.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.data.normal_scores import with_normal_margins
    >>> from dag_gfn.scores import Additive
    >>> data = from_array(np.exp(np.random.default_rng(0).normal(size=(50, 2))))
    >>> statistics = Additive(with_normal_margins(data).standardize(), num_curves=3).statistics()
    >>> statistics["curve_scatter"].shape, statistics["quantile_own"].shape
    ((8, 8), (2, 50))
    """
    d, most = len(curves), max(each.size for each in curves)
    shape = max((each.coefficients.shape[0] for each in curves), default=0)
    knots, coefficients = np.zeros((d, max(len(each.knots) for each in curves))), np.zeros((d, shape, most))
    by_curve = {name: np.zeros((d, most)) for name in ("slope", "offset", "roughness")}
    for node, each in enumerate(curves):
        if each.size:
            knots[node], coefficients[node, :, : each.size] = each.knots, each.coefficients
            for name, array in by_curve.items():
                array[node, : each.size] = getattr(each, name)
    means, scatter = np.stack([each.mean for each in moments]), np.stack([each.scatter for each in moments])
    alone = len(moments) == 1
    return {
        "curve_sizes": np.array([each.size for each in curves], dtype=np.int64),
        "curve_knots": knots,
        "curve_coefficients": coefficients,
        **{f"curve_{name}": array for name, array in by_curve.items()},
        "curve_means": means[0] if alone else means,
        "curve_scatter": scatter[0] if alone else scatter,
        **_quantiles(data),
    }


def curves_from_statistics(statistics: Mapping[str, Shaped[np.ndarray, "..."]]) -> tuple[Curves, ...]:
    """Return the curves of each node from what `additive_statistics` returns.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.scores import Additive
    >>> from dag_gfn.scores.additive_statistics import curves_from_statistics
    >>> score = Additive(from_array(np.random.default_rng(0).normal(size=(50, 2))).standardize(), num_curves=3)
    >>> points, (first, _) = np.array([-1.0, 0.5]), curves_from_statistics(score.statistics())
    >>> bool(np.allclose(first.at(points), score.curves[0].at(points)))
    True
    """
    return tuple(
        Curves(
            statistics["curve_knots"][node],
            statistics["curve_coefficients"][node, :, :size],
            *(statistics[f"curve_{name}"][node, :size] for name in ("slope", "offset", "roughness")),
        )
        if size
        else Curves.none()
        for node, size in enumerate(statistics["curve_sizes"].tolist())
    )


def moments_from_statistics(statistics: Mapping[str, Shaped[np.ndarray, "..."]]) -> list[Moments]:
    """Return the moments of lines and curves from what `additive_statistics` returns.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.scores import Additive
    >>> from dag_gfn.scores.additive_statistics import moments_from_statistics
    >>> score = Additive(from_array(np.random.default_rng(0).normal(size=(50, 2))).standardize(), num_curves=3)
    >>> [(each.num_rows, each.scatter.shape) for each in moments_from_statistics(score.statistics())]
    [(50.0, (8, 8))]
    """
    scatter, means = statistics["curve_scatter"], statistics["curve_means"]
    size = scatter.shape[-1]
    scatter, means = scatter.reshape(-1, size, size), means.reshape(-1, size)
    rows = statistics["num_rows"][: len(scatter)].astype(np.float64).tolist()
    return [Moments(n, mean, of) for n, mean, of in zip(rows, means, scatter, strict=True)]


def _quantiles(data: Dataset) -> dict[str, Shaped[np.ndarray, "..."]]:
    margins = data.margins or (None,) * data.d
    tables = [
        None if kind != "continuous" else margin or _as_it_is(data, j)
        for j, (kind, margin) in enumerate(zip(data.kinds, margins, strict=True))
    ]
    counts = np.array([0 if table is None else len(table.own) for table in tables], dtype=np.int64)
    padded: dict[str, Float64[np.ndarray, "c Q"]] = {}
    for name in ("shares", "scored", "own"):
        padded[f"quantile_{name}"] = np.zeros((data.d, int(counts.max())))
        for j, table in enumerate(tables):
            if table is not None:
                padded[f"quantile_{name}"][j, : counts[j]] = getattr(table, name)
    return {"quantile_counts": counts, **padded}


def _as_it_is(data: Dataset, column: int) -> QuantileTable:
    own = data.values[:, column] * data.scales[column] + data.means[column]
    return QuantileTable.of(own, own, data.weights)
