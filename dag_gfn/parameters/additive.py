"""Parameters of networks whose parents act through curves: their posterior given the graph, and simulated means."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
from jaxtyping import Bool, Float64, Int64
from scipy.special import expit, logsumexp, ndtri

from dag_gfn.chunked import run_chunks
from dag_gfn.data.quantile_table import QuantileTable
from dag_gfn.graphs import subsets
from dag_gfn.parameters.additive_draws import draw_additive_family
from dag_gfn.parameters.additive_simulation import simulated_means
from dag_gfn.parameters.node_columns import NodeColumns
from dag_gfn.parameters.own_units import OwnUnits
from dag_gfn.posterior import GraphPosterior
from dag_gfn.scores.additive import SHRINKAGES
from dag_gfn.scores.additive_statistics import curves_from_statistics, moments_from_statistics
from dag_gfn.scores.curves import Curves
from dag_gfn.scores.normal_wishart import prior_scale

_DRAWS_OF_A_THREAD = 32
ROWS = 256
"""Simulated rows of each network."""


@final
@dataclass(frozen=True, eq=False)
class AdditiveBatch:
    r"""A batch of networks :math:`z_j = a_j + \sum_{i \in P} (B_{ij}^\top z_i + c_{ij}^\top f_i(z_i)) + \varepsilon_j`.

    Attributes
    ----------
    parameters : AdditiveParameters
        What they were drawn from, with the curves f.
    graphs : ndarray, shape (k, d, d), bool
        `graphs[s, i, j]` is True for the edge i → j (row → column).
    coefficients : ndarray, shape (k, E, D), float64
        `coefficients[s, e, b]` is the coefficient of line or curve e in the equation of design column b.
    intercepts : ndarray, shape (k, D), float64
    noise_roots : ndarray, shape (k, D, w), float64
        Row b: that of a square root of the noise covariance of the node of column b.
    in_own_units : ndarray, shape (k, d), bool
        Whether the left side of a node's equation is its number in its own units, z-scored, instead of its normal
        scores. Causes act through their normal scores in either case.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.parameters import parameter_posterior
    >>> posterior = dag_gfn.fit(np.random.default_rng(0).normal(size=(60, 2)), score="additive", progress=False)
    >>> graphs = np.array([[[False, True], [False, False]], [[False, False], [False, False]]])
    >>> networks = parameter_posterior(posterior).sample(graphs, rng=0)
    >>> (networks.coefficients[:, 0, 1] != 0.0).tolist()  # of the line of x0 in the equation of x1
    [True, False]
    """

    parameters: "AdditiveParameters"
    graphs: Bool[np.ndarray, "k d d"]
    coefficients: Float64[np.ndarray, "k E D"]
    intercepts: Float64[np.ndarray, "k D"]
    noise_roots: Float64[np.ndarray, "k D w"]
    in_own_units: Bool[np.ndarray, "k d"]

    def means(
        self,
        sources: tuple[int, ...],
        settings: Float64[np.ndarray, "s W"],
        targets: tuple[int, ...],
        *,
        rng: np.random.Generator,
        rows: int = ROWS,
    ) -> list[Float64[np.ndarray, "k s o"]]:
        """Return the mean of the features of each target at each setting of the sources, in the table's own units.

        Rows are simulated from causes to effects, with the same noise at all settings. The noise of each column takes
        evenly spread quantiles of the normal distribution in random order, so that sums have little error
        (Latin hypercube sampling).

        Parameters
        ----------
        sources : tuple of int
            The nodes that are set. Edges into them are cut.
        settings : ndarray, shape (s, W), float64
            Their design columns, side by side, at each setting.
        targets : tuple of int
        rng : numpy.random.Generator
        rows : int

        Returns
        -------
        list of ndarray, shape (k, s, o), float64
            For each target the mean of a number, or the probability of each level of a category under the linear model.
        """
        of = self.parameters
        columns, (k, d) = of.columns, self.graphs.shape[:2]
        size = int(columns.starts[-1])
        is_set, wanted = np.zeros(d, dtype=bool), np.zeros(d, dtype=bool)
        is_set[list(sources)], wanted[list(targets)] = True, True
        places = np.concatenate([np.arange(size)[columns.design_columns(i)] for i in sources])
        points = np.zeros((len(settings), size))
        points[:, places] = settings
        means = np.zeros((k, len(settings), size))
        curves, margins, quantiles = of.spline_arrays, of.margin_arrays, ndtri((np.arange(rows) + 0.5) / rows)
        graphs = np.ascontiguousarray(self.graphs)
        parts = [slice(start, start + _DRAWS_OF_A_THREAD) for start in range(0, k, _DRAWS_OF_A_THREAD)]

        def simulate(part: tuple[slice, np.random.Generator]) -> None:
            drawn, own_rng = part
            simulated_means(
                graphs[drawn],
                self.coefficients[drawn],
                self.intercepts[drawn],
                self.noise_roots[drawn],
                columns.starts,
                of.starts,
                *curves,
                *margins,
                of.own_units.centers,
                of.own_units.scales,
                self.in_own_units[drawn],
                is_set,
                points,
                wanted,
                quantiles,
                own_rng,
                means[drawn],
            )

        run_chunks(simulate, list(zip(parts, rng.spawn(len(parts)), strict=True)))
        return [of.features(target, means[:, :, columns.design_columns(target)]) for target in targets]


@final
@dataclass(frozen=True, eq=False)
class AdditiveParameters:
    r"""Posterior of the parameters of a network given its graph, under the model of the score ``additive``.

    Where normal scores were scored, the equation of a number is of its normal scores or of itself, by the evidence of
    both: noise may be of the same size everywhere on either scale. Causes act through their normal scores.

    It is the full model of :class:`dag_gfn.scores.Additive`: that all parents of a node act by straight lines, or by
    curves with one of its shrinkages, has the posterior probability of their evidence. The weight of curves, which
    discounts what they say about graphs, has no part in it: given the graph they are as sure as the rows make them.

    Attributes
    ----------
    needed_statistics : tuple of str
        What `from_posterior` reads from the posterior's sufficient statistics.
    columns : NodeColumns
        What the design columns stand for.
    curves : tuple of Curves, length d
        Those of numbers; categories and groups have none.
    margins : tuple of QuantileTable or None, length d
        Quantiles of each node that is one number, in its own units and as scored.
    is_bent : bool
        Whether normal scores were scored, so that the quantiles alone lead back to the columns' own units.
    matrices : ndarray, shape (1, E, E) or (d, E, E), float64
        Scatter of all lines and curves with the part of the mean, without the prior.
    centres : ndarray, shape (1, E) or (d, E), float64
        The posterior mean of their means.
    roughness : ndarray, shape (E,), float64
        0 for lines.
    degrees, mean_weights : ndarray, shape (1,) or (d,), float64
        :math:`n + \alpha_w - D` and :math:`n + \alpha_\mu`.
    own_units : OwnUnits
        Numbers in their own units, where normal scores were scored.
    prior_scale, line_probability, alpha_mu : float
        t, the prior probability of straight lines, and the rows that the prior of the mean is worth.

    Examples
    --------
    A bowl, at its bottom and away from it:

    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.parameters import parameter_posterior
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=300)
    >>> rows = np.column_stack([x, x**2 + 0.3 * rng.normal(size=300)])
    >>> posterior = dag_gfn.fit(dag_gfn.from_array(rows, ["x", "y"]), score="additive", progress=False)
    >>> parameters = parameter_posterior(posterior)
    >>> networks = parameters.sample(np.array([[[False, True], [False, False]]] * 50), rng=rng)
    >>> (y,) = networks.means((0,), parameters.points(0, np.array([-1.5, 0.5, 1.5])), (1,), rng=rng)
    >>> y.mean(axis=0).round(1).ravel().tolist()
    [2.2, 0.2, 2.2]
    """

    needed_statistics: ClassVar[tuple[str, ...]] = (
        "num_rows",
        "curve_means",
        "curve_scatter",
        "curve_sizes",
        "curve_knots",
        "curve_coefficients",
        "curve_slope",
        "curve_offset",
        "curve_roughness",
        "quantile_counts",
        "quantile_shares",
        "quantile_scored",
        "quantile_own",
        *OwnUnits.needed_statistics,
        *NodeColumns.needed_statistics,
    )

    columns: NodeColumns
    curves: tuple[Curves, ...]
    margins: tuple[QuantileTable | None, ...]
    is_bent: bool
    matrices: Float64[np.ndarray, "nodes E E"]
    centres: Float64[np.ndarray, "nodes E"]
    roughness: Float64[np.ndarray, " E"]
    degrees: Float64[np.ndarray, " nodes"]
    mean_weights: Float64[np.ndarray, " nodes"]
    own_units: OwnUnits
    prior_scale: float
    line_probability: float
    alpha_mu: float

    @classmethod
    def from_posterior(
        cls, posterior: GraphPosterior, statistics: Mapping[str, np.ndarray]
    ) -> "AdditiveParameters":
        """Return the parameters' posterior from statistics of a posterior of the score ``additive``."""
        options = posterior.info["score_options"]
        alpha_mu, alpha_w = float(options["alpha_mu"]), float(options["alpha_w"])
        columns = NodeColumns.from_statistics(posterior.names, statistics)
        curves, moments = curves_from_statistics(statistics), moments_from_statistics(statistics)
        n = np.array([each.num_rows for each in moments])
        means = np.stack([each.mean for each in moments])
        with_mean = (n * alpha_mu / (n + alpha_mu))[:, None, None] * means[:, :, None] * means[:, None, :]
        size = int(columns.starts[-1])
        return cls(
            columns=columns,
            curves=curves,
            margins=_margins(columns, statistics),
            is_bent=posterior.info.get("margins") == "normal_scores",
            matrices=np.stack([each.scatter for each in moments]) + with_mean,
            centres=(n / (n + alpha_mu))[:, None] * means,
            roughness=np.concatenate(
                [
                    np.concatenate([np.zeros(width), each.roughness])
                    for width, each in zip(columns.widths.tolist(), curves, strict=True)
                ]
            ),
            degrees=n + alpha_w - size,
            mean_weights=n + alpha_mu,
            own_units=OwnUnits.from_statistics(statistics),
            alpha_mu=alpha_mu,
            prior_scale=prior_scale(size, alpha_mu, alpha_w),
            line_probability=float(options["line_probability"]),
        )

    @property
    def d(self) -> int:
        """Number of nodes."""
        return len(self.curves)

    @property
    def num_columns(self) -> int:
        """Number E of lines and curves."""
        return len(self.roughness)

    @property
    def starts(self) -> Int64[np.ndarray, " nodes"]:
        """The first line of each node among lines and curves, and their number at the end, shape (d + 1,)."""
        sizes = self.columns.widths + np.array([each.size for each in self.curves], dtype=np.int64)
        return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)

    @property
    def spline_arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Knots, coefficients, slopes and offsets of the curves of all nodes, zero where there are none."""
        most = max(each.size for each in self.curves)
        length = max(len(each.knots) for each in self.curves)
        knots, splines = np.zeros((self.d, length)), np.zeros((self.d, max(length - 4, 0), most))
        slopes, offsets = np.zeros((self.d, most)), np.zeros((self.d, most))
        for node, each in enumerate(self.curves):
            if each.size:
                knots[node], splines[node, :, : each.size] = each.knots, each.coefficients
                slopes[node, : each.size], offsets[node, : each.size] = each.slope, each.offset
        return knots, splines, slopes, offsets

    @property
    def margin_arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Number of points, points as scored and in own units of each node's quantiles; none where a scale will do."""
        counts = np.array(
            [0 if each is None or not self.is_bent else len(each.own) for each in self.margins],
            dtype=np.int64,
        )
        scored, own = np.zeros((self.d, int(counts.max()))), np.zeros((self.d, int(counts.max())))
        for node, (each, count) in enumerate(zip(self.margins, counts.tolist(), strict=True)):
            if each is not None and count:
                (f,) = self.columns.features_of(node)
                scored[node, :count] = (each.scored - self.columns.offsets[f]) / self.columns.scales[f]
                own[node, :count] = each.own
        return counts, scored, own

    def points(self, node: int, values: Float64[np.ndarray, " s"]) -> Float64[np.ndarray, "s 1"]:
        """Return the design column of a number at values in its own units.

        Where normal scores were scored, values beyond the range that was seen are moved to its ends.
        """
        (f,) = self.columns.features_of(node)
        margin = self.margins[node]
        scored = margin.to_scored(values) if self.is_bent and margin is not None else values
        return np.asarray((scored - self.columns.offsets[f]) / self.columns.scales[f])[:, None]

    def features(self, node: int, means: Float64[np.ndarray, "k s w"]) -> Float64[np.ndarray, "k s o"]:
        """Return the features of a node, in the table's units, from the means that were simulated."""
        if self.is_bent and self.margins[node] is not None:
            return means
        own, columns = self.columns.features_of(node), self.columns
        features = columns.feature_means[own] + means @ columns.feature_map[columns.design_columns(node), own]
        return np.asarray(columns.offsets[own] + columns.scales[own] * features)

    def sample(self, graphs: Bool[np.ndarray, "k d d"], *, rng: int | np.random.Generator) -> AdditiveBatch:
        """Return one draw of all parameters for each graph; `rng` is a seed or a generator.

        Parameters
        ----------
        graphs : ndarray, shape (k, d, d), bool
            `graphs[s, i, j]` is True for the edge i → j (row → column).
        """
        generator = np.random.default_rng(rng)
        k, widths, size = len(graphs), self.columns.widths, int(self.columns.starts[-1])
        coefficients, intercepts = np.zeros((k, self.num_columns, size)), np.zeros((k, size))
        roots, starts = np.zeros((k, size, int(widths.max()))), self.starts
        in_own_units = np.zeros((k, self.d), dtype=bool)
        for node, width in enumerate(widths.tolist()):
            distinct, family_of = subsets.distinct_sets(graphs[:, :, node])
            block = self.columns.design_columns(node)
            for family, members in enumerate(distinct):
                every = np.flatnonzero(family_of == family)
                chosen = [np.arange(starts[i], starts[i + 1]) for i in np.flatnonzero(members)]
                parents = np.concatenate([np.zeros(0, dtype=np.int64), *chosen])
                is_own = generator.random(len(every)) < self._own_probability(node, parents, generator)
                in_own_units[every, node] = is_own
                for own, draws in ((False, every[~is_own]), (True, every[is_own])):
                    if len(draws):
                        slopes, root, intercept, _ = self._family(
                            node, parents, generator, len(draws), own=own
                        )
                        coefficients[draws[:, None, None], parents[:, None], np.arange(size)[block]] = slopes
                        intercepts[draws, block], roots[draws, block, :width] = intercept, root
        return AdditiveBatch(self, graphs, coefficients, intercepts, roots, in_own_units)

    def _own_probability(
        self, node: int, parents: Int64[np.ndarray, " l"], rng: np.random.Generator
    ) -> float:
        """Return the probability that a node's equation is of its number in its own units; 1/2 before the data."""
        if self.own_units.scatter[node] == 0.0:
            return 0.0
        own, scores = (
            logsumexp(self._family(node, parents, rng, 0, own=is_own)[3]) for is_own in (True, False)
        )
        return float(expit(own - scores - self.own_units.log_jacobian[node]))

    def _family(
        self, node: int, parents: Int64[np.ndarray, " l"], rng: np.random.Generator, count: int, *, own: bool
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return draws of one node given the lines and curves of its parents; see `draw_additive_family`."""
        line, first, width = (
            node if len(self.matrices) > 1 else 0,
            self.starts[node],
            self.columns.widths[node],
        )
        matrix, centre = self.matrices[line], self.centres[line]
        if own:
            rows = float(self.mean_weights[line]) - self.alpha_mu
            matrix, centre = self.own_units.in_place_of_scores(
                node, int(first), matrix, centre, rows, self.alpha_mu
            )
        return draw_additive_family(
            matrix,
            centre,
            parents,
            np.arange(first, first + width),
            self.roughness,
            np.array(SHRINKAGES),
            self.line_probability,
            self.prior_scale,
            float(self.degrees[line] + (self.roughness[parents] == 0.0).sum() + width),
            float(self.mean_weights[line]),
            rng,
            count,
        )


def _margins(columns: NodeColumns, statistics: Mapping[str, np.ndarray]) -> tuple[QuantileTable | None, ...]:
    """Return the quantiles of each node that is one number."""
    names = statistics["table_columns"].tolist()
    found: list[QuantileTable | None] = []
    for node in range(len(columns.nodes)):
        if columns.kind(node) != "number":
            found.append(None)
            continue
        (f,) = columns.features_of(node)
        at = names.index(columns.features[f].column)
        count = int(statistics["quantile_counts"][at])
        found.append(
            QuantileTable(*(statistics[f"quantile_{n}"][at, :count] for n in ("shares", "scored", "own")))
        )
    return tuple(found)
