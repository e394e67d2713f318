"""20 columns, 100 rows, two edges for each column: the simulations of DAG-GFlowNet.

Erdős-Rényi graphs with 40 expected edges, weights N(0, 1), BGe with its defaults. Code bases differ in whether 0.1 is
the variance of the noise or its standard deviation, so both are tried: the same data on another scale. Raw data under
the uniform and the fair prior, and z-scores, which have no scale, under the fair one. BGe's prior is not scale free,
and takes weak noise of raw data for a sign of many edges. The published figures are medians over 25 tables, areas over
all d² entries; a reversed edge counts once.
"""

from typing import Any

import numpy as np

import dag_gfn
from dag_gfn.scores import ScoreTable, make_prior, make_score
from published_tables.edge_figures import exact_figures

KEYS = ("noise_variance", "scale", "prior", "seed")
SIZE = (20, 100)
SMOKE = (6, 100)
SOURCE = (
    "Deleu et al., UAI 2022, figure 4: the best area is of bootstrapped GES, the best distance of BCD Nets"
)
PUBLISHED = [
    ("DAG-GFlowNet", "expected_shd", 32.5),
    ("DAG-GFlowNet", "auroc_with_diagonal", 0.813),
    ("bootstrap GES", "auroc_with_diagonal", 0.894),
    ("BCD Nets", "expected_shd", 23.4),
]
"""Method, what, figure; medians over 25 tables."""


def plan(tables: int, smoke: bool) -> list[dict[str, Any]]:
    """Return what is to be done, the same seeds of all kinds side by side."""
    kinds = [(0.01, "raw", "uniform"), (0.1, "raw", "uniform"), (0.01, "raw", "fair"), (0.1, "raw", "fair")]
    kinds += [(0.1, "z-scores", "fair")]
    return [
        {"noise_variance": variance, "scale": scale, "prior": prior, "seed": seed}
        for seed in range(tables)
        for variance, scale, prior in (kinds[-2:] if smoke else kinds)
    ]


def run(noise_variance: float, scale: str, prior: str, seed: int, smoke: bool = False) -> dict[str, float]:
    """Return the figures of the exact posterior of one table."""
    d, n = SMOKE if smoke else SIZE
    data = dag_gfn.simulate(
        d, n, edges_per_node=2.0, noise_variance=noise_variance, rng=np.random.default_rng(seed)
    )
    values = data.values
    if scale == "z-scores":
        values = (values - values.mean(axis=0)) / values.std(axis=0)
    score = make_score("bge", dag_gfn.from_array(values))
    return exact_figures(ScoreTable.build(score, make_prior(prior, d)), data.true_graph)
