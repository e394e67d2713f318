"""Which numbers a posterior folder may hold: the judge of what a fit left.

The judge reads the files itself and shares no code with what wrote them; `dag_gfn.load` is asked too, since a folder
that it refuses is lost.
"""

import csv
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import dag_gfn
from random_trials.judge import TOLERANCE, Fault, is_number, refuse_constant

FILES = {"posterior.npz", "posterior.json", "edges.csv", "graphs.csv"}


@dataclass(frozen=True)
class Wanted:
    """What a fit was asked for."""

    required: tuple[tuple[str, str], ...] = ()
    forbidden: tuple[tuple[str, str], ...] = ()
    max_parents: int | None = None
    report: bool = False


def folder_faults(folder: Path, wanted: Wanted | None = None) -> list[Fault]:
    """Return what is wrong with a posterior folder that a command left as complete."""
    wanted = Wanted() if wanted is None else wanted
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if not names >= FILES:
        return [Fault("an incomplete folder", f"{sorted(names)}")]
    faults = []
    if wanted.report != ("report.html" in names) or names - FILES - {"report.html"}:
        faults.append(Fault("the folder has other files than it should", f"{sorted(names)}"))
    try:
        info = json.loads(
            (folder / "posterior.json").read_text(encoding="utf-8"), parse_constant=refuse_constant
        )
        with np.load(folder / "posterior.npz", allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        edges = _rows(folder / "edges.csv")
        graphs = _rows(folder / "graphs.csv")
    except Exception as error:
        return [*faults, Fault("a file of the folder cannot be read", f"{type(error).__name__}: {error}")]
    faults += content_faults(info, arrays, edges, graphs, wanted)
    try:
        posterior = dag_gfn.load(folder)
    except Exception as error:
        return [
            *faults,
            Fault("a folder that fit wrote cannot be loaded", f"{type(error).__name__}: {error}"),
        ]
    return faults + marginal_faults(posterior)


def content_faults(
    info: Mapping[str, Any],
    arrays: Mapping[str, np.ndarray],
    edges: list[dict[str, str]],
    graphs: list[dict[str, str]],
    wanted: Wanted,
) -> list[Fault]:
    """Return what cannot be among the contents of a folder's four files.

    Parameters
    ----------
    info : dict
        posterior.json.
    arrays : dict of str to ndarray
        posterior.npz.
    edges, graphs : list of dict
        Rows of edges.csv and graphs.csv.
    wanted : Wanted
        What the graphs have to comply with.
    """
    faults: list[Fault] = []
    names = info["names"]
    d = len(names)
    if len(edges) != d * (d - 1):
        return [Fault("edges.csv has not d(d-1) rows", f"{len(edges)} rows for d = {d}")]
    if any(re.match(r"[=@\t\r]|[+-](?![\d.])", cell) for row in edges for cell in row.values()):
        faults.append(Fault("a spreadsheet takes a cell for a formula", f"{edges[:2]}"))
    probability = np.zeros((d, d))
    probability[~np.eye(d, dtype=bool)] = [float(row["probability"]) for row in edges]
    faults += edge_faults(probability)
    packed = np.unpackbits(arrays["graphs"], axis=1, count=d * d)
    adjacency = packed.reshape(-1, d, d).astype(bool)
    faults += graph_faults(adjacency)
    weights = np.exp(arrays["log_weights"])
    if len(weights) != len(adjacency) or not abs(weights.sum() - 1) < 1e-6:
        faults.append(Fault("weights of graphs do not sum to one", f"{float(weights.sum())!r}"))
    faults += listed_faults(graphs)
    faults += constraint_faults(names, probability, adjacency, wanted)
    evidence = info["log_evidence"]
    is_known = not info.get("missing")  # else a mean over completed tables, which has no evidence
    if info["method"] == "exact" and is_known and not (is_number(evidence) and math.isfinite(evidence)):
        faults.append(Fault("an exact evidence is not a finite number", f"{evidence!r}"))
    return faults


def edge_faults(probability: np.ndarray) -> list[Fault]:
    """Return what is impossible among P(i → j), shape (d, d)."""
    if not _possible(probability):
        return [Fault("an edge probability outside [0, 1]", _extremes(probability))]
    both = float((probability + probability.T).max(initial=0))
    if both > 1 + TOLERANCE:
        return [Fault("P(a → b) + P(b → a) above 1", f"{both!r}")]
    return []


def graph_faults(adjacency: np.ndarray) -> list[Fault]:
    """Return whether graphs, shape (m, d, d), have a cycle: then nodes are left when all roots are taken off."""
    d = adjacency.shape[-1]
    left = np.ones(adjacency.shape[:2], dtype=bool)
    for _ in range(d):
        left &= (adjacency & left[:, :, None]).any(axis=1)
    return [Fault("a graph with a cycle", f"{int(left.any(axis=1).sum())} of them")] if left.any() else []


def listed_faults(graphs: list[dict[str, str]]) -> list[Fault]:
    """Return what is impossible in the rows of graphs.csv."""
    column = "probability" if graphs and "probability" in graphs[0] else "weight"
    values = np.array([float(row[column]) for row in graphs if row[column]])
    if not _possible(values) or values.sum() > 1 + TOLERANCE:
        return [
            Fault(
                "graphs.csv has impossible probabilities", f"sum {float(values.sum())!r}, {_extremes(values)}"
            )
        ]
    return []


def constraint_faults(
    names: list[str], probability: np.ndarray, adjacency: np.ndarray, wanted: Wanted
) -> list[Fault]:
    """Return which constraints the probabilities (d, d) or the graphs (m, d, d) break."""
    faults = []
    position = {name.strip(): k for k, name in enumerate(names)}
    for pairs, value, kind in ((wanted.required, True, "required"), (wanted.forbidden, False, "forbidden")):
        for source, target in pairs:
            i, j = position.get(source.strip()), position.get(target.strip())
            if i is None or j is None:
                faults.append(
                    Fault(f"the {kind} edge that was taken names no column", f"{source} → {target}")
                )
                continue
            if abs(probability[i, j] - value) > TOLERANCE or (adjacency[:, i, j] != value).any():
                faults.append(
                    Fault(f"a {kind} edge is not kept", f"{source} → {target}: {float(probability[i, j])!r}")
                )
    if wanted.max_parents is not None and (adjacency.sum(axis=1) > wanted.max_parents).any():
        faults.append(Fault("max_parents is not kept", f"{adjacency.sum(axis=1).max()} parents"))
    return faults


def marginal_faults(posterior: dag_gfn.GraphPosterior) -> list[Fault]:
    """Return what is impossible among the probabilities that a loaded posterior gives."""
    faults = []
    edge = posterior.marginal("edge").values
    for feature in ("edge", "linked", "path", "markov_blanket", "compelled", "reversible"):
        values = posterior.marginal(feature).values
        if not _possible(values):
            faults.append(Fault(f"a probability of '{feature}' outside [0, 1]", _extremes(values)))
    faults += edge_faults(edge)
    linked = posterior.marginal("linked").values
    if np.abs(linked - edge - edge.T).max(initial=0) > 1e-9:
        faults.append(Fault("linked is not the sum of both directions", _extremes(linked - edge - edge.T)))
    short = (edge - posterior.marginal("path").values).max(initial=0)
    if short > TOLERANCE:
        faults.append(
            Fault(f"a path less probable than its edge ({posterior.info.get('method')})", f"by {short:.3g}")
        )
    if "parent_sets" in posterior.marginals:
        sets = posterior.marginals["parent_sets"].values
        if not _possible(sets, 1e-7) or np.abs(np.nansum(sets, axis=-1) - 1).max() > 1e-6:
            faults.append(Fault("probabilities of parent sets do not sum to one", _extremes(sets)))
    return faults


def _possible(values: np.ndarray, slack: float = 0.0) -> bool:
    return bool(((values >= -slack) & (values <= 1 + slack)).all())  # nan is neither


def _extremes(values: np.ndarray) -> str:
    return f"from {float(np.min(values))!r} to {float(np.max(values))!r}" if values.size else "none"


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
