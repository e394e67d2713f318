"""The probability of a query under a posterior, and the posterior given that it is true."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Bool

from dag_gfn.errors import QueryError, shortened
from dag_gfn.graphs import subsets
from dag_gfn.posterior.diagnostics import ExactDiagnostics
from dag_gfn.posterior.evidence import Evidence
from dag_gfn.posterior.features import chunks, feature_marginals
from dag_gfn.posterior.marginal import Marginal, Probability
from dag_gfn.posterior.posterior import GraphPosterior
from dag_gfn.posterior.queries import SET_COMPARISONS, And, Not, Or, PairFeature, Parents, Predicate, Query
from dag_gfn.posterior.query_language import parse_query
from dag_gfn.posterior.ranking import evidence_of

OF_THE_WHOLE = ("best_graph", "exact_check", "exact_edges", "search", "without_knowledge")
"""What `info` says of a posterior and is not true of a part of it."""
ROUNDING = 1e-12
"""Of exact probabilities where nothing is recorded of it: their sums are right to about so much."""
_DIGITS = 1e4
"""A complement is called exact where it is so many times as large as the rounding error."""

_SUBTRACTED = 1e-9
"""A complement of estimates that is smaller than this is counted in the graphs rather than subtracted from one."""


def probability(
    posterior: GraphPosterior, query: str | Query | Callable[[np.ndarray], np.ndarray]
) -> Probability:
    """Return the probability that a query is true of the DAG; see `GraphPosterior.probability`.

    Raises
    ------
    QueryError
        If the query cannot be read.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import GraphPosterior
    >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
    >>> posterior = GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([0.75, 0.25]))
    >>> from dag_gfn.posterior.conditioning import probability
    >>> round(probability(posterior, "path(rain, wet)").value, 2)
    0.75
    """
    query = _about_graphs(as_query(query, posterior.names))
    stored = None if posterior.covers_all_dags else _stored(posterior, _without_negation(query))
    if stored is not None:
        return stored
    return _counted(posterior, _holds(posterior, query))


def given(
    posterior: GraphPosterior, query: str | Query | Callable[[np.ndarray], np.ndarray]
) -> GraphPosterior:
    """Return the posterior given that a query is true; see `GraphPosterior.given`.

    Raises
    ------
    QueryError
        If the query cannot be read, or no graph of the posterior complies.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import GraphPosterior
    >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
    >>> posterior = GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([0.75, 0.25]))
    >>> from dag_gfn.posterior.conditioning import given
    >>> len(given(posterior, "!edge(rain, wet)"))
    1
    """
    text = query if isinstance(query, str) else getattr(query, "__name__", repr(query))
    query = _about_graphs(as_query(query, posterior.names))
    holds = _holds(posterior, query)
    if not holds.any():
        kind = "possible DAGs" if posterior.covers_all_dags else "sampled graphs; more may help"
        raise QueryError(f"no graph complies with '{shortened(text)}', out of {len(posterior):,} {kind}")
    graphs, log_weights = posterior.graphs[holds], posterior.log_weights[holds]
    log_weights = log_weights - np.logaddexp.reduce(log_weights)
    marginals = {}
    if posterior.covers_all_dags:  # the source, exact or policy, is passed on with the edges
        marginals["edge"] = posterior.counted(feature_marginals("edge", graphs, np.exp(log_weights)))
    stored = None if posterior.covers_all_dags else _stored(posterior, _without_negation(query))
    whole = _counted(posterior, holds) if stored is None else stored
    evidence = _evidence_given(posterior, holds, whole)
    still_best = (
        _complying(posterior, query, posterior.best_graphs)
        if len(posterior.best_graphs)
        else np.zeros(0, dtype=bool)
    )
    return replace(
        posterior,
        graphs=graphs,
        log_weights=log_weights,
        log_scores=posterior.log_scores[holds],
        marginals=marginals,
        log_evidence=evidence.log_z,
        info=_info_given(
            posterior, text, whole, evidence, share=float(min(posterior.weights[holds].sum(), 1.0))
        ),
        best_graphs=posterior.best_graphs[still_best],
        best_log_scores=posterior.best_log_scores[still_best],
        sampler=None,
    )


def _evidence_given(posterior: GraphPosterior, holds: Bool[np.ndarray, " m"], whole: Probability) -> Evidence:
    """Return the evidence of the graphs that satisfy the query: a sum if all DAGs are held, else Z times P(query)."""
    recorded, of_all = posterior.record.evidence, evidence_of(posterior)
    if posterior.record.normalized_scores:
        return recorded  # not known; the scores are log-probabilities without it
    if posterior.covers_all_dags and of_all is not None:
        return Evidence(float(np.logaddexp.reduce(posterior.log_scores[holds])), 0.0, "exact")
    if of_all is None:
        of_all = Evidence(posterior.log_evidence, None, recorded.source)
    log_z, error, source = of_all.log_z, of_all.standard_error, of_all.source
    if log_z is None:
        return Evidence(None, None, source)
    if whole.source == "rounding":
        why = "not known: the condition's probability is within the rounding error of a stored one"
        return Evidence(None, None, why)
    if posterior.covers_all_dags:
        log_share = float(np.logaddexp.reduce(posterior.log_weights[holds]))
    elif whole.value > 0:
        log_share = math.log(whole.value)
    else:
        return Evidence(None, None, source)
    if source and whole.source != "exact":
        source = f"{source}, and the condition's share counted"
    relative = whole.standard_error / whole.value if whole.value > 0 else 0.0
    error = None if error is None or math.isnan(relative) else math.hypot(error, relative)
    return Evidence(log_z + log_share, error, source)


def _info_given(
    posterior: GraphPosterior, text: str, whole: Probability, evidence: Evidence, *, share: float
) -> dict[str, Any]:
    """Return `info` with the condition, without entries that hold for the whole posterior only."""
    info = {key: value for key, value in posterior.info.items() if key not in OF_THE_WHOLE}
    record = posterior.record
    diagnostics: dict[str, Any] = {}
    if "converged" in info.get("diagnostics", {}):
        diagnostics["converged"] = record.converged
    if record.effective_samples is not None:
        diagnostics["effective_samples"] = record.effective_samples * share
    if record.num_samples is not None:
        diagnostics["num_samples"] = round(record.num_samples * share)
    condition = {
        "query": text,
        "probability": whole.value,
        "standard_error": whole.standard_error,
        "source": whole.source,
    }
    if evidence.source:
        info["log_evidence_source"] = evidence.source
    info["log_evidence_standard_error"] = evidence.standard_error
    if info.get("score_equivalent"):
        info["score_equivalent"] = False  # a condition need not hold for all members of a class
    conditions = [*info.get("conditions", []), condition]
    return {**info, "diagnostics": diagnostics, "conditions": conditions}


def as_query(query: str | Query | Callable[[np.ndarray], np.ndarray], names: tuple[str, ...]) -> Query:
    """Return a query from its text, from a function of adjacency matrices, or as it is.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior.conditioning import as_query
    >>> as_query("edge(a, b)", ("a", "b")).holds(np.array([[[0, 1], [0, 0]]], dtype=bool)).tolist()
    [True]
    """
    if isinstance(query, str):
        return parse_query(query, names)
    return query if isinstance(query, Query) else Predicate(query)


def _about_graphs(query: Query) -> Query:
    """Return the query, or raise QueryError if it is about the size of an effect."""
    if query.effects():
        raise QueryError(
            "the size of an effect is no property of the graph alone: ask for its probability by "
            "dag_gfn.effects.probability (dag-gfn query); what is taken as given is about the graph"
        )
    return query


def _holds(posterior: GraphPosterior, query: Query) -> Bool[np.ndarray, " m"]:
    parts = [posterior.graphs[part] for part in chunks(len(posterior), posterior.d)]
    return np.concatenate([_complying(posterior, query, part) for part in parts])


def _complying(
    posterior: GraphPosterior, query: Query, graphs: Bool[np.ndarray, "k d d"]
) -> Bool[np.ndarray, " k"]:
    return query.holds(graphs, posterior.oriented_pairs)


def _counted(posterior: GraphPosterior, holds: Bool[np.ndarray, " m"]) -> Probability:
    """Return the weight of the graphs that satisfy the query; nothing is subtracted, so small weights are accurate."""
    value = min(float(np.exp(posterior.log_weights[holds]).sum()), 1.0)
    return _single(posterior.counted(np.array([value])), (0,))


def _without_negation(query: Query) -> Query:
    """Return an equal query in which two negations cancel, and a single statement in brackets stands alone."""
    match query:
        case Not(Not(part)):
            return _without_negation(part)
        case Not(part):
            inner = _without_negation(part)
            return _without_negation(inner.part) if isinstance(inner, Not) else Not(inner)
        case And(parts) | Or(parts) if len(set(parts)) == 1:
            return _without_negation(parts[0])
    return query


def _stored(posterior: GraphPosterior, query: Query) -> Probability | None:
    """Return the probability from a stored marginal if there is one: it may be more accurate than counting."""
    sets = posterior.marginals.get("parent_sets")
    if sets is not None and sets.standard_error is not None:
        sets = None  # errors of single sets say little of their sum's
    match query:
        case Not(Parents(node, comparison, members)) if sets is not None:
            return _of_parent_sets(posterior, sets, node, comparison, members, negated=True)
        case Not(PairFeature("edge", source, target)) if (
            sets is not None and posterior.marginal("edge").source == "exact"
        ):
            return _of_parent_sets(posterior, sets, target, ">=", 1 << source, negated=True)
        case Not(PairFeature() as part):
            stored = _stored(posterior, part)
            return None if stored is None else _complement(posterior, stored)
        case PairFeature(feature, source, target):
            return _single(posterior.marginal(feature), (source, target))
        case Parents(node, comparison, members) if sets is not None:
            return _of_parent_sets(posterior, sets, node, comparison, members)
    return None


def _of_parent_sets(
    posterior: GraphPosterior,
    sets: Marginal,
    node: int,
    comparison: str,
    members: int,
    *,
    negated: bool = False,
) -> Probability:
    """Return the summed probability of the parent sets that satisfy the statement, or of those that do not."""
    one = subsets.unpack(np.array(members, dtype=np.int64), posterior.d)
    every = subsets.unpack(subsets.parent_sets(node, posterior.d), posterior.d)
    complies = SET_COMPARISONS[comparison](every, one)
    among = ~complies if negated else complies
    value = float(np.clip(sets.values[node, among].sum(), 0.0, 1.0))
    found = Probability(value, _error(sets, None), sets.source)
    return (
        _rounded(posterior, found) if negated and value > 0.0 else found
    )  # zero only where all are impossible


def _complement(posterior: GraphPosterior, of_part: Probability) -> Probability | None:
    value = max(1.0 - of_part.value, 0.0)
    if of_part.source != "exact" and value < _SUBTRACTED:
        return None
    return _rounded(posterior, replace(of_part, value=value))


def _rounded(posterior: GraphPosterior, found: Probability) -> Probability:
    """Return a small probability with its source: exact only if it is far above the rounding of stored ones."""
    if found.source != "exact":
        return found
    diagnostics = posterior.diagnostics
    recorded = diagnostics.error_bound if isinstance(diagnostics, ExactDiagnostics) else None
    bound = max(recorded or 0.0, ROUNDING)
    if found.value > _DIGITS * bound:
        return found
    return Probability(found.value, bound, "rounding")


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
