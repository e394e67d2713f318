"""Posteriors under knowledge by enumeration: every DAG, statement by statement, from the definition."""

import numpy as np
import oracles

NAMES = ("age", "diet", "smoking", "cancer")


def correlated(rows=40, seed=4, d=4):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(rows, d))
    for j in range(1, d):
        values[:, j] += 0.35 * values[:, j - 1] + 0.2 * values[:, 0]
    return (values - values.mean(0)) / values.std(0)


def enumerated(values, holds, odds=None):
    """Return the edge probabilities and the evidence: BGe, DAGs that satisfy `holds`, odds[i][j] for each i -> j."""
    d = values.shape[1]
    dags, log_r = [], []
    scores = {}
    for dag in oracles.all_dags(d):
        if not holds(dag.astype(bool)):
            continue
        total = 0.0
        for j in range(d):
            parents = tuple(np.flatnonzero(dag[:, j]).tolist())
            if (j, parents) not in scores:
                scores[j, parents] = oracles.bge(values, j, list(parents))
            total += scores[j, parents]
            if odds is not None:
                total += sum(np.log(odds[i][j]) for i in parents)
        dags.append(dag)
        log_r.append(total)
    log_r = np.array(log_r)
    log_z = float(np.logaddexp.reduce(log_r))
    return np.tensordot(np.exp(log_r - log_z), np.array(dags, dtype=float), axes=1), log_z


def has_path(dag, i, j):
    reached, frontier = set(), {i}
    while frontier:
        frontier = {b for a in frontier for b in np.flatnonzero(dag[a]).tolist()} - reached
        reached |= frontier
    return j in reached
