"""Draws of graphs, parameters and rows from the prior of BGe over blocks of columns, written without the package."""

import itertools

import numpy as np
from scipy.stats import invwishart


def all_dags(d):
    """Return the parent masks of all DAGs on d nodes, shape (k, d)."""
    found = []
    for edges in itertools.product([0, 1], repeat=d * (d - 1)):
        adjacency = np.zeros((d, d), dtype=int)
        adjacency[~np.eye(d, dtype=bool)] = edges
        if not np.trace(np.linalg.matrix_power(np.eye(d) + adjacency, d)) > d:
            found.append([int(sum(1 << i for i in range(d) if adjacency[i, j])) for j in range(d)])
    return np.array(found, dtype=np.int64)


def topological(parents):
    """Return the nodes, parents before children."""
    order = []
    while len(order) < len(parents):
        placed = sum(1 << i for i in order)
        order.append(next(j for j in range(len(parents)) if j not in order and not parents[j] & ~placed))
    return order


def draw_rows(nodes, parents, n, rng, *, alpha_mu=1.0, alpha_w=None, set_to=None):
    """Return n rows of a DAG with parameters from the prior; `set_to` (n, nodes) has numbers where a node was set."""
    num_columns = sum(len(node) for node in nodes)
    alpha_w = num_columns + 2 if alpha_w is None else alpha_w
    t = alpha_mu * (alpha_w - num_columns - 1) / (alpha_mu + 1)
    values = np.zeros((n, num_columns))
    for j in topological(parents):
        above = [column for i, node in enumerate(nodes) if parents[j] >> i & 1 for column in node]
        width, size = len(nodes[j]), len(above)
        sigma = np.atleast_2d(
            invwishart(alpha_w - num_columns + size + width, t * np.eye(width)).rvs(random_state=rng)
        )
        root = np.linalg.cholesky(sigma)
        slopes = rng.normal(size=(size, width)) @ root.T / np.sqrt(t)
        centre = root @ rng.normal(size=width) / np.sqrt(alpha_mu)
        values[:, nodes[j]] = centre + values[:, above] @ slopes + rng.normal(size=(n, width)) @ root.T
        if set_to is not None:
            rows = ~np.isnan(set_to[:, j])
            values[np.ix_(rows, nodes[j])] = set_to[rows, j][:, None]
    return values
