"""The normal-Wishart marginal likelihood of blocks of columns, from which BGe and its block form are computed."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64, Int64
from scipy.special import gammaln

from dag_gfn.data.doubts import Doubt
from dag_gfn.data.messages import listed
from dag_gfn.errors import OptionError
from dag_gfn.scores.gaussian_score import GaussianScore
from dag_gfn.scores.local_score import require_positive
from dag_gfn.scores.moments import Moments

_PRIOR_SHARE = 0.1
"""Largest share of a column's sum of squares that the prior may add without a warning."""
_ROWS_FOR_PRIOR = 20  # with fewer rows the prior always matters, and nothing is warned about


def prior_scale(size: int, alpha_mu: float, alpha_w: float) -> float:
    """Return t, which makes T = t I of D columns.

    Examples
    --------
    >>> from dag_gfn.scores.normal_wishart import prior_scale
    >>> prior_scale(3, 1.0, 5.0)
    0.5
    """
    return alpha_mu * (alpha_w - size - 1.0) / (alpha_mu + 1.0)


def column_constants(n: int | float, size: int, alpha_mu: float, alpha_w: float) -> Float64[np.ndarray, " D"]:
    """Return the terms of one of D columns that depend on n and the number k = 0 .. D-1 of columns before it alone.

    Examples
    --------
    >>> from dag_gfn.scores.normal_wishart import column_constants
    >>> column_constants(0, 3, 1.0, 5.0).round(3).tolist()  # 1/2 (alpha_w - D + 2k + 1) log t
    [-1.04, -1.733, -2.426]
    """
    k = np.arange(size)
    degrees = alpha_w - size + k
    return np.asarray(
        0.5 * np.log(alpha_mu / (n + alpha_mu))
        + gammaln(0.5 * (n + degrees + 1))
        - gammaln(0.5 * (degrees + 1))
        - 0.5 * n * np.log(np.pi)
        + 0.5 * (degrees + k + 1) * np.log(prior_scale(size, alpha_mu, alpha_w))
    )


class NormalWishart(GaussianScore):
    r"""A score whose families have the normal-Wishart marginal likelihood, parameters integrated out.

    A node j owns the block :math:`B_j` of w of the D columns, and its parents P own l columns. With
    :math:`N = n + \alpha_w - D`,

    .. math::
        \text{local}(j, P) = \sum_{k=l}^{l+w-1} \left[ \tfrac12 \log\tfrac{\alpha_\mu}{n + \alpha_\mu}
          + \log\frac{\Gamma(\frac12(N + k + 1))}{\Gamma(\frac12(\alpha_w - D + k + 1))}
          - \tfrac n2 \log\pi + \tfrac12(\alpha_w - D + 2k + 1)\log t \right]
          - \tfrac w2 \log|R_P| - \tfrac12(N + l + w) \log|R_{j|P}|

    where :math:`T = t I`, :math:`t = \alpha_\mu(\alpha_w - D - 1)/(\alpha_\mu + 1)`,
    :math:`R = T + S_n + \frac{n\alpha_\mu}{n + \alpha_\mu}(\bar x - \nu)(\bar x - \nu)^\top` and
    :math:`|R_{j|P}| = |R_{P \cup j}| / |R_P|`. The sum is the chain rule over the columns of the block. It equals the
    difference of the log marginal likelihoods of :math:`B_P \cup B_j` and :math:`B_P`.

    A subclass calls `_set_prior`, then `_set_moments`.

    Examples
    --------
    >>> from dag_gfn.scores import BGe, BlockBGe
    >>> from dag_gfn.scores.normal_wishart import NormalWishart
    >>> issubclass(BGe, NormalWishart), issubclass(BlockBGe, NormalWishart)
    (True, True)
    """

    honours_interventions = True
    is_equivalent = True

    def _set_prior(
        self, alpha_mu: float | int, alpha_w: float | int | None, mean_obs: object, size: int
    ) -> None:
        """Set the hyperparameters for D columns; raise OptionError where they are impossible."""
        columns = "d" if self.widths is None else "D"
        alpha_w = size + 2.0 if alpha_w is None else float(alpha_w)
        require_positive(alpha_mu=alpha_mu, alpha_w=alpha_w)
        if alpha_w <= size + 1:
            raise OptionError(
                f"alpha_w must be more than {columns} + 1 = {size + 1}, not {alpha_w:g} (default {size + 2})"
            )
        prior_mean = np.asarray(mean_obs, dtype=np.float64)
        if prior_mean.shape not in ((), (size,)) or not np.isfinite(prior_mean).all():
            raise OptionError(
                f"mean_obs must be one finite number or one for each of the {size} columns, not {mean_obs}"
            )
        self.alpha_mu, self.alpha_w = float(alpha_mu), alpha_w
        self.mean_obs = np.broadcast_to(prior_mean, (size,))
        self.t = prior_scale(size, self.alpha_mu, alpha_w)

    def _set_moments(self, moments: list[Moments], remedy: str) -> None:
        """Set R of all nodes, or of each node where interventions make them differ.

        Raises
        ------
        DataError
            If a column follows so nearly from others that rounding shows in the scores; it names the remedy.
        """
        matrices, shifts = zip(*map(self._posterior_scatter, moments), strict=True)
        self.matrices = np.stack(matrices)
        self._set_shifts(np.stack(shifts))
        self.num_rows = np.array([each.num_rows for each in moments])
        self._refuse_rounding(self.num_rows + self.alpha_w, remedy)
        self._constants = np.stack([self._constant(each.num_rows) for each in moments])

    def on_nodes(self, nodes: Sequence[int]) -> "NormalWishart":
        """Return this score of some nodes alone; constants and degrees of freedom stay those of all D columns."""
        some = super().on_nodes(nodes)
        assert isinstance(some, NormalWishart)
        some.num_rows = self._of_nodes(self.num_rows, nodes)
        some._constants = self._of_nodes(self._constants, nodes)
        return some

    def _posterior_scatter(
        self, moments: Moments
    ) -> tuple[Float64[np.ndarray, "D D"], Float64[np.ndarray, " D"]]:
        """Return T + S_n and u = sqrt(n alpha_mu / (n + alpha_mu)) (mean - mean_obs): R = T + S_n + u u^T."""
        n, mean, scatter = moments
        prior = self.t * np.eye(len(mean))
        return prior + scatter, np.sqrt(n * self.alpha_mu / (n + self.alpha_mu)) * (mean - self.mean_obs)

    def _constant(self, n: int | float) -> Float64[np.ndarray, " D"]:
        """Return `column_constants` of n rows."""
        return column_constants(n, len(self.mean_obs), self.alpha_mu, self.alpha_w)

    def score_from_minors(
        self,
        node: int,
        num_columns: Int64[np.ndarray, " m"],
        log_minor: Float64[np.ndarray, " m"],
        log_variance: Float64[np.ndarray, " m"],
    ) -> Float64[np.ndarray, " m"]:
        """Return the formula of the class."""
        which, width = node if len(self.matrices) > 1 else 0, self.width(node)
        degrees = float(self.num_rows[which]) + self.alpha_w - len(self.mean_obs) + float(width) + num_columns
        constant = self._constants[which][num_columns]
        for k in range(1, width):
            constant = constant + self._constants[which][num_columns + k]
        return constant - 0.5 * width * log_minor - 0.5 * degrees * log_variance

    def _prior_doubts(self, moments: Moments, labels: dict[int, str]) -> list[Doubt]:
        """Return the doubt that the means or spreads of some columns do not fit the prior.

        The prior adds T = t I and u u^T to the scatter. A large mean then makes columns look correlated, and a small
        spread makes a column look constant. Standardised columns have neither.

        Parameters
        ----------
        moments : Moments
            Of all rows.
        labels : dict from int to str
            The columns that the table gives as they are, with their names.
        """
        squares = np.diagonal(moments.scatter)
        offset = (moments.mean - self.mean_obs) ** 2 * self.alpha_mu
        far = (offset > _PRIOR_SHARE * squares) | (self.t > _PRIOR_SHARE * squares)
        named = [
            f"'{label}' (mean {moments.mean[j]:.2g}, standard deviation "
            f"{np.sqrt(squares[j] / moments.num_rows):.2g})"
            for j, label in labels.items()
            if far[j]
        ]
        if moments.num_rows < _ROWS_FOR_PRIOR or not named:
            return []
        return [
            Doubt(
                "prior_of_raw_columns",
                "caution",
                "the prior of the score outweighs the data in these columns, which are not standardised",
                f"score {self.name!r} expects means near mean_obs and spreads near 1, and its prior outweighs the "
                f"data in {listed(named)}: leave out --no-standardize (standardize=False), or set mean_obs and "
                "alpha_mu.",
            )
        ]
