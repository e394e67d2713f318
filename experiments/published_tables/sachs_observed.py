"""The observed rows of the protein table (Sachs et al., Science 308, 2005) against networks that others have agreed on.

The first condition alone, and the first two together; logarithms, or as measured; z-scores. The truth is the 17 edges
that Sachs et al. expected, or the 20-edge graph of the collection cmu-phil/example-causal-datasets: three edges more,
and PIP3 -> Plcg the other way round. A reversed edge counts once or twice; skeletons and CPDAGs are compared, too.
DAGs for the latter are drawn from the exact posterior. The files are those that `sachs.py` reads.
"""

from pathlib import Path
from typing import Any

import numpy as np
from sachs import CONSENSUS, read_experiments

import dag_gfn
from dag_gfn.data import LinearGaussianSimulator
from dag_gfn.exact.reference import exact_reference
from dag_gfn.graphs.graph import cpdag
from dag_gfn.scores import ScoreTable, make_prior, make_score
from published_tables.edge_figures import edge_figures

KEYS = ("conditions", "scale", "true_edges", "prior")
LATER = CONSENSUS.replace("Plcg>PIP3", "PIP3>Plcg") + " PIP3>Akt PIP2>PKC Plcg>PKC"
DRAWS = 2000
SOURCE = "Giudice, Kuipers and Moffa, NeurIPS 2023: first condition, 17 edges"
PUBLISHED = [
    ("GP networks (32 hours)", "expected_shd_twice", 14.5),
    ("GP networks (32 hours)", "expected_skeleton_shd", 9.8),
    ("BGe, partition MCMC", "expected_shd_twice", 15.9),
    ("BGe, partition MCMC", "expected_skeleton_shd", 11.3),
]
"""Method, what, figure."""


def plan(tables: int, smoke: bool) -> list[dict[str, Any]]:
    """Return what is to be done."""
    return [
        {"conditions": conditions, "scale": scale, "true_edges": edges, "prior": prior}
        for conditions in ((1,) if smoke else (1, 2))
        for scale in (("logarithms",) if smoke else ("logarithms", "as measured"))
        for edges in (17, 20)
        for prior in ("uniform", "fair")
    ]


def graph_of(edges: str, names: list[str]) -> np.ndarray:
    """Return edges such as ``PKC>PKA`` as a matrix."""
    graph = np.zeros((len(names), len(names)), dtype=bool)
    for edge in edges.split():
        source, target = edge.split(">")
        graph[names.index(source), names.index(target)] = True
    return graph


def rows_of(conditions: int, scale: str, folder: Path | None, smoke: bool) -> tuple[np.ndarray, list[str]]:
    """Return the table and its columns; a smoke run has normal data of the 17 edges."""
    if smoke:
        names = sorted({protein for edge in CONSENSUS.split() for protein in edge.split(">")})
        rng = np.random.default_rng(0)
        network = LinearGaussianSimulator.random(graph_of(CONSENSUS, names), rng=rng)
        return network.sample(100, rng=rng).values, names
    if folder is None:
        raise SystemExit("the protein table is needed: give the folder of its files with --sachs")
    every = read_experiments(folder)
    rows = every[every["experiment"] <= conditions].drop(columns="experiment")
    return (np.log(rows) if scale == "logarithms" else rows).to_numpy(float), list(rows.columns)


def run(
    conditions: int, scale: str, true_edges: int, prior: str, sachs: Path | None = None, smoke: bool = False
) -> dict[str, float]:
    """Return the figures of the exact posterior with BGe, and what it says of Erk and Akt."""
    values, names = rows_of(conditions, scale, sachs, smoke)
    values = (values - values.mean(axis=0)) / values.std(axis=0)
    truth = graph_of(CONSENSUS if true_edges == 17 else LATER, names)
    table = ScoreTable.build(
        make_score("bge", dag_gfn.from_array(values, names)), make_prior(prior, len(names))
    )
    exact = exact_reference(table)
    edge, draws = exact.features["edge"], exact.draw(DRAWS, np.random.default_rng(0))
    upper = np.triu_indices(len(names), 1)
    found, true = cpdag(draws), cpdag(truth)
    differs = (found != true) | (found.transpose(0, 2, 1) != true.T)
    erk, akt = names.index("Erk"), names.index("Akt")
    return {
        **edge_figures(edge, truth),
        "expected_cpdag_shd": float(differs[:, upper[0], upper[1]].sum(axis=1).mean()),
        "graph_log_probability": float(table.log_reward_of(truth[None])[0] - exact.log_evidence),
        "erk_to_akt": float(edge[erk, akt]),
        "akt_to_erk": float(edge[akt, erk]),
    }
