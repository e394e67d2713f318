"""What posterior.json must look like to be read: types, ranges and what belongs together.

The keys of `diagnostics` and `exact_check` are those that the dataclasses of `dag_gfn.posterior.diagnostics` declare.
Names that are not listed are let through, since later versions and other programs may add some.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from dag_gfn.graphs import graph
from dag_gfn.posterior.claims import SUBJECTS
from dag_gfn.posterior.diagnostics import KINDS, ExactCheck
from dag_gfn.posterior.json_checks import (
    Check,
    boolean,
    either,
    items,
    number,
    optional,
    record,
    text,
    wrong,
)
from dag_gfn.posterior.json_record import JsonRecord, types_of

MAX_DEPTH = 20
"""Levels of lists and records in one another; a fit writes five."""


FIGURE, SHARE, COUNT = optional(number()), optional(number(0, 1 + 1e-6)), number(0, whole=True)
POSITIVE, TEXT, BOOLEAN = number(math.ulp(0.0)), optional(text), optional(boolean)
_PAIRS = items(items(text, 2))
_CHECKS: dict[type, Check] = {
    float: FIGURE,
    int: optional(COUNT),
    bool: BOOLEAN,
    str: TEXT,
    dict: optional(record({})),
}
"""What a field of a `JsonRecord` may hold, by its type."""


def _declared(*kinds: type[JsonRecord]) -> dict[str, Check]:
    """Return the checks of all fields that these records, and records in them, declare."""
    checks: dict[str, Check] = {}
    for kind in kinds:
        for name, of_field in types_of(kind).items():
            checks |= _declared(of_field) if issubclass(of_field, JsonRecord) else {name: _CHECKS[of_field]}
    return checks


_CLAIM = record({"converged": BOOLEAN, "reason": text}, required=("converged",))
_DIAGNOSTICS = record(
    {
        **_declared(*KINDS),
        "converged": BOOLEAN,
        "evidence_converged": BOOLEAN,
        "claims": record(dict.fromkeys(SUBJECTS, _CLAIM)),
        "effective_samples": optional(POSITIVE),
        "num_samples": optional(COUNT),
    },
    together={
        "ess": ("log_z",),
        "max_r_hat": ("chains", "min_effective_draws"),
        "corrected": ("candidates", "corrected_effective_samples", "log_z_shift"),
    },
)
_POOLED = record(
    {},
    required=("reliable_weights", "log_z_with_chains", "log_z_with_chains_standard_error", "share_of_chains"),
)
_EXACT_CHECK = record(
    _declared(ExactCheck),
    required=("edge_max_error", "edge_rmse", "path_max_error", "path_rmse"),
)
_CONDITION = record(
    {"query": text, "probability": SHARE, "standard_error": FIGURE, "source": TEXT},
    required=("query", "probability"),
)
_BEST_GRAPH = record(
    {"log_score": FIGURE, "probability": number(0, 1 + 1e-6), "edges": _PAIRS},
    required=("log_score", "probability", "edges"),
)
_TRAINING = record(
    {
        "history": optional(
            items(
                record(
                    {"iteration": COUNT, **dict.fromkeys(("loss", "jsd", "ess"), FIGURE)},
                    required=("iteration",),
                )
            )
        )
    }
)
_DOUBT = record(dict.fromkeys(("code", "level", "verdict"), text), required=("code", "level", "verdict"))
_EXPERIMENT = record({"nodes": items(text), "rows": COUNT}, required=("nodes", "rows"))
_SEARCH = record(
    {"graphs": COUNT, "proven": boolean, "proven_graphs": COUNT, "proven_classes": COUNT},
    required=("graphs", "proven"),  # the others are not in older files
)
_BELIEF = record({"source": text, "target": text, "probability": number(0, 1)}, required=("source", "target"))
_CONSTRAINTS = record(
    {
        "required": _PAIRS,
        "forbidden": _PAIRS,
        "max_parents": optional(COUNT),
        "max_parents_of": optional(record({})),
    }
)


def _without_knowledge(d: int) -> Check:
    """Return the check of what a fit finds without what is known about the graph."""
    matrix = items(items(number(-1e-9, 1 + 1e-9), d), d)
    parts = {"edges": matrix, "before_data": matrix, "log_bayes_factor": number()}
    return record(parts, required=tuple(parts))


def _missing(d: int) -> Check:
    """Return the check of what is recorded of missing cells, of a posterior over d nodes."""
    matrix = items(items(number(-1e-9, 1 + 1e-9), d), d)
    pattern = record({"columns": items(text), "rows": COUNT}, required=("columns", "rows"))
    return record(
        {
            **dict.fromkeys(("cells", "all_cells", "rows", "all_rows", "num_patterns", "tables"), COUNT),
            "columns": record({}),
            "patterns": items(pattern),
            "route": text,
            "effective_tables": FIGURE,
            "edges": record({"standard_deviation": matrix, "share_of_variance": matrix}),
        },
        required=("cells", "rows", "columns"),
    )


_RANKED = record(
    {
        **dict.fromkeys(("model", "words", "score", "margins", "prior", "in_words"), text),
        "options": record({}),
        "log_evidence": FIGURE,
        "standard_error": optional(number(0)),
        "log_bayes_factor": FIGURE,
    },
    required=(
        "model",
        "words",
        "score",
        "margins",
        "log_evidence",
        "standard_error",
        "log_bayes_factor",
        "in_words",
    ),
)
_MODEL_CHOICE = record(
    {
        "models": items(_RANKED),
        "priors": items(_RANKED),
        "not_ranked": items(record({"model": text, "reason": text}, required=("model", "reason"))),
        "probabilities": items(number(0, 1 + 1e-9)),
        "clear": boolean,
        **dict.fromkeys(("best", "scale"), text),
        "notes": items(text),
        "averaged": items(text),
    },
    required=("models", "clear", "scale"),
)
_BREAK = record(
    {
        **dict.fromkeys(("kind", "column", "grade"), text),
        "other": optional(text),
        **dict.fromkeys(("size", "z"), number()),
    },
    required=("kind", "column", "other", "size", "grade"),
)
_CRITICISM = record(
    {
        "rows": COUNT,
        "columns": COUNT,
        "checked": items(text),
        "findings": items(_BREAK),
        "limits": record({}),
        "skipped": text,
    },
    required=("rows", "checked", "findings", "limits", "skipped"),
)


def check_info(info: Any) -> None:
    """Raise `ValueError`, with the place and what was expected, unless posterior.json can be used.

    Parameters
    ----------
    info : object
        What the file holds, without the version of the format.

    Examples
    --------
    >>> from dag_gfn.posterior.schema import check_info
    >>> check_info({"names": ["a", "b"], "log_evidence": None, "diagnostics": {"max_r_hat": "high"}})
    Traceback (most recent call last):
    ValueError: diagnostics.chains is missing
    """
    record({"names": items(text)}, required=("names", "log_evidence"))("", info)
    d = len(info["names"])
    if len(set(info["names"])) < d:
        raise ValueError("names should all be different")
    _check_depth(info)
    record(
        {
            "d": number(d, d, whole=True),
            "n": optional(COUNT),
            "total_weight": optional(number(0)),
            "margins": TEXT,
            "seed": optional(number(0, whole=True)),
            "log_evidence": FIGURE,
            **dict.fromkeys(
                (
                    *(
                        "method",
                        "score",
                        "prior",
                        "environment",
                        "objective",
                        "behaviour",
                        "policy",
                        "backward",
                    ),
                    *("kind", "version", "log_evidence_source", "data_fingerprint"),
                ),
                TEXT,
            ),
            "log_evidence_standard_error": optional(number(0)),
            **dict.fromkeys(
                ("standardized", "interrupted", "order_modular", "all_dags", "score_equivalent"), BOOLEAN
            ),
            "doubts": items(_DOUBT),
            "search": optional(_SEARCH),
            "normalized_scores": BOOLEAN,
            "graph_relative_errors": items(number(0)),
            "missing": optional(_missing(d)),
            "interventions": optional(items(_EXPERIMENT)),
            "contexts": items(text),
            "sites": optional(
                record({"parameters": text, "rows": items(number(0))}, required=("parameters",))
            ),
            **dict.fromkeys(("warnings", "notes"), items(text)),
            **dict.fromkeys(("score_options", "prior_options", "objective_options"), optional(record({}))),
            "constraints": optional(_CONSTRAINTS),
            "conditions": items(_CONDITION),
            "knowledge": optional(record({})),
            "beliefs": items(_BELIEF),
            "lags": optional(record({"rows": COUNT, "instantaneous": boolean}, required=("rows",))),
            "directions_by_shape": items(
                record(
                    {"source": text, "target": text, "share": number(0, 1), "by_independences": number(0, 1)},
                    required=("source", "target", "share", "by_independences"),
                )
            ),
            "without_knowledge": optional(_without_knowledge(d)),
            "timing": record({"total_seconds": FIGURE}),
            "diagnostics": _DIAGNOSTICS,
            "exact_check": optional(_EXACT_CHECK),
            "exact_edges": optional(items(items(number(-1e-9, 1 + 1e-9), d), d)),
            "edges_raw": optional(
                record(
                    {
                        "probability": items(items(number(-1e-9, 1 + 1e-9), d), d),
                        "standard_error": optional(items(items(optional(number(0)), d), d)),
                    }
                )
            ),
            "best_graph": optional(_BEST_GRAPH),
            "training": optional(_TRAINING),
            "model_choice": optional(_MODEL_CHOICE),
            "criticism": optional(_CRITICISM),
        }
    )("", info)
    if info.get("diagnostics", {}).get("estimate") == "pooled":
        _POOLED("diagnostics", info["diagnostics"])
    if (info.get("exact_check") or {}).get("jsd") is not None and "tv" not in info["exact_check"]:
        raise ValueError("exact_check.tv is missing")
    _check_score_options(info)
    _check_best_graph(info)


def _check_score_options(info: Mapping[str, Any]) -> None:
    """Raise `ValueError` unless the score's hyperparameters, as far as they are there, can be those of a fit."""
    d, options = len(info["names"]) - len(info.get("contexts") or ()), info.get("score_options") or {}
    needed: dict[str, dict[str, Check]] = {
        "bge": {
            "alpha_mu": POSITIVE,
            "alpha_w": number(math.nextafter(d + 1, math.inf)),
            "mean_obs": either(items(number(), d), number()),
        },
        "linear_gaussian": {"noise_variance": POSITIVE, "weight_variance": POSITIVE},
        "bdeu": {"equivalent_sample_size": POSITIVE},
        "bde": {"equivalent_sample_size": POSITIVE},
        "block": {"alpha_mu": POSITIVE, "alpha_w": POSITIVE},
        "additive": {"alpha_mu": POSITIVE, "alpha_w": POSITIVE, "curve_weight": number(0, 1)},
    }
    record(needed.get(info.get("score") or "", {}))("score_options", options)


def _check_best_graph(info: Mapping[str, Any]) -> None:
    best = info.get("best_graph")
    if best is None:
        return
    index = {name: i for i, name in enumerate(info["names"])}
    adjacency = np.zeros((len(index), len(index)), dtype=bool)
    for k, (source, target) in enumerate(best["edges"]):
        for name in (source, target):
            if name not in index:
                raise wrong(f"best_graph.edges[{k}]", "a pair of the names", name)
        adjacency[index[source], index[target]] = True
    if not graph.is_dag(adjacency):
        raise ValueError("best_graph.edges have a directed cycle")


def _check_depth(info: Any) -> None:
    level, depth = [info], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise ValueError(f"it has more than {MAX_DEPTH} levels of lists and records in one another")
        inner = [v.values() if isinstance(v, dict) else v for v in level if isinstance(v, dict | list)]
        level = [item for part in inner for item in part]
