"""DAGs of drawn layerings as draws from the posterior, and how many of them the time allows."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float64, Int

from dag_gfn.budget import TimeBudget
from dag_gfn.errors import NotTractable
from dag_gfn.layerings.corrected_dags import DRAWS, CorrectedDags, correct_dags
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.layerings.layered_dags import draw_dags
from dag_gfn.layerings.outside_parents import correct_parents
from dag_gfn.posterior import GraphPosterior, Marginal
from dag_gfn.posterior.diagnostic_parts import Correction
from dag_gfn.scores import ScoreTable

LEAST_DRAWS = 200
"""DAGs that are drawn however little time is left: with fewer, no correction could be reliable."""
_CORRECTED = 10_000  # layerings that are corrected, at most, where fewer graphs are wanted
_NO_WEIGHT = Correction(
    corrected=False,
    log_z_shift=-math.inf,
    log_z_shift_standard_error=math.inf,
    corrected_effective_samples=0.0,
    corrected_pareto_k=math.inf,
)


@dataclass(frozen=True, eq=False)
class PosteriorDags:
    """Weighted DAGs of layerings, corrected where that is needed and reliable; `posterior_dags` makes them.

    Attributes
    ----------
    adjacency : ndarray, shape (m, d, d), bool
        ``[s, i, j]`` is True for i -> j in draw s (row -> column).
    log_share : ndarray, shape (m,), float64
        Log-weights; -inf where the DAG has no support.
    log_scores : ndarray, shape (m,), float64
        log R of each DAG.
    edge : Marginal
        Edge probabilities.
    effective_samples : float
        Number of independent draws from the posterior that these are worth.
    correction : Correction or None
        What the posterior records of the correction; None where none is needed.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> from dag_gfn.layerings.posterior_dags import posterior_dags
    >>> from dag_gfn.posterior import Marginal
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 2)))
    >>> table = ScoreTable.build(make_score("bge", data))
    >>> weights, edge = LayerWeights.build(table), Marginal(np.zeros((2, 2)), "exact")
    >>> dags = posterior_dags(weights, table, np.zeros((5, 2), int), np.zeros(5), edge, 5, rng=np.random.default_rng(0))
    >>> int(dags.adjacency.sum()), len(set(dags.log_scores.tolist()))  # one layer alone: five times the empty graph
    (0, 1)
    """

    adjacency: Bool[np.ndarray, "m d d"]
    log_share: Float64[np.ndarray, " m"]
    log_scores: Float64[np.ndarray, " m"]
    edge: Marginal
    effective_samples: float
    correction: Correction | None

    def thinned(self, number: int, *, rng: np.random.Generator) -> "PosteriorDags":
        """Return so many DAGs drawn by their weights, all if there are no more; what is known of edges stays.

        Parameters
        ----------
        number : int
        rng : numpy.random.Generator
        """
        if len(self.adjacency) <= number:
            return self
        share = np.exp(self.log_share - np.logaddexp.reduce(self.log_share)).cumsum()
        # at regular distances: a DAG comes as often as its weight says, up to one
        chosen = np.searchsorted(share, (np.arange(number) + rng.random()) / number * share[-1], side="right")
        return replace(
            self,
            adjacency=self.adjacency[chosen],
            log_share=np.zeros(number),
            log_scores=self.log_scores[chosen],
            effective_samples=1 / (1 / self.effective_samples + 1 / number),
        )

    def posterior(self, names: tuple[str, ...]) -> GraphPosterior:
        """Return these DAGs on named nodes, with what is known of the edges."""
        return GraphPosterior.from_weights(
            names,
            self.adjacency,
            self.log_share,
            self.log_scores,
            num_samples=len(self.adjacency),
            effective_samples=self.effective_samples,
            marginals={"edge": self.edge},
        )


def corrected_number(weights: LayerWeights, num_samples: int, layerings: int) -> int:
    """Return of how many layerings DAGs are drawn, to return fewer: corrections take more than the graphs wanted.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> from dag_gfn.layerings.posterior_dags import corrected_number
    >>> corrected_number(LayerWeights.of(np.zeros((2, 2))), 100, 5_000)  # nothing has to be corrected
    100
    """
    return max(num_samples, min(layerings, _CORRECTED)) if weights.has_outside else num_samples


def posterior_dags(
    weights: LayerWeights,
    table: ScoreTable,
    layer_of: Int[np.ndarray, "k d"],
    log_share: Float64[np.ndarray, " k"],
    edge: Marginal,
    effective_samples: float | int,
    *,
    log_weights: Float64[np.ndarray, " k"] | None = None,
    rng: np.random.Generator,
    on_phase: Callable[[str, float], None] | None = None,
) -> PosteriorDags:
    """Return a DAG of each layering: corrected, or drawn by the weights where no correction is needed or reliable.

    Parameters
    ----------
    weights, table, layer_of, log_weights, rng, on_phase
        As for `correct_dags`.
    log_share : ndarray, shape (k,), float64
        Log-weights of the layerings; all equal if there are parents outside the candidates.
    edge : Marginal
        Edge probabilities by the weights.
    effective_samples : float
        Number of independent draws that the layerings are worth.

    Raises
    ------
    NotTractable
        If no DAG has a finite score.

    Examples
    --------
    All other nodes are candidates here, so that nothing is corrected. In the layering of 0 -> 1 that edge is certain:

    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> from dag_gfn.layerings.posterior_dags import posterior_dags
    >>> from dag_gfn.posterior import Marginal
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> rng = np.random.default_rng(0)
    >>> table = ScoreTable.build(make_score("bge", dag_gfn.from_array(rng.normal(size=(9, 2)))))
    >>> edge = Marginal(np.array([[0.0, 1.0], [0.0, 0.0]]), "exact")
    >>> weights = LayerWeights.build(table)
    >>> dags = posterior_dags(weights, table, np.array([[0, 1]]), np.zeros(1), edge, 1, rng=rng)
    >>> dags.adjacency.astype(int).tolist(), dags.correction is None
    ([[[0, 1], [0, 0]]], True)
    """
    corrected: CorrectedDags | None = None
    correction: Correction | None = None
    if weights.has_outside:
        corrected = correct_dags(
            weights,
            table,
            layer_of,
            independent=effective_samples,
            log_weights=log_weights,
            rng=rng,
            on_phase=on_phase,
        )
        correction = _NO_WEIGHT if corrected is None else corrected.correction()
    if corrected is not None and corrected.reliable:
        adjacency, log_share, edge = corrected.adjacency, corrected.log_share, corrected.edge
        effective_samples = corrected.effective_samples
    else:
        on_share = None if on_phase is None else lambda share: on_phase("draws", share)
        adjacency = draw_dags(weights, layer_of.astype(np.int16), rng=rng, on_share=on_share)
    log_scores = table.log_reward_of(adjacency)
    allowed = shares_of_possible(log_share, log_scores)
    return PosteriorDags(adjacency, allowed, log_scores, edge, float(effective_samples), correction)


def shares_of_possible(
    log_share: Float64[np.ndarray, " m"], log_scores: Float64[np.ndarray, " m"]
) -> Float64[np.ndarray, " m"]:
    """Return log-weights of DAGs, -inf where the score is: the odds of parents do not respect `max_parents`.

    Raises
    ------
    NotTractable
        If no DAG has a finite score.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.layerings.posterior_dags import shares_of_possible
    >>> shares_of_possible(np.zeros(2), np.array([-np.inf, -3.0])).tolist()
    [-inf, 0.0]
    """
    allowed = np.where(log_scores > -np.inf, log_share, -np.inf)
    if not (allowed > -np.inf).any():
        raise NotTractable(
            f"none of {len(allowed):,} graphs drawn with parents beyond each column's candidates is possible: allow "
            "more parents (max_parents, --max-parents), choose a prior that favours fewer (prior='fair', --prior "
            "fair), or fewer columns (--columns, --drop)"
        )
    return allowed


def draw_trial_dags(
    weights: LayerWeights, table: ScoreTable, layer_of: Int[np.ndarray, "k d"], *, rng: np.random.Generator
) -> None:
    """Do the work of `posterior_dags` for a few layerings and drop the result, to measure how long it takes.

    Parameters
    ----------
    weights, table, layer_of, rng
        As for `correct_dags`.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> from dag_gfn.layerings.posterior_dags import draw_trial_dags
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> rng = np.random.default_rng(0)
    >>> table = ScoreTable.build(make_score("bge", dag_gfn.from_array(rng.normal(size=(9, 2)))))
    >>> draw_trial_dags(LayerWeights.build(table), table, np.array([[0, 1]] * 8), rng=rng)  # nothing comes back
    """
    if weights.has_outside:
        correct_parents(weights, table, layer_of, draws=DRAWS, rng=rng)
    else:
        draw_dags(weights, layer_of.astype(np.int16), rng=rng)


def affordable_dags(
    weights: LayerWeights,
    table: ScoreTable,
    layer_of: Int[np.ndarray, "k d"],
    wanted: int,
    budget: TimeBudget,
    *,
    share: float | int = 0.9,
    asked: int | None = None,
) -> int:
    """Return how many DAGs can be drawn in a share of the time that is left, measured on a few layerings.

    Parameters
    ----------
    weights, table, layer_of
        As for `correct_dags`.
    wanted : int
        The largest number to return.
    budget : TimeBudget
    share : float
        The part of the remaining time that the draws may take.
    asked : int, optional
        DAGs that were asked for, where more than these are wanted.

    Examples
    --------
    Without a limit of time all are affordable:

    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.budget import TimeBudget
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> from dag_gfn.layerings.posterior_dags import affordable_dags
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 2)))
    >>> table = ScoreTable.build(make_score("bge", data))
    >>> affordable_dags(LayerWeights.build(table), table, np.array([[0, 1]] * 8), 1_000, TimeBudget(None))
    1000
    """
    rng = np.random.default_rng(wanted)
    order = rng.permutation(len(layer_of))
    return budget.affordable(
        wanted,
        lambda k: draw_trial_dags(weights, table, layer_of[order[:k]], rng=rng),
        share=share,
        least=LEAST_DRAWS,
        what="graphs are drawn",
        asked=asked,
    )
