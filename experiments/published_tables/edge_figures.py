"""How near edge probabilities are to a true graph, in the ways in which it is published."""

import numpy as np

from dag_gfn.exact.dag_dp import exact_marginals
from dag_gfn.posterior.metrics import auroc
from dag_gfn.scores import ScoreTable

_LEAST = 1e-300  # a probability below is taken for this one in logarithms


def edge_figures(edge: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Return areas, expected distances, and the log-probability of the true edges.

    Parameters
    ----------
    edge : ndarray, shape (d, d), float
        Probability of i -> j in row i, column j.
    truth : ndarray, shape (d, d), bool

    Returns
    -------
    dict
        `auroc` over ordered pairs and `auroc_with_diagonal` over all d² entries; `expected_shd` where a reversed edge
        counts once and `expected_shd_twice` where it counts twice; `expected_skeleton_shd`; `edge_log_probability`,
        Σ log P(entry) as if edges were independent, in nats; `expected_edges`.
    """
    off = ~np.eye(len(truth), dtype=bool)
    upper = np.triu_indices(len(truth), 1)
    linked, link = (truth | truth.T)[upper], (edge + edge.T)[upper]
    right = np.where(truth[upper], edge[upper], edge.T[upper])
    entry = np.where(truth, edge, 1.0 - edge)[off]
    return {
        "auroc": auroc(edge, truth),
        "auroc_with_diagonal": auroc(edge, truth, include_diagonal=True),
        "expected_shd": float(np.where(linked, 1.0 - right, link).sum()),
        "expected_shd_twice": float(np.abs(edge - truth)[off].sum()),
        "expected_skeleton_shd": float(np.where(linked, 1.0 - link, link).sum()),
        "edge_log_probability": float(np.log(entry.clip(_LEAST, 1.0)).sum()),
        "expected_edges": float(edge[off].sum()),
    }


def exact_figures(table: ScoreTable, truth: np.ndarray) -> dict[str, float]:
    """Return `edge_figures` of the exact posterior, and log P(true graph | data)."""
    exact = exact_marginals(table)
    found = edge_figures(exact.edge, truth)
    found["graph_log_probability"] = float(table.log_reward_of(truth[None])[0] - exact.log_evidence)
    return found
