r"""Outcomes of experiments in Gaussian networks: the scores BGe and block.

Given a graph and the data D, the rows Y of an experiment have the log-probability

.. math::
    \log p(Y \mid G, D) = \sum_i \text{local}_i(Pa_i; D \cup Y_i) - \text{local}_i(Pa_i; D)

where :math:`Y_i` are the rows in which node i was not set. The scores are those of
:class:`dag_gfn.scores.normal_wishart.NormalWishart`; they need number, means and scatter of the rows alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final, no_type_check

import numpy as np
from jaxtyping import Bool, Float64, Int64
from numba import njit

from dag_gfn.experiment_choice.families import Families
from dag_gfn.experiment_choice.outcomes import OBSERVE, Experiment, arm_of_rows, spread_over
from dag_gfn.graphs import subsets
from dag_gfn.parameters.block_draws import block_networks, factor_columns
from dag_gfn.parameters.block_gaussian import BlockGaussianBatch
from dag_gfn.parameters.node_columns import NodeColumns
from dag_gfn.parameters.units import in_standard_deviations
from dag_gfn.scores.normal_wishart import column_constants, prior_scale

CHUNK_CELLS = 4_000_000
"""Simulated cells that are held at once."""
SPREADS = 2.0
"""A number is set to so many standard deviations to either side of its mean, but never outside the data's range."""


@final
@dataclass(frozen=True, eq=False)
class GaussianOutcomes:
    """The predictive distribution of experiments under BGe's prior, for nodes of one column or of several.

    Attributes
    ----------
    widths : ndarray, shape (d,), int64
        Number of the D columns that each node owns.
    num_rows : ndarray, shape (l,), float64
        Rows that count: one entry for all nodes, or one for each node where some were set before.
    means : ndarray, shape (l, D), float64
        About the prior mean.
    scatter : ndarray, shape (l, D, D), float64
    alpha_mu, alpha_w : float
    points : tuple of ndarray, length d
        The values that each node is set to, shape (settings, width), as scored.
    labels : tuple of list of str, length d
        The same in words.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.experiment_choice.gaussian_outcomes import GaussianOutcomes
    >>> posterior = dag_gfn.fit(np.random.default_rng(0).normal(size=(200, 2)), progress=False)
    >>> outcomes = GaussianOutcomes.from_posterior(posterior.info, posterior.statistics)
    >>> len(outcomes.settings(0))  # low and high
    2
    """

    widths: Int64[np.ndarray, " d"]
    num_rows: Float64[np.ndarray, " l"]
    means: Float64[np.ndarray, "l D"]
    scatter: Float64[np.ndarray, "l D D"]
    alpha_mu: float
    alpha_w: float
    points: tuple[np.ndarray, ...]
    labels: tuple[list[str], ...]

    @classmethod
    def from_posterior(
        cls, info: Mapping[str, Any], statistics: Mapping[str, np.ndarray]
    ) -> "GaussianOutcomes":
        """Return the predictive distribution that the statistics of one table determine; score ``bge`` or ``block``."""
        block = "block_scatter" in statistics
        raw = statistics["block_scatter" if block else "scatter"]
        size = raw.shape[-1]
        scatter = raw.reshape(-1, size, size)
        means = statistics["block_means" if block else "column_means"].reshape(-1, size)
        options = info["score_options"]
        prior_mean = np.broadcast_to(np.asarray(options.get("mean_obs", 0.0), dtype=np.float64), (size,))
        widths = statistics["block_widths"] if block else np.ones(size, dtype=np.int64)
        if block:
            points, labels = _block_points(info, statistics, means[0], scatter[0])
        else:
            points, labels = _number_points(info, statistics, means[0], scatter[0], prior_mean)
        return cls(
            widths=widths.astype(np.int64),
            num_rows=statistics["num_rows"][: len(scatter)].astype(np.float64),
            means=means - prior_mean,
            scatter=scatter,
            alpha_mu=float(options["alpha_mu"]),
            alpha_w=float(options["alpha_w"]),
            points=points,
            labels=labels,
        )

    def settings(self, node: int) -> list[str]:
        """Return the values that a node is set to, in the column's own units."""
        return self.labels[node]

    def log_likelihoods(
        self,
        experiment: Experiment,
        graphs: Bool[np.ndarray, "s d d"],
        families: Families,
        rng: np.random.Generator,
    ) -> Float64[np.ndarray, "s f"]:
        """See :class:`dag_gfn.experiment_choice.outcomes.Outcomes`."""
        found = np.zeros((len(graphs), len(families)))
        pointers, columns, sizes = _members(families, self.widths)
        step = max(1, CHUNK_CELLS // (experiment.num_rows * self.means.shape[1]))
        for start in range(0, len(graphs), step):
            rows = self.simulate(experiment, graphs[start : start + step], rng)
            set_in = arm_of_rows(experiment)
            for node, width in enumerate(self.widths.tolist()):
                new = rows[:, set_in != node]
                here = np.flatnonzero(families.nodes == node)
                if not new.shape[1] or not len(here):
                    continue  # set in every row: nothing is learned of its causes
                old = node if len(self.num_rows) > 1 else 0
                before = self._posterior_scatter(self.num_rows[old], self.means[old], self.scatter[old])[None]
                number, mean, scatter = self._with(old, new)
                after = self._posterior_scatter(number, mean, scatter)
                for sign, matrices, n in ((1.0, after, number), (-1.0, before, float(self.num_rows[old]))):
                    scores = np.empty((len(matrices), len(here)))
                    freedom = n + self.alpha_w - self.means.shape[1]
                    _family_scores(
                        matrices,
                        here,
                        pointers,
                        columns,
                        sizes,
                        width,
                        column_constants(n, self.means.shape[1], self.alpha_mu, self.alpha_w),
                        freedom,
                        scores,
                    )
                    found[start : start + step, here] += sign * scores
        return found

    def simulate(
        self, experiment: Experiment, graphs: Bool[np.ndarray, "s d d"], rng: np.random.Generator
    ) -> Float64[np.ndarray, "s rows D"]:
        """Return the rows of an experiment, drawn from the predictive distribution of each graph, as scored."""
        networks = self._networks(np.ascontiguousarray(graphs), rng)
        s, size = networks.intercepts.shape
        noise = self._noise(networks, experiment.num_rows, rng)
        found = np.empty((s, experiment.num_rows, size))
        for arm, target in enumerate(experiment.targets):
            part = slice(arm * experiment.rows, (arm + 1) * experiment.rows)
            if target == OBSERVE:
                found[:, part] = (networks.intercepts[:, None] + noise[:, part]) @ networks.path_sums
                continue
            own = slice(int(self.widths[:target].sum()), int(self.widths[: target + 1].sum()))
            coefficients, without = networks.coefficients.copy(), graphs.copy()
            coefficients[:, :, own] = 0.0
            without[:, :, target] = False
            cut = BlockGaussianBatch(
                self.widths, without, coefficients, networks.intercepts, networks.noise_covariances
            )
            sources = networks.intercepts[:, None] + noise[:, part]
            points = self.points[target]
            sources[:, :, own] = points[spread_over(len(points), experiment.rows)]
            found[:, part] = sources @ cut.path_sums
        return found

    def _networks(self, graphs: Bool[np.ndarray, "s d d"], rng: np.random.Generator) -> BlockGaussianBatch:
        """Return one draw of all parameters for each graph."""
        size, s = self.means.shape[1], len(graphs)
        matrices = np.stack(
            [
                self._posterior_scatter(*each)
                for each in zip(self.num_rows, self.means, self.scatter, strict=True)
            ]
        )
        coefficients, intercepts = np.zeros((s, size, size)), np.zeros((s, size))
        covariances = np.zeros((s, size, int(self.widths.max())))
        block_networks(
            matrices,
            (self.num_rows / (self.num_rows + self.alpha_mu))[:, None] * self.means,
            self.num_rows + self.alpha_w - size,
            self.num_rows + self.alpha_mu,
            self.widths,
            graphs,
            True,
            rng,
            coefficients,
            intercepts,
            covariances,
        )
        return BlockGaussianBatch(self.widths, graphs, coefficients, intercepts, covariances)

    def _noise(
        self, networks: BlockGaussianBatch, rows: int, rng: np.random.Generator
    ) -> Float64[np.ndarray, "s rows D"]:
        s, size = networks.intercepts.shape
        noise = rng.standard_normal((s, rows, size))
        start = 0
        for width in self.widths.tolist():
            own = slice(start, start + width)
            covariance = networks.noise_covariances[:, own, :width]
            if width == 1:
                noise[:, :, own] *= np.sqrt(covariance)
            else:
                noise[:, :, own] = noise[:, :, own] @ np.swapaxes(np.linalg.cholesky(covariance), 1, 2)
            start += width
        return noise

    def _with(
        self, old: int, new: Float64[np.ndarray, "s rows D"]
    ) -> tuple[float, Float64[np.ndarray, "s D"], Float64[np.ndarray, "s D D"]]:
        """Return number, means and scatter of the rows of one node together with new ones."""
        n, m = float(self.num_rows[old]), new.shape[1]
        new_mean = new.mean(axis=1)
        centred = new - new_mean[:, None]
        apart = new_mean - self.means[old]
        scatter = self.scatter[old] + np.swapaxes(centred, 1, 2) @ centred
        scatter = scatter + n * m / (n + m) * apart[:, :, None] * apart[:, None, :]
        return n + m, (n * self.means[old] + m * new_mean) / (n + m), scatter

    def _posterior_scatter(
        self, n: float, mean: Float64[np.ndarray, "*b D"], scatter: Float64[np.ndarray, "*b D D"]
    ) -> Float64[np.ndarray, "*b D D"]:
        """Return R = T + scatter + n alpha_mu / (n + alpha_mu) mean mean^T."""
        weight = n * self.alpha_mu / (n + self.alpha_mu)
        return self._t * np.eye(mean.shape[-1]) + scatter + weight * mean[..., :, None] * mean[..., None, :]

    @property
    def _t(self) -> float:
        return prior_scale(self.means.shape[1], self.alpha_mu, self.alpha_w)


def _number_points(
    info: Mapping[str, Any],
    statistics: Mapping[str, np.ndarray],
    means: Float64[np.ndarray, " D"],
    scatter: Float64[np.ndarray, "D D"],
    prior_mean: Float64[np.ndarray, " D"],
) -> tuple[tuple[np.ndarray, ...], tuple[list[str], ...]]:
    """Return low and high values of each number about the prior mean, and both in its own units."""
    low, high = _usual_range(statistics, means, scatter)
    shift, scale = statistics["means"], statistics["scales"]
    if in_standard_deviations(info):
        shift, scale = np.zeros_like(shift), np.ones_like(scale)
    labels = tuple(
        [f"{shift[j] + scale[j] * low[j]:.4g}", f"{shift[j] + scale[j] * high[j]:.4g}"]
        for j in range(len(low))
    )
    points = tuple(np.array([[low[j]], [high[j]]]) - prior_mean[j] for j in range(len(low)))
    return points, labels


def _usual_range(
    statistics: Mapping[str, np.ndarray],
    means: Float64[np.ndarray, " D"],
    scatter: Float64[np.ndarray, "D D"],
) -> tuple[Float64[np.ndarray, " D"], Float64[np.ndarray, " D"]]:
    """Return where numbers are set, as scored: within `SPREADS` standard deviations and within the data's range."""
    spread = np.sqrt(np.diagonal(scatter) / max(float(statistics["num_rows"].max()), 1.0))
    low, high = means - SPREADS * spread, means + SPREADS * spread
    if "lowest" in statistics:
        low, high = np.maximum(low, statistics["lowest"]), np.minimum(high, statistics["highest"])
    return low, high


def _block_points(
    info: Mapping[str, Any],
    statistics: Mapping[str, np.ndarray],
    means: Float64[np.ndarray, " D"],
    scatter: Float64[np.ndarray, "D D"],
) -> tuple[tuple[np.ndarray, ...], tuple[list[str], ...]]:
    """Return the levels of each category, and low and high values of each number, as points of the design."""
    columns = NodeColumns.from_statistics(tuple(info["names"]), statistics)
    spread = np.sqrt(np.diagonal(scatter) / max(float(statistics["num_rows"].max()), 1.0))
    points, labels = [], []
    for node in range(len(columns.widths)):
        own, here = columns.features_of(node).tolist(), columns.design_columns(node)
        if columns.kind(node) == "category":
            points.append(np.stack([columns.point(node, {f: 1.0}) for f in own]))
            labels.append([str(columns.features[f].level) for f in own])
            continue
        # a number, or a group, all of whose columns are moved along the first direction of its design
        step = np.zeros(here.stop - here.start)
        step[0] = SPREADS * spread[here][0]
        both = np.stack([means[here] - step, means[here] + step])
        points.append(both)
        if columns.kind(node) == "group":
            labels.append(["low", "high"])
            continue
        (f,) = own
        scored = columns.feature_means[f] + both @ columns.feature_map[here, f]
        labels.append([f"{columns.offsets[f] + columns.scales[f] * value:.4g}" for value in scored.tolist()])
    return tuple(points), tuple(labels)


def _members(
    families: Families, widths: Int64[np.ndarray, " d"]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the columns of all families, parents first, where each begins, and how many its parents own."""
    starts = np.concatenate([[0], np.cumsum(widths)])
    blocks = [np.arange(starts[j], starts[j + 1]) for j in range(len(widths))]
    columns, pointers, sizes = [], [0], []
    for node, parents in zip(
        families.nodes.tolist(), subsets.unpack(families.parents, len(widths)), strict=True
    ):
        own = [blocks[j] for j in np.flatnonzero(parents)]
        sizes.append(sum(map(len, own)))
        columns += [*own, blocks[node]]
        pointers.append(pointers[-1] + sizes[-1] + len(blocks[node]))
    return np.array(pointers), np.concatenate(columns).astype(np.int64), np.array(sizes, dtype=np.int64)


@njit(cache=True, nogil=True)
@no_type_check
def _family_scores(matrices, families, pointers, columns, sizes, width, constants, freedom, scores):
    """Write the local scores of families of one node under each matrix R; scores: (matrices, families)."""
    largest = 0
    for f in families:
        largest = max(largest, pointers[f + 1] - pointers[f])
    factor = np.zeros((largest, largest))
    for s in range(len(matrices)):
        for at in range(len(families)):
            f = families[at]
            members, size = columns[pointers[f] : pointers[f + 1]], sizes[f]
            log_minor = factor_columns(matrices[s], members, 0, size, factor)
            log_variance = factor_columns(matrices[s], members, size, size + width, factor)
            score = -0.5 * width * log_minor - 0.5 * (freedom + size + width) * log_variance
            for k in range(size, size + width):
                score += constants[k]
            scores[s, at] = score
