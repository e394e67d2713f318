"""`run`: the fits of a sweep that are not there yet, on all cores or on an engine beyond this machine."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dag_gfn._version import __version__
from dag_gfn.errors import OptionError, StorageError, shortened
from dag_gfn.sweep.job_array import share_of
from dag_gfn.sweep.one_fit import COMPLETE, FAILED, MISSING, Outcome, run_one, state_of
from dag_gfn.sweep.planned_fits import Plan, read_plan

ROUNDS = 4
"""How often fits that a killed worker has lost are begun again in one run."""
SCHEDULER_SECONDS = 10.0
"""How long a scheduler of Dask has to answer."""
_MISSING_LIBRARY = "needs {name}, which is not installed: pip install 'dag-gfn[cluster]'"


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    Attributes
    ----------
    done, total : int
        Fits of this run that have ended, and all of them.
    failed : int
        Of those that have ended.
    seconds : float
        Since it began.
    seconds_left : float or None
        About; None before the first fit has ended.

    Examples
    --------
    >>> from dag_gfn.sweep.running import Progress
    >>> Progress(done=3, total=12, failed=0, seconds=6.0, seconds_left=18.0).seconds_left
    18.0
    """

    done: int
    total: int
    failed: int
    seconds: float
    seconds_left: float | None


@dataclass
class RunSummary:
    """What became of the fits that a run was to do.

    Attributes
    ----------
    total : int
        Fits of the plan, or of the share of it.
    there : int
        Complete before.
    done : int
        Complete now, by this run.
    failed : dict of str to str
        The error of each fit that failed, in this run or before.
    busy : int
        On which other processes work.
    lost : int
        That were begun and not finished, because workers ended.
    seconds : float

    Examples
    --------
    >>> from dag_gfn.sweep.running import RunSummary
    >>> RunSummary(total=4, there=1, done=3).is_complete
    True
    """

    total: int
    there: int = 0
    done: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    busy: int = 0
    lost: int = 0
    seconds: float = 0.0

    @property
    def is_complete(self) -> bool:
        """Whether all fits are there."""
        return self.there + self.done == self.total


def run(
    folder: str | os.PathLike[str],
    *,
    jobs: int | None = None,
    backend: str | None = None,
    scheduler: str | None = None,
    index: int | None = None,
    of: int | None = None,
    retry: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
) -> RunSummary:
    """Do the fits of a sweep that are not there yet. A second run does nothing.

    Each fit takes one core. A fit that fails is recorded and does not stop the others. A worker that is killed loses
    the fit that it works on, which is begun again on another one. Ctrl-C ends the workers; what they have not finished
    is left to the next run.

    Parameters
    ----------
    folder : path
        Of the sweep. Workers on other machines must see it under the same path.
    jobs : int, optional
        Fits at a time; by default as many as there are cores, or as the engine has.
    backend : str, optional
        A backend of joblib: ``loky`` (the default), ``threading``, ``dask``, ``ray``, or any other that is registered.
    scheduler : str, optional
        Address of a scheduler of Dask, such as ``tcp://host:8786``.
    index, of : int, optional
        Do the share of one of so many tasks; without `of`, one fit.
    retry : bool
        Try again what has failed.
    on_progress : callable, optional
        Is given a `Progress` after each fit.

    Raises
    ------
    StorageError
        If there is no sweep, or it was planned by another version of dag_gfn.
    OptionError
        If a backend is unknown, or a scheduler does not answer.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.sweep import plan, run
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(30, 2)))
    >>> _ = plan(data, "small", scores=["bge", "bic"], priors=["uniform"], bootstraps=1)
    >>> run("small", jobs=1).done, run("small", jobs=1).there
    (3, 3)
    """
    above = Path(folder)
    plan = read_plan(above)
    if plan.version != __version__:
        raise StorageError(
            f"'{above}' was planned with dag_gfn {plan.version}, and this is {__version__}: plan it again"
        )
    if jobs is not None and jobs < 1:
        raise OptionError(f"jobs (--jobs) must be positive and whole, not {jobs}: leave it out for all cores")
    names = [fit.name for fit in plan.fits]
    if index is not None:
        names = share_of(names, index, len(names) if of is None else of)
    elif of is not None:
        raise OptionError("of (--of) is the number of tasks of which --index is one: give both, or none")
    begun = time.monotonic()
    summary = RunSummary(total=len(names))
    states = {name: state_of(above, name) for name in names}
    summary.there = sum(state == COMPLETE for state in states.values())
    left = [name for name, state in states.items() if state == MISSING or (retry and state == FAILED)]
    for name in names:
        if states[name] == FAILED and not retry:
            summary.failed[name] = run_one(str(above.resolve()), name).error
    ended, spent, at_once = 0, 0.0, 1

    def note(outcome: Outcome) -> None:
        nonlocal ended, spent
        ended, spent = ended + 1, spent + outcome.seconds
        summary.done += outcome.state == COMPLETE
        summary.busy += outcome.state == "busy"
        summary.lost += outcome.state == "stopped"
        if outcome.state == FAILED:
            summary.failed[outcome.name] = outcome.error
        if on_progress is not None:
            seconds = time.monotonic() - begun
            each = (
                spent / at_once if at_once > 0 else seconds
            )  # of an engine that does not tell how many it does
            remaining = each / ended * (total - ended)
            on_progress(Progress(ended, total, len(summary.failed), seconds, remaining))

    total = len(left)
    if left:
        with _engine(backend, scheduler, plan) as (chosen, workers):
            at_once = jobs or workers
            _in_rounds(above, left, retry, chosen, at_once, note, summary)
    summary.seconds = time.monotonic() - begun
    return summary


def _in_rounds(
    folder: Path,
    left: list[str],
    retry: bool,
    backend: str | None,
    jobs: int,
    note: Callable[[Outcome], None],
    summary: RunSummary,
) -> None:
    """Do fits, and again those that were lost with their worker."""
    noted: set[str] = set()
    for _ in range(ROUNDS):
        try:
            for outcome in _outcomes(
                folder, [name for name in left if name not in noted], retry, backend, jobs
            ):
                noted.add(outcome.name)
                note(outcome)
            return
        except Exception as error:
            if not _is_a_lost_worker(error):
                raise
            for name in left:  # what was finished and not told of
                if name not in noted and state_of(folder, name) == COMPLETE:
                    noted.add(name)
                    note(Outcome(name, COMPLETE))
    summary.lost += len(set(left) - noted)


def _outcomes(
    folder: Path, names: list[str], retry: bool, backend: str | None, jobs: int
) -> Iterator[Outcome]:
    where = str(folder.resolve())
    if jobs == 1 and backend is None:
        for name in names:
            outcome = run_one(where, name, retry)
            if outcome.state == "stopped":  # Ctrl-C while a fit trains ends its training, not the program
                raise KeyboardInterrupt
            yield outcome
        return
    from joblib import Parallel, delayed, parallel_config

    try:
        with parallel_config(backend=backend or "loky", n_jobs=jobs):
            pool = Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size=1)
    except (ValueError, ImportError) as error:
        told = shortened(" ".join(str(error).split()))
        raise OptionError(f"backend (--backend) '{backend}' cannot be used: {told}") from error
    yield from pool(delayed(run_one)(where, name, retry) for name in names)


@contextlib.contextmanager
def _engine(backend: str | None, scheduler: str | None, plan: Plan) -> Iterator[tuple[str | None, int]]:
    """Give the backend and how many fits it does at a time."""
    if scheduler is not None and backend not in (None, "dask"):
        raise OptionError(f"scheduler (--scheduler) is one of Dask, not of '{backend}': leave --backend out")
    if scheduler is not None or backend == "dask":
        with _dask(scheduler) as cores:
            yield "dask", cores
        return
    if backend == "ray":
        _register_ray()
        yield "ray", -1
        return
    yield backend, min(os.cpu_count() or 1, max(1, len(plan.fits)))


@contextlib.contextmanager
def _dask(scheduler: str | None) -> Iterator[int]:
    """Connect to a scheduler of Dask, or to the one that this process has, and give the number of its cores."""
    try:
        from distributed import Client, get_client
    except ImportError:
        raise OptionError(f"--scheduler and --backend dask {_MISSING_LIBRARY.format(name='Dask')}") from None
    if scheduler is None:
        try:
            client: Any = get_client()
        except ValueError:
            raise OptionError(
                "backend 'dask' needs a scheduler: give --scheduler tcp://host:8786, or make a distributed.Client first"
            ) from None
        yield max(1, sum(client.ncores().values()))
        return
    try:
        client = Client(scheduler, timeout=SCHEDULER_SECONDS, set_as_default=True)
    except (OSError, TimeoutError, ValueError) as error:
        told = shortened(" ".join(str(error).split()), 100)
        raise OptionError(f"no scheduler of Dask answers at '{scheduler}' (--scheduler): {told}") from error
    try:
        yield max(1, sum(client.ncores().values()))
    finally:
        client.close()


def _register_ray() -> None:
    try:
        from ray.util.joblib import register_ray
    except ImportError:
        raise OptionError("--backend ray needs Ray, which is not installed: pip install ray") from None
    register_ray()


def _is_a_lost_worker(error: Exception) -> bool:
    """Return whether an error says that a worker has ended, as the engines call it."""
    kinds = {kind.__name__ for kind in type(error).__mro__}
    return bool(kinds & {"TerminatedWorkerError", "BrokenProcessPool", "BrokenExecutor", "KilledWorker"}) or (
        "CancelledError" in kinds
    )
