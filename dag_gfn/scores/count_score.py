"""The base class of discrete scores: differences of sums over the cells of contingency tables."""

import numpy as np
from jaxtyping import Float64, Int64

from dag_gfn.data.dataset import Dataset
from dag_gfn.scores.contingency_tables import ContingencyTables
from dag_gfn.scores.local_score import LocalScore, without_and_with


class CountScore(LocalScore):
    """A score that is a difference g(P + j) - g(P) of sums over the cells of contingency tables.

    A subclass sets `equivalent_sample_size`, and with it g; see :class:`ContingencyTables`.

    Attributes
    ----------
    equivalent_sample_size : float
        Weight of the Dirichlet prior in rows, or ``MAXIMUM_LIKELIHOOD``.
    tables : tuple of ContingencyTables
        The rows that count: one entry for all nodes, or one for each node where interventions make them differ.

    Examples
    --------
    A discrete score is one subclass that says what g is, here the maximised log-likelihood:

    >>> import numpy as np
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.scores.contingency_tables import MAXIMUM_LIKELIHOOD
    >>> from dag_gfn.scores.count_score import CountScore
    >>> class LogLikelihood(CountScore):
    ...     name, equivalent_sample_size = "log_likelihood", MAXIMUM_LIKELIHOOD
    >>> score = LogLikelihood(from_array(np.array([[0, 0], [0, 0], [1, 1], [1, 1]]), discrete="all"))
    >>> score.local_scores(1, np.array([0, 1])).round(3).tolist()  # 4 log(1/2) without parents, 0 with column 0
    [-2.773, 0.0]
    """

    kind = "discrete"
    equivalent_sample_size: float

    def __init__(self, data: Dataset):
        super().__init__(data)
        rows, row_of, _ = data.distinct_rows
        tables = []
        for node in range(self.d if self.has_interventions else 1):
            used = self.observed_rows(node)
            weights = None if data.weights is None else data.weights[used]
            counts = np.bincount(row_of[used], weights, minlength=len(rows))
            tables.append(ContingencyTables(rows[counts > 0], data.cardinalities, counts[counts > 0]))
        self.tables = tuple(tables)

    @property
    def families_per_second(self) -> float:
        """See :class:`LocalScore`. The work for a family is proportional to the number of rows."""
        return 5e7 / max(self.data.n, 100)

    def local_scores(self, node: int, parents: Int64[np.ndarray, " m"]) -> Float64[np.ndarray, " m"]:
        """Return local_score(node, P) for a batch of parent sets; see :class:`LocalScore`."""
        table = self.tables[node if len(self.tables) > 1 else 0]
        return table.family_cell_sums(node, parents, self.equivalent_sample_size)

    def complete_table(self) -> Float64[np.ndarray, "d sets"]:
        """Return all local scores from all 2^d contingency tables; see :class:`LocalScore`."""
        table = np.empty((self.d, 1 << (self.d - 1)))
        for node in range(self.d):
            if node < len(self.tables):
                sums = self.tables[node].all_cell_sums(self.equivalent_sample_size)
            parents, family = without_and_with(sums, node)
            np.subtract(family, parents, out=table[node])
        return table
