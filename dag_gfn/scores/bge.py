"""The BGe score: Gaussian networks with a normal-Wishart prior, parameters integrated out."""

import numpy as np
from jaxtyping import Float, Float64, Int, Int64
from scipy.special import gammaln

from dag_gfn.data.dataset import Dataset
from dag_gfn.data.doubts import Doubt
from dag_gfn.data.messages import listed
from dag_gfn.errors import OptionError
from dag_gfn.scores.gaussian_minors import centred_scatter
from dag_gfn.scores.gaussian_score import GaussianScore
from dag_gfn.scores.local_score import require_positive

_PRIOR_SHARE = 0.1
"""Largest share of a column's sum of squares that the prior may add without a warning."""
_ROWS_FOR_PRIOR = 20  # with fewer rows the prior always matters, and nothing is warned about


class BGe(GaussianScore):
    r"""Bayesian Gaussian equivalent score: equal for Markov-equivalent DAGs.

    With N = n + alpha_w - d and k = \|P\|,

    .. math::
        \text{local}(j, P) = \tfrac12 \log\tfrac{\alpha_\mu}{n + \alpha_\mu}
          + \log\frac{\Gamma(\frac12(N + k + 1))}{\Gamma(\frac12(\alpha_w - d + k + 1))}
          - \tfrac n2 \log\pi + \tfrac12(\alpha_w - d + 2k + 1)\log t
          + \tfrac12(N + k)\log|R_P| - \tfrac12(N + k + 1)\log|R_{P \cup j}|

    where :math:`T = t I`, :math:`t = \alpha_\mu(\alpha_w - d - 1)/(\alpha_\mu + 1)` and
    :math:`R = T + S_n + \frac{n\alpha_\mu}{n + \alpha_\mu}(\bar x - \nu)(\bar x - \nu)^\top`.

    The prior depends on the units of the columns, so standardise them first. Rows in which a node's value was set
    by the experimenter do not count for that node, which then has its own n and R (score 0 where no row is left).

    Parameters
    ----------
    data : Dataset
        Continuous columns.
    alpha_mu : float
        Prior weight of the mean, in rows.
    alpha_w : float or None
        Degrees of freedom of the Wishart prior, more than d + 1; d + 2 for None.
    mean_obs : float or array of shape (d,)
        Prior mean :math:`\nu`.

    References
    ----------
    Geiger and Heckerman, "Learning Gaussian networks", UAI 1994. Kuipers, Moffa and Heckerman, "Addendum on
    the scoring of Gaussian directed acyclic graphical models", Annals of Statistics 42 (2014): the constants
    as corrected there.

    Examples
    --------
    Markov-equivalent DAGs, here 0 -> 1 and 1 -> 0, have the same score:

    >>> import numpy as np
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.scores import BGe
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=100)
    >>> score = BGe(from_array(np.column_stack([x, x + rng.normal(size=100)])).standardize())
    >>> forwards = score.local_scores(0, np.array([0b00])) + score.local_scores(1, np.array([0b01]))
    >>> backwards = score.local_scores(1, np.array([0b00])) + score.local_scores(0, np.array([0b10]))
    >>> forwards.round(3).tolist(), backwards.round(3).tolist()
    ([-259.566], [-259.566])
    """

    name = "bge"
    honours_interventions = True
    is_equivalent = True

    def __init__(
        self,
        data: Dataset,
        *,
        alpha_mu: float | int = 1.0,
        alpha_w: float | int | None = None,
        mean_obs: float | int | Float[np.ndarray, " d"] | Int[np.ndarray, " d"] = 0.0,
    ):
        super().__init__(data)
        d = data.d
        alpha_w = d + 2.0 if alpha_w is None else float(alpha_w)
        require_positive(alpha_mu=alpha_mu, alpha_w=alpha_w)
        if alpha_w <= d + 1:
            raise OptionError(f"alpha_w must be more than d + 1 = {d + 1}, not {alpha_w:g} (default {d + 2})")
        prior_mean = np.asarray(mean_obs, dtype=np.float64)
        if prior_mean.shape not in ((), (d,)) or not np.isfinite(prior_mean).all():
            raise OptionError(
                f"mean_obs must be one finite number or one for each of the {d} columns, not {mean_obs}"
            )
        self.alpha_mu, self.alpha_w = float(alpha_mu), alpha_w
        self.mean_obs = np.broadcast_to(prior_mean, (d,))
        self.t = self.alpha_mu * (alpha_w - d - 1.0) / (self.alpha_mu + 1.0)
        rows = [self.observed_rows(node) for node in range(d if self.has_interventions else 1)]
        # One entry for all nodes, or one for each node where interventions make them differ.
        matrices, shifts = zip(*(self._posterior_scatter(data.values[used]) for used in rows), strict=True)
        self.matrices = np.stack(matrices)
        self._set_shifts(np.stack(shifts))
        self.num_rows = np.array([int(used.sum()) for used in rows])
        self._refuse_rounding(
            self.num_rows + alpha_w,
            "drop it or one of the others (--drop), or let the columns be standardized if they are not",
        )
        self._constants = np.stack([self._constant(n) for n in self.num_rows.tolist()])

    @property
    def hyperparameters(self) -> dict[str, object]:
        """See :class:`LocalScore`."""
        return {"alpha_mu": self.alpha_mu, "alpha_w": self.alpha_w, "mean_obs": self.mean_obs.tolist()}

    def doubts(self) -> list[Doubt]:
        """Return the doubt that the means or spreads of some columns do not fit the prior.

        The prior adds T = t I and u u^T to the scatter. A large mean then makes columns look correlated, and a small
        spread makes a column look constant. Standardised columns have neither.
        """
        squares = self.data.n * self.data.values.var(axis=0)
        offset = (self.data.values.mean(axis=0) - self.mean_obs) ** 2 * self.alpha_mu
        far = (offset > _PRIOR_SHARE * squares) | (self.t > _PRIOR_SHARE * squares)
        if self.data.n < _ROWS_FOR_PRIOR or not far.any():
            return []
        named = [
            f"'{self.data.names[j]}' (mean {self.data.values[:, j].mean():.2g}, standard deviation "
            f"{self.data.values[:, j].std():.2g})"
            for j in np.flatnonzero(far)
        ]
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

    def _posterior_scatter(
        self, values: Float64[np.ndarray, "n d"]
    ) -> tuple[Float64[np.ndarray, "d d"], Float64[np.ndarray, " d"]]:
        """Return T + S_n and u = sqrt(n alpha_mu / (n + alpha_mu)) (mean - mean_obs): R = T + S_n + u u^T."""
        n, d = values.shape
        prior = self.t * np.eye(d)
        if n == 0:
            return prior, np.zeros(d)
        mean, scatter = centred_scatter(values)
        return prior + scatter, np.sqrt(n * self.alpha_mu / (n + self.alpha_mu)) * (mean - self.mean_obs)

    def _constant(self, n: int) -> Float64[np.ndarray, " d"]:
        """Return the terms of the score that depend on the number of parents alone, for k = 0 .. d-1 parents."""
        k = np.arange(self.data.d)
        degrees = self.alpha_w - self.data.d + k
        return (
            0.5 * np.log(self.alpha_mu / (n + self.alpha_mu))
            + gammaln(0.5 * (n + degrees + 1))
            - gammaln(0.5 * (degrees + 1))
            - 0.5 * n * np.log(np.pi)
            + 0.5 * (degrees + k + 1) * np.log(self.t)
        )

    def score_from_minors(
        self,
        node: int,
        num_parents: Int64[np.ndarray, " m"],
        log_minor: Float64[np.ndarray, " m"],
        log_variance: Float64[np.ndarray, " m"],
    ) -> Float64[np.ndarray, " m"]:
        """Return the formula of the class, with log det R[P + j] = log det R[P] + log R[j | P]."""
        which = node if len(self.matrices) > 1 else 0
        degrees = float(self.num_rows[which]) + self.alpha_w - self.d + 1.0 + num_parents
        return self._constants[which][num_parents] - 0.5 * log_minor - 0.5 * degrees * log_variance
