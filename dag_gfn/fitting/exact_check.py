"""How far any other method's posterior is from the exact one."""

import math
from collections.abc import Callable

import numpy as np

from dag_gfn.budget import ForeseenEnd, TimeBudget
from dag_gfn.errors import NotTractable
from dag_gfn.exact.dag_dp import Estimate
from dag_gfn.exact.reference import ExactReference, exact_reference, reference_bytes, reference_seconds
from dag_gfn.fitting.progress import ShareProgress, announce
from dag_gfn.posterior import GraphPosterior
from dag_gfn.posterior.diagnostics import BlanketErrors, ExactCheck, GraphDivergence
from dag_gfn.posterior.metrics import (
    jensen_shannon_divergence,
    kl_divergence,
    max_error,
    pearson_r,
    rmse,
    total_variation,
)
from dag_gfn.scores import ScoreTable

REFERENCE_MEMORY = 3_000_000_000
"""Bytes that an exact computation may take without being asked for."""
ANNOUNCED_SECONDS = 4.0
"""What is expected to take longer is said before it begins."""
_MOST_OF_BUDGET = 0.6  # of the time budget, for an exact check that was asked for
_SPARED = 2.0  # seconds, that an exact check may take in any case


class _TooSlow(Exception):
    """The exact posterior takes too much of the time budget."""


def affordable(table: ScoreTable, seconds: float | int) -> bool:
    """Return whether the exact posterior takes at most this time and fits into memory.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 2)))
    >>> table = ScoreTable.build(make_score("bge", data))
    >>> from dag_gfn.fitting.exact_check import affordable
    >>> affordable(table, 10.0), affordable(table, 0.001)
    (True, False)
    """
    return (
        table.is_complete
        and reference_seconds(table.d) <= seconds
        and reference_bytes(table.d) <= REFERENCE_MEMORY
    )


def exact_check_reference(
    table: ScoreTable, exact_check: bool | None, budget: TimeBudget, *, shown: bool
) -> ExactReference | None:
    """Return the exact posterior to check against: when asked for, or else when it is quick.

    None, and a word in `budget.cuts`, where it turns out to take too much of the time budget.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 2)))
    >>> table = ScoreTable.build(make_score("bge", data))
    >>> from dag_gfn.budget import TimeBudget
    >>> from dag_gfn.fitting.exact_check import exact_check_reference
    >>> exact_check_reference(table, False, TimeBudget(), shown=False) is None
    True
    """
    if exact_check is False:
        return None
    time_budget = budget.total
    limit = max(10.0, 0.2 * (time_budget or 0.0))
    if time_budget is not None:
        limit = min(limit, 0.5 * time_budget)  # of ten seconds there must be some for the fit itself
    if exact_check is None and not affordable(table, limit):
        return None
    needed = Estimate(reference_seconds(table.d), reference_bytes(table.d))
    if table.is_complete and needed.seconds > ANNOUNCED_SECONDS:
        announce(f"the exact probabilities to check against take {needed}", shown=shown)
    try:
        with ShareProgress(shown=shown) as on_share:
            end, latest = ForeseenEnd(budget), math.inf
            if time_budget is not None:
                latest = budget.elapsed() + max(
                    _MOST_OF_BUDGET * time_budget if exact_check else limit, _SPARED
                )

            def on_progress(share: float) -> None:
                on_share("exact check", share)
                if end("exact check", share) > latest:
                    raise _TooSlow

            return exact_reference(table, progress=on_progress)
    except _TooSlow:
        budget.cuts.append("the exact check is left out")
        return None
    except NotTractable:  # double precision does not suffice: a check that nobody asked for fails no fit
        if exact_check:
            raise
        return None


def divergence_from(reference: ExactReference | None) -> Callable[[np.ndarray], dict[str, float]] | None:
    """Return a function that computes, during training, the divergence of a policy's distribution from the exact one.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 2)))
    >>> table = ScoreTable.build(make_score("bge", data))
    >>> from dag_gfn.exact.reference import exact_reference
    >>> from dag_gfn.fitting.exact_check import divergence_from
    >>> reference = exact_reference(table)
    >>> round(divergence_from(reference)(reference.log_probabilities)["jsd"], 6)
    0.0
    """
    if reference is None or reference.log_probabilities is None:
        return None
    exact = np.exp(reference.log_probabilities)
    return lambda log_probabilities: {"jsd": jensen_shannon_divergence(np.exp(log_probabilities), exact)}


def exact_comparison(
    posterior: GraphPosterior,
    reference: ExactReference,
    log_probabilities: np.ndarray | None = None,
) -> ExactCheck:
    """Return how far a posterior is from the exact one.

    Parameters
    ----------
    posterior : GraphPosterior
    reference : ExactReference
    log_probabilities : ndarray, shape (m,), float64, optional
        The method's own distribution over all DAGs, in the order of ``reference.masks``; then divergences
        between the distributions are returned too.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 2)))
    >>> table = ScoreTable.build(make_score("bge", data))
    >>> from dag_gfn.exact.reference import exact_reference
    >>> from dag_gfn.fitting.exact_check import exact_comparison
    >>> from dag_gfn.posterior import GraphPosterior
    >>> none = GraphPosterior.from_samples(table.names, np.zeros((5, 2, 2), dtype=bool))  # without edges
    >>> reference = exact_reference(table)
    >>> bool(exact_comparison(none, reference).edge_max_error == reference.features["edge"].max())
    True
    """
    divergence, blanket = None, None
    if log_probabilities is not None and reference.log_probabilities is not None:
        own, exact = np.exp(log_probabilities), np.exp(reference.log_probabilities)
        divergence = GraphDivergence(
            jsd=jensen_shannon_divergence(own, exact),
            tv=total_variation(own, exact),
            kl=kl_divergence(exact, own),
            graph_rmse=float(np.sqrt(np.mean((own - exact) ** 2))),
        )
    if "markov_blanket" in reference.features:
        blanket = BlanketErrors(**_errors("markov_blanket", posterior, reference))
    gap = None if posterior.log_evidence is None else posterior.log_evidence - reference.log_evidence
    return ExactCheck(
        divergence=divergence,
        **_errors("edge", posterior, reference),
        **_errors("path", posterior, reference),
        blanket=blanket,
        log_evidence=reference.log_evidence,
        log_evidence_gap=gap,
    )


def _errors(feature: str, posterior: GraphPosterior, reference: ExactReference) -> dict[str, float]:
    """Return the errors of one feature's probabilities by the names of their fields."""
    own, exact = posterior.marginal(feature).values, reference.features[feature]
    return {
        f"{feature}_rmse": rmse(own, exact),
        f"{feature}_max_error": max_error(own, exact),
        f"{feature}_pearson_r": pearson_r(own, exact),
    }
