"""What posterior.json must look like to be read: types, ranges and what belongs together.

A check maps a value to nothing, or raises `ValueError` with the place and what was expected there. Names that are not
listed are let through, since later versions and other programs may add some.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from dag_gfn.errors import shortened
from dag_gfn.graphs import graph

Check = Callable[[str, Any], None]

MAX_DEPTH = 20
"""Levels of lists and records in one another; a fit writes five."""


def _wrong(place: str, expected: str, found: Any) -> ValueError:
    return ValueError(f"{place} should be {expected}, not {shortened(found, 80)}")


def text(place: str, value: Any) -> None:
    """Expect a text."""
    if not isinstance(value, str):
        raise _wrong(place, "text", value)


def boolean(place: str, value: Any) -> None:
    """Expect true or false."""
    if not isinstance(value, bool):
        raise _wrong(place, "true or false", value)


def anything(place: str, value: Any) -> None:
    """Expect nothing in particular."""


def number(low: float | int = -math.inf, high: float | int = math.inf, *, whole: bool = False) -> Check:
    """Expect a number from `low` to `high`."""

    def check(place: str, value: Any) -> None:
        kind = int if whole else (int, float)
        if isinstance(value, bool) or not isinstance(value, kind) or not low <= value <= high:
            bounds = (f" from {low:g}" if low > -math.inf else "") + (
                f" to {high:g}" if high < math.inf else ""
            )
            raise _wrong(place, f"a {'whole ' if whole else ''}number{bounds}", value)

    return check


def optional(inner: Check) -> Check:
    """Expect null, or what `inner` does: null stands for what is not known or not finite."""
    return lambda place, value: None if value is None else inner(place, value)


def either(*inner: Check) -> Check:
    """Expect what one of the checks does; the last one says what is wrong."""

    def check(place: str, value: Any) -> None:
        for each in inner[:-1]:
            try:
                return each(place, value)
            except ValueError:
                pass
        return inner[-1](place, value)

    return check


def items(inner: Check, length: int | None = None) -> Check:
    """Expect a list, of this length if one is given."""

    def check(place: str, value: Any) -> None:
        if not isinstance(value, list) or length not in (None, len(value)):
            raise _wrong(place, "a list" if length is None else f"a list of {length}", value)
        for index, item in enumerate(value):
            inner(f"{place}[{index}]", item)

    return check


def record(
    fields: Mapping[str, Check],
    *,
    required: tuple[str, ...] = (),
    together: Mapping[str, tuple[str, ...]] | None = None,
) -> Check:
    """Expect names with values.

    Parameters
    ----------
    fields : mapping
        Checks of the values by name; other names are let through.
    required : tuple of str
        Names that must be there.
    together : mapping
        Names that must be there where another one is, and is not false or null.
    """

    def check(place: str, value: Any) -> None:
        if not isinstance(value, dict):
            raise _wrong(place or "the file", "a record", value)
        needed = [
            *required,
            *(name for cause, names in (together or {}).items() if value.get(cause) for name in names),
        ]
        for name in needed:
            if name not in value:
                raise ValueError(f"{_join(place, name)} is missing")
        for name, inner in fields.items():
            if name in value:
                inner(_join(place, name), value[name])

    return check


def _join(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


FIGURE, SHARE, COUNT = optional(number()), optional(number(0, 1 + 1e-6)), number(0, whole=True)
POSITIVE, TEXT, BOOLEAN = number(math.ulp(0.0)), optional(text), optional(boolean)
_PAIRS = items(items(text, 2))
_DIAGNOSTICS = record(
    {
        **dict.fromkeys(
            (
                *("ess", "log_z", "log_z_lower", "log_z_upper", "log_z_shift", "log_z_shift_standard_error"),
                *(
                    "log_z_with_chains",
                    "log_z_with_chains_standard_error",
                    "max_r_hat",
                    "min_effective_draws",
                ),
                *("corrected_effective_samples", "corrected_pareto_k", "share_of_chains"),
                *("raw_to_reweighted_edge_difference", "self_check", "error_bound"),
            ),
            FIGURE,
        ),
        "effective_samples": optional(POSITIVE),
        **dict.fromkeys(("num_samples", "iterations", "layerings", "chains", "candidates"), optional(COUNT)),
        **dict.fromkeys(
            (
                "converged",
                "evidence_converged",
                "corrected",
                "reliable_weights",
                "chains_agree",
                "cut_short_by_time_budget",
            ),
            BOOLEAN,
        ),
        "estimate": TEXT,
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
    dict.fromkeys(("edge_max_error", "edge_rmse", "path_max_error", "path_rmse", "jsd", "tv"), FIGURE),
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
_SEARCH = record({"graphs": COUNT, "proven": boolean}, required=("graphs", "proven"))
_CONSTRAINTS = record({"required": _PAIRS, "forbidden": _PAIRS, "max_parents": optional(COUNT)})


def check_info(info: Any) -> None:
    """Raise `ValueError`, with the place and what was expected, unless posterior.json can be used.

    Parameters
    ----------
    info : object
        What the file holds, without the version of the format.
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
            **dict.fromkeys(("warnings", "notes"), items(text)),
            **dict.fromkeys(("score_options", "prior_options", "objective_options"), optional(record({}))),
            "constraints": optional(_CONSTRAINTS),
            "conditions": items(_CONDITION),
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
    d, options = len(info["names"]), info.get("score_options") or {}
    needed: dict[str, dict[str, Check]] = {
        "bge": {
            "alpha_mu": POSITIVE,
            "alpha_w": number(math.nextafter(d + 1, math.inf)),
            "mean_obs": either(items(number(), d), number()),
        },
        "linear_gaussian": {"noise_variance": POSITIVE, "weight_variance": POSITIVE},
        "bdeu": {"equivalent_sample_size": POSITIVE},
        "bde": {"equivalent_sample_size": POSITIVE},
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
                raise _wrong(f"best_graph.edges[{k}]", "a pair of the names", name)
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
