"""The page: everything in one HTML file that works without a network, by a template that escapes all it is given."""

import math
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dag_gfn import files
from dag_gfn._version import __version__
from dag_gfn.errors import StorageError
from dag_gfn.posterior import GraphPosterior
from dag_gfn.posterior.checks import check_sentences, checks
from dag_gfn.posterior.ranking import likely_text
from dag_gfn.posterior.shape import SHAPE_SCORES
from dag_gfn.views.criticism import criticism_sentences
from dag_gfn.views.experiments import changes, experiment_sentences
from dag_gfn.views.methods_paragraph import methods_paragraph
from dag_gfn.views.models import conclusions, model_rows
from dag_gfn.views.pairs import SETTLED, UNLIKELY, Pair, pairs
from dag_gfn.views.report.comparison_part import comparison_part
from dag_gfn.views.report.curve_drawing import strongest_curves
from dag_gfn.views.report.drawing import Drawing
from dag_gfn.views.report.effect_tables import effect_tables
from dag_gfn.views.report.next_part import next_part
from dag_gfn.views.report.summary import percent, summarise
from dag_gfn.views.report.table_parts import column_rows, known_parts, missing_cells
from dag_gfn.views.shape import shape_sentences
from dag_gfn.views.terminal import class_edges
from dag_gfn.views.wording import assumptions, model_assumptions, subject_words

TOP_GRAPHS = 6
TOP_CLASSES = 4
MAX_NUMBERED = 16
"""Largest number of variables whose matrix shows its numbers."""
MAX_DRAWN = 20
"""Largest number of variables at which single graphs are drawn small; larger ones are listed."""
MAX_MATRIX = 63
"""Largest number of variables with a matrix of all pairs."""
FEATURES = {
    "edge": "P(row → column): row is a direct cause of column",
    "path": "P(row ⇝ column): row is a direct or indirect cause of column",
    "linked": "P(linked): a direct link, either way",
}
_HERE = Path(__file__).parent


class _Link(NamedTuple):
    """A link of the drawing: numbers as SVG takes them."""

    pair: Pair
    path: str
    width: float
    opacity: float
    heads: list[str]


def write_report(
    posterior: GraphPosterior,
    path: str | os.PathLike[str],
    *,
    title: str | None = None,
    other: GraphPosterior | None = None,
    on_progress: Callable[[float, float], None] | None = None,
) -> None:
    """Write the report of a posterior as one HTML file, complete or not at all; a file there is replaced.

    Parameters
    ----------
    posterior : GraphPosterior
    path : path
        Of the file; its folder is created.
    title : str, optional
        By default it says what the page shows.
    other : GraphPosterior, optional
        Another fit of the same variables: the page tells where the two differ.
    on_progress : callable, optional
        Given now and then the share of the effects that is done, in [0, 1], and the seconds that all should take.

    Raises
    ------
    StorageError
        If the file cannot be written.
    DataError
        If the other posterior has other variables.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import GraphPosterior
    >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
    >>> posterior = GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([0.75, 0.25]))
    >>> from pathlib import Path
    >>> from dag_gfn.views.report.page import write_report
    >>> write_report(posterior, "page.html")
    >>> Path("page.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    True
    """
    target = Path(path)
    if target.is_dir():
        raise StorageError(f"'{target}' is a folder: give the name of an HTML file to write")
    text = report_html(posterior, title=title, other=other, on_progress=on_progress)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        files.write_text(target, text)
    except OSError as error:
        raise StorageError(f"cannot write '{target}': {error.strerror or error}") from error


def report_html(
    posterior: GraphPosterior,
    *,
    title: str | None = None,
    other: GraphPosterior | None = None,
    on_progress: Callable[[float, float], None] | None = None,
) -> str:
    """Return the report of a posterior as one HTML page; see docs/report.md for its parts.

    Equal posteriors give equal pages: effects are drawn with a fixed seed.

    Parameters
    ----------
    posterior : GraphPosterior
    title : str, optional
        By default it says what the page shows.
    other : GraphPosterior, optional
    on_progress : callable, optional
        As for `write_report`.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import GraphPosterior
    >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
    >>> posterior = GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([0.75, 0.25]))
    >>> from dag_gfn.views.report.page import report_html
    >>> "Weather" in report_html(posterior, title="Weather")
    True
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    comparison = None if other is None else comparison_part(posterior, other)
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = percent
    every = pairs(posterior)
    drawing = Drawing.of(posterior)
    shown = [pair for pair in every if pair.linked >= UNLIKELY]  # the matrix has all
    info = posterior.info
    effect = effect_tables(posterior, on_progress=on_progress)
    features, has_matrix = {name: posterior.marginal(name) for name in FEATURES}, posterior.d <= MAX_MATRIX
    data = {
        "names": posterior.names,
        "features": {k: marginal.values.round(3).tolist() for k, marginal in features.items() if has_matrix},
        "errors": _errors(posterior) if has_matrix else None,
        "effects": effect,
    }
    return environment.get_template("report.html.j2").render(
        title=f"{subject_words(info)} over causal graphs" if title is None else title,
        css=(_HERE / "report.css").read_text(encoding="utf-8"),
        javascript=(_HERE / "report.js").read_text(encoding="utf-8"),
        data=data,
        names=posterior.names,
        info=info,
        summary=summarise(posterior),
        features=FEATURES,
        linked=features["linked"].values,
        edge=features["edge"].values,
        source=features["edge"].source,
        pairs=shown,
        num_pairs=len(every),
        by_shape=shape_sentences(info),
        has_curves=info.get("score") in SHAPE_SCORES,
        settled=SETTLED,
        drawing=drawing,
        links=[_link(drawing, pair) for pair in shown],
        tops=list(_tops(posterior, drawing)),
        classes=list(_classes(posterior, drawing)),
        effects=effect,
        strongest=_strongest(posterior, effect),
        curves=strongest_curves(effect),
        next_experiment=next_part(posterior),
        checks=checks(posterior.record),
        sentences=check_sentences(posterior.record),
        training=_training(info),
        assumptions=assumptions(info),
        model_assumptions=model_assumptions(info),
        provenance=_provenance(posterior),
        methods=methods_paragraph(posterior),
        comparison=comparison,
        columns=column_rows(info),
        models=[] if not info.get("model_choice") else model_rows(info["model_choice"]["models"]),
        model_words=[] if not info.get("model_choice") else conclusions(info["model_choice"]),
        model_scale="" if not info.get("model_choice") else info["model_choice"]["scale"],
        criticism=criticism_sentences(info),
        known=known_parts(posterior),
        missing=missing_cells(posterior),
        experiments=experiment_sentences(posterior),
        changes=changes(posterior),
        has_experiments=bool(posterior.experiments),
        min_linked=UNLIKELY,
        numbered=posterior.d <= MAX_NUMBERED,
        drawn=posterior.d <= MAX_DRAWN,
        has_matrix=has_matrix,
        has_search=posterior.d > MAX_DRAWN,
    )


def _errors(posterior: GraphPosterior) -> list[list[float | None]] | None:
    """Return the standard errors of edge probabilities, None where they are zero or not known."""
    error = posterior.marginal("edge").standard_error
    return None if error is None or not np.isfinite(error).all() else error.round(4).tolist()


def _link(drawing: Drawing, pair: Pair) -> _Link:
    curve = drawing.link(pair.a, pair.b)
    heads = []
    for share, at_start in ((pair.share, False), (1 - pair.share, True)):
        if share > 0.02:
            heads.append(curve.head(5 + 12 * share, at_start=at_start))
    return _Link(pair, curve.path, 0.8 + 3.2 * pair.linked, 0.25 + 0.75 * pair.linked, heads)


def _tops(posterior: GraphPosterior, drawing: Drawing) -> Iterator[dict[str, Any]]:
    index = {name: i for i, name in enumerate(posterior.names)}
    for rank, dag in enumerate(posterior.top_graphs(TOP_GRAPHS), start=1):
        score = dag.graph["log_score"]
        yield {
            "title": f"Graph {rank}",
            "likely": likely_text(dag.graph),
            "note": "" if score is None else f"log score {score:.2f}",
            "arrows": [drawing.link(index[a], index[b]) for a, b in dag.edges],
            "lines": [],
            "text": [f"{a} → {b}" for a, b in dag.edges],
        }


def _classes(posterior: GraphPosterior, drawing: Drawing) -> Iterator[dict[str, Any]]:
    index = {name: i for i, name in enumerate(posterior.names)}
    for rank, mixed in enumerate(posterior.top_classes(TOP_CLASSES), start=1):
        compelled, reversible = class_edges(mixed)
        count = mixed.graph["size"]
        yield {
            "title": f"Class {rank}",
            "likely": likely_text(mixed.graph),
            "note": f"{count:,} graph{'s' if count > 1 else ''} in the class",
            "arrows": [drawing.link(index[a], index[b]) for a, b in compelled],
            "lines": [drawing.link(index[a], index[b]) for a, b in reversible],
            "text": [f"{a} → {b}" for a, b in compelled] + [f"{a} – {b}" for a, b in reversible],
        }


def _strongest(posterior: GraphPosterior, effect: dict[str, Any], count: int = 12) -> list[dict[str, Any]]:
    """Return the effects that are largest in standard deviations, for those who do not choose."""
    if effect["kind"] != "total":
        return []
    scales = np.asarray(posterior.statistics.get("scales", np.ones(posterior.d)), dtype=float)
    if effect["in_standard_deviations"]:
        scales = np.ones(posterior.d)
    rows = []
    for i, row in enumerate(effect["pairs"]):
        for j, pair in enumerate(row):
            if pair is not None and "mean" in pair:
                rows.append((abs(pair["mean"]) * scales[i] / scales[j], i, j, pair))
    rows.sort(key=lambda row: -row[0])
    return [{"size": size, "source": i, "target": j, **pair} for size, i, j, pair in rows[:count]]


def _training(info: dict[str, Any]) -> dict[str, Any] | None:
    """Return the loss as the corners of a polyline in a box of 600 by 160."""
    history = info.get("training", {}).get("history") or []
    known = [(at["iteration"], math.log10(at["loss"])) for at in history if at.get("loss") and at["loss"] > 0]
    if len(known) < 2:
        return None
    x, y = np.array(known).T
    down = (y.max() - y) / max(float(np.ptp(y)), 1e-9) * 160
    across = (x - x[0]) / max(float(x[-1] - x[0]), 1e-9) * 600
    return {
        "points": " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(across, down, strict=True)),
        "first": int(x[0]),
        "last": int(x[-1]),
        "high": f"{10 ** y.max():.3g}",
        "low": f"{10 ** y.min():.3g}",
        "loss": f"{10 ** y[-1]:.3g}",
    }


def _provenance(posterior: GraphPosterior) -> list[tuple[str, str]]:
    """Return names and values of how the posterior was made; absent ones are left out."""
    info = posterior.info
    names = {
        "n": "rows",
        "kind": "kind of columns",
        "standardized": "z-scored",
        "data_fingerprint": "fingerprint of the data",
        "method": "method",
        "score": "score",
        "score_options": "score's hyperparameters",
        "prior": "prior over graphs",
        "prior_options": "prior's hyperparameters",
        "environment": "environment",
        "objective": "objective",
        "behaviour": "behaviour",
        "policy": "policy",
        "backward": "backward policy",
        "seed": "seed",
        "version": "fitted with dag_gfn",
    }
    rows = [("variables", str(posterior.d))]
    rows += [(title, _said(info[key])) for key, title in names.items() if info.get(key) not in (None, {}, [])]
    constraints = info.get("constraints") or {}
    for key, title in (("required", "required edges"), ("forbidden", "forbidden edges")):
        edges = constraints.get(key) or []
        if edges and "knowledge" not in info:  # of an earlier version; else it has a section of its own
            rows.append((title, ", ".join(" → ".join(edge) for edge in edges)))
    if constraints.get("max_parents") is not None:
        rows.append(("most parents of a node", str(constraints["max_parents"])))
    rows += [("taken as known", condition["query"]) for condition in info.get("conditions", [])]
    rows += [("note", note) for note in info.get("notes", [])]
    seconds = info.get("timing", {}).get("total_seconds")
    if seconds is not None:
        rows.append(("seconds", f"{seconds:.1f}"))
    rows.append(("report by dag_gfn", __version__))
    return rows


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{key} = {_said(item)}" for key, item in value.items() if item is not None)
    if isinstance(value, list):
        return f"{_said(value[0])} each" if len(value) > 1 and len({*map(str, value)}) == 1 else str(value)
    return str(value)
