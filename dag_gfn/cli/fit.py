"""dag-gfn fit: from a table to a posterior folder."""

import hashlib
import json
import sys
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

import dag_gfn
from dag_gfn.cli.options import Debug, check_seed, read_edge, read_names, read_settings
from dag_gfn.cli.output import console, fail, stop_output
from dag_gfn.cli.run_folder import RunFolder
from dag_gfn.errors import OptionError, StorageError
from dag_gfn.fitting.progress import announce
from dag_gfn.views.terminal import print_posterior

_SAVED = "training is saved, --resume goes on from there"


def fit(
    table: Annotated[Path | None, typer.Argument(metavar="[TABLE.csv]", help="A CSV with a header.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for the posterior.")] = Path("posterior"),
    example: Annotated[
        str | None, typer.Option(help="A named data set in place of a CSV: wine, asia, ...")
    ] = None,
    method: Annotated[str, typer.Option(help="auto, exact, gflownet or mcmc.")] = "auto",
    score: Annotated[str | None, typer.Option(help="bge, bdeu, bde, bic or linear_gaussian.")] = None,
    prior: Annotated[str, typer.Option(help="uniform, edge, erdos_renyi or fair.")] = "uniform",
    seed: Annotated[int, typer.Option(help="Same seed, iterations and threads: same result.")] = 0,
    iterations: Annotated[
        int | None, typer.Option(help="Gradient steps, or steps of a chain; default by columns.")
    ] = None,
    time_budget: Annotated[
        float | None, typer.Option(help="Seconds for the whole fit; used until it has converged.")
    ] = None,
    num_samples: Annotated[int, typer.Option(help="Graphs to sample.")] = 20_000,
    environment: Annotated[
        str | None,
        typer.Option(help="How graphs are built, layers or edges; default layers, if the rest allows."),
    ] = None,
    objective: Annotated[
        str | None, typer.Option(help="What training minimises; a wrong name lists them all.")
    ] = None,
    behaviour: Annotated[str, typer.Option(help="What training learns from: off or on policy.")] = "off",
    backward: Annotated[
        str | None, typer.Option(help="Backward policy, uniform or learned; default by objective.")
    ] = None,
    objective_option: Annotated[
        list[str], typer.Option(metavar="NAME=VALUE", help="Of the objective; repeatable.")
    ] = [],  # noqa: B006
    train_option: Annotated[
        list[str], typer.Option(metavar="NAME=VALUE", help="Of training, as learning_rate=1e-3; repeatable.")
    ] = [],  # noqa: B006
    policy: Annotated[str, typer.Option(help="Network: mlp or transformer.")] = "mlp",
    reweight: Annotated[
        bool | None,
        typer.Option(
            help="With layers: correct draws by their weights; default beyond 5 columns, where reliable."
        ),
    ] = None,
    max_parents: Annotated[int | None, typer.Option(help="Largest number of parents of a node.")] = None,
    required: Annotated[list[str], typer.Option(metavar="A:B", help="Edge in every graph; repeatable.")] = [],  # noqa: B006
    forbidden: Annotated[list[str], typer.Option(metavar="A:B", help="Edge in no graph; repeatable.")] = [],  # noqa: B006
    sparse_families: Annotated[
        str, typer.Option(help="Discrete families with more table cells than rows: drop or keep.")
    ] = "drop",
    columns: Annotated[str | None, typer.Option(metavar="A,B,..", help="Columns to keep.")] = None,
    drop: Annotated[str | None, typer.Option(metavar="A,B,..", help="Columns to leave out.")] = None,
    discrete: Annotated[
        str | None, typer.Option(metavar="A,B,..", help="Columns that are discrete, or 'all'.")
    ] = None,
    missing: Annotated[str, typer.Option(help="Rows with missing values: error or drop.")] = "error",
    na_values: Annotated[
        str | None, typer.Option(metavar="A,B,..", help="Cells that are missing values too, as ?,-999.")
    ] = None,
    standardize: Annotated[
        bool | None, typer.Option(help="z-score continuous columns; default, but for linear_gaussian.")
    ] = None,
    equivalent_sample_size: Annotated[float | None, typer.Option(help="Of bdeu and bde.")] = None,
    device: Annotated[str, typer.Option(help="Where to train: cpu, cuda, ...")] = "cpu",
    exact_check: Annotated[
        bool | None, typer.Option(help="Compare with the exact posterior; default where that is quick.")
    ] = None,
    order_modular: Annotated[
        bool, typer.Option("--order-modular", help="With exact: count a graph once for each of its orders.")
    ] = False,
    report: Annotated[
        bool, typer.Option("--report", help="Write OUT/report.html too, to read in a browser.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace OUT.")] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue an unfinished run in OUT.partial.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print errors only.")] = False,
    debug: Debug = False,
) -> int:
    """Fit a posterior over causal graphs to a table and save it as a folder."""
    check_seed(seed)
    reading = {
        "columns": read_names("columns", columns),
        "drop": read_names("drop", drop),
        "discrete": "all" if discrete == "all" else tuple(read_names("discrete", discrete) or ()),
        "missing": missing,
        "na_values": tuple(read_names("na-values", na_values) or ()),
    }
    data = _read(table, example, reading)
    options: dict[str, Any] = {
        "method": method,
        "score": score,
        "prior": prior,
        "seed": seed,
        "iterations": iterations,
        "num_samples": num_samples,
        "environment": environment,
        "reweight": reweight,
        "objective": objective,
        "behaviour": behaviour,
        "backward": backward,
        "objective_options": read_settings("objective-option", objective_option),
        "train_options": read_settings("train-option", train_option),
        "policy": policy,
        "max_parents": max_parents,
        "required": [read_edge(text, data.names) for text in required],
        "forbidden": [read_edge(text, data.names) for text in forbidden],
        "sparse_families": sparse_families,
        "standardize": standardize,
        "equivalent_sample_size": equivalent_sample_size,
        "order_modular": order_modular,
    }
    for text in data.notes:
        announce(text, shown=not quiet)
    identity = {**json.loads(json.dumps(options)), "data": _fingerprint(data)}
    folder: RunFolder | None = None
    page: str | None = None
    try:
        folder = RunFolder(out, identity, overwrite=overwrite, resume=resume)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", dag_gfn.DataWarning)  # printed with the result
            warnings.simplefilter("ignore", dag_gfn.NotConvergedWarning)
            warnings.simplefilter(
                "ignore", RuntimeWarning
            )  # of numpy, where values overflow: the score says so
            posterior = dag_gfn.fit(
                data,
                **options,
                time_budget=time_budget,
                device=device,
                exact_check=exact_check,
                progress=not quiet,
                checkpoint=folder.checkpoint,
            )
        posterior.info["data_fingerprint"] = identity["data"]
        page = _page(posterior) if report else None
        folder.finish(posterior, {} if page is None else {"report.html": page})
        if not quiet:
            _tell(posterior, out, page is not None)
    except KeyboardInterrupt:
        kept = folder is not None and folder.leave()
        saved = folder is not None and folder.saved
        done = f"'{out}' is saved"
        fail(f"interrupted: {done if saved else _SAVED if kept else 'nothing was written'}")
        return 130
    except BaseException:
        if folder is not None and folder.leave() and folder.saved_training:
            announce(_SAVED, shown=True)
        raise
    if report and page is None:
        return fail(f"'{out}' is saved, but not its report: dag-gfn report {out} --debug says why")
    return 130 if posterior.info["interrupted"] else 0


def _tell(posterior: dag_gfn.GraphPosterior, out: Path, with_report: bool) -> None:
    """Print what was found. It is saved, so that it is no failure if nobody reads this to its end.

    Raises
    ------
    StorageError
        If standard output does not take it, but for a pipe that is closed.
    """
    try:
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


def _page(posterior: dag_gfn.GraphPosterior) -> str | None:
    """Return the report, or None where it cannot be made: a fit of hours is not lost for that."""
    from dag_gfn.views.report import report_html

    try:
        return report_html(posterior)
    except Exception:
        return None


def _read(table: Path | None, example: str | None, reading: dict[str, Any]) -> dag_gfn.Dataset:
    if table is not None and example is None:
        from dag_gfn.data import read_file  # loads pandas, which --help does not need

        return read_file(table, **reading)
    if table is not None or example is None:
        raise OptionError(
            "give either a CSV file or --example NAME, for example: dag-gfn fit survey.csv --out out/"
        )
    data = dag_gfn.load_example(example)
    if all(value in (None, (), "error") for value in reading.values()):
        return data
    chosen = dag_gfn.from_frame(data.to_frame(), **reading)
    return replace(chosen, notes=(*data.notes, *chosen.notes))


def _fingerprint(data: dag_gfn.Dataset) -> str:
    content = hashlib.sha256(data.values.tobytes())
    content.update(json.dumps([data.names, data.kinds, data.states]).encode())
    return content.hexdigest()
