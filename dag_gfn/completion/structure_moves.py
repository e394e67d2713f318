r"""A Markov chain over DAGs by single edges: add, delete, reverse, or exchange one parent for another.

The chain is of Metropolis-Hastings type and has :math:`P(G) \propto R(G)` as its distribution, for any table of local
scores. All proposals are symmetric:

``toggle``  an ordered pair (i, j) at random: i -> j is deleted if it is there, and added if it is not.
``reverse``  an ordered pair (i, j) at random: i -> j becomes j -> i, if it is there.
``exchange``  for each node in turn, one of its parents and one node that is none, at random: the second takes the first
    one's place.

A proposal with a cycle, or one that the constraints forbid (score -inf), is rejected.
"""

from collections.abc import Callable
from typing import no_type_check

import numpy as np
from jaxtyping import Float64, Int64
from numba import njit

from dag_gfn.errors import ConstraintError

LocalScores = Callable[[Int64[np.ndarray, " m"], Int64[np.ndarray, " m"]], Float64[np.ndarray, " m"]]
"""From nodes and parent sets (bitmasks) to local scores with log prior, -inf where a set is forbidden: the method
`local_scores` of a `ScoreTable`."""

_REVERSE = 0.3  # share of proposals; the others toggle an edge


def move_graph(
    parents: Int64[np.ndarray, " d"],
    local_scores: LocalScores,
    *,
    proposals: int,
    exchanges: int = 0,
    rng: np.random.Generator,
) -> Int64[np.ndarray, " d"]:
    """Return the DAG to which the chain comes from a given one.

    The scores of all parent sets that differ from a node's own in one parent are computed first, d² in all. Then a
    proposal that is rejected costs nearly nothing, and one that is accepted d or 2d scores.

    Parameters
    ----------
    parents : array, shape (d,), int64
        The parents of each node as bitmasks. The DAG must be one that the scores allow; see `first_graph`.
    local_scores : callable
        Such as ``table.local_scores`` of a `ScoreTable`.
    proposals : int
        Edges to toggle or reverse, in all. Some d² of them forget the start where the distribution is not peaked.
    exchanges : int
        How often one parent of each node is exchanged, after these.
    rng : numpy.random.Generator

    Raises
    ------
    ConstraintError
        If the scores do not allow the given DAG.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.completion.structure_moves import move_graph
    >>> def sparse(nodes, parents):  # each parent costs 5 nats
    ...     return -5.0 * np.bitwise_count(parents)
    >>> chain = np.array([0b000, 0b001, 0b010])  # 0 -> 1 -> 2
    >>> move_graph(chain, sparse, proposals=50, rng=np.random.default_rng(0)).tolist()
    [0, 0, 0]
    """
    d = len(parents)
    parents = parents.copy()
    nodes = np.arange(d, dtype=np.int64)
    current = local_scores(nodes, parents)
    if not np.isfinite(current).all():
        raise ConstraintError("the chain over graphs begins at a graph that the constraints forbid")
    bits = np.int64(1) << nodes
    # [j, i]: score of node j with the membership of i among its parents changed
    toggled = np.full((d, d), -np.inf)
    changed, left = nodes, proposals
    while left > 0 and d > 1 and len(changed):
        node = np.repeat(changed, d - 1)
        other = np.concatenate([nodes[nodes != j] for j in changed])
        toggled[node, other] = local_scores(node, parents[node] ^ bits[other])
        left, *ends = _run_until_accepted(parents, current, toggled, left, rng)
        changed = np.array([j for j in ends if j >= 0], dtype=np.int64)
    for _ in range(exchanges):
        new = _with_a_parent_exchanged(parents, rng)
        _accept_in_turn(parents, current, new, local_scores(nodes, new), rng)
    return parents


def first_graph(
    required: Int64[np.ndarray, " d"],
    local_scores: LocalScores,
) -> Int64[np.ndarray, " d"]:
    """Return a DAG to begin with: the one of exactly the required edges.

    Parameters
    ----------
    required : array, shape (d,), int64
        Bitmask of the parents that each node must have: ``constraints.required``.
    local_scores : callable

    Raises
    ------
    ConstraintError
        If the scores do not allow it.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.completion.structure_moves import first_graph
    >>> first_graph(np.array([0, 1]), lambda nodes, parents: np.zeros(len(nodes))).tolist()  # 0 -> 1 is required
    [0, 1]
    """
    parents = required.copy()
    if not np.isfinite(local_scores(np.arange(len(parents), dtype=np.int64), parents)).all():
        raise ConstraintError(
            f"no DAG on the {len(parents)} nodes satisfies the constraints: drop some of them"
        )
    return parents


# The test run's annotation checker would wrap the functions that Numba compiles; @no_type_check keeps it off.


@njit(cache=True, nogil=True)
@no_type_check
def _ancestors(parents, node):
    """Return the bitmask of the ancestors of a node, itself included."""
    found = np.int64(1) << node
    new = found
    while new:
        reached = np.int64(0)
        for v in range(len(parents)):
            if new >> v & 1:
                reached |= parents[v]
        new = reached & ~found
        found |= reached
    return found


@njit(cache=True, nogil=True)
@no_type_check
def _with_a_parent_exchanged(parents, rng):
    """Return the parents of each node with one of them, at random, exchanged for a node that was none."""
    d = len(parents)
    proposed = parents.copy()
    for node in range(d):
        inside = 0
        for i in range(d):
            inside += parents[node] >> i & 1
        outside = d - 1 - inside
        if inside == 0 or outside == 0:
            continue
        lost, gained = np.int64(rng.random() * inside), np.int64(rng.random() * outside)
        for i in range(d):
            bit = np.int64(1) << i
            if i == node:
                continue
            if parents[node] & bit:
                if lost == 0:
                    proposed[node] ^= bit
                lost -= 1
            else:
                if gained == 0:
                    proposed[node] ^= bit
                gained -= 1
    return proposed


@njit(cache=True, nogil=True)
@no_type_check
def _accept_in_turn(parents, current, proposed, scores, rng):
    """Give each node its proposed parents where the step is accepted; `parents` and `current` are changed."""
    for node in range(len(parents)):
        gained = proposed[node] & ~parents[node]
        if gained == 0 or not np.log(rng.random()) < scores[node] - current[node]:
            continue
        before = parents[node]
        parents[node] = proposed[node]
        i = 0
        while not gained >> i & 1:
            i += 1
        if _ancestors(parents, i) >> node & 1:  # the new parent descends from the node
            parents[node] = before
        else:
            current[node] = scores[node]


@njit(cache=True, nogil=True)
@no_type_check
def _run_until_accepted(parents, current, toggled, left, rng):
    """Make proposals until one is accepted, and change `parents` and `current` in place.

    Returns
    -------
    int
        How many proposals are left.
    int, int
        The nodes whose parents have changed; -1 stands for none.
    """
    d = len(parents)
    while left > 0:
        left -= 1
        reverse = rng.random() < _REVERSE
        i = np.int64(rng.random() * d)
        j = np.int64(rng.random() * (d - 1))
        if j >= i:
            j += 1
        bit = np.int64(1) << i
        present = parents[j] & bit != 0
        if reverse and not present:
            continue
        gain = toggled[j, i] - current[j]
        if reverse:
            gain += toggled[i, j] - current[i]
        if not np.log(rng.random()) < gain:
            continue
        if not present and _ancestors(parents, i) >> j & 1:
            continue
        parents[j] ^= bit
        if reverse:
            if _ancestors(parents, j) >> i & 1:  # another way from i to j: with j -> i it would be a cycle
                parents[j] ^= bit
                continue
            parents[i] |= np.int64(1) << j
            current[i] = toggled[i, j]
        current[j] = toggled[j, i]
        return left, j, i if reverse else -1
    return 0, -1, -1
