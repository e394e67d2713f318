r"""One posterior from those of several completed tables.

With tables m of weight :math:`w_m`, the posterior given what was seen is the weighted mean of theirs,

.. math:: P(f \mid \text{seen}) = \sum_m w_m P_m(f), \qquad P(G \mid \text{seen}) = \sum_m w_m R_m(G) / Z_m .

Its error has two parts: that of each table's own posterior, and that of the tables being few. The second is
:math:`\sum_m w_m^2 (P_m(f) - P(f))^2` for independent tables; tables of chains are worth fewer independent ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from dag_gfn.completion.completed_tables import CompletedTables, effective_number
from dag_gfn.mcmc.diagnostics import ChainDiagnostics, diagnose
from dag_gfn.posterior.marginal import Marginal
from dag_gfn.scores.bde import BDeu
from dag_gfn.scores.local_score import LocalScore

_NO_ERROR = 1e-15  # of rounding
MIN_DRAWS_OF_CHAIN = 4
"""Tables of each chain from which on correlation along the chain can be estimated."""


@dataclass(frozen=True, eq=False)
class TableWeights:
    """The completed tables of a mixture, and which of them are the same table.

    Attributes
    ----------
    which : array, shape (M,), int64
        The distinct table of each.
    log_weights : array, shape (M,), float64
        Normalised.
    chains, sweeps : array, shape (M,), int64
    independent : bool
        Whether the tables are independent draws with importance weights, rather than draws of chains.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.fitting.mixture import TableWeights
    >>> zeros = np.zeros(3, dtype=np.int64)
    >>> tables = TableWeights(np.array([0, 1, 0]), np.log(np.full(3, 1 / 3)), zeros, zeros, True)
    >>> tables.of_distinct().round(3).tolist(), round(tables.effective, 6)
    ([0.667, 0.333], 3.0)
    """

    which: Int64[np.ndarray, " m"]
    log_weights: Float64[np.ndarray, " m"]
    chains: Int64[np.ndarray, " m"]
    sweeps: Int64[np.ndarray, " m"]
    independent: bool

    @classmethod
    def of(cls, completed: CompletedTables) -> "tuple[TableWeights, list[LocalScore]]":
        """Return the weights of completed tables, and the scores of the distinct ones."""
        scores: dict[int | bytes, LocalScore] = {}
        which: list[int | bytes] = []
        for score in completed.scores:
            # discrete tables with few missing cells often recur
            key = score.data.values.tobytes() if isinstance(score, BDeu) else id(score)
            scores.setdefault(key, score)
            which.append(key)
        place = {key: index for index, key in enumerate(scores)}
        weights = cls(
            np.array([place[key] for key in which], dtype=np.int64),
            completed.log_weights,
            completed.chains,
            completed.sweeps,
            completed.route == "weighted",
        )
        return weights, list(scores.values())

    def __len__(self) -> int:
        return len(self.which)

    @property
    def weights(self) -> Float64[np.ndarray, " m"]:
        """The weight of each table; they sum to 1."""
        return np.exp(self.log_weights)

    @property
    def effective(self) -> float:
        """The effective number of tables by their weights alone."""
        return effective_number(self.log_weights)

    def of_distinct(self) -> Float64[np.ndarray, " r"]:
        """Return the weight of each distinct table."""
        return np.bincount(self.which, weights=self.weights)

    def turns(self, rng: np.random.Generator) -> Int64[np.ndarray, " r"]:
        """Return the distinct tables in the order in which they are worked on, so that any first part is balanced.

        One table of each chain comes first, then another of each, at random along the chains.
        """
        place = np.zeros(len(self), dtype=np.int64)
        for chain in np.unique(self.chains):
            own = np.flatnonzero(self.chains == chain)
            place[own[np.argsort(self.sweeps[own], kind="stable")]] = np.arange(len(own))
        turn = rng.permutation(int(place.max()) + 1)[place]
        in_turn = self.which[np.lexsort((self.chains, turn))]
        first = np.unique(in_turn, return_index=True)[1]
        return in_turn[np.sort(first)]

    def restricted(self, distinct: Sequence[int]) -> "TableWeights":
        """Return those of some distinct tables, which are numbered anew in the order given."""
        place = np.full(int(self.which.max()) + 1, -1, dtype=np.int64)
        place[list(distinct)] = np.arange(len(distinct))
        kept = place[self.which] >= 0
        log_weights = self.log_weights[kept]
        return TableWeights(
            place[self.which[kept]],
            log_weights - np.logaddexp.reduce(log_weights),
            self.chains[kept],
            self.sweeps[kept],
            self.independent,
        )

    def traces(self, values: Float64[np.ndarray, "r *shape"]) -> Float64[np.ndarray, "c k *shape"] | None:
        """Return what the tables of each chain have, in the order of the chain; None where the chains are too short."""
        own = [np.flatnonzero(self.chains == chain) for chain in np.unique(self.chains)]
        shortest = min(len(tables) for tables in own)
        if len(own) < 2 or shortest < MIN_DRAWS_OF_CHAIN:
            return None
        ordered = [tables[np.argsort(self.sweeps[tables], kind="stable")][-shortest:] for tables in own]
        return values[self.which[np.stack(ordered)]]


@dataclass(frozen=True, eq=False)
class MixedFeature:
    """The probabilities of a feature under a mixture of tables.

    Attributes
    ----------
    marginal : Marginal
        Weighted means and their standard errors.
    deviation : array, float64
        Standard deviation of each probability between the tables: how much it depends on what was not seen.
    share : array, float64
        Share of the variance p (1 - p) of each feature that is between tables, in [0, 1].
    between_error : array, float64
        The part of the standard error that is due to the tables being few.
    chains : ChainDiagnostics or None
        Of the probabilities along the chains that the tables come from.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.fitting.mixture import TableWeights, mixed_feature
    >>> tables = TableWeights(np.arange(2), np.log([0.5, 0.5]), np.zeros(2, int), np.zeros(2, int), True)
    >>> mixed_feature(np.array([[0.2], [0.6]]), None, tables).deviation.round(3).tolist()
    [0.2]
    """

    marginal: Marginal
    deviation: Float64[np.ndarray, "*shape"]
    share: Float64[np.ndarray, "*shape"]
    between_error: Float64[np.ndarray, "*shape"]
    chains: ChainDiagnostics | None


def mixed_feature(
    values: Float64[np.ndarray, "r *shape"],
    errors: Float64[np.ndarray, "r *shape"] | None,
    tables: TableWeights,
) -> MixedFeature:
    """Return the probabilities of a feature under a mixture of tables.

    Parameters
    ----------
    values : array, shape (r, ...), float64
        The probabilities given each distinct table.
    errors : array, shape (r, ...), float64, optional
        Their standard errors; nan where not known. None where they are exact.
    tables : TableWeights

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.fitting.mixture import TableWeights, mixed_feature
    >>> tables = TableWeights(np.arange(2), np.log([0.75, 0.25]), np.zeros(2, int), np.zeros(2, int), True)
    >>> mixed = mixed_feature(np.array([[0.2], [0.6]]), np.array([[0.0], [0.1]]), tables)
    >>> mixed.marginal.values.round(3).tolist(), mixed.marginal.standard_error.round(3).tolist()
    ([0.3], [0.109])
    """
    distinct = tables.of_distinct()
    mean = np.clip(np.tensordot(distinct, values, axes=1), 0.0, 1.0)
    deviation = np.sqrt(np.tensordot(distinct, (values - mean) ** 2, axes=1))
    squared = np.bincount(tables.which, weights=tables.weights**2)
    between = np.sqrt(np.tensordot(squared, (values - mean) ** 2, axes=1))
    chains = None
    if not tables.independent:
        traces = tables.traces(values)
        if traces is not None:
            chains = diagnose(traces)
            between = np.maximum(between, chains.standard_error)
    own = 0.0 if errors is None else np.sqrt(np.tensordot(distinct**2, errors**2, axes=1))
    variance = mean * (1.0 - mean)
    share = np.divide(deviation**2, variance, out=np.zeros_like(mean), where=variance > 1e-12)
    return MixedFeature(
        Marginal(mean, "mixture", np.hypot(between, own)),
        deviation,
        np.clip(share, 0.0, 1.0),
        between,
        chains,
    )


def effective_samples(
    edges: MixedFeature, effective_tables: float, effective_draws: float | None
) -> float | None:
    r"""Return how many independent graphs the draws of all tables are worth, for features of any kind.

    Draws from the same table are correlated where what was not seen decides. With the share s of the variance of
    edges between tables, M effective tables and k effective draws it is :math:`1 / (s / M + (1 - s) / k)` (the design
    effect of samples in clusters).

    Parameters
    ----------
    edges : MixedFeature
    effective_tables : float
    effective_draws : float or None
        None where every DAG is held, so that nothing was drawn within a table.

    References
    ----------
    Kish, Survey Sampling, 1965, section 5.4.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.fitting.mixture import TableWeights, effective_samples, mixed_feature
    >>> tables = TableWeights(np.arange(2), np.log([0.5, 0.5]), np.zeros(2, int), np.zeros(2, int), True)
    >>> edges = mixed_feature(np.array([[0.0], [1.0]]), None, tables)  # what was not seen decides alone
    >>> effective_samples(edges, 2.0, 1000.0)
    2.0
    """
    total = float((edges.marginal.values * (1.0 - edges.marginal.values)).sum())
    share = min(1.0, float((edges.deviation**2).sum()) / total) if total > 0 else 0.0
    inverse = share / effective_tables
    if effective_draws is not None:
        inverse += (1.0 - share) / effective_draws
    return 1.0 / inverse if inverse > _NO_ERROR else None


def relative_error(by_table: Float64[np.ndarray, "r k"], tables: TableWeights) -> Float64[np.ndarray, " k"]:
    """Return the relative standard error of probabilities that are sums over tables, from their spread.

    Parameters
    ----------
    by_table : array, shape (r, k), float64
        The probabilities given each distinct table.
    tables : TableWeights

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.fitting.mixture import TableWeights, relative_error
    >>> tables = TableWeights(np.arange(2), np.log([0.5, 0.5]), np.zeros(2, int), np.zeros(2, int), True)
    >>> relative_error(np.array([[0.1], [0.3]]), tables).round(3).tolist()
    [0.354]
    """
    mean = tables.of_distinct() @ by_table
    squared = np.bincount(tables.which, weights=tables.weights**2)
    return np.asarray(np.sqrt(squared @ (by_table - mean) ** 2) / np.maximum(mean, 1e-300))
