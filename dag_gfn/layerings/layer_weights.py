r"""What a node contributes to the weight of a root layering, with its parents summed out.

The roots of a DAG are its first layer R_1, what becomes a root when they are removed is the second, and so on.
So every node of a later layer has at least one parent in the layer just before. With U the nodes of all earlier
layers and Q the last of these, the weight of all parent sets that a node v may have is

.. math:: g_v(U, Q) = \sum_{T \subseteq U,\, T \cap Q \ne \emptyset} w_v(T) = \hat w_v(U) - \hat w_v(U \setminus Q),
          \qquad g_v(\emptyset, \emptyset) = w_v(\emptyset),

and the weights of all DAGs with one layering sum to the product of these over the nodes.
"""

from dataclasses import dataclass
from typing import no_type_check

import numpy as np
from jaxtyping import Float64
from numba import njit

from dag_gfn.subsets import log_zeta_transform

CANCELLED = 1e-7
"""Where g_v / ŵ_v(U) is less, the difference has lost too many digits and the sum is taken term by term."""

_NEGLIGIBLE = -40.0  # in nats below the largest term: a million such terms do not change a double


@dataclass(frozen=True, eq=False)
class LayerWeights:
    """The tables from which weights of layerings are read.

    Attributes
    ----------
    log_weights : ndarray, shape (d, 2^(d-1)), float64
        log w_v(T), less the largest of each node: row v over the sets without v, as in `ScoreTable.complete`.
    log_sums : ndarray, shape (d, 2^(d-1)), float64
        log ŵ_v(U), the weight of all parent sets within U.
    log_scale : float
        Sum of what was subtracted.
    """

    log_weights: Float64[np.ndarray, "d sets"]
    log_sums: Float64[np.ndarray, "d sets"]
    log_scale: float

    @classmethod
    def of(cls, complete: Float64[np.ndarray, "d sets"]) -> "LayerWeights":
        """Return the weights of a complete score table, `ScoreTable.complete`; O(d² 2^d)."""
        largest = complete.max(axis=1, keepdims=True)
        largest[largest == -np.inf] = 0.0  # no parent set is possible: no layering will be
        log_weights = complete - largest
        return cls(log_weights, log_zeta_transform(log_weights), float(largest.sum()))

    @property
    def d(self) -> int:
        """Number of nodes."""
        return len(self.log_weights)


# The test run's annotation checker would wrap the functions that Numba compiles; @no_type_check keeps it off.


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def squeezed(mask, node):
    """Return a set's index among those without the node."""
    below = (np.int64(1) << node) - 1
    return mask & below | (mask >> 1) & ~below


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def log_node_weight(log_weights, log_sums, node, inside, last, exact):
    """Return log g of a node, and whether it is only an upper bound.

    `inside` and `last` are the masks U and Q. Where the difference cancels, `exact` asks for the sum of up to
    2^|U| terms; otherwise an upper bound is given, which suffices to reject most of what is proposed.
    """
    if inside == 0:
        return log_weights[node, 0], False
    within = squeezed(inside, node)
    log_all = log_sums[node, within]
    if log_all == -np.inf:
        return -np.inf, False
    share = -np.expm1(log_sums[node, squeezed(inside & ~last, node)] - log_all)
    if share >= CANCELLED:
        return log_all + np.log(share), False
    if not exact:
        return log_all + np.log(2.0 * CANCELLED), True
    largest, total = sum_touching(log_weights[node], within, squeezed(last, node))
    return largest + np.log(total), False


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def sum_touching(log_weights, within, touching):
    """Return the largest log w(T), and the sum of w(T) relative to it, over T in `within` that meet `touching`.

    All are sets of indices without the node's own bit. (-inf, 0) if there is no such T of positive weight.
    """
    largest, total, subset = -np.inf, 0.0, within
    while subset:
        if subset & touching:
            value = log_weights[subset]
            if value > largest:
                total = total * np.exp(largest - value) + 1.0
                largest = value
            elif value > largest + _NEGLIGIBLE:
                total += np.exp(value - largest)
        subset = (subset - 1) & within
    return largest, total


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def layer_masks(layer_of, layers, earlier):
    """Fill the mask of each layer and that of all earlier ones; return the number of layers."""
    layers[:] = 0
    count = 0
    for v in range(len(layer_of)):
        layers[layer_of[v]] |= np.int64(1) << v
        count = max(count, layer_of[v] + 1)
    earlier[0] = 0
    for k in range(1, count):
        earlier[k] = earlier[k - 1] | layers[k - 1]
    return count
