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
    n: Float64[np.ndarray, " u"] = np.bincount(row_of, data.weights, minlength=len(counts)).astype(np.float64)
    log_a = math.log(equivalent_sample_size) - sum(math.log(r) for r in data.cardinalities)
    a = math.exp(log_a)
    # lgamma(a) = lgamma(1 + a) - log(a), which is finite even where a underflows
    cells = float((gammaln(a + n) - (gammaln(1.0 + a) - log_a)).sum())
    whole = equivalent_sample_size
    return cells + math.lgamma(whole) - math.lgamma(whole + float(n.sum()))


class SaturatedChain:
    """A chain over the missing cells whose distribution is in proportion to R_full.

    Parameters
    ----------
    cells : DiscreteCells
    equivalent_sample_size : float
    rng : numpy.random.Generator
        Not to be used by others while the chain runs.

    Attributes
    ----------
    codes : array, shape (n, d), int64
        The complete table at present.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dataclasses import replace
    >>> from dag_gfn.completion.discrete_cells import DiscreteCells
    >>> from dag_gfn.completion.discrete_saturated import SaturatedChain
    >>> data = dag_gfn.from_array(np.repeat([[0, 0], [1, 1]], 20, axis=0), discrete="all")
    >>> values = data.values.copy()
    >>> values[[0, -1], 1] = np.nan
    >>> cells = DiscreteCells.of(replace(data, values=values))
    >>> chain = SaturatedChain(cells, 0.01, rng=np.random.default_rng(0))
    >>> for _ in range(5):
    ...     chain.sweep()
    >>> chain.codes[cells.missing].tolist()
    [0, 1]
    """

    def __init__(self, cells: DiscreteCells, equivalent_sample_size: float, *, rng: np.random.Generator):
        self._cells, self._rng = cells, rng
        self._families = Families.saturated(cells.cardinalities, equivalent_sample_size)
        self.codes: Int64[np.ndarray, "n d"] = cells.first_draw(rng)

    def sweep(self) -> None:
        """Draw the missing cells of each row once."""
        self.codes = redraw_cells(self.codes, self._cells, self._families, self._rng)
