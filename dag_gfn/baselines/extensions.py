"""A DAG of the class that a partly directed graph stands for."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool


class Extension(NamedTuple):
    """A DAG that was made of a partly directed graph.

    Attributes
    ----------
    adjacency : ndarray, shape (d, d), bool
        ``[i, j]`` is True for i → j (row → column).
    consistent : bool
        Whether it has the links, the directions and the v-structures of that graph, and no others. Where no DAG has,
        the links alone are kept, and as many directions as an order of the nodes can.

    Examples
    --------
    See `extension`.
    """

    adjacency: Bool[np.ndarray, "d d"]
    consistent: bool


def extension(
    mixed: Bool[np.ndarray, "d d"],
    *,
    possible: Bool[np.ndarray, "d d"] | None = None,
    required: Bool[np.ndarray, "d d"] | None = None,
    rng: np.random.Generator,
) -> Extension:
    """Return a DAG that agrees with a partly directed graph, such as a CPDAG.

    A node without an arrow out of it, whose undirected neighbours are linked to all its other neighbours, gets the
    arrows of its undirected links and is taken away; then the next. Among several such nodes one is drawn. A single
    undirected edge points either way half of the time, but not all members of a larger class are equally probable.

    Parameters
    ----------
    mixed : ndarray, shape (d, d), bool
        i → j: only ``[i, j]`` is True. i – j: both ``[i, j]`` and ``[j, i]`` are.
    possible, required : ndarray, shape (d, d), bool, optional
        Directions that edges may have, and edges that must be there, which are no cycle. A link without a possible
        direction is left out.
    rng : numpy.random.Generator

    References
    ----------
    Dor and Tarsi, "A simple algorithm to construct a consistent extension of a partially oriented graph", UCLA 1992.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.baselines.extensions import extension
    >>> chain = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], dtype=bool)  # 0 – 1 – 2
    >>> {extension(chain, rng=np.random.default_rng(k)).adjacency.sum(axis=0).tolist()[1] for k in range(9)}
    {0, 1}
    """
    d = len(mixed)
    required = np.zeros((d, d), dtype=bool) if required is None else required
    wanted = mixed | required
    wanted &= ~required.T
    if possible is not None:
        links = wanted | wanted.T
        wanted &= possible
        # a direction that may not be gives way to the other, if that may be
        wanted |= links & possible & ~(wanted | wanted.T)
    left = np.ones(d, dtype=bool)
    links, made, consistent = wanted | wanted.T, np.zeros((d, d), dtype=bool), True
    arrows, lines = wanted & ~wanted.T, wanted & wanted.T  # directed and undirected edges
    for _ in range(d):
        sinks = [x for x in np.flatnonzero(left).tolist() if _can_be_last(x, arrows, lines, links, left)]
        if sinks:
            last = sinks[int(rng.integers(len(sinks)))]
        else:
            consistent = False
            free = np.flatnonzero(left & ~(required & left).any(axis=1))  # required edges have no cycle
            out = (arrows[free] & left).sum(axis=1)
            fewest = free[out == out.min()]
            last = int(fewest[int(rng.integers(len(fewest)))])
        made[:, last] = links[:, last] & left
        left[last] = False
    if possible is not None:  # where no extension is consistent
        made &= possible
    return Extension(made, consistent and _same_links(made, mixed))


def _can_be_last(
    x: int,
    arrows: Bool[np.ndarray, "d d"],
    lines: Bool[np.ndarray, "d d"],
    links: Bool[np.ndarray, "d d"],
    left: Bool[np.ndarray, " d"],
) -> bool:
    """Return whether all links of x may point to it: this makes no v-structure, and turns no arrow round."""
    if (arrows[x] & left).any():
        return False
    near = links[x] & left
    for y in np.flatnonzero(lines[x] & left):
        others = near.copy()
        others[y] = False
        if (others & ~links[y]).any():
            return False
    return True


def _same_links(dag: Bool[np.ndarray, "d d"], mixed: Bool[np.ndarray, "d d"]) -> bool:
    return bool(((dag | dag.T) == (mixed | mixed.T)).all())
