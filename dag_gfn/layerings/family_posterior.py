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
from jaxtyping import Bool, Float32, Float64, Int8, Int64, UInt64
from numba import njit

from dag_gfn.graphs.subsets import pack, unpack
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.layerings.node_weights import CANCELLED

_BAND = 600.0
"""Nats, whose exponentials are all above the smallest number."""
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
    rows_with : ndarray, shape (d, d + 1, w), uint64
        ``[v, i]`` are bits for the sets of node v, set where i is among the parents; ``[v, d]`` those of all sets.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.layerings.family_posterior import FamilyPosterior
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> weights = LayerWeights.of(np.log([[1.0, 1.0], [1.0, 3.0]]))  # node 1: the sets {} and {0} weigh 1 and 3
    >>> families = FamilyPosterior.of_layerings(weights, np.array([[0, 0], [0, 1], [0, 1], [0, 1]]))
    >>> families.probabilities.round(9).tolist(), families.start.tolist()
    ([1.0, 0.75, 0.25], [0, 1, 3])
    """

    sets: Int64[np.ndarray, " m"]
    probabilities: Float64[np.ndarray, " m"]
    members: Int8[np.ndarray, "m k"]
    sizes: Int64[np.ndarray, " m"]
    start: Int64[np.ndarray, " nodes_and_one"]
    rows_with: UInt64[np.ndarray, "d e w"]

    @classmethod
    def of_layerings(
        cls, weights: LayerWeights, layer_of: Int64[np.ndarray, "n d"], *, most: int = 512
    ) -> "FamilyPosterior":
        """Return the posterior of layerings, with at most so many parent sets of each node.

        Parents that are no candidates of a node count as absent.
        """
        chosen = [_of_node(weights, layer_of, node, most) for node in range(weights.d)]
        return cls.of_sets(
            np.concatenate([found for found, _ in chosen]),
            np.concatenate([share for _, share in chosen]),
            np.cumsum([0] + [len(found) for found, _ in chosen]),
        )

    @classmethod
    def of_sets(
        cls,
        sets: Int64[np.ndarray, " m"],
        probabilities: Float64[np.ndarray, " m"],
        start: Int64[np.ndarray, " nodes_and_one"],
    ) -> "FamilyPosterior":
        """Return the posterior with these parent sets.

        Raises
        ------
        ValueError
            If they are no parent sets of so many nodes, or a probability is none.
        """
        d = len(start) - 1
        node = np.repeat(np.arange(d), np.maximum(np.diff(start), 0))
        if start[0] != 0 or (np.diff(start) < 0).any() or not len(node) == len(sets) == len(probabilities):
            raise ValueError("parent sets and nodes do not fit together")
        if (sets < 0).any() or (sets >> d).any() or ((sets >> node) & 1).any():
            raise ValueError(f"a set is none of parents among {d} nodes")
        if not ((probabilities >= 0) & (probabilities <= 1 + _NEGLIGIBLE)).all():
            raise ValueError("a probability is not in [0, 1]")
        present = unpack(sets, d)
        sizes = present.sum(axis=1)
        members = np.argsort(~present, axis=1, kind="stable")[:, : max(int(sizes.max(initial=0)), 1)]
        return cls(
            sets,
            probabilities,
            members.astype(np.int8),
            sizes.astype(np.int64),
            start,
            _rows_with(present, start),
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
            self.rows_with,
            _EXPONENT,
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
    is_root = own[:, 0] == 0
    sums = weights.log_sums[node]
    possible = ~is_root & (sums[earlier] > -np.inf)
    earlier, before_last = earlier[possible], before_last[possible]
    share = -np.expm1(sums[before_last] - sums[earlier])  # of the sets within U that meet Q
    kept = share > CANCELLED
    earlier, before_last = earlier[kept], before_last[kept]
    log_g = sums[earlier] + np.log(share[kept])
    probability = np.zeros(len(sums))
    # layerings of one node can differ by thousands of nats: those within `_BAND` are added up together
    band = ((log_g - log_g.min(initial=np.inf)) // _BAND).astype(np.int64)
    for rows in (band == number for number in np.unique(band)):
        least = log_g[rows].min()
        within, without = np.zeros((2, len(sums)))
        np.add.at(within, earlier[rows], np.exp(least - log_g[rows]))
        np.add.at(without, before_last[rows], np.exp(least - log_g[rows]))
        count = np.maximum(_over_supersets(within) - _over_supersets(without), 0.0)
        with np.errstate(divide="ignore"):
            log_p = weights.log_weights[node] - least + np.log(count)
        probability += np.exp(np.minimum(log_p, np.log(rows.sum())))
    probability[0] = is_root.sum()
    if not probability.any():
        probability[0] = 1.0
    probability /= probability.sum()
    largest = np.argsort(-probability, kind="stable")[:most]
    largest = largest[probability[largest] > _NEGLIGIBLE]
    index = np.union1d(largest, [0])
    index = index[np.argsort(-probability[index], kind="stable")]
    return pack((index[:, None] & places) != 0), np.maximum(probability[index], _NEGLIGIBLE)


def _over_supersets(values: Float64[np.ndarray, " sets"]) -> Float64[np.ndarray, " sets"]:
    """Return the sum over all supersets of each set."""
    sums = values.copy()
    step = 1
    while step < len(sums):
        pairs = sums.reshape(-1, 2, step)
        pairs[:, 0] += pairs[:, 1]
        step *= 2
    return sums


_DE_BRUIJN = np.uint64(0x03F79D71B4CB0A89)
"""Its products with the powers of two differ in the first six bits, which tells a power's exponent."""
_EXPONENT = np.zeros(64, dtype=np.int64)
_EXPONENT[[(int(_DE_BRUIJN) << k) % 2**64 >> 58 for k in range(64)]] = np.arange(64)


def _rows_with(
    present: Bool[np.ndarray, "m d"], start: Int64[np.ndarray, " nodes_and_one"]
) -> UInt64[np.ndarray, "nodes i w"]:
    """Return, for each node and each possible parent, which of the node's rows contain it, as words of 64 bits."""
    d = present.shape[1]
    words = -(-max(int(np.diff(start).max()), 1) // 64)
    rows = np.zeros((d, d + 1, words * 64), dtype=bool)
    for node in range(d):
        first, last = start[node], start[node + 1]
        rows[node, :d, : last - first] = present[first:last].T
        rows[node, d, : last - first] = True  # all rows
    weights = np.uint64(1) << np.arange(64, dtype=np.uint64)
    return (rows.reshape(d, d + 1, words, 64) * weights).sum(axis=3, dtype=np.uint64)


@no_type_check
@njit(cache=True, nogil=True)
def _fill(
    parents, excluded, sets, members, sizes, probabilities, start, rows_with, exponent, further, complete
):
    d, words = parents.shape[1], rows_with.shape[2]
    for k in range(len(parents)):
        for j in range(d):
            own, barred = parents[k, j], excluded[k, j]
            total = finished = 0.0
            for word in range(words):
                complying = rows_with[j, d, word]
                for i in range(d):
                    if (own >> i) & 1:
                        complying &= rows_with[j, i, word]
                    elif (barred >> i) & 1:
                        complying &= ~rows_with[j, i, word]
                while complying != 0:
                    lowest = complying & (~complying + np.uint64(1))
                    complying ^= lowest
                    place = exponent[(lowest * _DE_BRUIJN) >> np.uint64(58)]
                    row = start[j] + 64 * word + place
                    p = probabilities[row]
                    total += p
                    if sets[row] == own:
                        finished = p
                    else:
                        for m in range(sizes[row]):
                            further[k, members[row, m], j] += p
            if total > 0.0:
                complete[k, j] = finished / total
                for i in range(d):
                    further[k, i, j] = 0.0 if (own >> i) & 1 else further[k, i, j] / total
