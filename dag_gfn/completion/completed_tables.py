"""Completed tables: what every route to missing cells returns."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float64, Int64

from dag_gfn.scores.local_score import LocalScore


@dataclass(frozen=True, eq=False)
class CompletedTables:
    """One score for each of M completed tables, with the weights of the tables.

    A posterior given what was seen is the weighted mean of the posteriors of the tables.

    Parameters
    ----------
    scores : sequence of LocalScore, length M
        Equal tables may share one score.
    log_weights : array, shape (M,), float64
        Normalised: the weights sum to 1.
    chains, sweeps : array, shape (M,), int64
        The chain from which each table comes, and how many sweeps it had done.
    route : {"weighted", "augmentation"}
        ``weighted``: tables of the saturated model with importance weights. ``augmentation``: tables of a chain over
        graphs and cells, which need no weights.
    diagnostics : dict
        What was measured on the way, by name.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.completion.completed_tables import CompletedTables
    >>> from dag_gfn.scores import BDeu
    >>> score = BDeu(dag_gfn.from_array(np.array([[0, 0], [0, 1], [1, 1]]), discrete="all"))
    >>> tables = CompletedTables([score, score], np.log([0.5, 0.5]), np.array([0, 1]), np.array([9, 9]), "augmentation")
    >>> len(tables), tables.effective
    (2, 2.0)
    """

    scores: Sequence[LocalScore]
    log_weights: Float64[np.ndarray, " m"]
    chains: Int64[np.ndarray, " m"]
    sweeps: Int64[np.ndarray, " m"]
    route: str
    diagnostics: dict[str, float] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def effective(self) -> float:
        """The effective number of tables, 1 / sum of squared weights."""
        return effective_number(self.log_weights)


def effective_number(log_weights: Float64[np.ndarray, " m"]) -> float:
    """Return the effective number of weighted draws, (sum of weights)² / sum of squares.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.completion.completed_tables import effective_number
    >>> effective_number(np.zeros(4)), round(effective_number(np.array([0.0, -50.0])), 6)
    (4.0, 1.0)
    """
    weights = np.exp(log_weights - log_weights.max())
    return float(weights.sum() ** 2 / (weights**2).sum())
