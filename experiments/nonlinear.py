"""What the additive score finds where causes act by curves, and what it claims where they act by straight lines.

Four kinds of simulated tables, with normal noise:

- curves: 8 columns, 300 rows; each edge is a tanh, a square, a sine or an absolute value.
- lines: the same with straight lines.
- waves: 10 columns, 100 rows; each edge is a random sum of a line and six sines and cosines, in the manner of Giudice,
  Kuipers and Moffa (NeurIPS 2023). That paper has an expected SHD of 3.43 for Gaussian processes and 5.08 for BGe. Its
  prior over graphs is not known here, so two are tried.
- straight waves: 10 columns, 100 rows, straight lines of weight 1. The paper has 2.78 and 2.66.

And pairs: 200 pairs of columns with a straight line between them, where no direction can be known. Of those that the
score calls at least 90 % certain, at least 85 % should be right.

Directed edges are judged by AUROC, by log loss (a mean over ordered pairs, in nats), and by the expected structural
Hamming distance (a reversal counts once). With --sachs FILE the first condition of Sachs et al. (Science 308, 2005) is
scored too: the expected SHD of the skeleton, beside 9.82 of Gaussian processes in 32 hours in the same paper.

    python experiments/nonlinear.py --tables 20 --jobs 2 [--sachs 1_cd3cd28.csv]
"""

import argparse
import time
import warnings
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from options import add_run_options
from runs import Parameters, Record, carry_out
from sachs import CONSENSUS
from summaries import write_csv, write_page

import dag_gfn
from dag_gfn.posterior.metrics import auroc

OUT = Path("experiments/results/nonlinear")
MODELS: dict[str, dict[str, Any]] = {
    "bge": {"score": "bge"},
    "additive": {"score": "additive"},
    "additive, weight 1": {"score": "additive", "curve_weight": 1.0},
    "additive, weight 1, as is": {"score": "additive", "curve_weight": 1.0, "margins": "as_is"},
}
PRIORS: dict[str, dict[str, Any]] = {
    "uniform": {"prior": "uniform"},
    "fair": {"prior": "fair"},
    "edge, odds 0.1": {"prior": "edge", "beta": 0.1},
}
TABLES = {
    "curves": ("uniform",),
    "lines": ("uniform",),
    "waves": tuple(PRIORS),
    "straight waves": tuple(PRIORS),
}
CURVES = (
    lambda x: 1.5 * np.tanh(2.0 * x),
    lambda x: x**2,
    lambda x: 1.4 * np.sin(2.0 * x),
    lambda x: 1.6 * np.abs(x),
)
PAIRS, PAIRS_OF_A_RUN, PAIR_ROWS = 200, 50, 300


def random_graph(d: int, probability: float, rng: np.random.Generator) -> np.ndarray:
    """Return a DAG in which each pair has an edge with this probability, shape (d, d), bool."""
    order = rng.permutation(d)
    graph = np.zeros((d, d), dtype=bool)
    graph[np.ix_(order, order)] = np.triu(rng.random((d, d)) < probability, 1)
    return graph


def simulate(truth: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a graph and a table of a kind."""
    rng = np.random.default_rng([seed, list(TABLES).index(truth)])
    d, n, probability = (10, 100, 0.2) if "waves" in truth else (8, 300, 2.0 / 7.0)
    graph = random_graph(d, probability, rng)
    values = np.zeros((n, d))
    done: list[int] = []
    while len(done) < d:
        j = next(j for j in range(d) if j not in done and set(np.flatnonzero(graph[:, j])) <= set(done))
        is_root = not graph[:, j].any()
        noise = 1.0 if "waves" in truth or is_root else rng.uniform(0.5, 1.0)
        values[:, j] = noise * rng.normal(size=n)
        for i in np.flatnonzero(graph[:, j]):
            values[:, j] += effect(truth, values[:, i], rng)
        done.append(j)
    return graph, values


def effect(truth: str, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return what a cause adds to its effect."""
    if truth == "straight waves":
        return x
    if truth == "waves":
        decay = np.exp(-np.arange(7.0))
        sines, cosines = rng.dirichlet(decay), rng.dirichlet(decay)
        waves = [sines[k] * np.sin(k * x) + cosines[k] * np.cos(k * x) for k in range(1, 7)]
        return sines[0] * x + np.sum(waves, axis=0)
    z = (x - x.mean()) / x.std()
    sign = rng.choice([-1.0, 1.0])
    if truth == "lines":
        return sign * rng.uniform(0.5, 1.5) * z
    return sign * CURVES[rng.integers(len(CURVES))](z)


def edges_of(values: np.ndarray, **options: Any) -> np.ndarray:
    """Return the exact edge probabilities."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dag_gfn.DataWarning)
        posterior = dag_gfn.fit(values, method="exact", num_samples=100, progress=False, **options)
    return posterior.edge_marginals().to_numpy()


def figures(edge: np.ndarray, graph: np.ndarray) -> dict[str, float]:
    """Return how near edge probabilities are to a graph."""
    off = ~np.eye(len(graph), dtype=bool)
    probability = edge[off].clip(1e-9, 1.0 - 1e-9)
    upper = np.triu_indices(len(graph), 1)
    linked, link = (graph | graph.T)[upper], (edge + edge.T)[upper]
    right = np.where(graph[upper], edge[upper], edge.T[upper])
    return {
        "auroc": auroc(edge, graph),
        "log_loss": -np.log(np.where(graph[off], probability, 1.0 - probability)).mean(),
        "expected_shd": np.where(linked, 1.0 - right, link).sum(),
        "skeleton_shd": np.where(linked, 1.0 - link, link).sum(),
    }


def run(truth: str, prior: str, seed: int, file: str = "") -> dict[str, Any]:
    """Return the figures of every model on one table, or what it says of the directions of pairs."""
    if truth == "pairs":
        return {model: certainties(seed, options) for model, options in MODELS.items()}
    if truth == "sachs":
        return sachs(Path(file), PRIORS[prior])
    graph, values = simulate(truth, seed)
    return {
        model: figures(edges_of(values, **options, **PRIORS[prior]), graph)
        for model, options in MODELS.items()
    }


def certainties(seed: int, options: dict[str, Any]) -> list[float]:
    """Return P(true direction | linked) of pairs whose relation is a straight line."""
    rng = np.random.default_rng([seed, 100])
    found = []
    for _ in range(PAIRS_OF_A_RUN):
        x = rng.normal(size=PAIR_ROWS)
        y = rng.uniform(0.3, 2.0) * x + rng.normal(size=PAIR_ROWS)
        edge = edges_of(np.column_stack([x, y]), **options)
        found.append(edge[0, 1] / (edge[0, 1] + edge[1, 0]))
    return found


def sachs(file: Path, prior: dict[str, Any]) -> dict[str, Any]:
    """Return the expected SHD of every model from the consensus network, and the seconds of the fit."""
    table = np.log(pd.read_csv(file))
    names = list(table.columns)
    graph = np.zeros((len(names), len(names)), dtype=bool)
    for arrow in CONSENSUS.split():
        source, target = (names.index(name) for name in arrow.split(">"))
        graph[source, target] = True
    found = {}
    for model, options in MODELS.items():
        start = time.perf_counter()
        found[model] = figures(edges_of(table.to_numpy(), **options, **prior), graph)
        found[model]["seconds"] = time.perf_counter() - start
    return found


def plan(options: argparse.Namespace) -> list[Parameters]:
    """Return the parameters of all runs."""
    tables = 1 if options.smoke else options.tables
    planned: list[Parameters] = [
        {"truth": truth, "prior": prior, "seed": seed}
        for truth, priors in TABLES.items()
        for prior in priors
        for seed in range(tables)
    ]
    runs = 1 if options.smoke else PAIRS // PAIRS_OF_A_RUN
    planned += [{"truth": "pairs", "prior": "uniform", "seed": seed} for seed in range(runs)]
    planned += [{"truth": "sachs", "prior": prior, "seed": 0} for prior in PRIORS if options.sachs]
    return planned


def table_of(records: list[Record]) -> pd.DataFrame:
    """Return a line for each kind of table, prior and model: medians or means over the tables, as the names say."""
    rows = []
    parts: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for record in records:
        if "error" not in record and record["parameters"]["truth"] != "pairs":
            key = record["parameters"]["truth"], record["parameters"]["prior"]
            parts.setdefault(key, []).append(record["result"])
    for (truth, prior), results in parts.items():
        for model in MODELS:
            found = pd.DataFrame([result[model] for result in results])
            row = {
                "table": truth,
                "prior": prior,
                "model": model,
                "AUROC (median)": found["auroc"].median(),
                "log loss (mean)": found["log_loss"].mean(),
                "E-SHD (mean)": found["expected_shd"].mean(),
                "E-SHD of the skeleton": found["skeleton_shd"].mean(),
                "tables": len(found),
            }
            if len(found) > 1:
                row["standard error of E-SHD"] = found["expected_shd"].sem()
            if "seconds" in found:
                row["seconds"] = found["seconds"].mean()
            rows.append(row)
    return pd.DataFrame(rows)


def pairs_of(records: list[Record]) -> pd.DataFrame:
    """Return for each model how many linear pairs it calls certain, and how often it is right."""
    rows = []
    results = [r["result"] for r in records if "error" not in r and r["parameters"]["truth"] == "pairs"]
    for model in MODELS if results else ():
        true = np.concatenate([result[model] for result in results])
        certain = np.maximum(true, 1.0 - true)
        row: dict[str, Any] = {"model": model, "pairs": len(true), "mean certainty": certain.mean()}
        for least in (0.6, 0.75, 0.9):
            said = certain >= least - 1e-9
            row[f"certain {least:g}"] = int(said.sum())
            row[f"right of {least:g}"] = float((true[said] > 0.5).mean()) if said.any() else np.nan
        rows.append(row)
    return pd.DataFrame(rows)


def write(planned: list[Parameters], records: list[Record], out: Path) -> None:
    """Print and write the tables of the runs that there are."""
    sections = []
    for title, name, table in (
        ("Simulated tables", "tables.csv", table_of(records)),
        ("Directions of 200 straight lines", "pairs.csv", pairs_of(records)),
    ):
        if len(table):
            write_csv(table, out / name)
            shown = table.copy()
            for column in shown.select_dtypes("float"):
                shown[column] = shown[column].map(lambda value: "" if np.isnan(value) else f"{value:.3f}")
            sections.append((title, shown))
    write_page(out / "tables.md", "Curves and straight lines", sections, records, [])


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", type=int, default=20, help="tables of each kind")
    parser.add_argument("--sachs", type=Path, help="CSV file of the first condition of the protein table")
    add_run_options(parser, OUT)
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    carry_out(options, OUT, plan(options), partial(_run, str(options.sachs or "")), write)


def _run(file: str, truth: str, prior: str, seed: int) -> dict[str, Any]:
    return run(truth, prior, seed, file)


if __name__ == "__main__":
    main()
