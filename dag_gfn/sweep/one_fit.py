"""One fit of a sweep, in a folder of its own that is complete or absent: what a worker does, on whatever machine."""

import contextlib
import functools
import json
import multiprocessing
import signal
import threading
import time
import traceback
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dag_gfn import files
from dag_gfn.chunked import on_one_core
from dag_gfn.data import Dataset
from dag_gfn.data.resampling import resampled
from dag_gfn.errors import DagGfnError, DataWarning, NotConvergedWarning, StorageError, shortened
from dag_gfn.fitting.fit import fit
from dag_gfn.fitting.run_folder import RunFolder
from dag_gfn.sweep.planned_fits import FITS, TABLES, Plan, PlannedFit, read_plan
from dag_gfn.sweep.tables import read_table

COMPLETE, FAILED, MISSING = "complete", "failed", "missing"
_NEEDED = "posterior.json"
_MAX_ERROR_BYTES = 1_000_000


@dataclass(frozen=True)
class Outcome:
    """What became of a fit.

    Attributes
    ----------
    name : str
    state : {"complete", "failed", "busy", "stopped"}
        "busy": another process works on it. "stopped": it was interrupted, and is not there.
    seconds : float
        What it took here.
    error : str
        Why it failed.

    Examples
    --------
    >>> from dag_gfn.sweep.one_fit import Outcome
    >>> Outcome("00ff", "failed", error="a column is constant").state
    'failed'
    """

    name: str
    state: str
    seconds: float = 0.0
    error: str = ""


def state_of(folder: Path, name: str) -> str:
    """Return whether a fit of the sweep in a folder is "complete", "failed" or "missing".

    Examples
    --------
    >>> from pathlib import Path
    >>> from dag_gfn.sweep.one_fit import state_of
    >>> state_of(Path("sweep"), "00ff")
    'missing'
    """
    if (folder / FITS / name / _NEEDED).is_file():
        return COMPLETE
    return FAILED if _error_file(folder, name).is_file() else MISSING


def recorded_error(folder: Path, name: str) -> str:
    """Return why a fit has failed; empty text where it has not, or nobody knows.

    Examples
    --------
    >>> from pathlib import Path
    >>> from dag_gfn.sweep.one_fit import recorded_error
    >>> recorded_error(Path("sweep"), "00ff")
    ''
    """
    try:
        content = json.loads(files.read_text(_error_file(folder, name), _MAX_ERROR_BYTES))
        return str(content["error"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def run_one(folder: str, name: str, retry: bool = False) -> Outcome:
    """Do one fit of a sweep unless it is there, on one core, and return what became of it. No error leaves it.

    A fit that was begun and saved its training goes on from there. A fit that fails leaves ``NAME.error.json`` beside
    the folders of the others, and is not tried again unless `retry` is true.

    Parameters
    ----------
    folder : str
        Of the sweep.
    name : str
        Of the fit.
    retry : bool

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.sweep import plan
    >>> from dag_gfn.sweep.one_fit import run_one
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(30, 2)))
    >>> (only,) = plan(data, "one", scores=["bge"], bootstraps=0).fits
    >>> run_one("one", only.name).state
    'complete'
    """
    _leave_interrupts_to_the_first_process()
    begun, above = time.monotonic(), Path(folder)
    try:
        before = state_of(above, name)
        if before == COMPLETE or (before == FAILED and not retry):
            return Outcome(name, before, 0.0, recorded_error(above, name))
        planned = _plan(folder, (above / "plan.json").stat().st_mtime_ns)
        asked = next((each for each in planned.fits if each.name == name), None)
        if asked is None:
            raise StorageError(f"the plan in '{folder}' has no fit '{name}'")
        with on_one_core():
            done = _fitted(above, planned, asked)
        return Outcome(name, done, time.monotonic() - begun)
    except Exception as error:
        return Outcome(name, FAILED, time.monotonic() - begun, _record(above, name, error))


def table_of(folder: Path, planned: Plan, asked: PlannedFit) -> Dataset:
    """Return the table of a fit: that of its setting, or a resample of its rows.

    Examples
    --------
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.sweep import plan
    >>> from dag_gfn.sweep.one_fit import table_of
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(30, 2)))
    >>> planned = plan(data, "tables-of", scores=["bge"], bootstraps=1)
    >>> [table_of(Path("tables-of"), planned, each).n for each in planned.fits]
    [30, 30]
    """
    data = read_table(folder / TABLES, planned.settings[asked.setting].table)
    return data if asked.bootstrap is None else resampled(data, planned.bootstrap_seed, asked.bootstrap)


def _fitted(folder: Path, planned: Plan, asked: PlannedFit) -> str:
    setting = planned.settings[asked.setting]
    out = folder / FITS / asked.name
    unfinished = out.with_name(out.name + ".partial")
    resume = (unfinished / "options.json").is_file()
    identity: dict[str, Any] = {"method": setting.options.get("method", "auto"), "data": setting.table}
    identity |= {"options": setting.options, "bootstrap": asked.bootstrap, "seed": asked.seed}
    try:
        place = RunFolder(out, identity, overwrite=not resume, resume=resume)
    except StorageError as error:
        if state_of(folder, asked.name) == COMPLETE:
            return COMPLETE  # another process has just finished it
        if "another process" in str(error):
            return "busy"
        raise
    try:
        if state_of(folder, asked.name) == COMPLETE:
            place.discard()
            return COMPLETE
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)  # in the record of the fit
            warnings.simplefilter("ignore", NotConvergedWarning)
            warnings.simplefilter("ignore", RuntimeWarning)  # of numpy, where values overflow
            posterior = fit(
                table_of(folder, planned, asked),
                **{"n_jobs": 1, **setting.options, "seed": asked.seed},
                progress=False,
                checkpoint=place.checkpoint,
            )
        if posterior.info["interrupted"]:
            place.leave()
            return "stopped"
        place.finish(replace(posterior, info={**posterior.info, "data_fingerprint": setting.table}))
    except BaseException:
        place.leave()
        raise
    with contextlib.suppress(OSError):
        _error_file(folder, asked.name).unlink(missing_ok=True)
    return COMPLETE


@functools.lru_cache(maxsize=4)
def _plan(folder: str, stamp: int) -> Plan:
    """Return the plan in a folder; the stamp of its file lets a changed one be read anew."""
    return read_plan(Path(folder))


def _record(folder: Path, name: str, error: Exception) -> str:
    told = shortened(" ".join(str(error).split()), 1000) or type(error).__name__
    if not isinstance(error, DagGfnError):
        told = f"{type(error).__name__}: {told}"
    trace = "".join(traceback.format_exception(error))[-20_000:]
    with contextlib.suppress(OSError):
        text = json.dumps({"error": told, "traceback": trace}, indent=1, ensure_ascii=False)
        files.write_text(_error_file(folder, name), text + "\n")
    return told


def _error_file(folder: Path, name: str) -> Path:
    return folder / FITS / f"{name}.error.json"


def _leave_interrupts_to_the_first_process() -> None:
    """Let Ctrl-C, which a terminal sends to all, end the process that waits for this one, which then ends this one."""
    is_child = (
        multiprocessing.parent_process() is not None or "Loky" in multiprocessing.current_process().name
    )
    if is_child and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
