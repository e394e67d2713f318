"""The linear-Gaussian score: known noise variance, Gaussian weights integrated out."""

import numpy as np
from jaxtyping import Float64, Int64

from dag_gfn.data.dataset import Dataset
from dag_gfn.data.doubts import Doubt
from dag_gfn.data.messages import listed
from dag_gfn.errors import DataError
from dag_gfn.graphs.subsets import MAX_NODES
from dag_gfn.scores.gaussian_minors import centred_scatter
from dag_gfn.scores.gaussian_score import MAX_ROUNDING, GaussianScore
from dag_gfn.scores.local_score import require_positive

MAX_NOISE_RATIO = 1.5
"""Residual variance over noise variance that is tolerated; more than sampling error beyond it raises a doubt."""
_ROUNDINGS = 16.0
"""Rounding error of differences of scores, in units of the machine epsilon times the score without parents."""


class LinearGaussian(GaussianScore):
    r"""Marginal likelihood of :math:`x_j = \sum_{i \in P} w_i x_i + \varepsilon`, no intercept.

    With :math:`w_i \sim N(0, \sigma_w^2)`, :math:`\varepsilon \sim N(0, \sigma^2)`,
    :math:`\lambda = \sigma^2 / \sigma_w^2` and :math:`M = X^\top X + \lambda I` over all columns,

    .. math::
        \text{local}(j, P) = -\tfrac12 \left[ n \log 2\pi\sigma^2 + \log|M_P| - k \log\lambda
           + (M_{j|P} - \lambda) / \sigma^2 \right].

    Here :math:`M_{j|P} = y^\top y - b^\top (K + \lambda I)^{-1} b + \lambda` is at least :math:`\lambda`, so
    subtracting :math:`\lambda` again costs no more than the rounding of :math:`1/\sigma_w^2`. The computation uses
    deviations from the means (:mod:`dag_gfn.scores.gaussian_minors`), which changes rounding only. Not score
    equivalent: the noise variance orients edges.

    Parameters
    ----------
    data : Dataset
        Continuous columns, with mean near 0.
    noise_variance : float
        :math:`\sigma^2`, of every node.
    weight_variance : float
        :math:`\sigma_w^2`, of every edge.

    Raises
    ------
    DataError
        If a column is so large relative to the noise that differences of its scores are lost to rounding.

    Examples
    --------
    With an edge 0 -> 1 of weight 2, a parent gains the child many nats:

    >>> import numpy as np
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.scores import LinearGaussian
    >>> rng = np.random.default_rng(0)
    >>> x = np.sqrt(0.1) * rng.normal(size=50)
    >>> data = from_array(np.column_stack([x, 2.0 * x + np.sqrt(0.1) * rng.normal(size=50)]))
    >>> score = LinearGaussian(data, noise_variance=0.1)
    >>> score.local_scores(1, np.array([0b00, 0b01])).round(2).tolist()
    [-89.03, -17.19]
    """

    name = "linear_gaussian"

    def __init__(
        self,
        data: Dataset,
        *,
        noise_variance: float | int = 0.1,
        weight_variance: float | int = 1.0,
    ):
        super().__init__(data)
        require_positive(noise_variance=noise_variance, weight_variance=weight_variance)
        self.noise_variance, self.weight_variance = float(noise_variance), float(weight_variance)
        self._ridge = self.noise_variance / self.weight_variance
        mean, scatter = centred_scatter(data.values, data.weights)
        self.matrices = (scatter + self._ridge * np.eye(data.d))[None]
        self._set_shifts(np.sqrt(data.total_weight) * mean[None])
        self._refuse_large_scores(mean)

    def doubts(self) -> list[Doubt]:
        """Return the doubt that some columns have more residual variance than the noise variance allows.

        The variance of a column given all others is at most the noise variance of its equation. If it is r times the
        assumed noise variance, chance correlations count r times as much as they should, for any number of rows.
        """
        freedom = self.data.total_weight - self.d + 1
        if freedom < 2 or not np.isfinite(self.matrices).all():
            return []
        left = 1.0 / np.diagonal(np.linalg.pinv(self.matrices[0], hermitian=True))
        ratio = left / freedom / self.noise_variance
        high = ratio > MAX_NOISE_RATIO + 4.0 * np.sqrt(2.0 / freedom)
        if not high.any():
            return []
        named = [f"'{self.names[j]}' ({ratio[j]:.2g} times)" for j in np.flatnonzero(high)]
        return [
            Doubt(
                "noise_variance",
                "caution",
                "the score's noise variance is too small for these columns, so chance makes links",
                f"given all other columns, the variance is larger than the noise variance of {self.noise_variance:g} "
                f"in {listed(named)}, so score {self.name!r} links columns by chance, for any number of rows: use "
                "score 'bge' (--score bge), or set noise_variance.",
            )
        ]

    def _refuse_large_scores(self, mean: Float64[np.ndarray, " d"]) -> None:
        """Raise DataError if a column is so large relative to the noise that its scores are lost to rounding."""
        with np.errstate(all="ignore"):  # values that are not finite are reported where the table is built
            squares = np.diagonal(self.matrices[0]) + self.data.total_weight * mean**2
            score = squares / (2.0 * self.noise_variance)
            error = _ROUNDINGS * np.finfo(float).eps * score
            if (
                np.isfinite(error).all() and self.d <= MAX_NODES
            ):  # beyond, no family has all others as parents
                error = np.fmax(error, self._rounding_of_full_sets())
        if np.isfinite(error).all() and error.max() > MAX_ROUNDING:
            column = int(error.argmax())
            size = np.sqrt(squares[column] / self.data.total_weight)
            remedy = f"Divide the column by {size:.1g}, z-score all (--standardize, standardize=True)"
            if 2.0 * self.data.total_weight * mean[column] ** 2 > squares[column]:
                remedy = "Leave out --no-standardize (standardize=False), so that columns are centred"
            raise DataError(
                f"column {self.names[column]!r} has values of about {size:.2g}, far from a noise variance of "
                f"{self.noise_variance:g}: score {self.name!r} would be about {-score[column]:.2g} nats, "
                + (f"known to ±{error[column]:.2g} only" if error[column] < 1e300 else "of no known digit")
                + f". {remedy}, or use score 'bge'"
            )

    @property
    def hyperparameters(self) -> dict[str, object]:
        """See :class:`LocalScore`."""
        return {"noise_variance": self.noise_variance, "weight_variance": self.weight_variance}

    def score_from_minors(
        self,
        node: int,
        num_columns: Int64[np.ndarray, " m"],
        log_minor: Float64[np.ndarray, " m"],
        log_variance: Float64[np.ndarray, " m"],
    ) -> Float64[np.ndarray, " m"]:
        """Return the formula of the class."""
        return -0.5 * (
            self.data.total_weight * np.log(2.0 * np.pi * self.noise_variance)
            + (log_minor - num_columns * np.log(self._ridge))
            + (np.exp(log_variance) - self._ridge) / self.noise_variance
        )
