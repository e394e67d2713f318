r"""The marginal likelihood of one column of numbers: normal, or of any shape near the normal.

A finite Pólya tree halves the real line at the median of a normal distribution, each half at its median, and so on.
The share of the left half at a branch of level m has the distribution Beta(c m², c m²). With branches that each share
is one half, the density is the normal one. With n_L and n_R values on both sides, the density is the normal one times

.. math:: r(\mu, \sigma) = \prod_\text{branches} 2^{n_L + n_R} \frac{B(c m^2 + n_L, c m^2 + n_R)}{B(c m^2, c m^2)} .

So the marginal likelihood is that of the normal times the posterior mean of r, over the posterior of mean and variance
under the normal.

References
----------
Lavine, "Some aspects of Polya tree distributions", Annals of Statistics 20 (1992). Berger and Guglielmi, "Bayesian and
conditional frequentist testing of a parametric model versus nonparametric alternatives", JASA 96 (2001): the tree as
the alternative of a normal.
"""

import numpy as np
from jaxtyping import Float64
from scipy.special import betaln, gammaln, ndtr, ndtri
from scipy.stats import invgamma

CONCENTRATIONS = (1.0, 4.0, 16.0)
"""Values of c, each as probable as the others: shapes far from the normal, and near it."""
ALPHA_MU, DEGREES, SCALE = 1.0, 3.0, 0.5
"""The prior of mean and variance: that of a single column under BGe, with its default hyperparameters."""
MAX_LEVELS = 10
_GRID, _FEW = (
    15,
    5,
)  # quantiles of the variance, and of the mean given it; of long columns few, as these are near
_LONG = 5_000  # rows


def normal_log_marginal(
    values: Float64[np.ndarray, " n"], weights: Float64[np.ndarray, " n"] | None = None
) -> float:
    """Return the log marginal likelihood of a column under a normal distribution.

    It is the BGe score of a column without parents.

    Parameters
    ----------
    values : ndarray, shape (n,), float64
        Standardized.
    weights : ndarray, shape (n,), float64, optional
        How many rows each value stands for.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.model_choice.polya_tree import normal_log_marginal
    >>> from dag_gfn.scores import BGe
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(30, 2))).standardize()
    >>> score = BGe(data).local_scores(0, np.array([0b00]))[0]
    >>> bool(np.isclose(normal_log_marginal(data.values[:, 0]), score))
    True
    """
    n, _, degrees, scatter = _posterior(values, weights)
    return float(
        0.5 * np.log(ALPHA_MU / (n + ALPHA_MU))
        + gammaln(0.5 * degrees)
        - gammaln(0.5 * DEGREES)
        - 0.5 * n * np.log(np.pi)
        + 0.5 * DEGREES * np.log(SCALE)
        - 0.5 * degrees * np.log(scatter)
    )


def log_bend(values: Float64[np.ndarray, " n"], weights: Float64[np.ndarray, " n"] | None = None) -> float:
    """Return how much more probable a column is under the tree than under the normal, in nats.

    The mean of r is taken over a grid of quantiles, so the same column always gives the same number. The tree is no
    finer than the column: a branch ends where few distinct values are left, so that rounding is not taken for shape.

    Parameters
    ----------
    values, weights
        As for `normal_log_marginal`.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.special import ndtri
    >>> from dag_gfn.model_choice.polya_tree import log_bend
    >>> normal = ndtri((np.arange(200) + 0.5) / 200)
    >>> bent = np.exp(normal)
    >>> log_bend(normal) < 0, log_bend((bent - bent.mean()) / bent.std()) > 50
    (True, True)
    """
    n, mean, degrees, scatter = _posterior(values, weights)
    points = _GRID if len(values) <= _LONG else _FEW
    share = (np.arange(points) + 0.5) / points
    variances = invgamma.ppf(share, 0.5 * degrees, scale=0.5 * scatter)
    levels = num_levels(values)
    bends = [
        _log_ratio(values, weights, mean + z * np.sqrt(variance / (n + ALPHA_MU)), np.sqrt(variance), levels)
        for variance in variances
        for z in ndtri(share)
    ]
    return float(np.logaddexp.reduce(np.ravel(bends)) - np.log(np.size(bends)))


def num_levels(values: Float64[np.ndarray, " n"]) -> int:
    """Return how often the line is halved: about four distinct values are left in each of the finest parts.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.model_choice.polya_tree import num_levels
    >>> num_levels(np.arange(300.0)), num_levels(np.repeat(np.arange(8.0), 40))
    (6, 1)
    """
    return int(np.clip(np.floor(np.log2(np.unique(values).size)) - 2, 1, MAX_LEVELS))


def _posterior(
    values: Float64[np.ndarray, " n"], weights: Float64[np.ndarray, " n"] | None
) -> tuple[float, float, float, float]:
    """Return the number of rows, and of the posterior under the normal: mean, degrees of freedom and scatter."""
    weights = np.ones(len(values)) if weights is None else weights
    n = float(weights.sum())
    if n == 0.0:
        return 0.0, 0.0, DEGREES, SCALE
    average = float(weights @ values) / n
    scatter = SCALE + float(weights @ (values - average) ** 2) + n * ALPHA_MU / (n + ALPHA_MU) * average**2
    return n, n * average / (n + ALPHA_MU), n + DEGREES, scatter


def _log_ratio(
    values: Float64[np.ndarray, " n"],
    weights: Float64[np.ndarray, " n"] | None,
    mean: float,
    deviation: float,
    levels: int,
) -> Float64[np.ndarray, " c"]:
    """Return log r for each concentration."""
    cells = 1 << levels
    place = np.minimum((ndtr((values - mean) / deviation) * cells).astype(np.int64), cells - 1)
    counts = np.bincount(place, weights, minlength=cells).astype(np.float64)
    total = np.full(len(CONCENTRATIONS), counts.sum() * levels * np.log(2.0))
    for level in range(levels, 0, -1):
        left, right = counts[::2], counts[1::2]
        for index, concentration in enumerate(CONCENTRATIONS):
            own = concentration * level**2
            total[index] += (betaln(own + left, own + right) - betaln(own, own)).sum()
        counts = left + right
    return total
