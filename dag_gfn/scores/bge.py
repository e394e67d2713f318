"""The BGe score: Gaussian networks with a normal-Wishart prior, parameters integrated out."""

import numpy as np
from jaxtyping import Float, Int

from dag_gfn.data.dataset import Dataset
from dag_gfn.data.doubts import Doubt
from dag_gfn.scores.moments import Moments
from dag_gfn.scores.normal_wishart import NormalWishart


class BGe(NormalWishart):
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

    def __init__(
        self,
        data: Dataset,
        *,
        alpha_mu: float | int = 1.0,
        alpha_w: float | int | None = None,
        mean_obs: float | int | Float[np.ndarray, " d"] | Int[np.ndarray, " d"] = 0.0,
    ):
        super().__init__(data)
        self._set_prior(alpha_mu, alpha_w, mean_obs, self.d)
        # One entry for all nodes, or one for each node where interventions make them differ.
        rows = [self.observed_rows(node) for node in range(self.d if self.has_interventions else 1)]
        self._set_moments(
            [
                Moments.of(data.values[used], None if data.weights is None else data.weights[used])
                for used in rows
            ],
            "drop it or one of the others (--drop), or let the columns be standardized if they are not",
        )

    @property
    def hyperparameters(self) -> dict[str, object]:
        """See :class:`LocalScore`."""
        return {"alpha_mu": self.alpha_mu, "alpha_w": self.alpha_w, "mean_obs": self.mean_obs.tolist()}

    def doubts(self) -> list[Doubt]:
        """Return the doubt that the means or spreads of some columns do not fit the prior."""
        return self._prior_doubts(
            Moments.of(self.data.values, self.data.weights), dict(enumerate(self.data.names))
        )
