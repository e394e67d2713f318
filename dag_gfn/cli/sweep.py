"""dag-gfn sweep plan | run | collect: how far the answer depends on choices."""

# ruff: noqa: RUF009  # option() makes a field

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dag_gfn.cli.declared import from_command_line, read_values
from dag_gfn.cli.input_table import read_table
from dag_gfn.cli.options import DEBUG_HELP, Debug
from dag_gfn.cli.output import console, fail
from dag_gfn.errors import OptionError
from dag_gfn.fitting.options import FitOptions
from dag_gfn.fitting.progress import ShareProgress, announce
from dag_gfn.fitting.reading_options import CovarianceOptions, ReadingOptions
from dag_gfn.options import OptionGroup, option
from dag_gfn.sweep.grid import GridOptions

if TYPE_CHECKING:
    from dag_gfn.sweep.running import Progress, RunSummary

Sweep = Annotated[Path, typer.Argument(metavar="SWEEP", help="The folder of a sweep.")]


@dataclass(frozen=True)
class PlaceOptions(OptionGroup):
    """Where the table comes from, and where the sweep goes."""

    out: Path = option(Path("sweep"), "Folder for the sweep.", first=True)
    example: str | None = option(None, "A named data set in place of a file: wine, asia, ...", first=True)
    debug: bool = option(False, DEBUG_HELP)


@from_command_line(PlaceOptions, GridOptions, ReadingOptions, CovarianceOptions, FitOptions)
def plan(
    table: Annotated[Path | None, typer.Argument(metavar="[TABLE]", help="A file as fit reads it.")] = None,
    **given: Any,
) -> int:
    """List the fits that tell how far the answer depends on choices, with the time they take. Fits nothing."""
    from dag_gfn.sweep.one_fit import COMPLETE, state_of
    from dag_gfn.sweep.planning import plan_sweep
    from dag_gfn.sweep.sentences import plan_sentences

    place = PlaceOptions(**read_values(PlaceOptions, given))
    reading = read_values(ReadingOptions, given)
    matrix = CovarianceOptions(**read_values(CovarianceOptions, given))

    def load(other: dict[str, Any]) -> Any:
        return read_table(table, place.example, reading | other, matrix)

    data = load({})
    planned = plan_sweep(
        load,
        place.out,
        source=str(table) if place.example is None else f"the example {place.example}",
        grid=read_values(GridOptions, given),
        options=read_values(FitOptions, given, names=data.names),
    )
    there = sum(state_of(place.out, fit.name) == COMPLETE for fit in planned.fits)
    lines = plan_sentences(planned, os.cpu_count() or 1, len(planned.fits) - there)
    screen = console()
    for line in lines:
        screen.print(line, markup=False, highlight=False, soft_wrap=True)
    print(f"Planned in {place.out}. Next: dag-gfn sweep run {place.out}")
    return 0


def run(
    sweep: Sweep,
    jobs: Annotated[int | None, typer.Option(help="Fits at a time; default all cores.")] = None,
    backend: Annotated[
        str | None, typer.Option(help="A backend of joblib: loky (the default), threading, dask, ray, ...")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="A scheduler of Dask, as tcp://host:8786.")
    ] = None,
    index: Annotated[
        int | None, typer.Option(help="Do one share of the fits, as a task of a job array; see --of.")
    ] = None,
    of: Annotated[
        int | None, typer.Option(help="How many shares there are; default one for each fit.")
    ] = None,
    slurm_array: Annotated[
        bool,
        typer.Option("--slurm-array", help="Run nothing: write a job array for Slurm, SWEEP/array.sbatch."),
    ] = False,
    tasks: Annotated[
        int | None, typer.Option(help="With --slurm-array: tasks; default one a fit, 200 at most.")
    ] = None,
    at_once: Annotated[int | None, typer.Option(help="With --slurm-array: tasks that run at a time.")] = None,
    minutes: Annotated[
        int | None, typer.Option(help="With --slurm-array: time of a task; default by the plan.")
    ] = None,
    retry: Annotated[bool, typer.Option("--retry", help="Try again what has failed.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print errors only.")] = False,
    debug: Debug = False,
) -> int:
    """Do the fits of a sweep that are not there yet: on all cores, a cluster of Dask or Ray, or as a job array."""
    from dag_gfn.sweep.job_array import write_job_array
    from dag_gfn.sweep.planned_fits import read_plan
    from dag_gfn.sweep.running import run as run_sweep

    if slurm_array:
        path = write_job_array(read_plan(sweep), sweep, tasks=tasks, at_once=at_once, minutes=minutes)
        print(f"Written: {path}. Next: sbatch {path}, and dag-gfn sweep collect {sweep} at any time")
        return 0
    for name, value in (("tasks", tasks), ("at-once", at_once), ("minutes", minutes)):
        if value is not None:
            raise OptionError(f"--{name} goes with --slurm-array: give that too, or leave it out")
    try:
        with ShareProgress(shown=not quiet) as bar:
            done = run_sweep(
                sweep,
                jobs=jobs,
                backend=backend,
                scheduler=scheduler,
                index=index,
                of=of,
                retry=retry,
                on_progress=_shown(bar, quiet),
            )
    except KeyboardInterrupt:
        fail(f"interrupted: what is done is kept, dag-gfn sweep run {sweep} goes on")
        return 130
    return _tell(done, sweep, quiet)


def collect(
    sweep: Sweep,
    quiet: Annotated[bool, typer.Option("--quiet", help="Write the files, and print nothing.")] = False,
    debug: Debug = False,
) -> int:
    """Write what is there of a sweep: edges.csv, settings.csv, fits.csv, and the page index.html."""
    from dag_gfn.sweep.collecting import collect as collect_sweep
    from dag_gfn.sweep.terminal import print_results

    results = collect_sweep(sweep)
    if not quiet:
        print_results(results, console())
        print(
            f"Written in {sweep}: edges.csv, settings.csv, fits.csv. Open {sweep / 'index.html'} in a browser."
        )
    return 0


def _shown(bar: ShareProgress, quiet: bool) -> Any:
    """Return what shows the progress of a run: a bar on a terminal, else a line now and then."""
    last = 0.0

    def show(progress: "Progress") -> None:
        nonlocal last
        if quiet:
            return
        if bar.bar is not None:
            bar("fits", progress.done / progress.total)
            return
        if progress.seconds - last >= bar.line_seconds or progress.done == progress.total:
            from dag_gfn.sweep.sentences import seconds_text

            last = progress.seconds
            left = "" if not progress.seconds_left else f", about {seconds_text(progress.seconds_left)} left"
            failed = f", {progress.failed} failed" if progress.failed else ""
            bar.console.print(
                f"{progress.done} of {progress.total} fits{failed}{left}", highlight=False, soft_wrap=True
            )

    return show


def _tell(done: "RunSummary", sweep: Path, quiet: bool) -> int:
    """Say what a run has done, and return its exit code: 1 if fits are missing or have failed."""
    from dag_gfn.sweep.sentences import seconds_text

    if not quiet:
        there = f", {done.there} were there already" if done.there else ""
        took = f" in {seconds_text(done.seconds)}" if done.done else ""
        print(f"{done.done} of {done.total} fits done{took}{there}.")
    for name, error in list(done.failed.items())[:3]:
        announce(f"fit {name} failed: {error}")
    if len(done.failed) > 3:
        announce(f"{len(done.failed) - 3} more failed: dag-gfn sweep collect lists them")
    if done.failed:
        announce("what failed is not tried again, but with --retry")
    if done.busy:
        announce(f"{done.busy} fits are being done by other processes")
    if done.lost:
        announce(f"{done.lost} fits were lost with their workers: run again")
    if not quiet:
        print(f"Next: dag-gfn sweep collect {sweep}")
    return 0 if done.is_complete or (done.busy and not done.failed and not done.lost) else 1
