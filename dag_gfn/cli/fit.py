"""dag-gfn fit: from a table to a posterior folder."""

# ruff: noqa: RUF009  # option() makes a field

import hashlib
import json
import os
import sys
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import dag_gfn
from dag_gfn.cli.declared import from_command_line, read_values
from dag_gfn.cli.input_table import read_scores, read_table
from dag_gfn.cli.options import DEBUG_HELP
from dag_gfn.cli.output import console, fail, print_json, stop_output
from dag_gfn.cli.show import posterior_json
from dag_gfn.errors import StorageError
from dag_gfn.fitting.options import FitOptions
from dag_gfn.fitting.progress import announce
from dag_gfn.fitting.reading_options import CovarianceOptions, ReadingOptions
from dag_gfn.options import OptionGroup, option, options_of

if TYPE_CHECKING:
    from dag_gfn.gflownet.training.processes import Processes
    from dag_gfn.scores import FamilyList

_SAVED = "training is saved, --resume goes on from there"


@dataclass(frozen=True)
class PlaceOptions(OptionGroup):
    """Where the table comes from, and where the result goes."""

    out: Path = option(Path("posterior"), "Folder for the posterior.", first=True)
    example: str | None = option(None, "A named data set in place of a file: wine, asia, ...", first=True)
    report: bool = option(False, "Write OUT/report.html too, to read in a browser.", first=True)


@dataclass(frozen=True)
class HandlingOptions(OptionGroup, panel="Output"):
    """How a run treats what is there, and what it prints."""

    overwrite: bool = option(False, "Replace OUT.")
    resume: bool = option(False, "Continue an unfinished run in OUT.partial.")
    json: bool = option(False, "Print the posterior as JSON, as show --json does.")
    quiet: bool = option(False, "Print errors only.")
    debug: bool = option(False, DEBUG_HELP)


@from_command_line(PlaceOptions, ReadingOptions, CovarianceOptions, FitOptions, HandlingOptions)
def fit(
    table: Annotated[
        Path | None,
        typer.Argument(metavar="[TABLE]", help="A CSV, Excel, Parquet, SPSS, ... file, or scores (.jkl)."),
    ] = None,
    **given: Any,
) -> int:
    """Fit a posterior over causal graphs to a table and save it as a folder."""
    place = PlaceOptions(**read_values(PlaceOptions, given))
    how = HandlingOptions(**read_values(HandlingOptions, given))
    data = _read(table, place.example, given)
    options = read_values(FitOptions, given, names=data.names)
    if os.environ.get("WORLD_SIZE", "1") != "1":
        from dag_gfn.gflownet.training.processes import joined

        with joined() as processes:
            return _fitted(data, options, place, how, processes)
    return _fitted(data, options, place, how, None)


def _fitted(
    data: "dag_gfn.Dataset | FamilyList",
    options: dict[str, Any],
    place: PlaceOptions,
    how: HandlingOptions,
    processes: "Processes | None",
) -> int:
    """Fit, save and show; in a process that does not lead, only take part in training."""
    if processes is not None and not processes.leads:
        return _take_part(data, options, processes)
    from dag_gfn.fitting.run_folder import RunFolder

    if isinstance(data, dag_gfn.Dataset):
        _announce_decisions(data, shown=not how.quiet)
    identity = _identity(options, data)
    folder: RunFolder | None = None
    page: str | None = None
    try:
        folder = RunFolder(place.out, identity, overwrite=how.overwrite, resume=how.resume)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", dag_gfn.DataWarning)  # printed with the result
            warnings.simplefilter("ignore", dag_gfn.NotConvergedWarning)
            warnings.simplefilter(
                "ignore", RuntimeWarning
            )  # of numpy, where values overflow: the score says so
            posterior = dag_gfn.fit(
                data,
                **options,
                progress=not how.quiet,
                checkpoint=folder.checkpoint,
                processes=processes,
            )
        posterior = replace(posterior, info={**posterior.info, "data_fingerprint": identity["data"]})
        page = _page(posterior) if place.report else None
        folder.finish(posterior, {} if page is None else {"report.html": page})
        if how.json or not how.quiet:
            _tell(posterior, place.out, page is not None, as_json=how.json)
    except KeyboardInterrupt:
        kept = folder is not None and folder.leave()
        saved = folder is not None and folder.saved
        done = f"'{place.out}' is saved"
        fail(f"interrupted: {done if saved else _SAVED if kept else 'nothing was written'}")
        return 130
    except BaseException:
        if folder is not None and folder.leave() and folder.saved_training:
            announce(_SAVED, shown=True)
        raise
    if place.report and page is None:
        return fail(
            f"'{place.out}' is saved, but not its report: dag-gfn report {place.out} --debug says why"
        )
    return 130 if posterior.info["interrupted"] else 0


def _take_part(data: "dag_gfn.Dataset | FamilyList", options: dict[str, Any], processes: "Processes") -> int:
    """Train along, and print nothing: the leading process says what there is to say."""
    from dag_gfn.gflownet.training.processes import LostConnection, TookPart

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dag_gfn.fit(data, **options, progress=False, processes=processes)
    except TookPart:
        return 0
    except KeyboardInterrupt:
        return 130
    except LostConnection:
        return 2
    raise AssertionError("a process that does not lead has no posterior")


def _read(table: Path | None, example: str | None, given: dict[str, Any]) -> "dag_gfn.Dataset | FamilyList":
    """Return the table, or the scores in a file of another program."""
    if table is not None and example is None:
        from dag_gfn.scores.score_file import is_score_file

        if is_score_file(table):
            return read_scores(table, given)
    matrix = CovarianceOptions(**read_values(CovarianceOptions, given))
    return read_table(table, example, read_values(ReadingOptions, given), matrix)


def _announce_decisions(data: "dag_gfn.Dataset", *, shown: bool) -> None:
    """Print what became of the columns, where something was decided."""
    if shown:
        from dag_gfn.fitting.progress import log_console
        from dag_gfn.views.role_table import print_roles, shown_and_grouped

        if shown_and_grouped(data.roles)[0]:
            print_roles(data.roles, data.n, log_console())
    for text in data.notes:
        announce(text, shown=shown)


def _tell(posterior: "dag_gfn.GraphPosterior", out: Path, with_report: bool, *, as_json: bool) -> None:
    """Print the result. It is saved already, so a reader that stops early is no failure.

    Raises
    ------
    StorageError
        If standard output cannot be written; a closed pipe is no error.
    """
    from dag_gfn.views.terminal import print_posterior

    try:
        if as_json:
            print_json("show", posterior_json(posterior))
        else:
            print_posterior(posterior, console())
            print(f"Saved in {out}. Next: dag-gfn show {out}, or dag-gfn report {out}")
            if with_report:
                print(f"Open {out / 'report.html'} in a browser.")
        sys.stdout.flush()
    except BrokenPipeError:
        stop_output()
    except OSError as error:
        stop_output()
        raise StorageError(f"'{out}' is saved, but cannot be shown: {error.strerror or error}") from error


def _page(posterior: "dag_gfn.GraphPosterior") -> str | None:
    """Return the report, or None where it cannot be made: the fit is kept all the same."""
    from dag_gfn.views.report import report_html

    try:
        return report_html(posterior)
    except Exception:
        return None


def _identity(options: dict[str, Any], data: "dag_gfn.Dataset | FamilyList") -> dict[str, Any]:
    """Return what determines the result, as JSON holds it: a run that is resumed must have the same."""
    determining = {name: options[name] for name, each in options_of(FitOptions).items() if each.identity}
    plain = json.dumps(determining, default=lambda known: known.to_json())
    return {**json.loads(plain), "data": _fingerprint(data)}


def _fingerprint(data: "dag_gfn.Dataset | FamilyList") -> str:
    if not isinstance(data, dag_gfn.Dataset):
        content = hashlib.sha256(json.dumps(data.names).encode())
        for masks, scores in zip(data.sets, data.scores, strict=True):
            content.update(masks.tobytes() + scores.tobytes())
        return content.hexdigest()
    content = hashlib.sha256(data.values.tobytes())
    if data.intervened is not None:
        content.update(data.intervened.tobytes())
    if data.weights is not None:
        content.update(data.weights.tobytes())
    described: list[Any] = [data.names, data.kinds, data.states]
    content.update(json.dumps([*described, data.contexts] if data.contexts else described).encode())
    return content.hexdigest()
