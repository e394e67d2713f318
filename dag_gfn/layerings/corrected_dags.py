"""DAGs drawn by approximate weights of layerings, corrected to draws from the posterior by their true scores."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int

from dag_gfn.layerings.edge_sums import EdgeSums
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.layerings.outside_parents import correct_in_parts
from dag_gfn.posterior import Marginal
from dag_gfn.posterior.diagnostic_parts import Correction
from dag_gfn.posterior.limits import reliable_correction
from dag_gfn.posterior.metrics import effective_sample_size, pareto_smoothed
from dag_gfn.scores import ScoreTable

DRAWS = 32
"""Parent sets that are drawn for each node of each layering."""


@dataclass(frozen=True, eq=False)
class CorrectedDags:
    """DAGs with the weights that make them draws from the posterior; `correct_dags` makes them.

    Attributes
    ----------
    adjacency : ndarray, shape (m, d, d), bool
        ``[s, i, j]`` is True for i -> j in draw s (row -> column). Draws of weight zero are left out.
    log_share : ndarray, shape (m,), float64
        Normalised log-weights, the largest of them smoothed (`pareto_smoothed`).
    pareto_k : float
        Shape of the tail of the weights.
    edge : Marginal
        Edge probabilities, averaged given the layering over several parent sets of each node.
    effective_samples : float
        Number of independent draws from the posterior that these are worth.
    log_z_shift, shift_standard_error : float
        log of the true evidence minus that of the approximate weights, in nats, and its standard error.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> from dag_gfn.layerings.corrected_dags import correct_dags
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 3)))
    >>> table = ScoreTable.build(make_score("bge", data))
    >>> weights = LayerWeights.build(table, num_candidates=1, outside=True)
    >>> corrected = correct_dags(weights, table, np.array([[0, 1, 0]] * 50), rng=np.random.default_rng(0))
    >>> round(float(np.exp(corrected.log_share).sum()), 6), corrected.effective_samples <= 50
    (1.0, True)
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
        """Whether the corrected draws are better than the draws without correction."""
        return reliable_correction(self.effective_samples, self.pareto_k)

    def correction(self) -> Correction:
        """Return what the posterior records of the correction."""
        return Correction(
            corrected=self.reliable,
            log_z_shift=self.log_z_shift,
            log_z_shift_standard_error=self.shift_standard_error,
            corrected_effective_samples=self.effective_samples,
            corrected_pareto_k=self.pareto_k,
        )


def correct_dags(
    weights: LayerWeights,
    table: ScoreTable,
    layer_of: Int[np.ndarray, "k d"],
    *,
    independent: float | int | None = None,
    log_weights: Float64[np.ndarray, " k"] | None = None,
    rng: np.random.Generator,
    on_phase: Callable[[str, float], None] | None = None,
) -> CorrectedDags | None:
    """Return a weighted DAG of each layering and what they tell of the posterior; None if no draw has weight.

    Parameters
    ----------
    weights : LayerWeights
        With parents outside the candidates (`LayerWeights.has_outside`).
    table : ScoreTable
        The table that the weights were built from.
    layer_of : ndarray, shape (k, d)
        Layerings that all count equally: draws by the approximate weights, or by a sampler that approximates these.
    independent : float, optional
        Number of independent draws that the layerings are worth; by default k.
    log_weights : ndarray, shape (k,), float64, optional
        Log-weights that would make the layerings draws by the approximate weights. Only `log_z_shift` uses them.
    rng : numpy.random.Generator
    on_phase : callable, optional
        Called with the name of the phase and the share of it that is done, in [0, 1].

    Examples
    --------
    With one candidate for each node, its other parents are drawn independently and corrected. In this layering nodes
    0 and 1 are roots, and only node 2 has parents:

    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.layerings.corrected_dags import correct_dags
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> rng = np.random.default_rng(0)
    >>> table = ScoreTable.build(make_score("bge", dag_gfn.from_array(rng.normal(size=(9, 3)))))
    >>> weights = LayerWeights.build(table, num_candidates=1, outside=True)
    >>> corrected = correct_dags(weights, table, np.array([[0, 0, 1]] * 300), rng=rng)
    >>> corrected.edge.values.any(axis=0).tolist()
    [False, False, True]
    """
    parts = []
    for part, drawn in correct_in_parts(weights, table, layer_of, draws=DRAWS, rng=rng):
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
    # how many layerings there are for each independent one
    alike = len(layer_of) / min(len(layer_of) if independent is None else independent, len(layer_of))
    sums = EdgeSums.of(
        share[None], ((part, drawn.edge.astype(np.float64)) for part, drawn in parts), weights.d
    )
    variance = alike * sums.variance()[0]
    effective = effective_sample_size(log_correction[possible])
    before = np.zeros(len(layer_of)) if log_weights is None else log_weights
    after = before + log_correction
    log_before, log_after = np.logaddexp.reduce(before), np.logaddexp.reduce(after)
    spread = ((np.exp(after - log_after) - np.exp(before - log_before)) ** 2).sum()
    parents = np.concatenate([drawn.parents for _, drawn in parts])[possible]
    return CorrectedDags(
        adjacency=weights.possible.adjacency_of(parents),
        log_share=log_share,
        pareto_k=pareto_k,
        edge=Marginal(sums.mean[0].clip(0.0, 1.0), "rao_blackwell", np.sqrt(variance.clip(0.0))),
        effective_samples=effective / alike,
        log_z_shift=float(log_after - log_before),
        shift_standard_error=math.sqrt(spread * alike),
    )
