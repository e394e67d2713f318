"""Directions that rest on the shape of a dependence alone, not on which columns are independent of which."""

import numpy as np
from jaxtyping import Bool, Float64

from dag_gfn.graphs.interventional import essential_graph
from dag_gfn.posterior.features import chunks
from dag_gfn.posterior.posterior import GraphPosterior

SHAPE_SCORES = ("additive",)
"""Scores that tell the members of an equivalence class apart by the shape of curves."""
PREFERRED = 0.75
"""Share of a link's probability from which one direction is preferred."""


def share_by_independences(posterior: GraphPosterior) -> Float64[np.ndarray, "d d"]:
    """Return for each pair the share of i → j in its link, if only independences and experiments told directions.

    In the class of each graph, an edge that all members have counts as it points, and one that may point either way
    counts half for each direction.

    Returns
    -------
    ndarray, shape (d, d), float64
        Row → column; 0.5 where no graph has the link.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import GraphPosterior
    >>> from dag_gfn.posterior.shape import share_by_independences
    >>> draws = np.zeros((1, 3, 3), dtype=bool)
    >>> draws[0, 0, 1] = draws[0, 1, 2] = True  # a chain: any of its edges may be turned
    >>> share_by_independences(GraphPosterior.from_samples(("x", "y", "z"), draws)).tolist()
    [[0.5, 0.5, 0.5], [0.5, 0.5, 0.5], [0.5, 0.5, 0.5]]
    >>> draws[0, 1, 2], draws[0, 2, 1] = False, True  # a collider
    >>> share_by_independences(GraphPosterior.from_samples(("x", "y", "z"), draws))[0, 1].tolist()
    1.0
    """
    told = np.zeros((posterior.d, posterior.d))
    for part in chunks(len(posterior.graphs), posterior.d):
        edges = essential_graph(posterior.graphs[part], posterior.oriented_pairs).astype(np.float64)
        directed = edges / np.maximum(edges + edges.transpose(0, 2, 1), 1.0)
        told += np.einsum("k,kij->ij", posterior.weights[part], directed)
    linked = told + told.T
    return np.divide(told, linked, out=np.full_like(told, 0.5), where=linked > 0.0)


def directions_by_shape(
    posterior: GraphPosterior, possible: Bool[np.ndarray, "d d"]
) -> list[dict[str, str | float]]:
    """Return the preferred directions of likely links that independences alone would not prefer.

    Parameters
    ----------
    posterior : GraphPosterior
        Of a score that is among `SHAPE_SCORES`.
    possible : ndarray, shape (d, d), bool
        Which edges what is known allows. A direction whose reverse is impossible rests on that.

    Returns
    -------
    list of dict
        ``source``, ``target``, ``share`` (of the direction in the link) and ``by_independences`` (the same if these
        alone told directions), as JSON can hold them.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import GraphPosterior
    >>> from dag_gfn.posterior.shape import directions_by_shape
    >>> draws = np.array([[[False, True], [False, False]]])
    >>> (found,) = directions_by_shape(GraphPosterior.from_samples(("x", "y"), draws), np.ones((2, 2), dtype=bool))
    >>> found["source"], found["target"], found["share"], found["by_independences"]
    ('x', 'y', 1.0, 0.5)
    """
    edge, linked = posterior.marginal("edge").values, posterior.marginal("linked").values
    independent = share_by_independences(posterior)
    found: list[dict[str, str | float]] = []
    for i, j in zip(*np.nonzero(edge > edge.T), strict=True):
        share = edge[i, j] / (edge[i, j] + edge[j, i])
        if linked[i, j] >= 0.5 and share >= PREFERRED > independent[i, j] and possible[j, i]:
            found.append(
                {
                    "source": posterior.names[i],
                    "target": posterior.names[j],
                    "share": float(share),
                    "by_independences": float(independent[i, j]),
                }
            )
    return found
