"""The command dag-gfn: fit, show, compare, simulate."""

import json
import signal
import sys
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import click
import numpy as np
import typer
from rich.console import Console

import dag_gfn
from dag_gfn.errors import DagGfnError, OptionError, StorageError
from dag_gfn.run_folder import RunFolder
from dag_gfn.terminal import print_posterior

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Which causal graphs does my data support, and how sure can I be?",
)

Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


def main(arguments: list[str] | None = None) -> int:
    """Run the command; errors are one line on stderr with exit code 2, Ctrl-C is 130."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        code = app(args=arguments, prog_name="dag-gfn", standalone_mode=False)
    except click.ClickException as error:
        return _fail(" ".join(error.format_message().split()))
    except (KeyboardInterrupt, click.Abort):
        _fail("interrupted: nothing was written")
        return 130
    except BrokenPipeError:
        return 0
    except DagGfnError as error:
        if "--debug" in arguments:
            raise
        return _fail(str(error))
    return code if isinstance(code, int) else 0


def run() -> None:
    """Be the program dag-gfn."""
    if hasattr(signal, "SIGTERM"):  # a polite kill is treated as Ctrl-C: what was trained is kept
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())


def _fail(message: str) -> int:
    print(f"error: {message}", file=sys.stderr)
    return 2


def _split(names: str | None) -> list[str] | None:
    return None if names is None else [name.strip() for name in names.split(",") if name.strip()]


def _edge(text: str) -> tuple[str, str]:
    source, colon, target = text.partition(":")
    if not (source and colon and target) or ":" in target:
        raise OptionError(f"expected an edge as source:target, for example smoking:cancer, not '{text}'")
    return source.strip(), target.strip()


@app.command("fit")
def fit_command(
    table: Annotated[Path | None, typer.Argument(metavar="[TABLE.csv]", help="A CSV with a header.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for the posterior.")] = Path("posterior"),
    example: Annotated[
        str | None, typer.Option(help="A named data set in place of a CSV: wine, asia, ...")
    ] = None,
    method: Annotated[str, typer.Option(help="auto, exact or gflownet.")] = "auto",
    score: Annotated[str | None, typer.Option(help="bge, bdeu, bde, bic or linear_gaussian.")] = None,
    prior: Annotated[str, typer.Option(help="uniform, edge, erdos_renyi or fair.")] = "uniform",
    seed: Annotated[int, typer.Option(help="Same seed, iterations and threads: same result.")] = 0,
    iterations: Annotated[
        int | None, typer.Option(help="Gradient steps; default by number of columns.")
    ] = None,
    time_budget: Annotated[float | None, typer.Option(help="Seconds of training at most.")] = None,
    num_samples: Annotated[int, typer.Option(help="Graphs to sample.")] = 20_000,
    environment: Annotated[str, typer.Option(help="How graphs are built: edges.")] = "edges",
    objective: Annotated[str, typer.Option(help="What training minimises: modified_db.")] = "modified_db",
    behaviour: Annotated[str, typer.Option(help="What training learns from: off or on policy.")] = "off",
    policy: Annotated[str, typer.Option(help="Network: mlp.")] = "mlp",
    max_parents: Annotated[int | None, typer.Option(help="Largest number of parents of a node.")] = None,
    required: Annotated[list[str], typer.Option(metavar="A:B", help="Edge in every graph; repeatable.")] = [],  # noqa: B006
    forbidden: Annotated[list[str], typer.Option(metavar="A:B", help="Edge in no graph; repeatable.")] = [],  # noqa: B006
    columns: Annotated[str | None, typer.Option(metavar="A,B,..", help="Columns to keep.")] = None,
    drop: Annotated[str | None, typer.Option(metavar="A,B,..", help="Columns to leave out.")] = None,
    discrete: Annotated[
        str | None, typer.Option(metavar="A,B,..", help="Columns that are discrete, or 'all'.")
    ] = None,
    missing: Annotated[str, typer.Option(help="Rows with missing values: error or drop.")] = "error",
    standardize: Annotated[bool, typer.Option(help="z-score continuous columns.")] = True,
    equivalent_sample_size: Annotated[float | None, typer.Option(help="Of bdeu and bde.")] = None,
    device: Annotated[str, typer.Option(help="Where to train: cpu, cuda, ...")] = "cpu",
    exact_check: Annotated[
        bool | None, typer.Option(help="Compare with the exact posterior; default where that is quick.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace OUT.")] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue an unfinished run in OUT.partial.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print errors only.")] = False,
    debug: Debug = False,
) -> int:
    """Fit a posterior over causal graphs to a table and save it as a folder."""
    reading = {
        "columns": _split(columns),
        "drop": _split(drop),
        "discrete": "all" if discrete == "all" else tuple(_split(discrete) or ()),
        "missing": missing,
    }
    options: dict[str, Any] = {
        "method": method,
        "score": score,
        "prior": prior,
        "seed": seed,
        "iterations": iterations,
        "num_samples": num_samples,
        "environment": environment,
        "objective": objective,
        "behaviour": behaviour,
        "policy": policy,
        "max_parents": max_parents,
        "required": [_edge(text) for text in required],
        "forbidden": [_edge(text) for text in forbidden],
        "standardize": standardize,
        "equivalent_sample_size": equivalent_sample_size,
    }
    data = _read(table, example, reading)
    say = Console(stderr=True, quiet=quiet)
    for note in data.notes:
        say.print(f"note: {note}", markup=False, highlight=False)
    identity = {**json.loads(json.dumps(options)), "data": _fingerprint(data)}
    folder = RunFolder(out, identity, overwrite=overwrite, resume=resume)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", dag_gfn.DataWarning)  # printed with the result
            warnings.simplefilter("ignore", dag_gfn.NotConvergedWarning)
            posterior = dag_gfn.fit(
                data,
                **options,
                time_budget=time_budget,
                device=device,
                exact_check=exact_check,
                progress=not quiet,
                checkpoint=folder.checkpoint,
            )
        folder.finish(posterior)
    except BaseException:
        folder.discard()
        raise
    if not quiet:
        console = Console()
        print_posterior(posterior, console)
        console.print(
            f"Saved in {out}. Next: dag-gfn show {out}", markup=False, highlight=False, soft_wrap=True
        )
    return 130 if posterior.info["interrupted"] else 0


def _read(table: Path | None, example: str | None, reading: dict[str, Any]) -> dag_gfn.Dataset:
    if (table is None) == (example is None):
        raise OptionError(
            "give either a CSV file or --example NAME, for example: dag-gfn fit survey.csv --out out/"
        )
    if example is None:
        return dag_gfn.read_csv(table, **reading)
    data = dag_gfn.load_example(example)
    if all(value in (None, (), "error") for value in reading.values()):
        return data
    return replace(dag_gfn.from_frame(data.to_frame(), **reading), notes=data.notes)


def _fingerprint(data: dag_gfn.Dataset) -> str:
    import hashlib

    content = hashlib.sha256(data.values.tobytes())
    content.update("\0".join((*data.names, *data.kinds)).encode())
    return content.hexdigest()


@app.command("show")
def show_command(
    folder: Annotated[Path, typer.Argument(help="A posterior folder.")],
    as_json: Annotated[bool, typer.Option("--json", help="For machines: info and all edges.")] = False,
    max_pairs: Annotated[int, typer.Option(help="Pairs to print at most.")] = 30,
    debug: Debug = False,
) -> None:
    """Print what a saved posterior says."""
    posterior = dag_gfn.load(folder)
    if as_json:
        edges = posterior.edge_table()[["source", "target", "probability"]].to_dict(orient="records")
        print(json.dumps({**posterior.info, "edges": edges}, ensure_ascii=False, indent=2))
    else:
        print_posterior(posterior, Console(), max_pairs=max_pairs)


@app.command("compare")
def compare_command(
    first: Annotated[Path, typer.Argument(help="A posterior folder.")],
    second: Annotated[Path, typer.Argument(help="Another, of the same variables.")],
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    debug: Debug = False,
) -> None:
    """Print how far two saved posteriors are from each other."""
    comparison = dag_gfn.compare_posteriors(dag_gfn.load(first), dag_gfn.load(second))
    if as_json:
        print(json.dumps(comparison, ensure_ascii=False, indent=2))
        return
    say = Console()
    for name, value in comparison.items():
        text = (
            " → ".join(value) if isinstance(value, list | tuple) else "-" if value is None else f"{value:.6g}"
        )
        say.print(f"{name:20} {text}", markup=False, highlight=False)
    if comparison.get("jsd") is None:
        say.print("jsd and tv need both posteriors to cover every DAG (up to 5 columns).", style="dim")


@app.command("simulate")
def simulate_command(
    nodes: Annotated[int, typer.Option(help="Number of variables.")] = 5,
    edges_per_node: Annotated[float, typer.Option(help="Expected edges per node.")] = 1.0,
    graph: Annotated[str, typer.Option(help="er (Erdős-Rényi) or sf (scale-free).")] = "er",
    samples: Annotated[int, typer.Option(help="Number of rows.")] = 100,
    noise_variance: Annotated[float, typer.Option(help="Variance of each variable's noise.")] = 0.1,
    seed: Annotated[int, typer.Option(help="Same seed, same table.")] = 0,
    out: Annotated[Path, typer.Option(help="CSV to write; the true edges go to OUT.graph.csv.")] = Path(
        "data.csv"
    ),
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace existing files.")] = False,
    debug: Debug = False,
) -> None:
    """Write a linear-Gaussian table drawn from a random DAG, with the DAG beside it."""
    if seed < 0:
        raise OptionError(f"seed must be 0 or more, not {seed}")
    data = dag_gfn.simulate(
        nodes,
        samples,
        rng=np.random.default_rng(seed),
        edges_per_node=edges_per_node,
        graph=graph,
        noise_variance=noise_variance,
    )
    truth = out.with_name(out.stem + ".graph.csv")
    for path in (out, truth):
        if path.exists() and not overwrite:
            raise StorageError(
                f"'{path}' exists already: choose another name, or replace it with --overwrite"
            )
    edges = [f"{data.names[i]},{data.names[j]}" for i, j in np.argwhere(data.true_graph)]
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        data.to_frame().to_csv(out, index=False)
        truth.write_text("\n".join(["source,target", *edges]) + "\n", encoding="utf-8")
    except OSError as error:
        raise StorageError(f"cannot write '{out}': {error.strerror or error}") from error
    print(f"Wrote {samples} rows of {nodes} variables to {out} and the {len(edges)} true edges to {truth}.")
