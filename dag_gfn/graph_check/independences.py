"""The independences that a DAG implies, and how probable the posterior holds each of them."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool

from dag_gfn.graphs import graph
from dag_gfn.posterior import GraphPosterior
from dag_gfn.posterior.queries import Batch, DSeparated

MAX_GRAPHS = 2_000
"""Graphs of the posterior in which independences are looked up: the most probable ones, or draws."""
MAX_STATEMENTS = 300


class Independence(NamedTuple):
    """Two variables are independent given others, as the graph says.

    Attributes
    ----------
    a, b : str
    given : tuple of str
    probability, standard_error : float
        That the posterior's graph implies it too.

    Examples
    --------
    >>> from dag_gfn.graph_check.independences import Independence
    >>> str(Independence("age", "cancer", ("smoking",), 0.2, 0.0))
    'age and cancer are independent given smoking'
    """

    a: str
    b: str
    given: tuple[str, ...]
    probability: float
    standard_error: float

    def __str__(self) -> str:
        """Return the statement in words."""
        given = f" given {', '.join(self.given)}" if self.given else ""
        return f"{self.a} and {self.b} are independent{given}"


def local_markov_basis(adjacency: Bool[np.ndarray, "d d"]) -> list[DSeparated]:
    """Return one d-separation for each pair without an edge; all others that the DAG implies follow from these.

    With the nodes in a topological order, each node is separated by its parents from every node before it that is no
    parent.

    Parameters
    ----------
    adjacency : ndarray, shape (d, d), bool
        Entry (i, j) is True for i → j (row → column).

    References
    ----------
    Geiger, Verma and Pearl, "Identifying independence in Bayesian networks", Networks 20 (1990).

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.graph_check.independences import local_markov_basis
    >>> local_markov_basis(np.array([[0, 1, 0], [0, 0, 1], [0, 0, 0]], dtype=bool))  # 0 → 1 → 2
    [DSeparated(a=0, b=2, given=(1,))]
    """
    found: list[DSeparated] = []
    before: list[int] = []
    for node in graph.topological_order(adjacency):
        parents = tuple(np.flatnonzero(adjacency[:, node]).tolist())
        found += [DSeparated(other, node, parents) for other in before if other not in parents]
        before.append(node)
    return found


def implied_independences(
    posterior: GraphPosterior, adjacency: Bool[np.ndarray, "d d"], *, rng: np.random.Generator
) -> list[Independence]:
    """Return the independences that a DAG implies, the least probable first.

    Parameters
    ----------
    posterior : GraphPosterior
    adjacency : ndarray, shape (d, d), bool
        Entry (i, j) is True for i → j (row → column).
    rng : numpy.random.Generator
        For draws, where the posterior has many graphs.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.graph_check.independences import implied_independences
    >>> posterior = dag_gfn.fit(np.random.default_rng(0).normal(size=(100, 2)), progress=False)
    >>> (found,) = implied_independences(posterior, np.zeros((2, 2), dtype=bool), rng=np.random.default_rng(0))
    >>> found.probability > 0.5
    True
    """
    basis = local_markov_basis(adjacency)[:MAX_STATEMENTS]
    graphs, weights, draws = _graphs(posterior, rng)
    batch = Batch(graphs)
    found = []
    for statement in basis:
        value = float(np.clip(weights @ batch.separated(statement), 0.0, 1.0))
        error = 0.0 if draws is None else float(np.sqrt(value * (1.0 - value) / draws))
        a, b, given = statement.a, statement.b, statement.given
        names = posterior.names
        found.append(Independence(names[a], names[b], tuple(names[g] for g in given), value, error))
    return sorted(found, key=lambda each: each.probability)


def _graphs(
    posterior: GraphPosterior, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, float | None]:
    """Return graphs with weights, and how many independent draws they are worth; None where they are exact."""
    weights = posterior.weights / posterior.weights.sum()
    if posterior.covers_all_dags:
        return posterior.graphs, weights, None
    draws = posterior.effective_samples
    if len(posterior) <= MAX_GRAPHS:
        return posterior.graphs, weights, float("nan") if draws is None else max(float(draws), 1.0)
    drawn = posterior.graphs[rng.choice(len(posterior), size=MAX_GRAPHS, p=weights)]
    worth = float("nan") if draws is None else 1.0 / (1.0 / MAX_GRAPHS + 1.0 / max(float(draws), 1.0))
    return drawn, np.full(MAX_GRAPHS, 1.0 / MAX_GRAPHS), worth
