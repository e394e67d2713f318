"""The command dag-gfn: fit, show, report, query, effect, export, compare, simulate."""

import csv
import json
import math
import os
import signal
import sys
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console

import dag_gfn
from dag_gfn.errors import DagGfnError, OptionError, StorageError
from dag_gfn.progress import announce
from dag_gfn.run_folder import RunFolder
from dag_gfn.terminal import ASSUMPTIONS, class_edges, print_posterior, probability_sentence

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

_UsageError = typer.BadParameter.__base__.__base__
"""Base of what typer raises on a wrong command line: click's, or in later versions its own copy of that."""
_NOT_A_TERMINAL_WIDTH = 10_000

Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


def main(arguments: list[str] | None = None) -> int:
    """Run the command; errors are one line on stderr with exit code 2, Ctrl-C is 130."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    debug = "--debug" in arguments
    try:
        code = app(args=arguments or ["--help"], prog_name="dag-gfn", standalone_mode=False)
        sys.stdout.flush()
    except _UsageError as error:
        context = getattr(error, "ctx", None)
        command = "dag-gfn" if context is None else context.command_path
        return _fail(f"{error.format_message().strip().rstrip('.')}; see {command} --help")
    except (KeyboardInterrupt, typer.Abort):
        _fail("interrupted: nothing was written")
        return 130
    except BrokenPipeError:  # as in: dag-gfn show out/ | head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains at its exit
        return 0
    except DagGfnError as error:
        if debug:
            raise
        return _fail(str(error))
    except OSError as error:
        if debug:
            raise
        return _fail(f"{error.strerror or error}" + (f": '{error.filename}'" if error.filename else ""))
    return code if isinstance(code, int) else 0


def run() -> None:
    """Be the program dag-gfn."""
    for stream in (sys.stdout, sys.stderr):  # names and arrows are more than some systems' encodings hold
        stream.reconfigure(encoding="utf-8", errors="replace")
    if hasattr(signal, "SIGTERM"):  # a polite kill is treated as Ctrl-C: what was trained is kept
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())


def _fail(message: str) -> int:
    print(f"error: {' '.join(message.split())}", file=sys.stderr)
    return 2


def _print_version(asked: bool) -> bool:
    if asked:
        print(f"dag-gfn {dag_gfn.__version__}")
        raise typer.Exit
    return asked


@app.callback()
def _program(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Which causal graphs does my data support, and how sure can I be?"""


def _console() -> Console:
    """Return where results go: lines are wrapped and names folded for a terminal only."""
    return Console() if sys.stdout.isatty() else Console(width=_NOT_A_TERMINAL_WIDTH)


def _split(option: str, names: str | None) -> list[str] | None:
    """Return the names in a line of CSV, so that a name with a comma can be given in quotes."""
    if names is None:
        return None
    found = [name.strip() for name in next(csv.reader([names], skipinitialspace=True), []) if name.strip()]
    if not found:
        raise OptionError(
            f"--{option} expects names separated by commas, for example age,income, not '{names}'"
        )
    return found


def _edge(text: str, names: tuple[str, ...]) -> tuple[str, str]:
    """Return source and target; where names hold colons themselves, the split that gives two names."""
    parts = text.split(":")
    splits = [(":".join(parts[:k]).strip(), ":".join(parts[k:]).strip()) for k in range(1, len(parts))]
    known = [edge for edge in splits if edge[0] in names and edge[1] in names]
    if len(known) == 1:
        return known[0]
    if len(splits) != 1 or not all(splits[0]):
        raise OptionError(f"expected an edge as source:target, for example smoking:cancer, not '{text}'")
    return splits[0]


def _settings(option: str, texts: list[str]) -> dict[str, Any]:
    """Return name and value of each setting; what reads as a JSON number or word is one, all else is text."""
    settings: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise OptionError(f"--{option} expects name=value, for example learning_rate=1e-3, not '{text}'")
        try:
            settings[name.strip()] = json.loads(value)
        except json.JSONDecodeError:
            settings[name.strip()] = value.strip()
    return settings


def _check_seed(seed: int) -> None:
    if not 0 <= seed < 2**63 - 1:
        raise OptionError(f"seed must be a whole number from 0 to 2^63 - 2, not {seed}")


@app.command("fit")
def fit_command(
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
    time_budget: Annotated[float | None, typer.Option(help="Seconds of training at most.")] = None,
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
    columns: Annotated[str | None, typer.Option(metavar="A,B,..", help="Columns to keep.")] = None,
    drop: Annotated[str | None, typer.Option(metavar="A,B,..", help="Columns to leave out.")] = None,
    discrete: Annotated[
        str | None, typer.Option(metavar="A,B,..", help="Columns that are discrete, or 'all'.")
    ] = None,
    missing: Annotated[str, typer.Option(help="Rows with missing values: error or drop.")] = "error",
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
    _check_seed(seed)
    reading = {
        "columns": _split("columns", columns),
        "drop": _split("drop", drop),
        "discrete": "all" if discrete == "all" else tuple(_split("discrete", discrete) or ()),
        "missing": missing,
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
        "objective_options": _settings("objective-option", objective_option),
        "train_options": _settings("train-option", train_option),
        "policy": policy,
        "max_parents": max_parents,
        "required": [_edge(text, data.names) for text in required],
        "forbidden": [_edge(text, data.names) for text in forbidden],
        "standardize": standardize,
        "equivalent_sample_size": equivalent_sample_size,
        "order_modular": order_modular,
    }
    for text in data.notes:
        announce(text, shown=not quiet)
    identity = {**json.loads(json.dumps(options)), "data": _fingerprint(data)}
    folder = RunFolder(out, identity, overwrite=overwrite, resume=resume)
    try:
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
    except KeyboardInterrupt:
        kept = folder.interrupt()
        _fail(
            "interrupted: training is saved, --resume goes on from there"
            if kept
            else "interrupted: nothing was written"
        )
        return 130
    except BaseException:
        folder.abandon()
        raise
    if not quiet:
        print_posterior(posterior, _console())
        print(f"Saved in {out}. Next: dag-gfn show {out}, or dag-gfn report {out}")
        if page is not None:
            print(f"Open {out / 'report.html'} in a browser.")
    if report and page is None:
        return _fail(f"'{out}' is saved, but not its report: dag-gfn report {out} --debug says why")
    return 130 if posterior.info["interrupted"] else 0


def _page(posterior: dag_gfn.GraphPosterior) -> str | None:
    """Return the report, or None where it cannot be made: a fit of hours is not lost for that."""
    from dag_gfn.report import report_html

    try:
        return report_html(posterior)
    except Exception:
        return None


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
    chosen = dag_gfn.from_frame(data.to_frame(), **reading)
    return replace(chosen, notes=(*data.notes, *chosen.notes))


def _fingerprint(data: dag_gfn.Dataset) -> str:
    import hashlib

    content = hashlib.sha256(data.values.tobytes())
    content.update(json.dumps([data.names, data.kinds, data.states]).encode())
    return content.hexdigest()


@app.command("show")
def show_command(
    folder: Annotated[Path, typer.Argument(help="A posterior folder.")],
    as_json: Annotated[bool, typer.Option("--json", help="For machines: info and all edges.")] = False,
    max_pairs: Annotated[int, typer.Option(help="Pairs to print at most.")] = 30,
    debug: Debug = False,
) -> None:
    """Print what a saved posterior says."""
    if max_pairs < 0:
        raise OptionError(f"max-pairs must be 0 or more, not {max_pairs}")
    posterior = dag_gfn.load(folder)
    if as_json:
        edges = posterior.edge_table()[["source", "target", "probability"]].to_dict(orient="records")
        content = {**posterior.info, "edges": edges, "classes": _top_classes(posterior)}
        print(json.dumps(content, ensure_ascii=False, indent=2))
    else:
        print_posterior(posterior, _console(), max_pairs=max_pairs)


def _top_classes(posterior: dag_gfn.GraphPosterior) -> list[dict[str, Any]]:
    classes = []
    for mixed in posterior.top_classes(3):
        compelled, reversible = class_edges(mixed)
        classes.append({**mixed.graph, "compelled": compelled, "reversible": reversible})
    return classes


@app.command("report")
def report_command(
    folder: Annotated[Path, typer.Argument(help="A posterior folder.")],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Page to write; default FOLDER/report.html.")
    ] = None,
    open_it: Annotated[bool, typer.Option("--open", help="Show it in the browser.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace FILE.")] = False,
    debug: Debug = False,
) -> None:
    """Write a page to read in a browser: one HTML file that needs no network."""
    posterior = dag_gfn.load(folder)
    page = folder / "report.html" if out is None else out
    if out is not None and out.is_file() and not overwrite:
        raise StorageError(f"'{out}' exists already: choose another name, or replace it with --overwrite")
    dag_gfn.write_report(posterior, page)
    print(f"Wrote {page}: open it in a browser.")
    if open_it:
        import webbrowser

        webbrowser.open(page.resolve().as_uri())


@app.command("query")
def query_command(
    folder: Annotated[Path, typer.Argument(help="A posterior folder.")],
    query: Annotated[str, typer.Argument(help='For example "edge(a,b) & !path(b,c)"; see docs/queries.md.')],
    given: Annotated[str | None, typer.Option(help="A query that is known to be true.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    debug: Debug = False,
) -> None:
    """Print the probability of a statement about the graph."""
    posterior = dag_gfn.load(folder)
    if given is not None:
        posterior = posterior.given(given)
    probability = posterior.probability(query)
    draws = posterior.info.get("diagnostics", {}).get("effective_samples")
    if not as_json:
        print(probability_sentence(probability, query, given=given, draws=draws))
        return
    error = probability.standard_error
    content = {
        "query": query,
        "given": given,
        "probability": probability.value,
        "standard_error": None if math.isnan(error) else error,
        "source": probability.source,
        "effective_samples": draws,
        "conditions": posterior.info.get("conditions", []),
    }
    print(json.dumps(content, ensure_ascii=False, indent=2))


@app.command("effect")
def effect_command(
    folder: Annotated[Path, typer.Argument(help="A posterior folder.")],
    source: Annotated[str, typer.Option("--from", metavar="X", help="The column that is set.")],
    target: Annotated[str, typer.Option("--to", metavar="Y", help="The column that is looked at.")],
    draws: Annotated[int, typer.Option(help="Draws of graph and parameters.")] = 2000,
    seed: Annotated[int, typer.Option(help="Same seed, same draws.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    debug: Debug = False,
) -> None:
    """Print the causal effect of one column on another, averaged over graphs."""
    from dag_gfn import effects
    from dag_gfn.effects.sentences import distribution_sentences, total_effect_sentences

    _check_seed(seed)
    posterior = dag_gfn.load(folder)
    if posterior.info.get("kind") == "discrete":
        effect = effects.interventional_distribution(
            posterior, source, target, num_draws=draws, rng=np.random.default_rng(seed)
        )
        lines = distribution_sentences(effect)
        content: dict[str, Any] = {"distribution": effect.summary().to_dict(orient="records")}
    else:
        everything = effects.total_effects(posterior, num_draws=draws, rng=np.random.default_rng(seed))
        effect = everything.effect(source, target)
        adjusted = None
        if posterior.statistics["scatter"].ndim == 2:  # without interventions
            adjusted = effects.parent_adjustment(
                posterior, source, target, num_draws=draws, rng=np.random.default_rng(seed)
            )
        lines = total_effect_sentences(effect, adjusted)
        content = {
            "mean": effect.mean,
            "interval_90": effect.interval(),
            "by_direction": effect.by_direction().to_dict(orient="records"),
            "parent_adjustment": None
            if adjusted is None
            else {"mean": adjusted.mean, "interval_90": adjusted.interval()},
        }
    if not as_json:
        model = "tabular (multinomial)" if posterior.info.get("kind") == "discrete" else "linear-Gaussian"
        print("\n".join([*lines, ASSUMPTIONS.format(model=model)]))
        return
    content = {
        "from": source,
        "to": target,
        **content,
        "probability_zero": effect.probability_zero,
        "by_class": effect.by_class().to_dict(orient="records"),
        "num_draws": draws,
        "seed": seed,
    }
    print(json.dumps(content, ensure_ascii=False, indent=2))


@app.command("export")
def export_command(
    folder: Annotated[Path, typer.Argument(help="A posterior folder.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="File to write.")],
    file_format: Annotated[str, typer.Option("--format", help="graphml, dot, csv or bif.")] = "graphml",
    graph: Annotated[
        str, typer.Option(help="median, top (most probable) or consensus (edges above 0.5).")
    ] = "median",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace FILE.")] = False,
    debug: Debug = False,
) -> None:
    """Write one graph of a posterior, with edge probabilities, for other programs; bif has its tables."""
    from dag_gfn.posterior import interop

    writers = {"graphml": interop.graphml_text, "dot": interop.dot_text, "csv": interop.edge_list_text}
    formats, graphs = [*writers, "bif"], ("median", "top", "consensus")
    for option, value, known in (("format", file_format, formats), ("graph", graph, graphs)):
        if value not in known:
            raise OptionError(f"unknown {option} '{value}': choose {', '.join(known)}")
    if out.is_dir():
        raise StorageError(f"'{out}' is a folder: give the name of a file to write")
    if out.exists() and not overwrite:
        raise StorageError(f"'{out}' exists already: choose another name, or replace it with --overwrite")
    posterior = dag_gfn.load(folder)
    choose = {
        "median": posterior.median_graph,
        "top": posterior.most_probable_graph,
        "consensus": posterior.consensus_graph,
    }
    chosen = choose[graph]()
    if file_format == "bif":
        from dag_gfn.fitted import bif_text  # imports pgmpy, which takes seconds

        text = bif_text(posterior, chosen)
    else:
        text = writers[file_format](chosen)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        _write(out, text)
    except OSError as error:
        raise StorageError(f"cannot write '{out}': {error.strerror or error}") from error
    print(f"Wrote the {graph} graph, {chosen.number_of_edges()} edges, to {out}.")


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
    for name, value in comparison.items():
        text = (
            " → ".join(value) if isinstance(value, list | tuple) else "-" if value is None else f"{value:.6g}"
        )
        print(f"{name:20} {text}")
    if comparison.get("jsd") is None:
        print("jsd and tv need both posteriors to cover every DAG (up to 5 columns).")


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
    _check_seed(seed)
    _check_simulation(nodes, samples, edges_per_node, noise_variance)
    if not out.name or out.is_dir():
        raise StorageError(f"'{out}' is a folder: give the name of a CSV to write, for example data.csv")
    truth = out.with_name(out.stem + ".graph.csv")
    for path in (out, truth):
        if path.exists() and not overwrite:
            raise StorageError(
                f"'{path}' exists already: choose another name, or replace it with --overwrite"
            )
    data = dag_gfn.simulate(
        nodes,
        samples,
        rng=np.random.default_rng(seed),
        edges_per_node=edges_per_node,
        graph=graph,
        noise_variance=noise_variance,
    )
    edges = [f"{data.names[i]},{data.names[j]}" for i, j in np.argwhere(data.true_graph)]
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        _write(out, data.to_frame().to_csv(index=False, lineterminator="\n"))
        _write(truth, "\n".join(["source,target", *edges]) + "\n")
    except OSError as error:
        raise StorageError(f"cannot write '{out}': {error.strerror or error}") from error
    print(f"Wrote {samples} rows of {nodes} variables to {out} and the {len(edges)} true edges to {truth}.")


def _check_simulation(nodes: int, samples: int, edges_per_node: float, noise_variance: float) -> None:
    if not 2 <= nodes <= 63:
        raise OptionError(f"nodes must be from 2 to 63, not {nodes}")
    if samples < 2:
        raise OptionError(f"samples must be at least 2, not {samples}")
    if not (0 <= edges_per_node < math.inf):
        raise OptionError(f"edges-per-node must be a finite number, 0 or more, not {edges_per_node}")
    if not (0 < noise_variance < math.inf):
        raise OptionError(f"noise-variance must be a positive finite number, not {noise_variance}")


def _write(path: Path, text: str) -> None:
    """Write a file, complete or not at all."""
    unfinished = path.with_name(path.name + ".partial")
    try:
        unfinished.write_text(text, encoding="utf-8", newline="\n")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
