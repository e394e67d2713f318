"""DAGs of given root layerings: the layering of a DAG, and exact draws of a DAG for each layering."""

from collections.abc import Callable
from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Int, Int64
from numba import njit

from dag_gfn.chunked import run_chunks
from dag_gfn.compilation import lean
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.layerings.layered_parents import draw_one
from dag_gfn.layerings.node_weights import layer_masks, sets_before

_SLICE = 256  # layerings that a thread takes at a time


def layering_of(adjacency: Bool[np.ndarray, "*batch d d"]) -> Int64[np.ndarray, "*batch d"]:
    """Return each node's layer in one or many DAGs: the number of edges of the longest path that ends at it.

    Parameters
    ----------
    adjacency : ndarray, shape (..., d, d), bool
        ``adjacency[..., i, j]`` is True for i -> j (row -> column).

    Examples
    --------
    The roots of 0 -> 1 -> 2, 0 -> 2 and a node without edges are in layer 0:

    >>> import numpy as np
    >>> from dag_gfn.layerings.layered_dags import layering_of
    >>> dag = np.zeros((4, 4), dtype=bool)
    >>> dag[0, 1] = dag[1, 2] = dag[0, 2] = True
    >>> layering_of(dag).tolist()
    [0, 1, 2, 0]
    """
    layer_of = np.zeros(adjacency.shape[:-1], dtype=np.int64)
    for _ in range(adjacency.shape[-1]):
        layer_of = np.where(adjacency, layer_of[..., None] + 1, 0).max(axis=-2, initial=0)
    return layer_of


def draw_dags(
    weights: LayerWeights,
    layer_of: Int[np.ndarray, "k d"],
    *,
    rng: np.random.Generator,
    on_share: Callable[[float], None] | None = None,
) -> Bool[np.ndarray, "k d d"]:
    """Return one DAG for each layering, drawn by its weight from all DAGs that have the layering.

    Takes O(2^|U|) steps for a node with the earlier layers U, usually far fewer.

    Parameters
    ----------
    weights : LayerWeights
    layer_of : ndarray, shape (k, d), int
        Layer of each node.
    rng : numpy.random.Generator
        The draws do not depend on the number of threads.
    on_share : callable, optional
        Called with the share of the work that is done, in [0, 1].

    Returns
    -------
    ndarray, shape (k, d, d), bool
        ``[s, i, j]`` is True for i -> j in draw s (row -> column).

    Examples
    --------
    With node 0 in layer 0 and node 1 in layer 1, the edge 0 -> 1 is certain:

    >>> import numpy as np
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> from dag_gfn.layerings.layered_dags import draw_dags
    >>> weights = LayerWeights.of(np.zeros((2, 2)))
    >>> draw_dags(weights, np.array([[0, 1]], dtype=np.int16), rng=np.random.default_rng(0)).astype(int).tolist()
    [[[0, 1], [0, 0]]]
    """
    uniform = rng.random(layer_of.shape)
    parents = np.empty(layer_of.shape, dtype=np.int64)
    streams = rng.spawn(-(-len(layer_of) // _SLICE))  # one for each slice, whatever the number of threads

    def draw(start: int) -> None:
        part = slice(start, start + _SLICE)
        _draw_dags(weights.tables, layer_of[part], uniform[part], streams[start // _SLICE], parents[part])

    run_chunks(draw, range(0, len(layer_of), _SLICE), progress=on_share)
    return weights.possible.adjacency_of(parents)


# The test run's annotation checker would wrap the functions that Numba compiles; @no_type_check keeps it off.


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _draw_dags(tables, layer_of, uniform, rng, parents):
    """Fill one parent set for each node of each layering: bitmasks, shape (k, d).

    `layer_of` and `uniform` have shape (k, d).
    """
    layers, earlier = np.empty((2, layer_of.shape[1]), dtype=np.int64)
    for s in range(len(layer_of)):
        fill_dag(tables, layer_of[s], uniform[s], rng, layers, earlier, parents[s])


@lean
@no_type_check
def fill_dag(tables, layer_of, uniform, rng, layers, earlier, parents):
    """Fill the parent masks of a DAG that has a layering, drawn by its weight; all arrays have shape (d,).

    `layers` and `earlier` are room for the masks of each layer and of those before it.
    """
    layer_masks(layer_of, layers, earlier)
    for v in range(len(layer_of)):
        parents[v] = 0  # a root has no parents
        if layer_of[v] > 0:
            inside, last = sets_before(tables.nodes, v, layer_of, layers, earlier)
            parents[v] = draw_one(tables, v, inside, last, uniform[v], rng)
