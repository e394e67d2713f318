"""Small discrete tables with missing cells, and what they say by sums over all completions and all DAGs."""

import itertools
from dataclasses import replace

import numpy as np
import oracles

import dag_gfn


def discrete_data(codes, missing, **fields):
    """Return a dataset of codes with nan where `missing` is True."""
    data = dag_gfn.from_array(np.asarray(codes), discrete="all", strict=True)
    values = data.values.copy()
    values[missing] = np.nan
    return replace(data, values=values, **fields)


def chain_data(n, num_missing, seed, states=2):
    """Return three columns, each a noisy copy of the one before, with some cells missing at random."""
    rng = np.random.default_rng(seed)
    codes = np.empty((n, 3), dtype=np.int64)
    codes[:, 0] = np.arange(n) % states
    for j in (1, 2):
        codes[:, j] = np.where(rng.random(n) < 0.75, codes[:, j - 1], rng.integers(states, size=n))
    missing = np.zeros(codes.shape, dtype=bool)
    missing.flat[rng.choice(codes.size, num_missing, replace=False)] = True
    return discrete_data(codes, missing)


def completions(data):
    """Return every completion of the missing cells, shape (completions, m), row by row."""
    columns = np.nonzero(np.isnan(data.values))[1]
    return np.array(list(itertools.product(*(range(data.cardinalities[j]) for j in columns))), dtype=np.int64)


def family_scores(data, states, ess):
    """Return {(node, parents): BDeu} of a completed table; rows in which the node was set do not count."""
    values = data.values.copy()
    values[np.isnan(values)] = states
    scores = {}
    for node in range(data.d):
        rows = slice(None) if data.intervened is None else ~data.intervened[:, node]
        others = [i for i in range(data.d) if i != node]
        for size in range(data.d):
            for parents in itertools.combinations(others, size):
                codes = values[rows].astype(int)
                scores[node, parents] = oracles.bdeu(codes, data.cardinalities, node, parents, ess)
    return scores


def exact_mixture(data, ess=1.0, log_prior=lambda node, parents: 0.0):
    """Return log Z of each completion, its edge probabilities, and those of all completions together."""
    dags = [np.asarray(dag, dtype=bool) for dag in oracles.all_dags(data.d)]
    log_z, edges = [], []
    for states in completions(data):
        scores = family_scores(data, states, ess)
        log_r = np.array(
            [
                sum(
                    scores[j, parents] + log_prior(j, parents)
                    for j in range(data.d)
                    for parents in [tuple(np.flatnonzero(dag[:, j]).tolist())]
                )
                for dag in dags
            ]
        )
        log_z.append(np.logaddexp.reduce(log_r))
        edges.append(np.tensordot(np.exp(log_r - log_z[-1]), np.array(dags, dtype=float), 1))
    log_z, edges = np.array(log_z), np.array(edges)
    return log_z, edges, np.tensordot(np.exp(log_z - np.logaddexp.reduce(log_z)), edges, 1)


def number_of(states, data):
    """Return the place of each row of missing cells in `completions`."""
    columns = np.nonzero(np.isnan(data.values))[1]
    return np.ravel_multi_index(tuple(np.asarray(states).T), [data.cardinalities[j] for j in columns])
