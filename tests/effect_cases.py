"""Posteriors with what effects need, and data drawn from the models' own priors."""

import numpy as np

from dag_gfn.data import sufficient_statistics
from dag_gfn.exact.enumeration import exact_posterior, graph_posterior
from dag_gfn.posterior import GraphPosterior
from dag_gfn.scores import ScoreTable, make_score


def exact(data, score=None, **options):
    """Return the exact posterior of a small table as `dag_gfn.fit` makes it, the data taken as they are."""
    table = ScoreTable.build(make_score(score, data, **options))
    found = exact_posterior(table)
    return graph_posterior(
        data.names,
        found.masks,
        found.log_probabilities,
        log_evidence=found.log_evidence,
        info=information(data, score, **options),
        statistics=sufficient_statistics(data),
    )


def certain(data, adjacency, score=None, **options):
    """Return the posterior that is sure of one graph."""
    return GraphPosterior.from_samples(
        data.names,
        np.asarray(adjacency, dtype=bool)[None],
        info=information(data, score, **options),
        statistics=sufficient_statistics(data),
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
