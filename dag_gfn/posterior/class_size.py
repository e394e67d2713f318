"""Number of DAGs in a Markov equivalence class.

The reversible edges of a CPDAG form undirected connected parts. These are chordal and can be oriented independently, so
that the size of the class is the product of the sizes of the parts. An orientation of a part without a new v-structure
has one root. Orienting a part away from a root leaves smaller parts, which are again chordal; their sizes multiply, and
the sum over all roots is the size of the part.

References
----------
He, Jia and Yu, "Counting and exploring sizes of Markov equivalence classes of directed acyclic graphs", JMLR 16 (2015),
section 3: roots, and the parts that they leave.
"""

from math import factorial

import numpy as np
from jaxtyping import Bool

MAX_PARTS = 3_000
"""Largest number of different parts that are counted before the count is given up."""


def class_size(cpdag: Bool[np.ndarray, "d d"], *, max_parts: int = MAX_PARTS) -> int | None:
    """Return the number of DAGs in a class; None where the count would take too long.

    Parameters
    ----------
    cpdag : ndarray, shape (d, d), bool
        Compelled i → j: only entry (i, j) is True. Reversible i – j: both (i, j) and (j, i) are.
    max_parts : int
        Largest number of different parts to count. Trees and cliques, of which most classes consist, do not count.

    Examples
    --------
    The chain 0 - 1 - 2 can be oriented in three ways without a new v-structure, one for each root:

    >>> import numpy as np
    >>> from dag_gfn.posterior.class_size import class_size
    >>> chain = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], dtype=bool)
    >>> class_size(chain)
    3
    """
    reversible = cpdag & cpdag.T
    neighbours = [sum(1 << int(j) for j in np.flatnonzero(row)) for row in reversible]
    count = _Count(neighbours, max_parts)
    try:
        return count.product_over_parts(neighbours, (1 << len(cpdag)) - 1)
    except _TooMany:
        return None


class _TooMany(Exception):
    pass


class _Count:
    """Counts orientations of chordal graphs on subsets of nodes (bitmasks) and remembers the counts.

    An undirected part that remains after a root is chosen contains all links between its nodes. Its nodes therefore
    identify it.
    """

    def __init__(self, neighbours: list[int], max_parts: int):
        self.neighbours = neighbours
        self.left = max_parts
        self.known: dict[int, int] = {}

    def product_over_parts(self, neighbours: list[int], nodes: int) -> int:
        """Return the product of the sizes of the connected parts of an undirected graph on some nodes."""
        product = 1
        while nodes:
            part, reached = 0, nodes & -nodes
            while reached:
                node = (reached & -reached).bit_length() - 1
                part |= 1 << node
                reached = (reached | neighbours[node]) & ~part
            nodes &= ~part
            product *= self.size(part)
        return product

    def size(self, part: int) -> int:
        """Return the number of orientations of a connected part."""
        if part not in self.known:
            self.known[part] = self._count(part)
        return self.known[part]

    def _count(self, part: int) -> int:
        nodes = _members(part)
        p = len(nodes)
        links = sum((self.neighbours[v] & part).bit_count() for v in nodes) // 2
        if links == p - 1:  # a tree: any node is the root of one orientation
            return p
        if links == p * (p - 1) // 2:  # a clique: any order of its nodes
            return factorial(p)
        self.left -= 1
        if self.left < 0:
            raise _TooMany
        return sum(self.product_over_parts(self._rooted(root, part), part) for root in nodes)

    def _rooted(self, root: int, part: int) -> list[int]:
        """Return the links that stay undirected when a part is oriented away from a root.

        Nodes are taken by their distance from the root. Links from one distance to the next point away from the root;
        those within one distance follow from x → y – z, with x and z not linked: y → z.
        """
        undirected = [0] * len(self.neighbours)
        parents = [0] * len(self.neighbours)
        near, rest = 1 << root, part & ~(1 << root)
        while rest:
            following = 0
            for node in _members(near):
                following |= self.neighbours[node] & rest
            for y in _members(following):
                parents[y] = self.neighbours[y] & near
                undirected[y] = self.neighbours[y] & following
            changed = True
            while changed:
                changed = False
                for y in _members(following):
                    for z in _members(undirected[y]):
                        if parents[y] & ~self.neighbours[z]:
                            undirected[y] &= ~(1 << z)
                            undirected[z] &= ~(1 << y)
                            parents[z] |= 1 << y
                            changed = True
            near, rest = following, rest & ~following
        return undirected


def _members(mask: int) -> list[int]:
    found = []
    while mask:
        found.append((mask & -mask).bit_length() - 1)
        mask &= mask - 1
    return found
