"""Posteriors with what effects need, and data drawn from the models' own priors."""

import numpy as np

from dag_gfn.data import Dataset
from dag_gfn.exact.enumeration import exact_posterior, graph_posterior
from dag_gfn.posterior import GraphPosterior
from dag_gfn.scores import ScoreTable, make_score


def mixed(columns, *, groups=(), **others):
    """Return a dataset of columns by name: arrays of float are numbers, others categories with sorted levels."""
    values, kinds, states = [], [], []
    for column in map(np.asarray, columns.values()):
        if column.dtype.kind == "f":
            values.append(column)
            kinds.append("continuous")
            states.append(())
        else:
            levels, codes = np.unique(column, return_inverse=True)
            values.append(codes.astype(np.float64))
            kinds.append("discrete")
            states.append(tuple(map(str, levels)))
    d = len(values)
    return Dataset(
        np.column_stack(values),
        tuple(columns),
        tuple(kinds),
        tuple(map(len, states)),
        tuple(states),
        np.zeros(d),
        np.ones(d),
        groups=groups,
        **others,
    )


def exact(data, score=None, *, constraints=None, **options):
    """Return the exact posterior of a small table as `dag_gfn.fit` makes it, the data taken as they are."""
    made = make_score(score, data, **options)
    found = exact_posterior(ScoreTable.build(made, constraints=constraints))
    return graph_posterior(
        data.nodes,
        found.masks,
        found.log_probabilities,
        log_evidence=found.log_evidence,
        info=information(data, score, **options),
        statistics=made.statistics(),
    )


def certain(data, adjacency, score=None, **options):
    """Return the posterior that is sure of one graph."""
    return GraphPosterior.from_samples(
        data.nodes,
        np.asarray(adjacency, dtype=bool)[None],
        info=information(data, score, **options),
        statistics=make_score(score, data, **options).statistics(),
    )


def information(data, score, **options):
    made = make_score(score, data, **options)
    return {"kind": data.kind, "score": made.name, "score_options": made.hyperparameters}


def draw_from_bge_prior(adjacency, *, alpha_mu, alpha_w, mean_obs, rng):
    """Return coefficients (row → column), intercepts and noise variances drawn from BGe's prior, node by node."""
    d = len(adjacency)
    t = alpha_mu * (alpha_w - d - 1) / (alpha_mu + 1)
    coefficients, intercepts, variances = np.zeros((d, d)), np.zeros(d), np.zeros(d)
    for j in range(d):
        parents = np.flatnonzero(adjacency[:, j])
        shape = (alpha_w - d + len(parents) + 1) / 2
        variances[j] = (t / 2) / rng.gamma(shape)
        coefficients[parents, j] = rng.normal(0.0, np.sqrt(variances[j] / t), size=len(parents))
        centre = mean_obs[j] - coefficients[:, j] @ mean_obs
        intercepts[j] = rng.normal(centre, np.sqrt(variances[j] / alpha_mu))
    return coefficients, intercepts, variances


def simulate_rows(coefficients, intercepts, variances, n, rng):
    """Return n rows of x = x B + m + noise, shape (n, d)."""
    noise = intercepts + rng.normal(size=(n, len(variances))) * np.sqrt(variances)
    return noise @ np.linalg.inv(np.eye(len(variances)) - coefficients)
