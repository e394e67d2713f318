"""The posterior given a statement, from new draws of its trained sampler that all comply."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Bool

from dag_gfn.errors import QueryError, shortened
from dag_gfn.posterior.conditioning import OF_THE_WHOLE, as_query, given
from dag_gfn.posterior.family_condition import FamilyCondition
from dag_gfn.posterior.limits import reliable_weights
from dag_gfn.posterior.posterior import GraphPosterior
from dag_gfn.posterior.queries import Query
from dag_gfn.posterior.ranking import evidence_of
from dag_gfn.posterior.sampler import ConditionalSampler

FEW_DRAWS = 1_000
"""Where the saved draws that comply are worth fewer, new ones of a saved sampler are better."""


def can_draw_given(posterior: GraphPosterior, query: Query) -> bool:
    """Return whether a sampler is at hand that can draw graphs that comply, or with a part of the statement.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import GraphPosterior
    >>> from dag_gfn.posterior.query_language import parse_query
    >>> from dag_gfn.posterior.sampled_condition import can_draw_given
    >>> posterior = GraphPosterior.from_samples(("a", "b"), np.zeros((3, 2, 2), dtype=bool))
    >>> can_draw_given(posterior, parse_query("edge(a, b)", posterior.names))  # it has no sampler
    False
    """
    if not isinstance(posterior.sampler, ConditionalSampler):
        return False
    return not FamilyCondition.of_query(query, posterior.d)[0].is_empty()


def drawn_given(
    posterior: GraphPosterior,
    query: str | Query | Callable[[np.ndarray], np.ndarray],
    *,
    num_samples: int,
    seed: int,
) -> GraphPosterior:
    """Return the posterior given that a statement is true, from new draws.

    What the statement says of the parents of single nodes is built into the draws: edges that are there or not, sets of
    parents. What else it says is counted in these draws.

    Parameters
    ----------
    posterior : GraphPosterior
        With a sampler.
    query : str, Query or callable
        As in `GraphPosterior.given`.
    num_samples : int
        Objects to draw.
    seed : int

    Raises
    ------
    QueryError
        If there is no sampler, the statement says nothing of single edges or parents, or no draw complies.
    ConstraintError
        If no DAG complies.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import GraphPosterior
    >>> from dag_gfn.posterior.sampled_condition import drawn_given
    >>> posterior = GraphPosterior.from_samples(("a", "b"), np.zeros((3, 2, 2), dtype=bool))
    >>> drawn_given(posterior, "edge(a, b)", num_samples=10, seed=0)
    Traceback (most recent call last):
    dag_gfn.errors.QueryError: this posterior has no trained sampler that could draw graphs given 'edge(a, b)': ...
    """
    text = query if isinstance(query, str) else getattr(query, "__name__", repr(query))
    asked, sampler = as_query(query, posterior.names), posterior.sampler
    if not isinstance(sampler, ConditionalSampler):
        raise QueryError(
            f"this posterior has no trained sampler that could draw graphs given '{shortened(text)}': fit it by method "
            "gflownet with save_sampler (--save-sampler), or count the draws that there are"
        )
    condition, rest = FamilyCondition.of_query(asked, posterior.d)
    if condition.is_empty():
        raise QueryError(
            f"'{shortened(text)}' says nothing of single edges or parents that could be built into draws: count the "
            "draws that there are"
        )
    condition.require_possible(posterior.names)
    found = sampler.given(
        _pairs(condition.required, posterior.names),
        absent=_pairs(condition.forbidden, posterior.names),
        num_samples=num_samples,
        seed=seed,
    )
    found = replace(
        found,
        info={**found.info, **_info(posterior, found, text)},
        statistics=posterior.statistics,
    )
    return found if rest is None else given(found, rest)


def _info(posterior: GraphPosterior, found: GraphPosterior, text: str) -> dict[str, Any]:
    """Return `info` of the whole posterior, as far as it is true of the part that was drawn."""
    info = {key: value for key, value in posterior.info.items() if key not in OF_THE_WHOLE}
    weights, record, of_all = found.info["diagnostics"], posterior.record, evidence_of(posterior)
    worth, shape = float(weights["effective_samples"]), weights["pareto_k"]
    probability, error = math.nan, math.nan
    if of_all is not None and of_all.log_z is not None and found.log_evidence is not None:
        probability = min(math.exp(found.log_evidence - of_all.log_z), 1.0)
        error = probability * math.hypot(of_all.standard_error or 0.0, weights["standard_error"])
    known = not math.isnan(probability)
    condition = {
        "query": text,
        "probability": probability if known else None,
        "standard_error": error if known else None,
        "source": "samples",
        "new_draws": weights["num_samples"],
        "pareto_k": shape,
    }
    diagnostics = {"effective_samples": worth, "num_samples": weights["num_samples"]}
    if "converged" in info.get("diagnostics", {}):
        reliable = reliable_weights(worth, math.inf if shape is None else shape)
        diagnostics["converged"] = bool(record.converged and reliable)
    info.pop("names", None)
    info.pop("log_evidence", None)
    info.pop("all_dags", None)
    return {
        **info,
        "score_equivalent": False,
        "log_evidence_source": "importance weights of new draws",
        "log_evidence_standard_error": weights["standard_error"],
        "diagnostics": diagnostics,
        "conditions": [*info.get("conditions", []), condition],
    }


def _pairs(edges: Bool[np.ndarray, "d d"], names: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return edges as pairs (source, target)."""
    return [(names[i], names[j]) for j, i in np.argwhere(edges.T)]
