"""One timed training of a GFlowNet on simulated data, and what is recorded of it."""

import warnings
from typing import Any

import numpy as np

import dag_gfn

UNLIMITED = 10**7
"""Iterations that no time here allows, so that the clock ends training and the schedules follow it."""
MONITOR_EVERY = 0.04
"""Share of training between points of a curve: at d = 5 one takes about as long as ten gradient steps."""

FEATURES = ("edge", "path", "markov_blanket")


def simulated(nodes: int, seed: int, noise_variance: float) -> dag_gfn.Dataset:
    """Return 100 rows of an Erdős-Rényi network with one expected edge per node, and weights of N(0, 1)."""
    return dag_gfn.simulate(nodes, 100, rng=np.random.default_rng(seed), noise_variance=noise_variance)


def train(
    data: dag_gfn.Dataset,
    *,
    objective: str,
    behaviour: str,
    seed: int,
    seconds: float,
    score: str = "bge",
    noise_variance: float | None = None,
) -> dag_gfn.GraphPosterior:
    """Return what a GFlowNet that adds edges has learned of the raw data's posterior in the given seconds.

    Published objectives are compared as they were published, over edges.

    Raises
    ------
    KeyboardInterrupt
        If Ctrl-C ended training, which then would not be the run that was asked for.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # how far from convergence is what is measured
        posterior = dag_gfn.fit(
            data,
            method="gflownet",
            environment="edges",
            score=score,
            noise_variance=noise_variance,
            objective=objective,
            behaviour=behaviour,
            standardize=False,
            seed=seed,
            iterations=UNLIMITED,
            time_budget=seconds,
            train_options={"monitor_every": MONITOR_EVERY},
            progress=False,
        )
    if posterior.info["interrupted"]:
        raise KeyboardInterrupt
    return posterior


def exact(data: dag_gfn.Dataset) -> dag_gfn.GraphPosterior:
    """Return the exact BGe posterior of the raw data."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return dag_gfn.fit(data, method="exact", standardize=False, progress=False)


def report(posterior: dag_gfn.GraphPosterior) -> dict[str, Any]:
    """Return how near the exact posterior a run came, and how it went there."""
    info = posterior.info
    history = info["training"]["history"]
    return {
        "iterations": info["diagnostics"]["iterations"],
        "training_seconds": info["timing"]["training_seconds"],
        "ess": info["diagnostics"]["ess"],
        **info["exact_check"],
        "history": {
            "iteration": [at["iteration"] for at in history],
            "seconds": info["timing"]["history_seconds"],
            "loss": [at["loss"] for at in history],
            "jsd": [at["jsd"] for at in history],
        },
    }
