"""The probability of a query under a posterior, and the posterior given that it is true."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Bool

from dag_gfn import subsets
from dag_gfn.errors import QueryError
from dag_gfn.posterior.features import chunks, feature_marginals
from dag_gfn.posterior.marginal import Marginal, Probability
from dag_gfn.posterior.posterior import GraphPosterior
from dag_gfn.posterior.queries import COMPARISONS, Not, PairFeature, Parents, Predicate, Query
from dag_gfn.posterior.query_language import parse_query

_OF_THE_WHOLE = ("best_graph", "exact_check", "exact_edges")
"""What `info` says of a posterior and is not true of a part of it."""


def probability(
    posterior: GraphPosterior, query: str | Query | Callable[[np.ndarray], np.ndarray]
) -> Probability:
    """Return the probability that a query is true of the DAG; see `GraphPosterior.probability`.

    Raises
    ------
    QueryError
        If the query cannot be read.
    """
    query = as_query(query, posterior.names)
    stored = _stored(posterior, query)
    if stored is not None:
        return stored
    value = float(np.clip(posterior.weights @ _holds(posterior, query), 0.0, 1.0))
    return _single(posterior.counted(np.array([value])), (0,))


def given(
    posterior: GraphPosterior, query: str | Query | Callable[[np.ndarray], np.ndarray]
) -> GraphPosterior:
    """Return the posterior given that a query is true; see `GraphPosterior.given`.

    Raises
    ------
    QueryError
        If the query cannot be read, or no graph of the posterior complies.
    """
    text = query if isinstance(query, str) else getattr(query, "__name__", repr(query))
    query = as_query(query, posterior.names)
    holds = _holds(posterior, query)
    if not holds.any():
        kind = "possible DAGs" if posterior.info.get("all_dags") else "sampled graphs; more may help"
        raise QueryError(f"no graph complies with '{text}', out of {len(posterior):,} {kind}")
    graphs, log_weights = posterior.graphs[holds], posterior.log_weights[holds]
    log_weights = log_weights - np.logaddexp.reduce(log_weights)
    marginals = {}
    if posterior.info.get("all_dags"):  # the source, exact or policy, is passed on with the edges
        marginals["edge"] = posterior.counted(feature_marginals("edge", graphs, np.exp(log_weights)))
    whole = probability(posterior, query)
    evidence = posterior.log_evidence
    return replace(
        posterior,
        graphs=graphs,
        log_weights=log_weights,
        log_scores=posterior.log_scores[holds],
        marginals=marginals,
        log_evidence=None if evidence is None or whole.value <= 0 else evidence + float(np.log(whole.value)),
        info=_info_given(posterior, text, whole, share=float(posterior.weights[holds].sum())),
        sampler=None,
    )


def _info_given(posterior: GraphPosterior, text: str, whole: Probability, *, share: float) -> dict[str, Any]:
    """Return `info` without what is true of all graphs only, and with the condition."""
    info = {key: value for key, value in posterior.info.items() if key not in _OF_THE_WHOLE}
    old = info.get("diagnostics", {})
    diagnostics = {key: old[key] for key in ("converged",) if key in old}
    if old.get("effective_samples") is not None:
        diagnostics["effective_samples"] = old["effective_samples"] * share
    if old.get("num_samples") is not None:
        diagnostics["num_samples"] = round(old["num_samples"] * share)
    condition = {
        "query": text,
        "probability": whole.value,
        "standard_error": whole.standard_error,
        "source": whole.source,
    }
    if info.get("log_evidence_source") and whole.source != "exact":
        info["log_evidence_source"] = f"{info['log_evidence_source']}, and the condition's share counted"
    conditions = [*info.get("conditions", []), condition]
    return {**info, "diagnostics": diagnostics, "conditions": conditions}


def as_query(query: str | Query | Callable[[np.ndarray], np.ndarray], names: tuple[str, ...]) -> Query:
    """Return a query from its text, from a function of adjacency matrices, or as it is."""
    if isinstance(query, str):
        return parse_query(query, names)
    return query if isinstance(query, Query) else Predicate(query)


def _holds(posterior: GraphPosterior, query: Query) -> Bool[np.ndarray, " m"]:
    return np.concatenate([query.holds(posterior.graphs[p]) for p in chunks(len(posterior), posterior.d)])


def _stored(posterior: GraphPosterior, query: Query) -> Probability | None:
    """Return the probability by a marginal, where one tells it: it may be better than counting."""
    match query:
        case Not(part):
            of_part = _stored(posterior, part)
            return None if of_part is None else replace(of_part, value=1.0 - of_part.value)
        case PairFeature(feature, source, target):
            return _single(posterior.marginal(feature), (source, target))
        case Parents(node, comparison, members) if "parent_sets" in posterior.marginals:
            marginal = posterior.marginals["parent_sets"]
            if marginal.standard_error is not None:  # those of single sets say little about that of their sum
                return None
            among = COMPARISONS[comparison](subsets.parent_sets(node, posterior.d), members)
            value = float(np.clip(marginal.values[node, among].sum(), 0.0, 1.0))
            return Probability(value, _error(marginal, None), marginal.source)
    return None


def _single(marginal: Marginal, index: tuple[int, ...]) -> Probability:
    errors = marginal.standard_error
    return Probability(
        float(marginal.values[index]),
        _error(marginal, None if errors is None else float(errors[index])),
        marginal.source,
    )


def _error(marginal: Marginal, error: float | None) -> float:
    if error is not None:
        return error
    return 0.0 if marginal.source == "exact" else float("nan")
