r"""One member of each equivalence class: the one with the smallest order, and how large its class is.

A DAG's order lists its nodes, always the smallest of those whose parents are all listed. The members of a class have
different orders, and the first of its members is the one whose order is lexicographically the smallest. Let G be the
first of its class. Then what the first t nodes of its order have among them is the first of *its* class: a member with
a smaller order could take its place in G without a change of links or v-structures, and G with it would come before G.
So a DAG that is built along its order can be given up as soon as what there is is not the first of its class.

The same holds for classes that experiments leave, where some edges are oriented beforehand.
"""

from typing import no_type_check

import numpy as np
from numba import njit

# The test run's annotation checker would wrap the functions that Numba compiles; @no_type_check keeps it off.


@njit(cache=True, nogil=True)
@no_type_check
def essential(parents, oriented, linked, into, open_):
    """Fill the essential graph of a DAG: links, compelled parents and reversible links of each node, all as masks.

    Parameters
    ----------
    parents : ndarray, shape (d,), int64
        The parents of each node.
    oriented : ndarray, shape (d,), int64
        The nodes to which a link of each node is oriented by experiments, whatever the DAG.
    linked, into, open_ : ndarray, shape (d,), int64
        Overwritten.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.exact.class_prefixes import essential
    >>> chain, none = np.array([0b000, 0b001, 0b010]), np.zeros(3, dtype=int)  # 0 -> 1 -> 2
    >>> linked, into, reversible = (np.zeros(3, dtype=int) for _ in range(3))
    >>> essential(chain, none, linked, into, reversible)
    >>> into.tolist(), reversible.tolist()
    ([0, 0, 0], [2, 5, 2])
    """
    d = len(parents)
    for j in range(d):
        linked[j] = 0
    for j in range(d):
        linked[j] |= parents[j]
        for i in range(d):
            if parents[j] >> i & 1:
                linked[i] |= 1 << j
    for j in range(d):
        into[j] = parents[j] & oriented[j]
        for i in range(d):
            if parents[j] >> i & 1 and parents[j] & ~linked[i] & ~(1 << i):
                into[j] |= 1 << i  # a v-structure with another parent
    for j in range(d):
        open_[j] = linked[j] & ~into[j]
    for j in range(d):
        for i in range(d):
            if into[j] >> i & 1:
                open_[i] &= ~(1 << j)
    _follow(linked, into, open_)


@njit(cache=True, nogil=True)
@no_type_check
def _follow(linked, into, open_):
    """Orient the open links that follow by Meek's rules 1 to 3, until none does."""
    d = len(linked)
    changed = True
    while changed:
        changed = False
        for x in range(d):
            if not open_[x]:
                continue
            for y in range(d):
                if not open_[x] >> y & 1:
                    continue
                out_of_x = linked[x] & ~into[x] & ~open_[x]
                follows = into[x] & ~linked[y] or out_of_x & into[y]  # z -> x - y;  x -> z -> y - x
                if not follows:
                    both = open_[x] & into[y]  # x - a -> y and x - b -> y, a and b not linked
                    for a in range(d):
                        if both >> a & 1 and both & ~linked[a] & ~(1 << a):
                            follows = 1
                            break
                if follows:
                    into[y] |= 1 << x
                    open_[x] &= ~(1 << y)
                    open_[y] &= ~(1 << x)
                    changed = True


@njit(cache=True, nogil=True)
@no_type_check
def is_first(order, length, linked, into, open_):
    """Return whether a DAG is the first of its class, given that it is without the last node of its order.

    Its class has a member with a smaller order iff the last node can follow sooner, in place of a larger one.

    Parameters
    ----------
    order : ndarray, shape (d,), int64
        Its first `length` entries are the order of the DAG.
    linked, into, open_ : ndarray, shape (d,), int64
        The essential graph, of `essential`. The last two are overwritten.

    Examples
    --------
    The DAG 1 -> 0 is not the first of its class, 0 -> 1 is:

    >>> import numpy as np
    >>> from dag_gfn.exact.class_prefixes import essential, is_first
    >>> linked, into, reversible = (np.zeros(2, dtype=int) for _ in range(3))
    >>> essential(np.array([0b10, 0]), np.zeros(2, dtype=int), linked, into, reversible)
    >>> is_first(np.array([1, 0]), 2, linked, into, reversible)
    False
    """
    last = order[length - 1]
    listed = 0
    for step in range(length - 1):
        node = order[step]
        if last < node and not into[last] & ~listed:
            return False
        listed |= 1 << node
        if open_[node]:  # its open links lead away from it
            for y in range(len(linked)):
                if open_[node] >> y & 1:
                    into[y] |= 1 << node
                    open_[y] &= ~(1 << node)
            open_[node] = 0
            _follow(linked, into, open_)
    return True


@njit(cache=True, nogil=True)
@no_type_check
def orientations(open_, part):
    """Return in how many ways a connected chordal graph is oriented without cycle and v-structure, as a float.

    The sum over the nodes that can come first, each with the parts that it leaves undecided. Exact up to 2^53; for the
    up to 16 nodes of complete tables. See :mod:`dag_gfn.posterior.class_size` for a count at any size.

    Parameters
    ----------
    open_ : ndarray, shape (d,), int64
        The reversible links of each node, as masks.
    part : int
        The nodes.

    References
    ----------
    He, Jia and Yu, "Counting and exploring sizes of Markov equivalence classes of directed acyclic graphs", JMLR 16
    (2015), section 3.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.exact.class_prefixes import orientations
    >>> float(orientations(np.array([0b010, 0b101, 0b010]), 0b111))  # the chain 0 - 1 - 2
    3.0
    """
    d = len(open_)
    known = _plain(open_, part)
    if known:
        return known
    # a stack in place of recursion: level 0 is the part, and each level a part that a root of the level above leaves
    graphs = np.empty(
        (d + 1, d), dtype=np.int64
    )  # row l + 1: the open links of row l, oriented away from a root
    parts, rest, roots = np.zeros((3, d), dtype=np.int64)
    totals, products = np.zeros(d), np.zeros(d)
    linked, into = np.empty_like(open_), np.empty_like(open_)
    graphs[0], parts[0], roots[0] = open_, part, -1
    level = 0
    while True:
        if rest[level]:
            smaller = reached(graphs[level + 1], rest[level])
            rest[level] &= ~smaller
            known = _plain(graphs[level + 1], smaller)
            if known:
                products[level] *= known
            else:
                level += 1
                parts[level], rest[level], roots[level] = smaller, 0, -1
                totals[level] = products[level] = 0.0
            continue
        totals[level] += products[level]
        roots[level] += 1
        while roots[level] < d and not parts[level] >> roots[level] & 1:
            roots[level] += 1
        if roots[level] < d:
            _away_from(roots[level], parts[level], graphs[level], graphs[level + 1], linked, into)
            products[level], rest[level] = 1.0, parts[level]
        elif level == 0:
            return totals[0]
        else:
            level -= 1
            products[level] *= totals[level + 1]


@njit(cache=True, nogil=True)
@no_type_check
def _plain(open_, part):
    """Return the number of orientations of a tree or a clique, and 0 for other parts."""
    nodes, links, ways = 0, 0, 1.0
    for v in range(len(open_)):
        if part >> v & 1:
            nodes += 1
            ways *= nodes
            for u in range(v):
                links += (open_[v] & part) >> u & 1
    if links == nodes * (nodes - 1) // 2:
        return ways
    return 1.0 * nodes if links == nodes - 1 else 0.0


@njit(cache=True, nogil=True)
@no_type_check
def _away_from(root, part, open_, inner, linked, into):
    """Fill the links that stay open where a connected chordal graph on some nodes is oriented away from a root."""
    for v in range(len(open_)):
        linked[v] = inner[v] = open_[v] & part if part >> v & 1 else 0
        into[v] = 0
    for v in range(len(open_)):
        if inner[root] >> v & 1:
            into[v] = 1 << root
            inner[v] &= ~(1 << root)
    inner[root] = 0
    _follow(linked, into, inner)


@njit(cache=True, nogil=True)
@no_type_check
def reached(links, nodes):
    """Return the nodes that are connected with the smallest of some nodes, among these.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.exact.class_prefixes import reached
    >>> bin(reached(np.array([0b010, 0b001, 0b000]), 0b111))
    '0b11'
    """
    part = nodes & -nodes
    grown = True
    while grown:
        grown = False
        for v in range(len(links)):
            if part >> v & 1 and links[v] & nodes & ~part:
                part |= links[v] & nodes
                grown = True
    return part
