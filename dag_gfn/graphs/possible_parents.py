"""Which node each bit of a parent mask stands for, so that masks fit one word however many nodes there are.

Parent sets are bitmasks everywhere. Up to 63 nodes, bit i stands for node i. With more nodes, the masks of each node
are over possible parents of its own, which somebody has chosen: bit b of a mask of node v stands for ``nodes[v, b]``.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np
from jaxtyping import Bool, Int64, Shaped

from dag_gfn.graphs.subsets import MAX_NODES, pack, unpack


@final
@dataclass(frozen=True, eq=False)
class PossibleParents:
    """The possible parents of each node, in the order of the bits of its masks.

    Attributes
    ----------
    nodes : ndarray, shape (d, p), int64
        ``[v, b]`` is the node that bit b stands for in the masks of v; p is at most 63. Where p is d, it is node b for
        all v (`all`), and the bit of v itself is never set.

    Examples
    --------
    Here node 0 can have the parents 1 and 3, which are bits 0 and 1 of its masks:

    >>> import numpy as np
    >>> from dag_gfn.graphs.possible_parents import PossibleParents
    >>> possible = PossibleParents(np.array([[1, 3], [0, 2], [0, 1], [0, 1]]))
    >>> adjacency = possible.adjacency_of(np.array([0b10, 0, 0, 0]))
    >>> np.argwhere(adjacency).tolist(), possible.masks_of(adjacency).tolist()
    ([[3, 0]], [2, 0, 0, 0])
    """

    nodes: Int64[np.ndarray, "d p"]

    @classmethod
    def all(cls, d: int) -> "PossibleParents":
        """Return those of at most 63 nodes: bit i is node i.

        Raises
        ------
        ValueError
            If there are more.
        """
        if d > MAX_NODES:
            raise ValueError(f"masks over all of {d} nodes do not fit a word (at most {MAX_NODES})")
        return cls(np.tile(np.arange(d, dtype=np.int64), (d, 1)))

    @property
    def d(self) -> int:
        """Number of nodes."""
        return len(self.nodes)

    @property
    def size(self) -> int:
        """Number of bits, p."""
        return int(self.nodes.shape[1])

    @property
    def is_all(self) -> bool:
        """Whether bit i is node i in all masks."""
        return self.size == self.d

    @cached_property
    def bits(self) -> Int64[np.ndarray, "d d"]:
        """``[v, u]`` is the bit of u in the masks of v, -1 where u is no possible parent."""
        bits = np.full((self.d, self.d), -1, dtype=np.int64)
        np.put_along_axis(bits, self.nodes, np.arange(self.size), axis=1)
        np.fill_diagonal(bits, -1)
        return bits

    def own_bit(self, node: int) -> int:
        """Return the mask of the node's own bit, 0 where it has none."""
        return 1 << node if self.is_all else 0

    def everyone(self, node: int) -> int:
        """Return the mask of all possible parents of a node."""
        return (1 << self.size) - 1 & ~self.own_bit(node)

    def hold(self, adjacency: Bool[np.ndarray, "*b d d"]) -> Bool[np.ndarray, "*b"]:
        """Return for which graphs every parent is a possible one."""
        if self.is_all:
            return np.ones(adjacency.shape[:-2], dtype=bool)
        return np.asarray(~(adjacency & (self.bits.T < 0)).any(axis=(-1, -2)))

    def masks_of(self, adjacency: Bool[np.ndarray, "*b d d"]) -> Int64[np.ndarray, "*b d"]:
        """Return the parents of each node as a mask.

        Raises
        ------
        ValueError
            If a node has a parent that is not a possible one.
        """
        if self.is_all:
            return pack(np.swapaxes(adjacency, -1, -2))
        if not self.hold(adjacency).all():
            raise ValueError("a graph has a parent that is none of the possible parents of its node")
        return pack(np.take_along_axis(np.swapaxes(adjacency, -1, -2), self._like(adjacency), axis=-1))

    def adjacency_of(self, masks: Int64[np.ndarray, "*b d"]) -> Bool[np.ndarray, "*b d d"]:
        """Return the adjacency whose columns are these parent sets; the inverse of `masks_of`."""
        parents = unpack(masks, self.size)  # (..., d, p)
        if not self.is_all:
            by_node = np.zeros((*masks.shape, self.d), dtype=bool)
            np.put_along_axis(by_node, self._like(by_node), parents, axis=-1)
            parents = by_node
        return np.swapaxes(parents, -1, -2)

    def by_node(self, values: Shaped[np.ndarray, "d p"], fill: float | int) -> Shaped[np.ndarray, "d d"]:
        """Return values of bits as values of nodes: ``[v, u]`` is that of u as a parent of v, else `fill`."""
        if self.is_all:
            return values
        by_node = np.full((self.d, self.d), fill, dtype=values.dtype)
        np.put_along_axis(by_node, self.nodes, values, axis=1)
        return by_node

    def by_bit(self, values: Shaped[np.ndarray, "d d"]) -> Shaped[np.ndarray, "d p"]:
        """Return ``[v, u]`` of nodes by the bits of v; the inverse of `by_node`."""
        return values if self.is_all else np.take_along_axis(values, self.nodes, axis=1)

    def _like(self, by_node: Bool[np.ndarray, "*b d d"]) -> Int64[np.ndarray, "..."]:
        """Return `nodes` with as many axes as an array (..., d, d) has."""
        return self.nodes.reshape((1,) * (by_node.ndim - 2) + self.nodes.shape)
