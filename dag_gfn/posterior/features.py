"""Probabilities of structural features under weighted graphs, and their Monte-Carlo standard errors.

A feature maps graphs to boolean matrices: `feature(graphs)[k, i, j]` is True if it holds for the ordered pair (i, j) in
graph k. Its marginal is the weighted mean over graphs.
"""

from collections.abc import Callable, Iterator

import numpy as np
from jaxtyping import Bool, Float64

from dag_gfn.graphs import graph
from dag_gfn.graphs.interventional import essential_graph


def compelled(
    graphs: Bool[np.ndarray, "m d d"], oriented: Bool[np.ndarray, "d d"] | None = None
) -> Bool[np.ndarray, "m d d"]:
    """Return which edges i → j point the same way in every DAG of their graph's equivalence class.

    The class is the Markov equivalence class, or the smaller one that experiments leave: `oriented` has the pairs whose
    edge they orient (:func:`dag_gfn.graphs.interventional.oriented_pairs`).

    Examples
    --------
    The v-structure 0 -> 2 <- 1 is the only DAG of its class:

    >>> import numpy as np
    >>> from dag_gfn.posterior.features import compelled
    >>> collider = np.array([[[0, 0, 1], [0, 0, 1], [0, 0, 0]]], dtype=bool)
    >>> np.argwhere(compelled(collider)[0]).tolist()
    [[0, 2], [1, 2]]
    """
    return graphs & ~reversible(graphs, oriented)


def reversible(
    graphs: Bool[np.ndarray, "m d d"], oriented: Bool[np.ndarray, "d d"] | None = None
) -> Bool[np.ndarray, "m d d"]:
    """Return which pairs are linked by an edge whose direction differs within the class of `compelled`; symmetric.

    Examples
    --------
    A single edge can point either way:

    >>> import numpy as np
    >>> from dag_gfn.posterior.features import reversible
    >>> np.argwhere(reversible(np.array([[[0, 1], [0, 0]]], dtype=bool))[0]).tolist()
    [[0, 1], [1, 0]]
    """
    essential = essential_graph(graphs, oriented)
    return essential & np.swapaxes(essential, -1, -2)


FEATURES: dict[str, Callable[..., np.ndarray]] = {
    "edge": lambda graphs: graphs,
    "linked": graph.skeleton,
    "path": graph.path_matrix,
    "markov_blanket": graph.markov_blanket,
    "compelled": compelled,
    "reversible": reversible,
}
"""Functions of bool (m, d, d) by name: the edge i → j; an edge in either direction; a path from i to j; i in the
blanket of j; i → j in every DAG of the equivalence class; an edge that has both directions in the class."""
OF_CLASSES = ("compelled", "reversible")
"""Those that depend on the experiments, which make classes smaller."""


def feature_marginals(
    feature: str,
    graphs: Bool[np.ndarray, "m d d"],
    weights: Float64[np.ndarray, " m"],
    oriented: Bool[np.ndarray, "d d"] | None = None,
) -> Float64[np.ndarray, "d d"]:
    """Return the probability of a feature for every ordered pair of nodes.

    Parameters
    ----------
    feature : str
        A key of `FEATURES`.
    graphs : ndarray, shape (m, d, d), bool
        `graphs[k, i, j]` is True for the edge i → j of graph k.
    weights : ndarray, shape (m,), float64
        Probability of every graph; they sum to one.
    oriented : ndarray, shape (d, d), bool, optional
        The pairs whose edge experiments orient, for classes; see `compelled`.

    Returns
    -------
    ndarray, shape (d, d), float64
        Entry (i, j): the probability that the feature holds for i → j (row → column); zero on the diagonal.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior.features import feature_marginals
    >>> graphs = np.zeros((2, 3, 3), dtype=bool)
    >>> graphs[0, 0, 1] = graphs[0, 1, 2] = True  # 0 -> 1 -> 2, and the empty graph
    >>> float(feature_marginals("path", graphs, np.array([0.7, 0.3]))[0, 2])
    0.7
    """
    m, d, _ = graphs.shape
    total = np.zeros(d * d)
    more = (oriented,) if feature in OF_CLASSES else ()
    for part in chunks(m, d):
        holds = FEATURES[feature](graphs[part], *more).reshape(-1, d * d)
        total += weights[part] @ holds.astype(np.float64)
    return np.clip(total, 0.0, 1.0).reshape(d, d)


def monte_carlo_error(
    probabilities: Float64[np.ndarray, "*shape"], effective_samples: float | int
) -> Float64[np.ndarray, "*shape"]:
    r"""Return the standard error of frequencies counted in independent draws, :math:`\sqrt{p(1-p)/k}`.

    It is zero where p is 0 or 1, although a feature that no draw has can still have a probability of order 1/k.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior.features import monte_carlo_error
    >>> monte_carlo_error(np.array([0.5, 1.0]), 100).tolist()
    [0.05, 0.0]
    """
    return np.sqrt(probabilities * (1.0 - probabilities) / effective_samples)


def chunks(num_graphs: int, d: int, *, entries: int = 1 << 22) -> Iterator[slice]:
    """Yield slices over a batch of graphs that keep temporaries near `entries` matrix entries each.

    Examples
    --------
    >>> from dag_gfn.posterior.features import chunks
    >>> list(chunks(5, 10, entries=300))
    [slice(0, 3, None), slice(3, 6, None)]
    """
    step = max(1, entries // (d * d))
    for start in range(0, num_graphs, step):
        yield slice(start, start + step)
