"""The record of a fit: all that `GraphPosterior.info` says of it, made once, at the end."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from dag_gfn._version import __version__
from dag_gfn.fitting.options import DurationOptions, FitOptions
from dag_gfn.fitting.training_options import TrainingOptions
from dag_gfn.posterior import GraphPosterior
from dag_gfn.posterior.method_result import MethodResult
from dag_gfn.posterior.verdict import Verdict, judge
from dag_gfn.scores import ScoreTable


def judged(result: MethodResult, duration: DurationOptions) -> Verdict:
    """Return how far a result can be relied on.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.exact.posterior import fit_exact
    >>> from dag_gfn.fitting.options import DurationOptions
    >>> from dag_gfn.fitting.record import judged
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 2)))
    >>> table = ScoreTable.build(make_score("bge", data))
    >>> result = fit_exact(table, num_samples=5, rng=np.random.default_rng(0), memory_limit=1e9)
    >>> judged(result, DurationOptions()).converged
    True
    """
    return judge(
        result.diagnostics,
        result.exact_check,
        result.evidence,
        effective_samples=result.posterior.effective_samples,
        columns=len(result.posterior.names),
        time_budget=duration.time_budget,
        iterations_given=duration.iterations is not None,
    )


def asked_of(
    table: ScoreTable, chosen: FitOptions, method: str, training: TrainingOptions | None, *, kind: str | None
) -> dict[str, Any]:
    """Return what every record has of what was asked: method, training, score, prior and constraints.

    Parameters
    ----------
    table : ScoreTable
    chosen : FitOptions
    method : str
    training : TrainingOptions or None
        How it trained, if it did.
    kind : {"continuous", "discrete", "mixed"} or None
        Of the columns; None without data.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.fitting.options import FitOptions
    >>> from dag_gfn.fitting.record import asked_of
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 2)))
    >>> table = ScoreTable.build(make_score("bge", data))
    >>> asked = asked_of(table, FitOptions.from_keywords({}, caller="fit"), "exact", None, kind="continuous")
    >>> asked["score"], asked["prior"], asked["policy"] is None  # nothing was trained
    ('bge', 'uniform', True)
    """
    return {
        "method": method,
        "objective": None,
        **chosen.recorded(),
        **(dict.fromkeys(chosen.training.recorded()) if training is None else training.recorded()),
        "score": table.score,
        "score_options": table.score_options,
        "prior": table.prior,
        "prior_options": table.prior_options,
        "constraints": {
            **table.constraints.describe(table.names),
            "sparse_families": chosen.model.sparse_families if kind == "discrete" else None,
        },
        "kind": kind,
        "version": __version__,
    }


def recorded_posterior(
    result: MethodResult,
    verdict: Verdict,
    *,
    asked: Mapping[str, Any],
    said: Mapping[str, Any],
    timing: Mapping[str, Any],
    statistics: Mapping[str, np.ndarray],
) -> GraphPosterior:
    """Return the posterior of a result with its whole record.

    Parameters
    ----------
    result : MethodResult
    verdict : Verdict
    asked : mapping
        What was fitted, on what and how: data, score, prior, method, seed and the version.
    said : mapping
        Warnings and doubts.
    timing : mapping
        Seconds of the whole fit and its phases.
    statistics : mapping of str to ndarray
        Sufficient statistics of the data.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 2)))
    >>> table = ScoreTable.build(make_score("bge", data))
    >>> from dag_gfn.exact.posterior import fit_exact
    >>> from dag_gfn.fitting.record import recorded_posterior
    >>> from dag_gfn.posterior.verdict import judge
    >>> result = fit_exact(table, num_samples=5, rng=np.random.default_rng(0), memory_limit=1e9)
    >>> asked, verdict = {"method": "exact"}, judge(result.diagnostics, None, result.evidence)
    >>> posterior = recorded_posterior(result, verdict, asked=asked, said={}, timing={}, statistics={})
    >>> posterior.info["method"], posterior.info["diagnostics"]["converged"], posterior.info["log_evidence_source"]
    ('exact', True, 'exact')
    """
    posterior = result.posterior
    drawn = posterior.info.get("diagnostics", {})
    info: dict[str, Any] = {
        **asked,
        "interrupted": result.interrupted,
        "log_evidence_source": result.evidence.source,
        "log_evidence_standard_error": result.evidence.standard_error,
        "diagnostics": {**result.diagnostics.to_json(), **drawn, **verdict.to_json()},
        **result.settings,
    }
    if posterior.covers_all_dags:
        info["all_dags"] = True
    if result.best_graph is not None:
        info["best_graph"] = result.best_graph.to_json(posterior.names)
    if result.training is not None:
        info["training"] = result.training._asdict()
    if result.raw_edges is not None:
        error = result.raw_edges.standard_error
        info["edges_raw"] = {"probability": result.raw_edges.values, "standard_error": error}
    if result.exact_check is not None:
        info |= {"exact_check": result.exact_check.to_json(), "exact_edges": result.exact_edges}
    if result.search is not None:
        info["search"] = result.search._asdict()
    return replace(
        posterior,
        log_evidence=result.evidence.log_z,
        info={**info, **said, "timing": {**timing, **result.timing}},
        statistics=dict(statistics),
    )
