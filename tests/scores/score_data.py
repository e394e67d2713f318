"""Small data sets for the tests of the scores."""

import numpy as np

from dag_gfn.data import from_array
from dag_gfn.data.dataset import Dataset


def continuous(values, intervened=None):
    d = values.shape[1]
    return Dataset(
        values=np.asarray(values, dtype=np.float64),
        names=tuple(f"x{i}" for i in range(d)),
        kinds=("continuous",) * d,
        cardinalities=(0,) * d,
        states=((),) * d,
        means=np.zeros(d),
        scales=np.ones(d),
        intervened=intervened,
    )


def discrete(codes, cardinalities, intervened=None):
    d = codes.shape[1]
    return Dataset(
        values=np.asarray(codes, dtype=np.float64),
        names=tuple(f"x{i}" for i in range(d)),
        kinds=("discrete",) * d,
        cardinalities=tuple(cardinalities),
        states=tuple(tuple(f"s{c}" for c in range(r)) for r in cardinalities),
        means=np.zeros(d),
        scales=np.ones(d),
        intervened=intervened,
    )


def mixed(values, cardinalities, intervened=None, weights=None, groups=()):
    """Numbers where the cardinality is 0, codes elsewhere."""
    d = values.shape[1]
    return Dataset(
        values=np.asarray(values, dtype=np.float64),
        names=tuple(f"x{i}" for i in range(d)),
        kinds=tuple("discrete" if r else "continuous" for r in cardinalities),
        cardinalities=tuple(cardinalities),
        states=tuple(tuple(f"s{c}" for c in range(r)) for r in cardinalities),
        means=np.zeros(d),
        scales=np.ones(d),
        intervened=intervened,
        weights=weights,
        groups=groups,
    )


def unrelated(d, levels, n, seed=0):
    """Independent discrete columns in which every level occurs."""
    codes = np.random.default_rng(seed).integers(0, levels, size=(n, d))
    codes[:levels] = np.arange(levels)[:, None]
    return from_array(codes.astype(float), discrete="all")


def correlated(rng, n, d):
    """Normal columns with random dependencies and means that are not 0."""
    return rng.normal(size=(n, d)) @ rng.normal(size=(d, d)) + rng.normal(size=d)


def dependent_codes(rng, n, cardinalities):
    """Columns each of which often follows the one before it."""
    codes = rng.integers(0, cardinalities, size=(n, len(cardinalities)))
    for j in range(1, len(cardinalities)):
        follow = rng.random(n) < 0.6
        codes[follow, j] = codes[follow, j - 1] % cardinalities[j]
    return codes


def families(d):
    """Every (node, parents) on d nodes, parents as a list."""
    for node in range(d):
        for mask in range(1 << d):
            if not mask >> node & 1:
                yield node, [i for i in range(d) if mask >> i & 1]


def score_family(score, node, parents):
    """One local score through the batched method."""
    return score.local_scores(node, np.array([sum(1 << p for p in parents)], dtype=np.int64))[0]


def reverse_covered_edges(adjacency, rng, *, steps):
    """Walk through Markov-equivalent DAGs: i -> j may turn where Pa_j = Pa_i + i (Chickering 1995)."""
    adjacency = adjacency.copy()
    for _ in range(steps):
        covered = [
            (i, j)
            for i, j in np.argwhere(adjacency)
            if (np.delete(adjacency[:, j], i) == np.delete(adjacency[:, i], i)).all()
        ]
        if not covered:
            break
        i, j = covered[rng.integers(len(covered))]
        adjacency[i, j], adjacency[j, i] = False, True
    return adjacency


def random_dag(rng, d, density):
    """A random DAG, A[i, j] = i -> j."""
    order = rng.permutation(d)
    adjacency = np.zeros((d, d), dtype=bool)
    adjacency[np.ix_(order, order)] = np.triu(rng.random((d, d)) < density, 1)
    return adjacency


def graph_score(score, adjacency):
    return sum(score_family(score, j, np.flatnonzero(adjacency[:, j])) for j in range(len(adjacency)))
