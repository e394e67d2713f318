"""Draws of graphs from a posterior, and their Markov equivalence classes."""

from collections.abc import Iterator, Sequence
from numbers import Integral
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64

from dag_gfn.errors import OptionError
from dag_gfn.graphs import graph
from dag_gfn.graphs.interventional import essential_graph
from dag_gfn.posterior import GraphPosterior


class EquivalenceClass(NamedTuple):
    """The draws whose graphs the data alone cannot tell apart.

    Attributes
    ----------
    edges : str
        Edges of the class: a → b where all its graphs agree, a — b where they do not.
    probability : float
        The share of the draws that are in the class.
    draws : ndarray, shape (k,), bool
        True for the draws in the class.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.effects.graph_draws import EquivalenceClass
    >>> found = EquivalenceClass("a — b", 0.75, np.array([True, True, False, True]))
    >>> found.edges, float(found.draws.mean())
    ('a — b', 0.75)
    """

    edges: str
    probability: float
    draws: Bool[np.ndarray, " k"]


def equivalence_classes(
    graphs: Bool[np.ndarray, "k d d"],
    names: Sequence[str],
    *,
    top: int,
    oriented: Bool[np.ndarray, "d d"] | None = None,
) -> Iterator[EquivalenceClass]:
    """Yield the equivalence classes of drawn graphs, most probable first, at most `top`.

    Parameters
    ----------
    graphs : ndarray, shape (k, d, d), bool
        `graphs[s, i, j]` is True for the edge i → j (row → column) of draw s.
    names : sequence of str, length d
    top : int
    oriented : ndarray, shape (d, d), bool, optional
        The pairs whose edge experiments orient, which makes the classes smaller.

    Examples
    --------
    Data cannot tell a → b from b → a:

    >>> import numpy as np
    >>> from dag_gfn.effects.graph_draws import equivalence_classes
    >>> forwards = np.array([[False, True], [False, False]])
    >>> graphs = np.stack([forwards, forwards.T, np.zeros((2, 2), dtype=bool), forwards])
    >>> [(found.edges, found.probability) for found in equivalence_classes(graphs, ("a", "b"), top=5)]
    [('a — b', 0.75), ('', 0.25)]
    """
    first, drawn = graph.distinct(graphs)
    classes = essential_graph(graphs[first], oriented)
    representative, class_of = graph.distinct(classes)
    class_of = class_of[drawn]
    sizes = np.bincount(class_of)
    for c in np.argsort(-sizes, kind="stable")[:top]:
        adjacency = classes[representative[c]]
        edges = [
            f"{names[i]} {'—' if adjacency[j, i] else '→'} {names[j]}"
            for i, j in np.argwhere(adjacency)
            if i < j or not adjacency[j, i]
        ]
        yield EquivalenceClass(", ".join(edges), float(sizes[c] / len(graphs)), class_of == c)


def draw_graphs(
    posterior: GraphPosterior, num_draws: int, rng: np.random.Generator
) -> Bool[np.ndarray, "k d d"]:
    """Return graphs drawn in proportion to their weights; entry (s, i, j) is True for i → j in draw s.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.effects.graph_draws import draw_graphs
    >>> from dag_gfn.posterior import GraphPosterior
    >>> graphs = np.array([[[False, True], [False, False]], [[False, False], [False, False]]])
    >>> posterior = GraphPosterior.from_samples(("a", "b"), np.repeat(graphs, [3, 1], axis=0))
    >>> float(draw_graphs(posterior, 10_000, np.random.default_rng(0))[:, 0, 1].mean().round(2))  # P(a → b) = 3/4
    0.75
    """
    if not (isinstance(num_draws, Integral) and num_draws > 0):
        raise OptionError(f"num_draws must be positive and whole, not {num_draws}")
    return posterior.sample_adjacency(int(num_draws), rng=rng)


def no_path(posterior: GraphPosterior) -> Float64[np.ndarray, "d d"]:
    """Return the probability that j does not descend from i (row i, column j).

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.effects.graph_draws import no_path
    >>> from dag_gfn.posterior import GraphPosterior
    >>> chain = np.array([[False, True, False], [False, False, True], [False, False, False]])
    >>> no_path(GraphPosterior.from_samples(("a", "b", "c"), chain[None])).tolist()  # a reaches b and c, b reaches c
    [[1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [1.0, 1.0, 1.0]]
    """
    return np.clip(1.0 - posterior.marginal("path").values, 0.0, 1.0)
