"""How far GFlowNets and partition MCMC are from the exact posterior after so many seconds.

Each budget is a run of its own, since schedules follow the budget: a curve through them is what a user gets who asks
for that time. Data are simulated (Erdős-Rényi graphs, raw), examples of the package, or a CSV file; scored by BGe
(BDeu where discrete) under the uniform prior. Up to 20 columns errors are against the exact posterior, and where the
true graph is known edge probabilities are held against it, too.

    python experiments/time_to_accuracy.py --data d10,wine --methods layers,mcmc --seconds 10,60,300 --seeds 0,1,2
    python experiments/time_to_accuracy.py --data d50 --methods layers --seconds 600 --train-seeds 0,1
    python experiments/time_to_accuracy.py --data sales.csv --raw --seconds 60 --table-only
"""

import argparse
import os
import resource
import sys
import time
import warnings
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from curves import SMALLEST, log_axes, save
from gflownet_run import UNLIMITED
from methods import Look
from options import add_run_options, names, require_known, seeds
from runs import Parameters, Record, carry_out
from scipy.special import softmax
from summaries import decimal, runs_done, scientific, summarise, write_csv, write_page

import dag_gfn
from dag_gfn.exact.enumeration import enumerate_dags
from dag_gfn.graph import adjacency_from_masks
from dag_gfn.metrics import auroc, expected_shd, jensen_shannon_divergence, max_error, rmse

OUT = Path("experiments/results/time_to_accuracy")
MAX_EXACT, MAX_ENUMERATED = 20, 5


@dataclass(frozen=True)
class Simulated:
    """A linear-Gaussian sample of an Erdős-Rényi graph."""

    nodes: int
    rows: int = 100
    edges_per_node: int = 1
    noise_variance: float = 0.1
    score: str = "bge"


SIMULATED = {
    "d5": Simulated(5),
    "d5_nv001": Simulated(5, noise_variance=0.01),
    "d5_linear_gaussian": Simulated(5, score="linear_gaussian"),
    "d10": Simulated(10),
    "d15": Simulated(15, edges_per_node=2),
    "d15_n1000": Simulated(15, rows=1000, edges_per_node=2),
    "d20": Simulated(20, edges_per_node=2),
    "d50": Simulated(50, edges_per_node=2),
}
MEASURED = {
    "wine": ("wine", 13),
    "diabetes": ("diabetes", 10),
    "breast_cancer_10": ("breast_cancer", 10),
    "breast_cancer_20": ("breast_cancer", 20),
}
"""Example and number of its first columns; z-scored. All but wine (178) have more than 400 rows."""
NETWORKS = ("asia", "sachs", "child", "alarm")
"""Examples of which a seed is a sample of 1,000 rows, discrete."""

METHODS = {
    "layers": Look("GFlowNet, root layers", "#008DF9", "o"),
    "edges": Look("GFlowNet, edges", "#E20134", "s"),
    "mcmc": Look("partition MCMC", "#555555", "^"),
}
FIT_OPTIONS = {
    "layers": {"method": "gflownet", "environment": "layers", "iterations": UNLIMITED},
    "edges": {"method": "gflownet", "environment": "edges", "iterations": UNLIMITED},
    "mcmc": {"method": "mcmc", "iterations": 10**12},
}

SETTING = ("data", "method", "seconds")
AGAINST_EXACT = ("jsd", "edge_max_error", "edge_rmse", "path_rmse", "log_evidence_gap")
RAW_AND_REWEIGHTED = [
    f"{kind}_{error}" for error in ("edge_max_error", "edge_rmse") for kind in ("raw", "reweighted")
]
AGAINST_TRUTH = ("expected_shd", "auroc", "auroc_with_diagonal")
DIAGNOSTICS = (
    *("iterations", "ess", "pareto_k", "reweighted", "log_z_lower", "log_z_upper", "log_z_from_chains"),
    *("covered", "max_r_hat", "min_effective_draws"),
)
FIGURES = (
    *("used_seconds", "training_seconds", "fit_seconds", "peak_memory_mb", "load_at_end"),
    *AGAINST_EXACT,
    *RAW_AND_REWEIGHTED,
    *AGAINST_TRUTH,
    *(f"exact_{figure}" for figure in AGAINST_TRUTH),
    *("log_evidence", "exact_log_evidence"),
    *DIAGNOSTICS,
)


def load(data: str, seed: int, raw: bool = False) -> tuple[dag_gfn.Dataset, dict[str, Any]]:
    """Return a data set and the options of `dag_gfn.fit` that go with it."""
    if data in SIMULATED:
        case = SIMULATED[data]
        sample = dag_gfn.simulate(
            case.nodes,
            case.rows,
            rng=np.random.default_rng(seed),
            edges_per_node=case.edges_per_node,
            noise_variance=case.noise_variance,
        )
        known = {"noise_variance": case.noise_variance} if case.score == "linear_gaussian" else {}
        return sample, {"standardize": False, "score": case.score, **known}
    if data in MEASURED:
        example, columns = MEASURED[data]
        return dag_gfn.from_frame(dag_gfn.load_example(example).to_frame().iloc[:, :columns]), {}
    if data in NETWORKS:
        return dag_gfn.load_example(data, seed=seed), {}
    return dag_gfn.read_csv(data), {"standardize": False} if raw else {}


@cache
def prepare(method: str) -> None:
    """Fit four columns, so that no run's time has compilation and loading in it; tensors are too small for threads."""
    torch.set_num_threads(1)
    small = dag_gfn.simulate(4, 50, rng=np.random.default_rng(0))
    brief = {"time_budget": 0.2, "num_samples": 100}
    dag_gfn.fit(small, **FIT_OPTIONS[method], **brief, exact_check=True, progress=False)


class Stopwatch:
    """Tells how long a fit took without the exact posterior, which comes before training and is no part of it."""

    def __init__(self):
        self.began: float | None = None

    def __call__(self, report: Any) -> None:
        """Be told how training, or the chains, go."""
        if self.began is None:
            self.began = time.perf_counter() - report.seconds

    def seconds(self) -> float | None:
        """Return the time since training began."""
        return None if self.began is None else time.perf_counter() - self.began


def forget_peak_memory() -> None:
    """Let the peak of this process's memory begin anew, where Linux allows it."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_memory_mb() -> float:
    """Return the largest memory that this process has held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def run(
    data: str, method: str, seconds: float, num_samples: int, seed: int, train_seed: int, raw: bool = False
) -> dict[str, Any]:
    """Fit once and return what is recorded; `seed` is of the data."""
    dataset, options = load(data, seed, raw)
    options |= {**FIT_OPTIONS[method], "seed": train_seed, "time_budget": seconds, "num_samples": num_samples}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # how far from convergence is what is measured
        prepare(method)
        forget_peak_memory()
        watch = Stopwatch()
        try:
            posterior = dag_gfn.fit(dataset, **options, exact_check=dataset.d <= MAX_EXACT, progress=watch)
        except dag_gfn.NotTractable:  # said before training begins
            posterior = dag_gfn.fit(dataset, **options, exact_check=False, progress=watch)
    trained_and_sampled = watch.seconds()
    if posterior.info["interrupted"]:
        raise KeyboardInterrupt
    guides = posterior.info["diagnostics"].get("guide_seconds", 0.0)
    return {
        "used_seconds": None if trained_and_sampled is None else trained_and_sampled + guides,
        "peak_memory_mb": peak_memory_mb(),
        "load_at_end": os.getloadavg()[0],
        **report(posterior),
        **({} if dataset.true_graph is None else against_truth(posterior, dataset.true_graph)),
    }


def report(posterior: dag_gfn.GraphPosterior) -> dict[str, Any]:
    """Return the time that a fit took, what it says of itself, and how far it is from the exact posterior."""
    info = posterior.info
    timing, diagnostics, check = info["timing"], info["diagnostics"], info.get("exact_check", {})
    return {
        "training_seconds": timing.get("training_seconds", timing.get("sampling_seconds")),
        "fit_seconds": timing["total_seconds"],
        "log_evidence": posterior.log_evidence,
        "exact_log_evidence": check.get("log_evidence"),
        **{name: diagnostics[name] for name in DIAGNOSTICS if name in diagnostics},
        **{name: check[name] for name in AGAINST_EXACT if name in check},
        **(layers_report(posterior) if info["environment"] == "layers" and check else {}),
    }


def layers_report(posterior: dag_gfn.GraphPosterior) -> dict[str, float]:
    """Return the errors of draws as they come and as their weights correct them, and the sampler's divergence."""
    info, sampler = posterior.info, posterior.sampler
    corrected = posterior.marginal("edge").values
    if not info["diagnostics"]["reweighted"]:
        drawn = sampler.layerings(info["diagnostics"]["num_samples"], seed=info["seed"] + 1)
        corrected = drawn.edges(sampler.weights, drawn.smoothed()[0]).values
    exact = np.array(info["exact_edges"])
    of_edges = {"raw": np.array(info["edges_raw"]["probability"]), "reweighted": corrected}
    figures = {f"{kind}_edge_max_error": max_error(edge, exact) for kind, edge in of_edges.items()}
    figures |= {f"{kind}_edge_rmse": rmse(edge, exact) for kind, edge in of_edges.items()}
    if len(exact) <= MAX_ENUMERATED:
        figures["jsd"] = divergence(sampler)
    return figures


def divergence(sampler: Any) -> float:
    """Return the divergence from the posterior, over all DAGs, of what a sampler of few nodes draws, in nats."""
    masks = enumerate_dags(sampler.table.d).astype(np.int64)
    log_rewards = sampler.table.log_reward(masks)
    log_own, _ = sampler.log_probability(adjacency_from_masks(masks, sampler.table.d))
    return jensen_shannon_divergence(np.exp(log_own), softmax(log_rewards))


def against_truth(posterior: dag_gfn.GraphPosterior, truth: np.ndarray) -> dict[str, float]:
    """Return how well the edges of the true graph are found; and by the exact posterior, where it is known.

    ``truth[i, j]`` is True for i -> j (row -> column).
    """
    edge = posterior.marginal("edge").values
    figures = {
        "expected_shd": expected_shd(posterior, truth),
        "auroc": auroc(edge, truth),
        "auroc_with_diagonal": auroc(edge, truth, include_diagonal=True),
    }
    exact = posterior.info.get("exact_edges")
    if exact is not None:
        marginal = dag_gfn.Marginal(np.array(exact), "exact")
        alike = replace(posterior, marginals={"edge": marginal}, info={})
        figures |= {f"exact_{name}": value for name, value in against_truth(alike, truth).items()}
    return figures


def plan(options: argparse.Namespace) -> list[Parameters]:
    """Return the parameters of all runs, seed by seed; of data that no seed draws there is one."""
    return [
        {
            "data": data,
            "method": method,
            "seconds": seconds,
            "num_samples": options.num_samples,
            "seed": seed,
            "train_seed": train_seed,
            **({"raw": options.raw} if is_file(data) else {}),
        }
        for place, seed in enumerate(options.seeds)
        for train_seed in options.train_seeds
        for data in options.data
        for seconds in options.seconds
        for method in options.methods
        if place == 0 or not (data in MEASURED or is_file(data))
    ]


def is_file(data: str) -> bool:
    """Return whether the name is that of a CSV file."""
    return data not in (*SIMULATED, *MEASURED, *NETWORKS)


def shown(table: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Return the titled tables of medians that people read, as strings."""
    setting = {
        "data": table["data"],
        "method": [METHODS[name].title for name in table["method"]],
        "seconds": table["seconds"].map("{:g}".format),
    }

    def medians(columns: dict[str, str], number=scientific) -> dict[str, pd.Series]:
        return {title: table[f"{figure}_median"].map(number) for title, figure in columns.items()}

    accuracy = {
        "runs": table.apply(runs_done, axis=1),
        **medians({"used": "used_seconds"}, seconds_text),
        **medians({"JSD": "jsd", "largest edge error": "edge_max_error"}),
        **medians({"raw": "raw_edge_max_error", "reweighted": "reweighted_edge_max_error"}),
        **medians({"edge RMSE": "edge_rmse", "path RMSE": "path_rmse"}),
    }
    diagnostics = {
        **medians({"training": "training_seconds", "whole fit": "fit_seconds"}, seconds_text),
        **medians({"iterations": "iterations", "memory, MB": "peak_memory_mb"}, whole),
        **medians({"evidence gap": "log_evidence_gap"}),
        **medians({"ESS": "ess", "k̂": "pareto_k", "R-hat": "max_r_hat"}, decimal),
    }
    sections = [
        ("Accuracy, medians over seeds", pd.DataFrame({**setting, **accuracy})),
        ("Diagnostics, medians over seeds", pd.DataFrame({**setting, **diagnostics})),
    ]
    truth = {"E-SHD": "expected_shd", "AUROC": "auroc", "AUROC with the diagonal": "auroc_with_diagonal"}
    truth |= {f"{title}, exact": f"exact_{figure}" for title, figure in truth.items()}
    against = pd.DataFrame({**setting, **medians(truth, decimal)})[table["expected_shd"].notna()]
    return [*sections, ("Against the true graph, medians over seeds", against)] if len(against) else sections


def evidence(planned: list[Parameters], records: list[Record]) -> pd.DataFrame:
    """Return log evidence by training seed: where runs on the same data differ, one of them has lost a mode."""
    table = summarise(planned, records, by=("data", "seed", "method", "seconds"), figures=("log_evidence",))
    table = table[table["log_evidence_values"].map(len) > 1]
    values = table["log_evidence_values"]
    return table[["data", "seed", "method", "seconds"]].assign(
        **{
            "log evidence by training seed": [" ".join(f"{v:.2f}" for v in row) for row in values],
            "range": [f"{max(row) - min(row):.3f}" for row in values],
        }
    )


def whole(value: float) -> str:
    """Return a number without decimals, or a sign that it is missing."""
    return "-" if pd.isna(value) else f"{value:,.0f}"


def seconds_text(value: float) -> str:
    """Return seconds to a tenth, or a sign that they are missing."""
    return "-" if pd.isna(value) else f"{value:.1f}"


def draw(table: pd.DataFrame, file: Path) -> Path:
    """Draw the median error against the median seconds, a line for each method and a panel for each data set.

    The error is the largest of an edge probability; where there is no exact posterior, the expected structural Hamming
    distance from the true graph.
    """
    figures = {"edge_max_error": "largest edge error", "expected_shd": "E-SHD from the true graph"}
    panels = [
        (data, rows, known[0])
        for data, rows in table.groupby("data", sort=False)
        if (known := [figure for figure in figures if rows[figure].notna().any()])
    ]
    figure, grid = plt.subplots(
        1,
        max(len(panels), 1),
        figsize=(5.5 * max(len(panels), 1) + 1, 6),
        layout="constrained",
        squeeze=False,
    )
    for axes, (data, rows, error) in zip(grid[0], panels, strict=False):
        for method, line in rows.sort_values("seconds").groupby("method"):
            look = METHODS[method]
            points = [
                (seconds, max(value, SMALLEST))
                for seconds, values in zip(line["used_seconds_median"], line[f"{error}_values"], strict=True)
                for value in values
            ]
            if points:
                axes.plot(*zip(*points, strict=True), look.marker, color=look.colour, alpha=0.35)
            axes.plot(
                line["used_seconds_median"],
                line[f"{error}_median"].clip(lower=SMALLEST),
                color=look.colour,
                marker=look.marker,
                linewidth=2,
                label=look.title,
            )
        log_axes(axes, "seconds")
        axes.set_xlabel("seconds of training and drawing")
        axes.set_title(Path(data).stem)
        axes.set_ylabel(figures[error])
    if panels:
        unique = {
            label: handle
            for axes in grid[0]
            for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
        }
        figure.legend(unique.values(), unique.keys(), loc="outside lower center", ncols=len(unique))
    return save(figure, file)


def write(planned: list[Parameters], records: list[Record], out: Path) -> None:
    """Print and write the tables and the figure of the runs that there are."""
    table = summarise(planned, records, by=SETTING, figures=FIGURES)
    write_csv(table, out / "accuracy.csv")
    sections = shown(table)
    of_evidence = evidence(planned, records)
    if len(of_evidence):
        sections.append(("Log evidence, training by training", of_evidence))
    done = any("error" not in record for record in records)
    figures = [draw(table, out / "error_seconds.png")] if done else []
    write_page(out / "tables.md", "Error against seconds", sections, records, figures)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    known = [*SIMULATED, *MEASURED, *NETWORKS]
    parser.add_argument(
        "--data",
        type=names,
        default=["d5", "d10", "wine", "d15"],
        help=f"CSV files, or of {', '.join(known)}",
    )
    parser.add_argument("--raw", action="store_true", help="take a CSV file's columns as they are")
    parser.add_argument("--methods", type=names, default=list(METHODS), help="layers,edges,mcmc or of them")
    parser.add_argument("--seeds", type=seeds, default=[0, 1, 2], help="of the data: 0,1,2 or how many")
    parser.add_argument("--train-seeds", type=seeds, default=[0], help="of training: 0,1 or how many")
    parser.add_argument("--num-samples", type=int, default=20_000, help="graphs that a fit draws in the end")
    add_run_options(parser, OUT, several_budgets=True)
    options = parser.parse_args(arguments)
    if options.smoke:
        options.data, options.seeds, options.seconds, options.num_samples = ["d5"], [0], [0.5], 200
    files = [data for data in options.data if is_file(data) and Path(data).is_file()]
    require_known(parser, "--data", [data for data in options.data if data not in files], known)
    require_known(parser, "--methods", options.methods, list(METHODS))
    return options


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    carry_out(options, OUT, plan(options), run, write)


if __name__ == "__main__":
    main()
