"""One fit within a time budget, and how far it is from the exact posterior."""

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

import numpy as np
import torch
from gflownet_run import UNLIMITED

import dag_gfn
from dag_gfn.posterior.metrics import auroc, expected_shd, max_error, rmse

MAX_EXACT = 20


@dataclass(frozen=True)
class Simulated:
    """A linear-Gaussian sample of an Erdős-Rényi graph."""

    nodes: int
    rows: int = 100
    edges_per_node: int = 1
    noise_variance: float = 0.1
    score: str = "bge"
    prior: str = "uniform"


SIMULATED = {
    "d5": Simulated(5),
    "d5_nv001": Simulated(5, noise_variance=0.01),
    "d5_linear_gaussian": Simulated(5, score="linear_gaussian"),
    "d10": Simulated(10),
    "d15": Simulated(15, edges_per_node=2),
    "d15_n1000": Simulated(15, rows=1000, edges_per_node=2),
    "d20": Simulated(20, edges_per_node=2),
    "d30": Simulated(30, edges_per_node=2),
    "d30_erdos_renyi": Simulated(30, edges_per_node=2, prior="erdos_renyi"),
    "d30_n1000": Simulated(30, rows=1000, edges_per_node=2, prior="erdos_renyi"),
    "d50": Simulated(50, edges_per_node=2),
    "d50_erdos_renyi": Simulated(50, edges_per_node=2, prior="erdos_renyi"),
}
MEASURED = {
    "wine": ("wine", 13, 178),
    "wine_n32": ("wine", 11, 32),
    "diabetes": ("diabetes", 10, 442),
    "breast_cancer_10": ("breast_cancer", 10, 569),
    "breast_cancer_11_n32": ("breast_cancer", 11, 32),
    "breast_cancer_20": ("breast_cancer", 20, 569),
    "breast_cancer": ("breast_cancer", 30, 569),
}
"""Example, number of its columns, the first ones, and of its rows, spread evenly; z-scored."""
NETWORKS = ("asia", "sachs", "child", "alarm")
"""Examples of which a seed is a sample of 1,000 rows, discrete."""

FIT_OPTIONS = {
    "layers": {"method": "gflownet", "environment": "layers", "iterations": UNLIMITED},
    "edges": {"method": "gflownet", "environment": "edges", "iterations": UNLIMITED},
    "mcmc": {"method": "mcmc", "iterations": 10**12},
}

AGAINST_EXACT = ("jsd", "edge_max_error", "edge_rmse", "path_rmse", "log_evidence_gap")
RAW_AND_REWEIGHTED = [
    f"{kind}_{error}" for error in ("edge_max_error", "edge_rmse") for kind in ("raw", "reweighted")
]
AGAINST_TRUTH = ("expected_shd", "auroc", "auroc_with_diagonal")
DIAGNOSTICS = (
    *("iterations", "ess", "pareto_k", "estimate", "log_z_lower", "log_z_upper", "log_z_with_chains"),
    *("log_z_with_chains_standard_error", "share_of_chains", "pooled_effective_samples"),
    *("covered", "max_r_hat", "min_effective_draws", "converged"),
    *("log_z_shift", "log_z_shift_standard_error", "corrected_effective_samples", "corrected_pareto_k"),
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
        return sample, {"standardize": False, "score": case.score, "prior": case.prior, **known}
    if data in MEASURED:
        example, columns, rows = MEASURED[data]
        table = dag_gfn.load_example(example).to_frame()
        chosen = np.arange(rows) * len(table) // rows
        return dag_gfn.from_frame(table.iloc[chosen, :columns]), {}
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
    guides = posterior.info["timing"].get("guide_seconds", 0.0)
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
    """Return the errors of what the sampler has learned, and of draws as their weights correct them."""
    info, sampler = posterior.info, posterior.sampler
    corrected = posterior.marginal("edge").values
    if info["diagnostics"]["estimate"] != "reweighted":
        drawn = sampler.layerings(info["diagnostics"]["num_samples"], seed=info["seed"] + 1)
        corrected = drawn.edges(sampler.weights, drawn.smoothed()[0]).values
    exact = np.array(info["exact_edges"])
    of_edges = {"raw": np.array(info["edges_raw"]["probability"]), "reweighted": corrected}
    figures = {f"{kind}_edge_max_error": max_error(edge, exact) for kind, edge in of_edges.items()}
    figures |= {f"{kind}_edge_rmse": rmse(edge, exact) for kind, edge in of_edges.items()}
    return figures


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
