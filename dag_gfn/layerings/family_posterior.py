r"""Posterior probabilities of the parent sets of each node, from layerings that are nearly draws of the posterior.

Given a layering, the parents of the nodes are independent, and node v has the parent set T with probability
:math:`w_v(T) / g_v(U, Q)` if T lies within the earlier layers U and meets the last of them Q
(:mod:`dag_gfn.layerings.layer_weights`). The mean over layerings is

.. math:: p_v(T) = w_v(T) \left[\sum_{U \supseteq T} a_v(U) - \sum_{V \supseteq T} b_v(V)\right],

where a_v(U) adds up 1 / g_v over the layerings with these earlier layers, and b_v(V) the same over those with
V = U without Q. Both sums over supersets take one pass over the table for each candidate parent.
"""

from dataclasses import dataclass
from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int8, Int64
from numba import njit

from dag_gfn.graphs.subsets import unpack
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.layerings.node_weights import CANCELLED

_NEGLIGIBLE = 1e-9
"""Probability below which a parent set is left out."""


@dataclass(frozen=True, eq=False)
class FamilyPosterior:
    """The most probable parent sets of each node; those of node v are at ``start[v]`` to ``start[v + 1] - 1``.

    Attributes
    ----------
    sets : ndarray, shape (m,), int64
        Bitmasks; the empty set is always among those of a node.
    probabilities : ndarray, shape (m,), float64
        Those of a node sum to at most one.
    members : ndarray, shape (m, k), int8
        The parents in each set, ascending, in the first ``sizes`` places.
    sizes : ndarray, shape (m,), int64
    start : ndarray, shape (d + 1,), int64

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.layerings.family_posterior import FamilyPosterior
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> weights = LayerWeights.of(np.log([[1.0, 1.0], [1.0, 3.0]]))  # node 1: the sets {} and {0} weigh 1 and 3
    >>> families = FamilyPosterior.of_layerings(weights, np.array([[0, 0], [0, 1], [0, 1], [0, 1]]))
    >>> families.probabilities.tolist(), families.start.tolist()
    ([1.0, 0.75, 0.25], [0, 1, 3])
    """

    sets: Int64[np.ndarray, " m"]
    probabilities: Float64[np.ndarray, " m"]
    members: Int8[np.ndarray, "m k"]
    sizes: Int64[np.ndarray, " m"]
    start: Int64[np.ndarray, " nodes_and_one"]

    @classmethod
    def of_layerings(
        cls, weights: LayerWeights, layer_of: Int64[np.ndarray, "n d"], *, most: int = 512
    ) -> "FamilyPosterior":
        """Return the posterior of layerings, with at most so many parent sets of each node.

        Parents that are no candidates of a node count as absent.
        """
        chosen = [_of_node(weights, layer_of, node, most) for node in range(weights.d)]
        sets = np.concatenate([found for found, _ in chosen])
        present = unpack(sets, weights.d)
        sizes = present.sum(axis=1)
        members = np.argsort(~present, axis=1, kind="stable")[:, : max(int(sizes.max()), 1)]
        return cls(
            sets=sets,
            probabilities=np.concatenate([share for _, share in chosen]),
            members=members.astype(np.int8),
            sizes=sizes.astype(np.int64),
            start=np.cumsum([0] + [len(found) for found, _ in chosen]),
        )

    def given(
        self, parents: Int64[np.ndarray, "b d"], excluded: Int64[np.ndarray, "b d"]
    ) -> tuple[Float32[np.ndarray, "b d d"], Float32[np.ndarray, "b d"]]:
        """Return what follows from the parents that nodes have already and from those that they cannot have.

        Parameters
        ----------
        parents, excluded : ndarray, shape (b, d), int64
            Bitmasks for each node of b graphs.

        Returns
        -------
        further : ndarray, shape (b, d, d), float32
            ``[k, i, j]`` is the probability that j has the further parent i, given that it has those of graph k and
            none of the excluded ones. 0 where no listed parent set complies.
        complete : ndarray, shape (b, d), float32
            The probability that j has no further parent; 1 where no listed parent set complies.
        """
        b, d = parents.shape
        further, complete = np.zeros((b, d, d), np.float32), np.ones((b, d), np.float32)
        _fill(
            parents,
            excluded,
            self.sets,
            self.members,
            self.sizes,
            self.probabilities,
            self.start,
            further,
            complete,
        )
        return further, complete


def _of_node(
    weights: LayerWeights, layer_of: Int64[np.ndarray, "n d"], node: int, most: int
) -> tuple[Int64[np.ndarray, " m"], Float64[np.ndarray, " m"]]:
    """Return the most probable parent sets of a node as bitmasks over all nodes, and their probabilities."""
    own, places = layer_of[:, [node]], weights.places[node]
    earlier = ((layer_of < own) * places).sum(axis=1)
    before_last = ((layer_of < own - 1) * places).sum(axis=1)
    sums = np.exp(weights.log_sums[node])
    is_root = own[:, 0] == 0
    total = sums[earlier] - sums[before_last]
    used = ~is_root & (total > CANCELLED * sums[earlier])
    within, without = np.zeros((2, len(sums)))
    np.add.at(within, earlier[used], 1.0 / total[used])
    np.add.at(without, before_last[used], 1.0 / total[used])
    probability = np.exp(weights.log_weights[node]) * (_over_supersets(within) - _over_supersets(without))
    probability[0] = is_root.sum()
    probability /= probability.sum()
    largest = np.argsort(-probability, kind="stable")[:most]
    largest = largest[probability[largest] > _NEGLIGIBLE]
    index = np.union1d(largest, [0])
    index = index[np.argsort(-probability[index], kind="stable")]
    return _masks(index, places), np.maximum(probability[index], _NEGLIGIBLE)


def _over_supersets(values: Float64[np.ndarray, " sets"]) -> Float64[np.ndarray, " sets"]:
    """Return the sum over all supersets of each set."""
    sums = values.copy()
    step = 1
    while step < len(sums):
        pairs = sums.reshape(-1, 2, step)
        pairs[:, 0] += pairs[:, 1]
        step *= 2
    return np.maximum(sums, 0.0)


def _masks(index: Int64[np.ndarray, " m"], places: Int64[np.ndarray, " d"]) -> Int64[np.ndarray, " m"]:
    """Return bitmasks over all nodes of indices of a node's table."""
    member: Bool[np.ndarray, "m d"] = (index[:, None] & places) != 0
    return (member * (np.int64(1) << np.arange(len(places)))).sum(axis=1)


@no_type_check
@njit(cache=True, nogil=True)
def _fill(parents, excluded, sets, members, sizes, probabilities, start, further, complete):
    for k in range(len(parents)):
        for j in range(parents.shape[1]):
            own, barred = parents[k, j], excluded[k, j]
            total = finished = 0.0
            for row in range(start[j], start[j + 1]):
                if sets[row] & own != own or sets[row] & barred != 0:
                    continue
                p = probabilities[row]
                total += p
                if sets[row] == own:
                    finished = p
                    continue
                for m in range(sizes[row]):
                    further[k, members[row, m], j] += p
            if total > 0.0:
                complete[k, j] = finished / total
                for i in range(parents.shape[1]):
                    further[k, i, j] = 0.0 if (own >> i) & 1 else further[k, i, j] / total
