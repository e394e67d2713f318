"""`plan`: from a table and a grid to the list of all fits."""

import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dag_gfn.data import Dataset, from_frame, read_file
from dag_gfn.data.frames import is_frame
from dag_gfn.errors import DataWarning, OptionError, StorageError
from dag_gfn.fitting.knowledge_options import KnowledgeOptions
from dag_gfn.fitting.options import FitOptions
from dag_gfn.fitting.prepare import as_dataset
from dag_gfn.options import options_of, takes, unexpected_keyword
from dag_gfn.posterior.storage import listed
from dag_gfn.sweep.grid import GridOptions, read_grid, values_of
from dag_gfn.sweep.job_array import SCRIPT
from dag_gfn.sweep.plan_maker import PlanMaker
from dag_gfn.sweep.planned_fits import (
    FITS,
    PLAN,
    TABLES,
    Plan,
    read_plan,
    write_plan,
)
from dag_gfn.sweep.settings import Load
from dag_gfn.sweep.tables import write_table

RESULTS = ("edges.csv", "settings.csv", "fits.csv", "index.html")
"""What `collect` writes into the folder of a sweep."""


@takes(GridOptions, FitOptions)
def plan(data: Any, out: str | os.PathLike[str], **options: Any) -> Plan:
    """Write the plan of a sweep into a folder: every fit that tells how far the answer depends on choices.

    Parameters
    ----------
    data : Dataset, DataFrame (of pandas or polars), ndarray of shape (n, d), or path of a file
        Options of how a table is read can be varied where it is a path or a frame.
    out : path
        Folder of the sweep. A plan of the same table that is there is replaced, and fits that are there are kept.
    **options
        What is varied, and options of every fit.

    Returns
    -------
    Plan

    Raises
    ------
    OptionError, DataError, ConstraintError
        If there is nothing to fit, or an option is unknown or impossible.
    StorageError
        If the folder holds something else, or cannot be written.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.sweep import plan
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(30, 3)), ["a", "b", "c"])
    >>> planned = plan(data, "sweep", scores=["bge", "bic"], priors=["uniform", "fair"], bootstraps=4)
    >>> len(planned.settings), len(planned.fits)
    (4, 8)
    """
    known = options_of(GridOptions, FitOptions)
    for name in options:
        if name not in known:
            raise TypeError(unexpected_keyword("plan", name, known))
    asked = {name: value for name, value in options.items() if name in options_of(GridOptions)}
    fixed = {name: value for name, value in options.items() if name not in asked}
    source = str(data) if isinstance(data, str | os.PathLike) else type(data).__name__
    return plan_sweep(_loader(data), Path(out), source=source, grid=asked, options=fixed)


def plan_sweep(
    load: Load, out: Path, *, source: str, grid: Mapping[str, Any], options: Mapping[str, Any]
) -> Plan:
    """Write the plan of a sweep of a table that is read by a function; see `plan`.

    Parameters
    ----------
    load : callable
        Returns the table, read with the given options in the place of those that it is read with else.
    out : Path
    source : str
        Where the table comes from, for people.
    grid : mapping
        Options of `GridOptions`.
    options : mapping
        Options of every fit; those at their defaults count as not given.

    Examples
    --------
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.sweep.planning import plan_sweep
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(30, 3)))
    >>> grid = {"vary": {"max_parents": [None, 1]}, "bootstraps": 0}
    >>> planned = plan_sweep(lambda reading: data, Path("of-parents"), source="noise", grid=grid, options={})
    >>> planned.factors
    {'score': ['bge'], 'prior': ['uniform'], 'max_parents': [None, 1]}
    """
    asked, base = _asked(grid)
    old = _require_place(out)
    fixed = {**base, **{name: each for name, each in options.items() if _is_given(name, each)}}
    data = load({})
    if old is not None and old.nodes != list(data.nodes):
        raise _of_another_table(out, old)
    made = PlanMaker(load, data, asked, fixed)
    planned = made.plan(source)
    if old is not None and old.table != planned.table:
        raise _of_another_table(out, old)
    try:
        out.mkdir(parents=True, exist_ok=True)
        for table in made.settings.tables.values():
            write_table(table, out / TABLES)
        (out / FITS).mkdir(exist_ok=True)
        write_plan(planned, out)
    except OSError as error:
        raise StorageError(f"cannot write '{out}': {error.strerror or error}") from error
    return planned


def _asked(grid: Mapping[str, Any]) -> tuple[GridOptions, dict[str, Any]]:
    """Return the grid, with what its file holds, and the options of every fit in that file."""
    told: dict[str, Any] = {}
    if grid.get("grid") is not None:
        told = read_grid(grid["grid"])
    base = told.pop("base", None) or {}
    if not isinstance(base, Mapping):
        raise OptionError("base in a grid file must map options of fit to values, as {max_parents: 3}")
    for name in base:
        if name not in options_of(FitOptions):
            if name != "vary":
                values_of(str(name), None)  # raises for a name that is no option
            raise OptionError(
                f"base in a grid file names '{name}', which is no option of fit but of how a table is read"
            )
    known = options_of(GridOptions)
    told |= {name: value for name, value in grid.items() if known[name].is_given(value)}
    if isinstance(told.get("bootstraps"), Mapping):
        raise OptionError(
            "bootstraps in a grid file is a number; bootstraps_of and bootstrap_seed stand beside it"
        )
    for name in ("scores", "priors"):
        if isinstance(told.get(name), str):
            told[name] = [part.strip() for part in told[name].split(",")]
    if "vary" in told and not told["vary"]:
        del told["vary"]
    return GridOptions.from_keywords(told, caller="plan"), dict(base)


def _require_place(out: Path) -> Plan | None:
    """Return the plan that is there, or None; raise `StorageError` where something else is."""
    if not os.path.lexists(out):
        return None
    if not out.is_dir():
        raise StorageError(f"'{out}' is a file: name a folder for the sweep")
    held = {path.name for path in out.iterdir()}
    if PLAN not in held:
        if held:
            raise StorageError(
                f"'{out}' holds something else than a sweep ({listed(sorted(held))}): choose another folder"
            )
        return None
    try:
        return read_plan(out)
    except StorageError:
        others = sorted(held - {PLAN, FITS, TABLES, SCRIPT, *RESULTS})
        if others:
            raise
        return None  # a damaged plan is replaced; what was fitted is found by its name


def _of_another_table(out: Path, old: Plan) -> StorageError:
    return StorageError(
        f"'{out}' is a sweep of another table ('{old.source}', {old.rows:,} rows): choose another folder"
    )


def _loader(data: Any) -> Load:
    """Return what reads the data: a table that was read before cannot be read otherwise."""

    def load(reading: dict[str, Any]) -> Dataset:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)
            if not reading:
                return as_dataset(data)
            if isinstance(data, str | os.PathLike):
                return read_file(data, **reading)
            if is_frame(data):
                return from_frame(data, **reading)
        raise OptionError(
            f"{', '.join(reading)} cannot be varied for a table that is read already: give its path or a data frame"
        )

    return load


def _is_given(name: str, value: Any) -> bool:
    declared = options_of(FitOptions)[name]
    empty = isinstance(value, list | tuple | dict) and not value
    knowledge = name in options_of(KnowledgeOptions) and value is None
    return declared.is_given(value) and not empty and not knowledge
