"""The exact posterior of a small table by its definition, in few lines that share nothing with the package."""

import itertools
from collections import Counter
from functools import cache
from math import comb, lgamma, log, pi

import numpy as np

from random_trials.tables import Table

MOST_NODES = 4


def exact_posterior(
    table: Table,
    *,
    equivalent_sample_size: float = 1.0,
    fair: bool = False,
    required: tuple[tuple[str, str], ...] = (),
    forbidden: tuple[tuple[str, str], ...] = (),
    max_parents: int | None = None,
    skip_sparse: bool = True,
) -> tuple[float, np.ndarray]:
    """Return the log evidence, and P(i → j) of shape (d, d), of a clean table under BGe or BDeu.

    Parameters
    ----------
    table : Table
        With `cells`.
    equivalent_sample_size : float
        Of BDeu.
    fair : bool
        The graph prior 1 / C(d - 1, k) of k parents, in place of the uniform one.
    required, forbidden : tuple of (source, target)
    max_parents : int, optional
    skip_sparse : bool
        Of discrete tables: leave out families with more cells than rows, unless required edges ask for them.

    Raises
    ------
    ValueError
        If no graph complies.
    """
    names, d, cells = table.names, table.width, table.cells
    assert cells is not None
    needed = [{names.index(a) for a, b in required if b == name} for name in names]
    banned = [{names.index(a) for a, b in forbidden if b == name} for name in names]
    values = None if table.kind == "discrete" else _standardized(cells)

    @cache
    def local(node: int, parents: tuple[int, ...]) -> float:
        given = set(parents)
        if not needed[node] <= given or banned[node] & given:
            return -np.inf
        if max_parents is not None and len(parents) > max_parents:
            return -np.inf
        if values is not None:
            score = _bge(values, node, parents)
        elif skip_sparse and given != needed[node] and _num_cells(cells, node, parents) > len(cells[0]):
            return -np.inf
        else:
            score = _bdeu(cells, node, parents, equivalent_sample_size)
        return score - (log(comb(d - 1, len(parents))) if fair else 0.0)

    graphs = all_dags(d)
    scores = np.array([sum(local(j, parents) for j, parents in enumerate(graph)) for graph in graphs])
    if not np.isfinite(scores.max()):
        raise ValueError("no graph complies")
    weights = np.exp(scores - scores.max())
    edges = np.zeros((d, d))
    for graph, weight in zip(graphs, weights / weights.sum(), strict=True):
        for j, parents in enumerate(graph):
            edges[list(parents), j] += weight
    return float(scores.max() + np.log(weights.sum())), edges


@cache
def all_dags(d: int) -> list[tuple[tuple[int, ...], ...]]:
    """Return the parents of each node in every DAG: those that a node's order leaves, over all orders."""
    found = set()
    for order in itertools.permutations(range(d)):
        choices = [
            [set_ for k in range(at + 1) for set_ in itertools.combinations(sorted(order[:at]), k)]
            for at in range(d)
        ]
        for chosen in itertools.product(*choices):
            by_node = dict(zip(order, chosen, strict=True))
            found.add(tuple(by_node[j] for j in range(d)))
    return sorted(found)


def _standardized(cells: list[list[str]]) -> np.ndarray:
    values = np.array([[float(cell) for cell in column] for column in cells]).T
    return (values - values.mean(0)) / values.std(0)


def _bge(values: np.ndarray, node: int, parents: tuple[int, ...]) -> float:
    """Geiger and Heckerman (2002) as corrected by Kuipers, Moffa and Heckerman (2014)."""
    n, d = values.shape
    alpha_mu, alpha_w, p = 1.0, d + 2.0, len(parents)
    t = alpha_mu * (alpha_w - d - 1) / (alpha_mu + 1)
    mean = values.mean(0)
    r = t * np.eye(d) + (values - mean).T @ (values - mean)
    r += n * alpha_mu / (n + alpha_mu) * np.outer(mean, mean)

    def log_det(nodes: tuple[int, ...]) -> float:
        return float(np.linalg.slogdet(r[np.ix_(nodes, nodes)])[1]) if nodes else 0.0

    return (
        0.5 * log(alpha_mu / (n + alpha_mu))
        + lgamma(0.5 * (n + alpha_w - d + p + 1))
        - lgamma(0.5 * (alpha_w - d + p + 1))
        - 0.5 * n * log(pi)
        + 0.5 * (alpha_w - d + 2 * p + 1) * log(t)
        + 0.5 * (n + alpha_w - d + p) * log_det(parents)
        - 0.5 * (n + alpha_w - d + p + 1) * log_det((*parents, node))
    )


def _bdeu(cells: list[list[str]], node: int, parents: tuple[int, ...], size: float) -> float:
    r = len(set(cells[node]))
    q = _num_cells(cells, node, parents) // r
    configurations = list(zip(*(cells[k] for k in parents), strict=True)) or [()] * len(cells[node])
    total = sum(lgamma(size / q) - lgamma(size / q + count) for count in Counter(configurations).values())
    pairs = Counter(zip(configurations, cells[node], strict=True))
    return total + sum(lgamma(size / (q * r) + count) - lgamma(size / (q * r)) for count in pairs.values())


def _num_cells(cells: list[list[str]], node: int, parents: tuple[int, ...]) -> int:
    return int(np.prod([len(set(cells[k])) for k in (node, *parents)]))
