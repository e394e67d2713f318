"""What effects and parameters of the additive score are computed from: curves, moments with them, and quantiles."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float64, Shaped

from dag_gfn.data.dataset import Dataset
from dag_gfn.data.quantile_table import QuantileTable
from dag_gfn.scores.block_design import BlockDesign
from dag_gfn.scores.curves import Curves
from dag_gfn.scores.moments import Moments


def additive_statistics(
    data: Dataset,
    design: BlockDesign,
    curves: Sequence[Curves],
    columns: Float64[np.ndarray, "n E"],
    moments: Sequence[Moments],
) -> dict[str, Shaped[np.ndarray, "..."]]:
    """Return what the additive score knows beside the statistics of blocks, as arrays without pickle.

    Parameters
    ----------
    data : Dataset
        As scored.
    design : BlockDesign
        Of the table.
    curves : sequence of Curves, length d
        Of each node.
    columns : array, shape (n, E), float64
        Lines and curves at the rows, those of each node side by side.
    moments : sequence of Moments
        Of these columns: one entry for all nodes, or one for each.

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
          scored there is in units before z-scoring;
        - `own_centers`, `own_scales`, `own_means`, `own_scatter`, `own_log_jacobian` (d,) and `own_products` (d, E),
          float64: of numbers in their own units where normal scores are scored, else 0 (scales 1). They are z-scored by
          center and scale. Mean, scatter and products with lines and curves are over the rows of each node. The
          Jacobian is the sum over these rows of the logarithm of the slope of z-scored normal scores over z-scored
          numbers, less the freedom of the quantiles (as Akaike's criterion has it).

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.data.normal_scores import with_normal_margins
    >>> from dag_gfn.scores import Additive
    >>> data = from_array(np.exp(np.random.default_rng(0).normal(size=(50, 2))))
    >>> statistics = Additive(with_normal_margins(data).standardize(), num_curves=3).statistics()
    >>> statistics["curve_scatter"].shape, statistics["quantile_own"].shape
    ((18, 18), (2, 99))
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
        **_own_units(data, design, columns),
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
    >>> first.size, bool(np.allclose(first.first(3).at(points), score.curves[0].at(points)))
    (8, True)
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
    [(50.0, (18, 18))]
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


def _own_units(
    data: Dataset, design: BlockDesign, columns: Float64[np.ndarray, "n E"]
) -> dict[str, Shaped[np.ndarray, "..."]]:
    d = len(design.names)
    found = {f"own_{name}": np.zeros(d) for name in ("centers", "means", "scatter", "log_jacobian")}
    found |= {"own_scales": np.ones(d), "own_products": np.zeros((d, columns.shape[1]))}
    if data.own_values is None:
        return found
    weights = np.ones(data.n) if design.weights is None else design.weights
    for node in np.flatnonzero(design.is_numeric).tolist():
        column = int(design.feature_columns[design.feature_nodes == node][0])
        margin = data.margins[column]
        if margin is None or len(margin.own) < 2:
            continue
        own = data.own_values[:, column]
        center = float(np.average(own, weights=weights))
        scale = float(np.sqrt(np.average((own - center) ** 2, weights=weights)))
        used = design.observed_rows(node)
        share, standard = weights[used], (own[used] - center) / scale
        total = max(float(share.sum()), 1e-300)
        mean = float(share @ standard) / total
        about = columns[used] - share @ columns[used] / total
        slopes = margin.log_slopes(own[used]) + np.log(scale) - np.log(data.scales[column])
        found["own_centers"][node], found["own_scales"][node] = center, scale
        found["own_means"][node] = mean
        found["own_scatter"][node] = float(share @ (standard - mean) ** 2)
        found["own_products"][node] = (share * (standard - mean)) @ about
        found["own_log_jacobian"][node] = float(share @ slopes) - margin.freedom
    return found


def _as_it_is(data: Dataset, column: int) -> QuantileTable:
    own = data.values[:, column] * data.scales[column] + data.means[column]
    return QuantileTable.of(own, own, data.weights)
