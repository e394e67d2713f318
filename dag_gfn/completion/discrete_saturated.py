r"""The saturated model of a discrete table: one Dirichlet distribution over all joint states.

With J joint states it has the pseudo-count :math:`\alpha / J` for each. This is the complete DAG under the BDeu prior,
which gives it the same score whatever its order,

.. math::
    \log R_\text{full}(D) = \log\frac{\Gamma(\alpha)}{\Gamma(\alpha + n)}
      + \sum_x \log\frac{\Gamma(\alpha / J + N_x)}{\Gamma(\alpha / J)}.

Missing cells are drawn from :math:`p(D_\text{mis} \mid \text{seen}) \propto R_\text{full}(D)`. A completed table that
is drawn so has the weight :math:`Z(D) / R_\text{full}(D)`, where :math:`Z(D) = \sum_G R(G; D)`: so weighted, the
tables come from the mixture of all DAGs (Rubin, "Multiple imputation for nonresponse in surveys", 1987, chapter 10,
importance weights). Where values were set by the experimenter the model is only a proposal, and the weights still are
right.
"""

import math

import numpy as np
from jaxtyping import Float64, Int64
from scipy.special import gammaln

from dag_gfn.completion.cell_draws import Families, redraw_cells
from dag_gfn.completion.discrete_cells import DiscreteCells
from dag_gfn.data.dataset import Dataset

MAX_JOINT_STATES = 100_000
"""Beyond so many joint states hardly two rows agree, and the saturated model says nothing about missing cells."""


def log_saturated_score(data: Dataset, equivalent_sample_size: float) -> float:
    """Return log R_full of a complete table: the BDeu score of the complete DAG, no value counted as set.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.completion.discrete_saturated import log_saturated_score
    >>> from dag_gfn.scores import BDeu
    >>> data = dag_gfn.from_array(np.array([[0, 0], [0, 1], [1, 1]]), discrete="all")
    >>> score = BDeu(data)
    >>> of_dag = score.local_scores(0, np.array([0]))[0] + score.local_scores(1, np.array([1]))[0]
    >>> bool(np.isclose(log_saturated_score(data, 1.0), of_dag))
    True
    """
    _, row_of, counts = data.distinct_rows
    n = counts.astype(np.float64)
    if data.weights is not None:
        n = np.bincount(row_of, data.weights, minlength=len(counts))
    log_a = math.log(equivalent_sample_size) - sum(math.log(r) for r in data.cardinalities)
    a = math.exp(log_a)
    # lgamma(a) = lgamma(1 + a) - log(a), which is finite even where a underflows
    cells = float((gammaln(a + n) - (gammaln(1.0 + a) - log_a)).sum())
    whole = equivalent_sample_size
    return cells + math.lgamma(whole) - math.lgamma(whole + float(n.sum()))


def saturated_draws(
    cells: DiscreteCells,
    equivalent_sample_size: float,
    *,
    draws: int,
    thinning: int,
    burn_in: int,
    rng: np.random.Generator,
) -> Int64[np.ndarray, "draws m"]:
    """Return draws of the missing cells from the saturated model, by one chain of sweeps.

    Parameters
    ----------
    cells : DiscreteCells
    equivalent_sample_size : float
    draws : int
    thinning, burn_in : int
        Sweeps from one draw to the next, and before the first.
    rng : numpy.random.Generator

    Returns
    -------
    array, shape (draws, m), int64
        The states of the missing cells, row by row, as :meth:`DiscreteCells.completed` takes them.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dataclasses import replace
    >>> from dag_gfn.completion.discrete_cells import DiscreteCells
    >>> from dag_gfn.completion.discrete_saturated import saturated_draws
    >>> data = dag_gfn.from_array(np.repeat([[0, 0], [1, 1]], 20, axis=0), discrete="all")
    >>> values = data.values.copy()
    >>> values[[0, -1], 1] = np.nan
    >>> cells, rng = DiscreteCells.of(replace(data, values=values)), np.random.default_rng(0)
    >>> saturated_draws(cells, 1.0, draws=3, thinning=2, burn_in=5, rng=rng).tolist()
    [[0, 1], [0, 1], [0, 1]]
    """
    families = Families.saturated(cells.cardinalities, equivalent_sample_size)
    codes = cells.first_draw(rng)
    states = np.empty((draws, len(cells.columns)), dtype=np.int64)
    for sweep in range(1, burn_in + draws * thinning + 1):
        codes = redraw_cells(codes, cells, families, rng)
        if sweep > burn_in and (sweep - burn_in) % thinning == 0:
            states[(sweep - burn_in) // thinning - 1] = codes[cells.missing]
    return states


def effective_number(log_weights: Float64[np.ndarray, " m"]) -> float:
    """Return the effective number of weighted draws, (sum of weights)² / sum of squares.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.completion.discrete_saturated import effective_number
    >>> effective_number(np.zeros(4)), round(effective_number(np.array([0.0, -50.0])), 6)
    (4.0, 1.0)
    """
    weights = np.exp(log_weights - log_weights.max())
    return float(weights.sum() ** 2 / (weights**2).sum())
