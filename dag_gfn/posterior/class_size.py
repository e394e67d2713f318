r"""Number of DAGs in a Markov equivalence class, in polynomial time.

The reversible edges of a CPDAG form undirected connected parts. These are chordal and can be oriented independently, so
that the size of the class is the product of the sizes of the parts. The size of a part is the number of its acyclic
orientations without a v-structure. In each of them some maximal clique K comes first, in some order of its nodes. What
is not decided by K are smaller parts :math:`C(K)`, which are again chordal:

.. math:: \#(G) = \sum_K \varphi(|K|, \mathrm{FP}(K)) \prod_{H \in C(K)} \#(H).

An orientation can begin with several cliques. It counts for one of them only: the cliques form a tree, and on the way
from its root to K, the links between cliques that lie within K must not begin the order of K. These forbidden prefixes
FP(K) are nested, so that their sizes are enough.

References
----------
Wienöbst, Bannach and Liśkiewicz, "Polynomial-time algorithms for counting and sampling Markov equivalent DAGs with
applications", JMLR 24 (2023): the clique-picking algorithm. Blair and Peyton, "An introduction to chordal graphs and
clique trees", 1993, section 4: the tree of cliques by maximum cardinality search.
"""

from collections.abc import Iterator
from math import factorial
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool


def class_size(cpdag: Bool[np.ndarray, "d d"]) -> int:
    """Return the number of DAGs in a class.

    Parameters
    ----------
    cpdag : ndarray, shape (d, d), bool
        Compelled i → j: only entry (i, j) is True. Reversible i – j: both (i, j) and (j, i) are.

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
    known: dict[int, int] = {}
    size = 1
    for part in _connected(neighbours, sum(1 << i for i, near in enumerate(neighbours) if near)):
        size *= _orientations(neighbours, part, known)
    return size


class _Clique(NamedTuple):
    """A maximal clique, and the sets that must not begin an order of it, each within the next."""

    nodes: int
    forbidden: tuple[int, ...]


def _orientations(neighbours: list[int], part: int, known: dict[int, int]) -> int:
    """Return the number of acyclic orientations without v-structure of a connected chordal graph.

    Sets of nodes are bitmasks. A part contains all links between its nodes, which therefore identify it; `known` holds
    the sizes of the parts that were counted before.
    """
    if part not in known:
        total = 0
        for clique in _clique_tree(neighbours, part):
            ways = _orders(clique.nodes.bit_count(), tuple(s.bit_count() for s in clique.forbidden))
            for rest in _undecided(neighbours, part, clique.nodes) if ways else ():
                ways *= _orientations(neighbours, rest, known)
            total += ways
        known[part] = total
    return known[part]


def _orders(size: int, forbidden: tuple[int, ...]) -> int:
    r"""Return the number of orders of some nodes that begin with none of the forbidden sets, each within the next.

    .. math:: \varphi(s, (s_1, \ldots, s_l)) = s! - \sum_i (s - s_i)!\, \varphi(s_i, (s_1, \ldots, s_{i-1})),

    where the i-th term are the orders whose shortest forbidden beginning is the i-th set.
    """
    shortest: list[int] = []
    for i, length in enumerate(forbidden):
        shortest.append(_without(length, forbidden[:i], shortest))
    return _without(size, forbidden, shortest)


def _without(size: int, forbidden: tuple[int, ...], shortest: list[int]) -> int:
    return factorial(size) - sum(
        factorial(size - length) * ways for length, ways in zip(forbidden, shortest, strict=True)
    )


def _clique_tree(neighbours: list[int], part: int) -> list[_Clique]:
    """Return the maximal cliques of a connected chordal graph with their forbidden prefixes, the root first.

    Nodes are visited by the number of their visited neighbours, the largest first. A node that does not have more of
    them than the node before begins a clique, which is linked to that of the neighbour that was visited last. The
    links of a clique's way from the root that lie within it are those of its parent that lie within its own link.
    """
    cliques: list[_Clique] = []
    clique_of: dict[int, int] = {}
    visited: list[int] = []
    waiting = [part] + [0] * (part.bit_count() + 1)  # nodes by their number of visited neighbours
    most, done = 0, 0
    for _ in range(part.bit_count()):
        before, most = most, most + 1
        while not waiting[most]:
            most -= 1
        node = (waiting[most] & -waiting[most]).bit_length() - 1
        waiting[most] ^= 1 << node
        link = neighbours[node] & done
        if not visited:
            cliques.append(_Clique(1 << node, ()))
        elif most > before:
            nodes, forbidden = cliques[-1]
            cliques[-1] = _Clique(nodes | 1 << node, forbidden)
        else:
            last = next(other for other in reversed(visited) if link >> other & 1)
            within = (s for s in cliques[clique_of[last]].forbidden if s & ~link == 0 and s != link)
            cliques.append(_Clique(link | 1 << node, (*within, link)))
        clique_of[node] = len(cliques) - 1
        visited.append(node)
        done |= 1 << node
        near = neighbours[node] & part & ~done
        for count in range(most + 1, -1, -1):
            moved = waiting[count] & near
            waiting[count] ^= moved
            waiting[count + 1] |= moved
    return cliques


def _undecided(neighbours: list[int], part: int, clique: int) -> list[int]:
    """Return the connected parts that stay undirected where the nodes of a clique come first in their part.

    A lexicographic breadth-first search from the clique keeps nodes with the same visited neighbours together in sets.
    A set is undecided within, when its first node is visited, and decided against the rest.
    """
    found: list[int] = []
    sets, taken = [clique, part & ~clique], clique
    while sets:
        first = sets[0]
        if not first:
            sets.pop(0)
            continue
        node = (first & -first).bit_length() - 1
        if not taken >> node & 1:
            found.extend(_connected(neighbours, first))
            taken |= first
        sets[0] ^= 1 << node
        near = neighbours[node]
        sets = [half for nodes in sets for half in (nodes & near, nodes & ~near) if half]
    return found


def _connected(neighbours: list[int], nodes: int) -> Iterator[int]:
    """Yield the connected parts of the graph on some nodes."""
    while nodes:
        part, reached = 0, nodes & -nodes
        while reached:
            node = reached & -reached
            part |= node
            reached = (reached | neighbours[node.bit_length() - 1] & nodes) & ~part
        nodes &= ~part
        yield part
