"""The additive score: each parent acts through a curve, and what parents do adds."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float64, Int64, Shaped
from scipy.special import logsumexp

from dag_gfn.data.dataset import Dataset
from dag_gfn.data.some_nodes import of_nodes
from dag_gfn.errors import OptionError
from dag_gfn.graphs.subsets import remove_bit, subsets_within, unpack
from dag_gfn.scores.additive_statistics import (
    additive_statistics,
    curves_from_statistics,
    moments_from_statistics,
)
from dag_gfn.scores.block import BlockBGe
from dag_gfn.scores.block_design import BlockDesign
from dag_gfn.scores.curves import Curves
from dag_gfn.scores.gaussian_minors import all_log_minors, family_log_minors
from dag_gfn.scores.local_score import without_and_with
from dag_gfn.scores.moments import Moments

SHRINKAGES = (0.5, 2.0, 8.0, 32.0)
"""Prior precisions of the smoothest curve, in units of 1 / noise variance; all are as probable."""
CURVES_OF_EFFECTS = 8
"""Curves of a column by which effects are told, unless the score has more."""
_MAX_CELLS = 1 << 23
"""Cells of the statistics of curves, beyond which effects are told by those of the score."""
MAX_CURVES = 12
"""Largest number of curves of a column."""


class Additive(BlockBGe):
    r"""Marginal likelihood of sums of curves, mixed with the linear model of :class:`BlockBGe`.

    A numeric parent i acts through its straight line and K curves (:mod:`dag_gfn.scores.curves`). Categories and groups
    act through the columns of their block, as a child is the block of a node. With the precision :math:`\lambda` of
    curves,

    .. math::
        y = \mu + \sum_{i \in P} \Big(b_i x_i + \sum_k c_{ik} f_{ik}(x_i)\Big) + \varepsilon, \quad
        c_{ik} \sim N\Big(0, \frac{\sigma^2}{\lambda \rho_{ik}}\Big)

    where :math:`\rho_{ik}` is the roughness of a curve, and :math:`\mu, b, \sigma^2` have the prior that BGe implies
    for this family. So without curves (:math:`\lambda = \infty`) the evidence :math:`m_\infty` is that of BGe, and with
    them it has the same closed form, with more columns. It is averaged over :math:`\lambda`:

    .. math::
        \text{local}(j, P) = \log m_\infty + w \log\Big[\pi + (1 - \pi) \tfrac14 \sum_\lambda m_\lambda / m_\infty\Big]

    :math:`\pi` is the prior probability that all parents of a node act by straight lines, ``line_probability``. On
    straight lines the bracket is near :math:`\pi`, so that Markov-equivalent DAGs keep nearly equal scores. With a
    ``curve_weight`` w of 1 the score is a log marginal likelihood. A smaller w discounts what curves say, as in a power
    posterior: real noise is neither normal nor of constant variance, so that the model is far too certain of directions
    that rest on shape. The default was set on the cause-effect pairs of Mooij et al., where it is about as certain as
    it is right; on the normal scores of the columns, that is.

    Parameters
    ----------
    data : Dataset
        With continuous columns, without missing cells; standardise them first.
    alpha_mu, alpha_w : float
        As for :class:`BlockBGe`.
    num_curves : int
        K, the curves of a numeric column beside its line.
    curve_weight : float
        w, above 0 and at most 1.
    line_probability : float
        :math:`\pi`, between 0 and 1.

    References
    ----------
    Friedman and Nachman, "Gaussian process networks", UAI 2000, has the same idea with other curves. Hoyer et al.,
    "Nonlinear causal discovery with additive noise models", NIPS 2008, for directions from shape. Mooij et al.,
    "Distinguishing cause from effect using observational data", JMLR 17 (2016), for the pairs. Bissiri, Holmes and
    Walker, "A general framework for updating belief distributions", Journal of the Royal Statistical Society B 78
    (2016), for weights of evidence.

    Examples
    --------
    A bowl has no correlation with its cause. The curves see it, and in which direction it is a curve with noise:

    >>> import numpy as np
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.scores import Additive, BGe
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=100)
    >>> data = from_array(np.column_stack([x, x**2 + rng.normal(size=100)])).standardize()
    >>> gains = lambda score: np.diff(score.complete_table()).ravel().round(1).tolist()
    >>> gains(BGe(data)), gains(Additive(data, curve_weight=1.0))  # of y as a parent of x, and of x as a parent of y
    ([-2.2, -2.2], [11.2, 36.8])
    """

    name = "additive"
    kind = "continuous"
    needs_rows = True
    is_equivalent = False

    def __init__(
        self,
        data: Dataset,
        *,
        alpha_mu: float | int = 1.0,
        alpha_w: float | int | None = None,
        num_curves: int = 4,
        curve_weight: float | int = 0.05,
        line_probability: float | int = 0.5,
    ):
        if not 1 <= num_curves <= MAX_CURVES:
            raise OptionError(f"num_curves must be between 1 and {MAX_CURVES}, not {num_curves}")
        if not 0.0 < curve_weight <= 1.0:
            raise OptionError(f"curve_weight must be above 0 and at most 1, not {curve_weight}")
        if not 0.0 < line_probability < 1.0:
            raise OptionError(f"line_probability must be between 0 and 1, not {line_probability}")
        super().__init__(data, alpha_mu=alpha_mu, alpha_w=alpha_w)
        self.num_curves, self.curve_weight = int(num_curves), float(curve_weight)
        self.line_probability = float(line_probability)
        assert self.design is not None
        self.curves = curves_of(self.design, self.num_curves)
        self._set_curves(self.design, self.curves)

    def on_nodes(self, nodes: Sequence[int]) -> "Additive":
        """Return this score of some nodes alone, with the same degrees of freedom; see :class:`LocalScore`."""
        assert self.widths is not None
        others = int(self.widths.sum()) - int(self.widths[list(nodes)].sum())
        options: dict[str, Any] = self.hyperparameters
        return type(self)(of_nodes(self.data, nodes), **{**options, "alpha_w": self.alpha_w - others})

    @classmethod
    def from_statistics(
        cls,
        statistics: Mapping[str, Shaped[np.ndarray, "..."]],
        names: tuple[str, ...],
        *,
        alpha_mu: float | int,
        alpha_w: float | int,
        num_curves: int,
        curve_weight: float | int,
        line_probability: float | int,
    ) -> "Additive":
        """Return the score from the statistics of its data; it has no design and no data.

        Parameters
        ----------
        statistics : mapping
            See `statistics`.
        names : tuple of str, length d
        alpha_mu, alpha_w, num_curves, curve_weight, line_probability
            As for the class.

        Examples
        --------
        >>> import numpy as np
        >>> from dag_gfn.data import from_array
        >>> from dag_gfn.scores import Additive
        >>> score = Additive(from_array(np.random.default_rng(0).normal(size=(30, 3))).standardize())
        >>> again = Additive.from_statistics(score.statistics(), score.names, **score.hyperparameters)
        >>> bool(np.allclose(again.complete_table(), score.complete_table()))
        True
        """
        moments, widths = moments_from_statistics(statistics), statistics["block_widths"]
        places = [np.arange(w + k) for w, k in zip(widths, statistics["curve_sizes"], strict=True)]
        lines = np.concatenate([at < w for w, at in zip(widths, places, strict=True)])
        used = np.concatenate([at < w + num_curves for w, at in zip(widths, places, strict=True)])
        score = cls.__new__(cls)
        score._names = tuple(names)
        score.num_curves, score.curve_weight = int(num_curves), float(curve_weight)
        score.line_probability = float(line_probability)
        score.curves = tuple(each.first(score.num_curves) for each in curves_from_statistics(statistics))
        of_lines, of_curves = (
            [Moments(n, mean[kept], scatter[np.ix_(kept, kept)]) for n, mean, scatter in moments]
            for kept in (lines, used)
        )
        score._set_score(of_lines, widths, alpha_mu, alpha_w)
        score._set_curve_moments(of_curves, widths, score.curves)
        return score

    @classmethod
    def kinds(cls) -> tuple[str, ...]:
        """See :class:`LocalScore`."""
        return ("continuous", "mixed")

    @property
    def hyperparameters(self) -> dict[str, object]:
        """See :class:`LocalScore`."""
        return {
            **super().hyperparameters,
            "num_curves": self.num_curves,
            "curve_weight": self.curve_weight,
            "line_probability": self.line_probability,
        }

    def statistics(self) -> dict[str, Shaped[np.ndarray, "..."]]:
        """Return what parameters and effects are computed from; see :func:`additive_statistics` and the block score.

        They hold more curves than the score uses: given a graph, the shape of an effect is followed more closely. Those
        of the score are the first of them.
        """
        of_blocks = super().statistics()
        assert self.design is not None  # refused just now
        curves, size = self.curves, self.d * (CURVES_OF_EFFECTS + 1)
        if (self.d if self.has_interventions else 1) * size**2 <= _MAX_CELLS:
            curves = curves_of(self.design, max(self.num_curves, CURVES_OF_EFFECTS))
        columns = lines_and_curves(self.design, curves)
        moments = moments_of_rows(self.design, columns)
        return of_blocks | additive_statistics(self.data, self.design, curves, columns, moments)

    @property
    def families_per_second(self) -> float:
        """See :class:`LocalScore`."""
        return 2e5 / len(SHRINKAGES)

    def _set_curves(self, design: BlockDesign, curves: tuple[Curves, ...]) -> None:
        """Set A and u of lines and curves, side by side for each node, and the prior precision of each column."""
        moments = moments_of_rows(design, lines_and_curves(design, curves))
        self._set_curve_moments(moments, design.widths, curves)

    def _set_curve_moments(
        self, moments: list[Moments], widths: Int64[np.ndarray, " d"], curves: tuple[Curves, ...]
    ) -> None:
        sizes = np.array([each.size for each in curves], dtype=np.int64)
        self._block_widths = widths
        self._sizes, self._full_widths = sizes, widths + sizes
        self._owners = np.repeat(np.arange(self.d, dtype=np.int64), self._full_widths)
        self._roughness = np.concatenate(
            [np.concatenate([np.zeros(w), each.roughness]) for w, each in zip(widths, curves, strict=True)]
        )  # 0 for the columns of lines and blocks
        self._scatters = [each.scatter for each in moments]
        self._means = [
            np.sqrt(each.num_rows * self.alpha_mu / (each.num_rows + self.alpha_mu)) * each.mean
            for each in moments
        ]
        self._sum_log_roughness = np.array([np.log(each.roughness).sum() for each in curves])

    def _family(
        self, node: int, others: Int64[np.ndarray, " k"], shrinkage: float
    ) -> tuple[Float64[np.ndarray, "D D"], Float64[np.ndarray, " D"], Int64[np.ndarray, " nodes"]]:
        """Return A, u and the widths of a node's own block, which has no curves, followed by the others' columns."""
        is_line = self._roughness == 0.0
        columns = np.concatenate(
            [np.flatnonzero((self._owners == node) & is_line)]
            + [np.flatnonzero(self._owners == other) for other in others]
        )
        which = node if self.has_interventions else 0
        matrix = self._scatters[which][np.ix_(columns, columns)].copy()
        rough = self._roughness[columns]
        matrix[np.diag_indices(len(columns))] += np.where(rough == 0.0, self.t, shrinkage * rough)
        widths = np.concatenate([self._block_widths[[node]], self._full_widths[others]])
        return matrix, self._means[which][columns], widths

    def _mixed(
        self,
        node: int,
        parents: Int64[np.ndarray, " m"],
        minors: list[tuple[np.ndarray, np.ndarray]],
        lines: Float64[np.ndarray, " m"],
    ) -> Float64[np.ndarray, " m"]:
        """Return the scores of families from those of straight lines and the minors for each shrinkage.

        Parameters
        ----------
        node : int
        parents : array, shape (m,), int64
            Bitmasks.
        minors : list of pairs of arrays, shape (m,)
            log det M[P] and log M[node | P] with the columns of curves.
        lines : array, shape (m,), float64
            Scores of straight lines.
        """
        members = unpack(parents, self.d)
        num_columns = (members * self._block_widths).sum(1)
        prior = (members * self._sum_log_roughness).sum(1)
        num_curves = (members * self._sizes).sum(1)
        share = np.log((1.0 - self.line_probability) / len(SHRINKAGES))
        terms = [np.full(len(parents), np.log(self.line_probability))]
        for shrinkage, (log_minor, log_variance) in zip(SHRINKAGES, minors, strict=True):
            with_curves = self.score_from_minors(
                node, num_columns, log_minor - prior - num_curves * np.log(shrinkage), log_variance
            )
            terms.append(share + with_curves - lines)
        gain = np.where(num_curves > 0, logsumexp(terms, axis=0), 0.0)
        return np.asarray(lines + self.curve_weight * gain)

    def local_scores(self, node: int, parents: Int64[np.ndarray, " m"]) -> Float64[np.ndarray, " m"]:
        """Return local_score(node, P) for a batch of parent sets; see :class:`LocalScore`."""
        lines = super().local_scores(node, parents)
        others = np.array([other for other in range(self.d) if other != node], dtype=np.int64)
        moved = remove_bit(parents, node) << 1
        minors = []
        for shrinkage in SHRINKAGES:
            matrix, shift, widths = self._family(node, others, shrinkage)
            minors.append(family_log_minors(matrix, 0, moved, shift, widths))
        return self._mixed(node, parents, minors, lines)

    def scores_within(self, node: int, candidates: int) -> Float64[np.ndarray, " sets"]:
        """Return local scores from all minors of the candidates with the node; see :class:`LocalScore`."""
        lines = super().scores_within(node, candidates)
        others = np.flatnonzero(unpack(np.asarray(candidates, dtype=np.int64), self.d))
        minors = []
        for shrinkage in SHRINKAGES:
            matrix, shift, widths = self._family(node, others, shrinkage)
            scaled, diagonal = all_log_minors(matrix, shift, widths)
            scaled_parents, scaled_family = without_and_with(scaled, 0)
            log_minor = scaled_parents + without_and_with(diagonal, 0)[0]
            own = np.log(np.diagonal(matrix)[: self.width(node)]).sum()
            minors.append((log_minor, scaled_family - scaled_parents + own))
        return self._mixed(node, subsets_within(candidates), minors, lines)

    def complete_table(self) -> Float64[np.ndarray, "d sets"]:
        """Return all local scores from all minors of each node's matrices; see :class:`LocalScore`."""
        everything = (1 << self.d) - 1
        return np.stack([self.scores_within(node, everything & ~(1 << node)) for node in range(self.d)])


def curves_of(design: BlockDesign, num_curves: int) -> tuple[Curves, ...]:
    """Return the curves of each node of a design: none for categories and groups.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.scores.additive import curves_of
    >>> from dag_gfn.scores.block_design import BlockDesign
    >>> table = np.column_stack([np.arange(8.0) % 2, np.arange(8.0)])  # a category beside a number
    >>> [each.size for each in curves_of(BlockDesign.from_arrays(table, (2, 0), ("sex", "age")), 3)]
    [0, 3]
    """
    return tuple(
        Curves.of(design.columns[:, block.start], num_curves, design.weights) if numeric else Curves.none()
        for block, numeric in zip(design.blocks, design.is_numeric.tolist(), strict=True)
    )


def lines_and_curves(design: BlockDesign, curves: tuple[Curves, ...]) -> Float64[np.ndarray, "n E"]:
    """Return the columns of a design with the curves of each node behind its own.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.scores.additive import curves_of, lines_and_curves
    >>> from dag_gfn.scores.block_design import BlockDesign
    >>> table = np.column_stack([np.arange(8.0) % 2, np.arange(8.0)])  # a category beside a number
    >>> design = BlockDesign.from_arrays(table, (2, 0), ("sex", "age"))
    >>> lines_and_curves(design, curves_of(design, 3)).shape
    (8, 5)
    """
    blocks = [
        np.column_stack([design.columns[:, block], each.at(design.columns[:, block.start])])
        for block, each in zip(design.blocks, curves, strict=True)
    ]
    return np.concatenate(blocks, axis=1)


def moments_of_rows(design: BlockDesign, columns: Float64[np.ndarray, "n E"]) -> list[Moments]:
    """Return the moments of columns over the rows of a design: one entry for all nodes, or one for each.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.scores.additive import moments_of_rows
    >>> from dag_gfn.scores.block_design import BlockDesign
    >>> design = BlockDesign.from_arrays(np.arange(8.0)[:, None], (0,), ("age",))
    >>> [(each.num_rows, each.mean.tolist()) for each in moments_of_rows(design, design.columns)]
    [(8, [3.5])]
    """
    nodes = range(1 if design.intervened is None else len(design.names))
    rows = [design.observed_rows(node) for node in nodes]
    return [
        Moments.of(columns[used], None if design.weights is None else design.weights[used]) for used in rows
    ]
