"""Run dag_gfn on a data set of benchpress, as the script of the modules dag_gfn and dag_gfn_posterior.

Snakemake puts the object `snakemake` into this file's globals. Its output `adjmat` receives the adjacency matrix of a
point estimate, its output `seqgraph` draws from the posterior as a trajectory of graphs. The formats are those of
"File formats" in benchpress's documentation, docs/source/data_formats.rst.
"""

import csv
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd

import dag_gfn
from dag_gfn.posterior import GraphPosterior

ARROW, SEPARATOR = "->", ";"


def read_table(path: str | Path, datatype: str) -> pd.DataFrame:
    """Return the observations, with all levels of categorical columns, also those that do not occur.

    Parameters
    ----------
    path : str or Path
        CSV with a header. With `datatype` ``discrete`` the second line has the number of levels of each column, and
        every cell is a level from 0 on.
    datatype : str
        ``continuous`` or ``discrete``.
    """
    if datatype not in ("continuous", "discrete"):
        raise ValueError(f"datatype is continuous or discrete, not {datatype!r}")
    with open(path, newline="", encoding="utf-8") as file:
        names = next(csv.reader(file))
    if len(set(names)) < len(names):
        raise ValueError(
            f"{path} has a label twice. Those are interventional data, which this module does not read"
        )
    if len(names) < 2:
        raise ValueError(f"{path} has one column: a graph needs two")
    if unfit := [name for name in names if ARROW in name or SEPARATOR in name]:
        raise ValueError(f"labels with {ARROW} or {SEPARATOR} cannot be written into a trajectory: {unfit}")
    table = pd.read_csv(path)
    if datatype == "continuous":
        return table.astype(float)
    cardinalities, codes = table.iloc[0], table.iloc[1:].reset_index(drop=True)
    for name in names:
        wrong = ~codes[name].isin(range(int(cardinalities[name])))
        if wrong.any():
            raise ValueError(
                f"column {name!r} should have the levels 0 to {int(cardinalities[name]) - 1}, and has "
                f"{codes[name][wrong].iloc[0]} in row {int(wrong.argmax()) + 1}"
            )
    return pd.DataFrame(
        {
            name: pd.Categorical(codes[name].astype(int), categories=range(int(cardinalities[name])))
            for name in names
        }
    )


def options_of(wildcards) -> dict:
    """Return the options of `dag_gfn.fit`. Snakemake gives all values as strings, null as ``None``."""

    def given(name: str, kind: type):
        return None if wildcards[name] == "None" else kind(wildcards[name])

    replicate = wildcards.get("seed") or wildcards.get(
        "replicate"
    )  # the name depends on benchpress's version
    return {
        "method": wildcards["method"],
        "score": given("score", str),
        "prior": wildcards["prior"],
        "max_parents": given("max_parents", int),
        "time_budget": given("time_budget", float),
        "num_samples": int(wildcards["num_samples"]),
        "seed": int(wildcards.get("mcmc_seed") or replicate),
        "exact_check": False,
    }


def in_all_columns(graphs: np.ndarray, fitted: Sequence[str], names: Sequence[str]) -> np.ndarray:
    """Return graphs on all columns: columns that the fit has left out, such as constant ones, have no edges."""
    place = [names.index(name) for name in fitted]
    whole = np.zeros((*graphs.shape[:-2], len(names), len(names)), dtype=bool)
    whole[..., np.array(place)[:, None], place] = graphs
    return whole


def draws(posterior: GraphPosterior, k: int, *, rng: np.random.Generator) -> np.ndarray:
    """Return indices of `posterior.graphs`, shape (k,): each about k times its weight, in random order.

    Systematic resampling: a graph of weight w occurs floor(k w) or ceil(k w) times, k w on average. So the mean of the
    trajectory is nearer to the posterior than that of independent draws.

    References
    ----------
    Kitagawa, Monte Carlo Filter and Smoother for Non-Gaussian Nonlinear State Space Models, JCGS 1996.
    """
    ends = np.cumsum(posterior.weights)
    at = (rng.random() + np.arange(k)) / k * ends[-1]
    return rng.permutation(np.searchsorted(ends, at, side="right").clip(max=len(ends) - 1))


def edges(adjacency: np.ndarray, names: Sequence[str]) -> str:
    """Return the edges as benchpress writes them, such as ``[a->b;a->c]``."""
    listed = (f"{names[i]}{ARROW}{names[j]}" for i, j in np.argwhere(adjacency))
    return f"[{SEPARATOR.join(listed)}]"


def trajectory(graphs: np.ndarray, scores: np.ndarray, names: Sequence[str]) -> Iterator[tuple]:
    """Yield the rows (index, score, added, removed) of graphs in their order.

    Rows -2 and -1 tell the labels: edges from the first variable to all others are added and taken away. Row 0 is the
    first graph. After it there is a row for each graph that differs from the one before. The last row, whose index is
    the number of graphs, changes nothing. It ends the time of the last graph, which evaluations weigh by the
    difference of indices.
    """
    star = np.zeros((len(names), len(names)), dtype=bool)
    star[0, 1:] = True
    none = np.zeros_like(star)
    yield -2, 0.0, edges(star, names), edges(none, names)
    yield -1, 0.0, edges(none, names), edges(star, names)
    before = none
    for index, (graph, score) in enumerate(zip(graphs, scores, strict=True)):
        if index == 0 or (graph != before).any():
            yield index, float(score), edges(graph & ~before, names), edges(before & ~graph, names)
        before = graph
    yield len(graphs), float(scores[-1]), edges(none, names), edges(none, names)


def point_estimate(posterior: GraphPosterior, estimator: str) -> np.ndarray:
    """Return the adjacency matrix of the median or the most probable graph, on the fitted columns."""
    graph = {"median": posterior.median_graph, "map": posterior.most_probable_graph}[estimator]()
    place = {name: k for k, name in enumerate(posterior.names)}
    adjacency = np.zeros((posterior.d, posterior.d), dtype=bool)
    for source, target in graph.edges:
        adjacency[place[source], place[target]] = True
    return adjacency


@contextmanager
def time_limit(timeout: str) -> Iterator[None]:
    """Raise TimeoutError after so many seconds, and never for ``None``."""
    if timeout == "None":
        yield
        return

    def stop(*_):
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, float(timeout))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def estimate(snakemake) -> None:
    """Fit, and write the outputs that the rule asks for, but for the time."""
    wildcards = snakemake.wildcards
    table = read_table(snakemake.input["data"], wildcards["datatype"])
    names = list(table.columns)
    options = options_of(wildcards)
    posterior = dag_gfn.fit(table, **options, progress=False)
    if left_out := [name for name in names if name not in posterior.names]:
        print(f"dag_gfn has left out {left_out}; they have no edges here", file=sys.stderr)
    if path := snakemake.output.get("adjmat"):
        adjacency = in_all_columns(point_estimate(posterior, wildcards["estimator"]), posterior.names, names)
        pd.DataFrame(adjacency.astype(int), columns=names).to_csv(path, index=False)
    if path := snakemake.output.get("seqgraph"):
        drawn = draws(posterior, options["num_samples"], rng=np.random.default_rng(options["seed"]))
        graphs = in_all_columns(posterior.graphs[drawn], posterior.names, names)
        with open(path, "w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow(("index", "score", "added", "removed"))
            rows.writerows(trajectory(graphs, posterior.log_scores[drawn], names))


def main(snakemake) -> None:
    """Write all outputs of the rule; empty graphs where the time was over, as benchpress expects."""
    start = time.perf_counter()
    try:
        with time_limit(snakemake.wildcards["timeout"]):
            estimate(snakemake)
        seconds = str(time.perf_counter() - start)
    except TimeoutError:
        for name in ("adjmat", "seqgraph"):
            if path := snakemake.output.get(name):
                Path(path).write_text("", encoding="utf-8")
        seconds = "None"
    Path(snakemake.output["time"]).write_text(seconds, encoding="utf-8")
    Path(snakemake.output["ntests"]).write_text("None", encoding="utf-8")  # there are no independence tests


if "snakemake" in globals():
    main(globals()["snakemake"])
