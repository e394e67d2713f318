"""20 columns, 1,000 rows, straight lines between them, 20, 40 or 60 edges: the table of amortised causal discovery.

As in the authors' files (repository Anish144/CausalStructureNeuralProcess, `functions_generator.py`): exactly so many
of the 190 pairs are linked, in a random order of the columns; a column without causes is N(0, 1); any other is a sum
of its *standardised* causes with weights N(0, 10²) and noise whose standard deviation is Gamma(shape 2.5, scale 2.5).
The whole table is standardised. Their areas are over all d² entries, and their expected SHD counts a reversed edge
twice. They have 25 tables for each number of edges.

The file has several versions. In some, which are simulated here as "other version", a column with exactly one cause is
drawn as N(0, 1) without it, so that these edges cannot be found, and the noise has a standard deviation of its own,
Gamma(shape 1.5, scale 2.5), in each row. Which one made the published figures is not said.
"""

from typing import Any

import numpy as np

import dag_gfn
from dag_gfn.graphs.graph import topological_order
from dag_gfn.scores import ScoreTable, make_prior, make_score
from published_tables.edge_figures import exact_figures

KEYS = ("generator", "edges", "prior", "seed")
GENERATORS = ("as described", "other version")
SIZE = (20, 1000)
SMOKE = (6, 200)
SOURCE = "authors' files of BCNP (Dhir, Ashman, Requeima and van der Wilk, ICLR 2025)"
PUBLISHED = [
    ("BCNP", 20, "auroc_with_diagonal", 0.897),
    ("BCNP", 40, "auroc_with_diagonal", 0.887),
    ("BCNP", 60, "auroc_with_diagonal", 0.850),
    ("AVICI", 20, "auroc_with_diagonal", 0.890),
    ("AVICI", 40, "auroc_with_diagonal", 0.860),
    ("AVICI", 60, "auroc_with_diagonal", 0.828),
    ("DiBS", 20, "auroc_with_diagonal", 0.725),
    ("DiBS", 40, "auroc_with_diagonal", 0.529),
    ("DiBS", 60, "auroc_with_diagonal", 0.402),
    ("BayesDAG", 20, "auroc_with_diagonal", 0.516),
    ("BayesDAG", 40, "auroc_with_diagonal", 0.510),
    ("BayesDAG", 60, "auroc_with_diagonal", 0.515),
    ("BCNP", 20, "expected_shd_twice", 21.5),
    ("AVICI", 20, "expected_shd_twice", 26.6),
    ("DiBS", 20, "expected_shd_twice", 25.4),
    ("BayesDAG", 20, "expected_shd_twice", 23.0),
]
"""Method, edges, what, figure; means over 25 tables."""


def plan(tables: int, smoke: bool) -> list[dict[str, Any]]:
    """Return what is to be done, the same seeds of all sizes side by side; ten tables of the other version."""
    sizes = (6,) if smoke else (20, 40, 60)
    some = min(tables, 10)
    parts = (
        (GENERATORS[0], range(some), ("uniform", "fair")),
        (GENERATORS[1], range(some), ("uniform",)),
        (GENERATORS[0], range(some, tables), ("uniform", "fair")),
    )
    return [
        {"generator": generator, "edges": edges, "prior": prior, "seed": seed}
        for generator, seeds, priors in parts
        for seed in seeds
        for edges in sizes
        for prior in priors
    ]


def simulate(
    d: int, n: int, edges: int, seed: int, generator: str = GENERATORS[0]
) -> tuple[np.ndarray, np.ndarray]:
    """Return a graph, (d, d) bool, and a standardised table, (n, d)."""
    rng = np.random.default_rng([seed, edges, d])
    graph, order = np.zeros((d, d), dtype=bool), rng.permutation(d)
    above = np.triu_indices(d, 1)
    chosen = rng.choice(len(above[0]), size=edges, replace=False)
    graph[order[above[0][chosen]], order[above[1][chosen]]] = True
    values = np.zeros((n, d))
    for node in topological_order(graph):
        causes = values[:, graph[:, node]]
        if causes.shape[1] == (0 if generator == GENERATORS[0] else 1):
            values[:, node] = rng.normal(size=n)
            continue
        causes = (causes - causes.mean(axis=0)) / causes.std(axis=0)
        spread = rng.gamma(2.5, 2.5) if generator == GENERATORS[0] else rng.gamma(1.5, 2.5, size=n)
        noise = spread * rng.normal(size=n)
        values[:, node] = causes @ rng.normal(scale=10.0, size=causes.shape[1]) + noise
    return graph, (values - values.mean(axis=0)) / values.std(axis=0)


def run(generator: str, edges: int, prior: str, seed: int, smoke: bool = False) -> dict[str, float]:
    """Return the figures of the exact posterior of one table."""
    d, n = SMOKE if smoke else SIZE
    graph, values = simulate(d, n, edges, seed, generator)
    score = make_score("bge", dag_gfn.from_array(values))
    return exact_figures(ScoreTable.build(score, make_prior(prior, d)), graph)
