"""DAGs of layerings that were drawn by approximate weights, weighed by their true scores."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int

from dag_gfn.budget import TimeBudget
from dag_gfn.errors import NotTractable
from dag_gfn.graphs import graph
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.layerings.layered_dags import draw_dags
from dag_gfn.layerings.outside_parents import correct_in_parts, correct_parents
from dag_gfn.posterior import Marginal
from dag_gfn.posterior.diagnostic_parts import Correction
from dag_gfn.posterior.metrics import effective_sample_size, pareto_smoothed
from dag_gfn.posterior.verdict import MAX_SHAPE, MIN_CORRECTED
from dag_gfn.scores import ScoreTable

LEAST_DRAWS = 200
"""DAGs that are drawn however little time is left: by fewer none would be corrected."""
_DRAWS = 32  # parent sets of each node of each layering
_NOTHING_OF_WEIGHT = Correction(
    corrected=False,
    log_z_shift=-math.inf,
    log_z_shift_standard_error=math.inf,
    corrected_effective_samples=0.0,
    corrected_pareto_k=math.inf,
)


@dataclass(frozen=True, eq=False)
class CorrectedDags:
    """DAGs with the weights that make them draws of the posterior.

    Attributes
    ----------
    adjacency : ndarray, shape (m, d, d), bool
        ``[s, i, j]`` is True for i -> j in draw s (row -> column); draws without weight are left out.
    log_share : ndarray, shape (m,), float64
        Normalised log-weights, the largest smoothed (`pareto_smoothed`).
    pareto_k : float
        Shape of their tail.
    edge : Marginal
        Edge probabilities, averaged given the layering over several parent sets of each node.
    effective_samples : float
        How many independent draws they are worth.
    log_z_shift, shift_standard_error : float
        log of the true evidence less that of the approximate weights, in nats, and its standard error.
    """

    adjacency: Bool[np.ndarray, "m d d"]
    log_share: Float64[np.ndarray, " m"]
    pareto_k: float
    edge: Marginal
    effective_samples: float
    log_z_shift: float
    shift_standard_error: float

    @property
    def reliable(self) -> bool:
        """Whether they say more than draws that are not corrected."""
        return self.effective_samples >= MIN_CORRECTED and self.pareto_k <= MAX_SHAPE

    def correction(self) -> Correction:
        """Return what is recorded of the weights."""
        return Correction(
            corrected=self.reliable,
            log_z_shift=self.log_z_shift,
            log_z_shift_standard_error=self.shift_standard_error,
            corrected_effective_samples=self.effective_samples,
            corrected_pareto_k=self.pareto_k,
        )


def corrected_dags(
    weights: LayerWeights,
    table: ScoreTable,
    layer_of: Int[np.ndarray, "k d"],
    *,
    independent: float | int | None = None,
    log_weights: Float64[np.ndarray, " k"] | None = None,
    rng: np.random.Generator,
    on_phase: Callable[[str, float], None] | None = None,
) -> CorrectedDags | None:
    """Return a DAG of each layering, and what all of them say of the posterior; None if nothing drawn has weight.

    Parameters
    ----------
    weights : LayerWeights
        With parents outside the candidates (`LayerWeights.has_outside`).
    table : ScoreTable
        What the weights were built from.
    layer_of : ndarray, shape (k, d)
        Layerings that all count alike: draws by the approximate weights, or by what a sampler takes for these.
    independent : float, optional
        How many independent draws these are worth; by default k.
    log_weights : ndarray, shape (k,), float64, optional
        With which they would be draws by the approximate weights: `log_z_shift` is of these draws.
    rng : numpy.random.Generator
    on_phase : callable, optional
        Is told what is being done and which share of it is done, in [0, 1].
    """
    parts = []
    for part, drawn in correct_in_parts(weights, table, layer_of, draws=_DRAWS, rng=rng):
        parts.append((part, drawn))
        if on_phase is not None:
            on_phase("corrections", min(part.stop / len(layer_of), 1.0))
    log_correction = np.concatenate([drawn.log_correction for _, drawn in parts])
    possible = np.flatnonzero(log_correction > -np.inf)
    if not possible.size:
        return None
    log_share, pareto_k = pareto_smoothed(log_correction[possible])
    share = np.zeros(len(log_correction))
    share[possible] = np.exp(log_share)
    alike = len(layer_of) / min(len(layer_of) if independent is None else independent, len(layer_of))
    mean, linear, square = np.zeros((3, weights.d, weights.d))
    for part, drawn in parts:
        chosen, edge = share[part], drawn.edge.astype(np.float64)
        mean += np.tensordot(chosen, edge, axes=1)
        linear += np.tensordot(chosen**2, edge, axes=1)
        square += np.tensordot(chosen**2, edge**2, axes=1)
    # Σ share² (p - mean)², the delta method for a ratio of means, by as much more as draws are alike
    variance = alike * (square - 2 * mean * linear + mean**2 * (share**2).sum())
    effective = effective_sample_size(log_correction[possible])
    before = np.zeros(len(layer_of)) if log_weights is None else log_weights
    after = before + log_correction
    log_before, log_after = np.logaddexp.reduce(before), np.logaddexp.reduce(after)
    spread = ((np.exp(after - log_after) - np.exp(before - log_before)) ** 2).sum()
    parents = np.concatenate([drawn.parents for _, drawn in parts])[possible]
    return CorrectedDags(
        adjacency=graph.adjacency_from_masks(parents, weights.d),
        log_share=log_share,
        pareto_k=pareto_k,
        edge=Marginal(mean.clip(0.0, 1.0), "rao_blackwell", np.sqrt(variance.clip(0.0))),
        effective_samples=effective / alike,
        log_z_shift=float(log_after - log_before),
        shift_standard_error=math.sqrt(spread * alike),
    )


@dataclass(frozen=True, eq=False)
class WeighedDags:
    """DAGs of layerings with what is to be said of them, corrected where that is needed and can be done.

    Attributes
    ----------
    adjacency : ndarray, shape (m, d, d), bool
        ``[s, i, j]`` is True for i -> j in draw s (row -> column).
    log_share, log_scores : ndarray, shape (m,), float64
        log-weights, -inf where a DAG has no support; log R.
    edge : Marginal
    effective_samples : float
    correction : Correction or None
        What the weights for it say; None where none is needed.
    """

    adjacency: Bool[np.ndarray, "m d d"]
    log_share: Float64[np.ndarray, " m"]
    log_scores: Float64[np.ndarray, " m"]
    edge: Marginal
    effective_samples: float
    correction: Correction | None


def weighed_dags(
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
) -> WeighedDags:
    """Return a DAG of each layering: corrected, or as the weights give them where the correction is unreliable.

    Parameters
    ----------
    weights, table, layer_of, log_weights, rng, on_phase
        As for `corrected_dags`.
    log_share : ndarray, shape (k,), float64
        Log-weights of the layerings; all alike if there are parents outside the candidates.
    edge : Marginal
        Edge probabilities by the weights.
    effective_samples : float
        How many independent draws the layerings are worth.

    Raises
    ------
    NotTractable
        If none of the DAGs has a finite score.
    """
    correction, corrected = None, None
    if weights.has_outside:
        corrected = corrected_dags(
            weights,
            table,
            layer_of,
            independent=effective_samples,
            log_weights=log_weights,
            rng=rng,
            on_phase=on_phase,
        )
        correction = _NOTHING_OF_WEIGHT if corrected is None else corrected.correction()
    if corrected is not None and corrected.reliable:
        adjacency, log_share, edge = corrected.adjacency, corrected.log_share, corrected.edge
        effective_samples = corrected.effective_samples
    else:
        on_share = None if on_phase is None else lambda share: on_phase("draws", share)
        adjacency = draw_dags(weights, layer_of.astype(np.int8), rng=rng, on_share=on_share)
    log_scores = table.log_reward(graph.parent_masks(adjacency))
    allowed = np.where(log_scores > -np.inf, log_share, -np.inf)  # odds know nothing of max_parents
    if not (allowed > -np.inf).any():
        raise NotTractable(
            f"none of {len(allowed):,} graphs drawn with parents beyond each column's candidates is possible: allow "
            "more parents (max_parents, --max-parents), choose a prior that favours fewer (prior='fair', --prior "
            "fair), or fewer columns (--columns, --drop)"
        )
    return WeighedDags(adjacency, allowed, log_scores, edge, float(effective_samples), correction)


def dags_of(
    weights: LayerWeights, table: ScoreTable, layer_of: Int[np.ndarray, "k d"], *, rng: np.random.Generator
) -> None:
    """Draw DAGs as `weighed_dags` does, to see how long it takes."""
    if weights.has_outside:
        correct_parents(weights, table, layer_of, draws=_DRAWS, rng=rng)
    else:
        draw_dags(weights, layer_of.astype(np.int8), rng=rng)


def affordable_dags(
    weights: LayerWeights,
    table: ScoreTable,
    layer_of: Int[np.ndarray, "k d"],
    wanted: int,
    budget: TimeBudget,
    *,
    share: float | int = 0.9,
) -> int:
    """Return how many DAGs can be drawn in a share of the time that is left, by drawing those of a few layerings."""
    rng = np.random.default_rng(wanted)
    order = rng.permutation(len(layer_of))
    return budget.affordable(
        wanted,
        lambda k: dags_of(weights, table, layer_of[order[:k]], rng=rng),
        share=share,
        least=LEAST_DRAWS,
        what="graphs are drawn",
    )
