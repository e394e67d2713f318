"""Damages to posterior.json: other values, other types, nothing, nests."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

NASTY_VALUES: tuple[Any, ...] = (
    None,
    True,
    "text",
    "",
    -1,
    0,
    1.5,
    10**30,
    -1e308,
    1e-320,
    math.nan,
    math.inf,
    [],
    {},
    [[]],
    [None],
    {"a": {"b": [1, {"c": None}]}},
    "x" * 100_000,
    ["x"] * 1000,
    "\u202e\x1b[31m\x00",
    "<script>alert(1)</script>",
)


def json_value(folder: Path, others: list[Path], rng: np.random.Generator) -> str:
    """Another value somewhere in posterior.json, or none."""
    file = folder / "posterior.json"
    content = json.loads(file.read_text(encoding="utf-8"))
    places = list(_places(content))
    parent, key, path = places[rng.integers(len(places))]
    if rng.random() < 0.2:
        del parent[key]
        what = "nothing"
    else:
        parent[key] = NASTY_VALUES[rng.integers(len(NASTY_VALUES))]
        what = repr(parent[key])[:40]
    file.write_text(json.dumps(content), encoding="utf-8")
    return f"{what} at {path}"


def json_values_of_use(folder: Path, others: list[Path], rng: np.random.Generator) -> str:
    """Another value where commands look."""
    file = folder / "posterior.json"
    content = json.loads(file.read_text(encoding="utf-8"))
    known = (
        "names",
        "d",
        "n",
        "kind",
        "method",
        "score",
        "warnings",
        "diagnostics",
        "log_evidence",
        "constraints",
    )
    known += (
        "timing",
        "exact_check",
        "format_version",
        "notes",
        "all_dags",
        "best_graph",
        "standardized",
        "interrupted",
    )
    known += (
        "environment",
        "prior",
        "score_options",
        "prior_options",
        "conditions",
        "iterations",
        "order_modular",
    )
    key = str(rng.choice(known))
    content[key] = NASTY_VALUES[rng.integers(len(NASTY_VALUES))]
    if key == "names" and rng.random() < 0.5:
        content[key] = _odd_names(rng, len(content.get("diagnostics", {})))
    file.write_text(json.dumps(content), encoding="utf-8")
    return f"{repr(content[key])[:40]} at {key}"


def json_whole(folder: Path, others: list[Path], rng: np.random.Generator) -> str:
    texts = (
        "null",
        "[]",
        "{}",
        '"text"',
        "[" * 100_000,
        '{"names":' * 5000,
        "{}{}",
        "9" * 10_000,
        "\ufeff{}",
        "NaN",
    )
    text = texts[rng.integers(len(texts))]
    (folder / "posterior.json").write_text(text, encoding="utf-8")
    return f"posterior.json is {text[:20]}"


def _places(content: Any, path: str = "") -> Any:
    """Yield each place in JSON content: what holds it, its key, and its path in words."""
    keys = range(len(content)) if isinstance(content, list) else list(content)
    for key in keys:
        yield content, key, f"{path}/{key}"
        if isinstance(content[key], dict | list):
            yield from _places(content[key], f"{path}/{key}")


def _odd_names(rng: np.random.Generator, d: int) -> list[Any]:
    kinds: tuple[list[Any], ...] = (
        ["a"] * d,
        list(range(d)),
        [["a"]] * d,
        [None] * d,
        ["", " "],
        ["x" * 100_000],
    )
    return kinds[rng.integers(len(kinds))]
