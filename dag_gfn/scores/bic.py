"""The Bayesian information criterion: log-likelihood - parameters / 2 * log n."""

import numpy as np
from jaxtyping import Float64, Int64

from dag_gfn.data.dataset import Dataset
from dag_gfn.errors import DataError
from dag_gfn.graphs.subsets import parent_sets, unpack
from dag_gfn.scores.contingency_tables import MAXIMUM_LIKELIHOOD
from dag_gfn.scores.count_score import CountScore
from dag_gfn.scores.gaussian_minors import centred_scatter
from dag_gfn.scores.gaussian_score import GaussianScore

_COLLINEAR = 1e-12
"""A column counts as a linear combination of others if they leave less than this share of its variance."""


class GaussianBIC(GaussianScore):
    r"""BIC of a linear regression with intercept and maximum-likelihood variance.

    .. math::
        \text{local}(j, P) = -\tfrac n2 \left(\log 2\pi\hat\sigma^2_{j|P} + 1\right) - \tfrac12 (k + 2) \log n

    A family with k parents has k + 2 parameters: the intercept, the k coefficients and the variance. Equal
    for Markov-equivalent DAGs.

    Parameters
    ----------
    data : Dataset
        Continuous columns, at least d + 1 rows, and no column a linear combination of others. Otherwise the
        likelihood is unbounded.

    Raises
    ------
    DataError
        If the rows are too few or the columns collinear.

    References
    ----------
    Schwarz, "Estimating the dimension of a model", Annals of Statistics 6 (1978).

    Examples
    --------
    The regression on column 0 leaves residuals of variance 3/8:

    >>> import numpy as np
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.scores import GaussianBIC
    >>> x = np.array([-3.0, -1.0, 1.0, 3.0])
    >>> score = GaussianBIC(from_array(np.column_stack([x, 2.0 * x + [0.5, -1.0, 0.5, 0.0]])))
    >>> score.local_scores(1, np.array([0b00, 0b01])).round(3).tolist()
    [-13.091, -5.794]
    """

    name = "bic"
    is_equivalent = True

    def __init__(self, data: Dataset):
        super().__init__(data)
        if data.total_weight < data.d + 1:
            raise DataError(
                f"score 'bic' needs at least {data.d + 1} rows for {data.d} continuous columns, "
                f"and there are {data.total_weight:.0f}: with fewer, a regression on all other columns fits perfectly. "
                "Use score 'bge', or fewer columns"
            )
        _, scatter = centred_scatter(data.values, data.weights)
        _refuse_collinear(scatter, data.names)
        self.matrices = scatter[None]
        self._refuse_rounding(
            np.array([float(data.total_weight)]), "leave it out (--drop), or use score 'bge'"
        )

    def score_from_minors(
        self,
        node: int,
        num_columns: Int64[np.ndarray, " m"],
        log_minor: Float64[np.ndarray, " m"],
        log_variance: Float64[np.ndarray, " m"],
    ) -> Float64[np.ndarray, " m"]:
        """Return the formula of the class; the variance is the Schur complement of the scatter over n."""
        n = self.data.total_weight
        return -0.5 * n * (np.log(2.0 * np.pi / n) + 1.0 + log_variance) - 0.5 * (num_columns + 2) * np.log(n)


class DiscreteBIC(CountScore):
    r"""BIC of conditional probability tables.

    .. math::
        \text{local}(j, P) = \sum_{c, x} N_{cx} \log\frac{N_{cx}}{N_c} - \tfrac12 q (r - 1) \log n

    with q parent configurations and r states, seen or not. Equal for Markov-equivalent DAGs.

    Parameters
    ----------
    data : Dataset
        Discrete columns.

    References
    ----------
    Schwarz, "Estimating the dimension of a model", Annals of Statistics 6 (1978).

    Examples
    --------
    Without parents 8 log(1/2) - 1/2 log 8; the copied column as a parent fits perfectly, and costs log 8:

    >>> import numpy as np
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.scores import DiscreteBIC
    >>> x = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    >>> score = DiscreteBIC(from_array(np.column_stack([x, x]), discrete="all"))
    >>> score.local_scores(1, np.array([0b00, 0b01])).round(3).tolist()
    [-6.585, -2.079]
    """

    name = "bic"
    is_equivalent = True
    equivalent_sample_size = MAXIMUM_LIKELIHOOD

    def local_scores(self, node: int, parents: Int64[np.ndarray, " m"]) -> Float64[np.ndarray, " m"]:
        """Return local_score(node, P) for a batch of parent sets; see :class:`LocalScore`."""
        return super().local_scores(node, parents) - self._penalty(node, parents)

    def complete_table(self) -> Float64[np.ndarray, "d sets"]:
        """Return all local scores; see :class:`LocalScore`."""
        table = super().complete_table()
        for node in range(self.d):
            table[node] -= self._penalty(node, parent_sets(node, self.d))
        return table

    def _penalty(self, node: int, parents: Int64[np.ndarray, " m"]) -> Float64[np.ndarray, " m"]:
        """Return 1/2 q (r - 1) log n of each family."""
        states = np.array(self.data.cardinalities, dtype=np.float64)
        configurations = np.where(unpack(parents, self.d), states, 1.0).prod(-1)
        return 0.5 * np.log(self.data.total_weight) * (states[node] - 1.0) * configurations


def _refuse_collinear(scatter: Float64[np.ndarray, "d d"], names: tuple[str, ...]) -> None:
    """Raise DataError if a column is a linear combination of the columns before it; it names the first such one."""
    scale = np.sqrt(np.diagonal(scatter))
    correlation = scatter / scale / scale[:, None]
    for last in range(1, len(names)):
        others, column = correlation[:last, :last], correlation[:last, last]
        weights = np.linalg.solve(others, column)
        if 1.0 - column @ weights < _COLLINEAR:
            used = [names[i] for i in np.flatnonzero(np.abs(weights) > 1e-6)]
            raise DataError(
                f"column {names[last]!r} is a linear combination of {', '.join(map(repr, used))}, and score "
                "'bic' is unbounded there: leave the column out (--drop), or use score 'bge'"
            )
