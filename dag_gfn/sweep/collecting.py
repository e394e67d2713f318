"""`collect`: tables and the page of whatever is there of a sweep."""

import math
import os
from collections.abc import Iterable
from pathlib import Path

from dag_gfn import files
from dag_gfn.errors import StorageError
from dag_gfn.sweep.page import sweep_html
from dag_gfn.sweep.planned_fits import level_text
from dag_gfn.sweep.results import Results, read_results
from dag_gfn.sweep.sensitivity import directions, links
from dag_gfn.sweep.stability import stability


def collect(folder: str | os.PathLike[str]) -> Results:
    """Write what the complete fits of a sweep say: edges.csv, settings.csv, fits.csv and the page index.html.

    Parameters
    ----------
    folder : path
        Of the sweep. It may be running: what is there is collected.

    Returns
    -------
    Results
        With the probabilities, for further analysis.

    Raises
    ------
    StorageError
        If there is no sweep, none of its fits is complete, or the files cannot be written.

    Examples
    --------
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.sweep import collect, plan, run
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(40, 2)), ["rain", "wet"])
    >>> _ = plan(data, "whole", scores=["bge", "bic"], bootstraps=2), run("whole", jobs=1)
    >>> len(collect("whole").complete)
    4
    >>> Path("whole/edges.csv").read_text().splitlines()[0].split(",")[:5]
    ['a', 'b', 'verdict', 'linked in base', 'linked lowest']
    """
    above = Path(folder)
    results = read_results(above)
    texts = {
        "edges.csv": edges_csv(results),
        "settings.csv": settings_csv(results),
        "fits.csv": fits_csv(results),
        "index.html": sweep_html(results),
    }
    try:
        for name, text in texts.items():
            files.write_text(above / name, text)
    except OSError as error:
        raise StorageError(f"cannot write in '{above}': {error.strerror or error}") from error
    return results


def edges_csv(results: Results) -> str:
    """Return a row for each pair: ranges, what moves it most, stability, and its probability in each setting.

    Examples
    --------
    See `collect`.
    """
    values = results.pairs(results.settings())
    arrows = {frozenset((each.a, each.b)): each for each in directions(results)}
    every = range(len(results.plan.settings))
    boot = stability(results)
    others = {}
    if results.plan.bootstraps_of == "all":
        others = {k: stability(results, k) for k in every if k}
    header = [
        *(
            "a",
            "b",
            "verdict",
            "linked in base",
            "linked lowest",
            "linked highest",
            "moved most by",
            "moved by",
        ),
        *("direction", "direction verdict", "share in base", "share lowest", "share highest"),
        *("resamples", "resamples above half", "mean over resamples"),
        *(f"linked in setting {k}" for k in every),
        *(f"resamples above half in setting {k}" for k, found in others.items() if found),
    ]
    rows: list[list[object]] = []
    for p, link in enumerate(links(results)):
        arrow = arrows.get(frozenset((link.a, link.b)))
        most = link.moves[0] if link.moves else None
        row: list[object] = [results.names[link.a], results.names[link.b], link.verdict]
        row += [*map(_number, (link.base, link.lowest, link.highest))]
        row += ["", ""] if most is None else [most.factor, _number(most.size)]
        if arrow is None:
            row += [""] * 5
        else:
            row += [f"{results.names[arrow.a]} -> {results.names[arrow.b]}", arrow.verdict]
            row += [*map(_number, (arrow.base, arrow.lowest, arrow.highest))]
        row += [boot[p].resamples, _number(boot[p].share), _number(boot[p].mean)] if boot else [0, "", ""]
        row += [_number(values[k, p]) for k in every]
        row += [_number(found[p].share) for found in others.values() if found]
        rows.append(row)
    return _csv(header, rows)


def settings_csv(results: Results) -> str:
    """Return a row for each setting: its number, the level of each factor, and how many of its fits are there.

    Examples
    --------
    See `collect`.
    """
    rows = []
    for k, setting in enumerate(results.plan.settings):
        own = [each for each in results.complete if each.fit.setting == k]
        of_rows = [each for each in own if each.fit.bootstrap is None]
        levels = [
            level_text(setting.levels[name]) if name in setting.levels else ""
            for name in results.plan.factors
        ]
        trust = min((each.level for each in of_rows), key=("bad", "caution", "good").index, default="")
        rows.append([k, *levels, len(of_rows), len(own) - len(of_rows), trust])
    header = ["setting", *results.plan.factors, "fits of the rows", "fits of resamples", "trust"]
    return _csv(header, rows)


def fits_csv(results: Results) -> str:
    """Return a row for each directed edge in each fit that is there, with its probability.

    Examples
    --------
    See `collect`.
    """
    names = results.names
    rows = (
        [
            each.fit.name,
            each.fit.setting,
            "" if each.fit.bootstrap is None else each.fit.bootstrap,
            each.fit.seed,
            source,
            target,
            _number(each.edge[i, j]),
        ]
        for each in results.complete
        for i, source in enumerate(names)
        for j, target in enumerate(names)
        if i != j
    )
    return _csv(["fit", "setting", "resample", "seed", "source", "target", "probability"], rows)


def _csv(header: Iterable[object], rows: Iterable[Iterable[object]]) -> str:
    return "".join(files.csv_line(row) for row in (header, *rows))


def _number(value: float) -> str:
    return "" if math.isnan(value) else repr(float(value))
