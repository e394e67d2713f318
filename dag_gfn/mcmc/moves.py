"""Proposals for the chain over root layerings.

Each kind is a Metropolis-Hastings move of its own; where there is nothing to propose, the chain stays:

``split_join``  with probability ½ one of the S layers of two or more nodes, at random, is split: the size c of its
    first part is uniform in 1 .. k-1, and so is the part among those of that size. Otherwise one of the m - 1 pairs
    of neighbouring layers is joined. A split and the joining that undoes it have the probabilities
    1 / (2 S (k-1) C(k, c)) and 1 / (2 m).
``move``  a node is taken out, and put at random into one of the m' layers that remain or between them, 2 m' + 1
    places with its old one: symmetric.
``swap_adjacent``  one node of each of two neighbouring layers change places: symmetric.
``swap``  two nodes at random do, if their layers differ: symmetric.
``stay``  so that the chain has no period.

Moves of another kind change DAGs (:mod:`dag_gfn.mcmc.edge_reversal`).
"""

from typing import no_type_check

import numpy as np

from dag_gfn.compilation import lean

MOVES = ("split_join", "move", "swap_adjacent", "swap", "stay")
MOVE_PROBABILITIES = np.array([0.3, 0.4, 0.15, 0.14, 0.01])

# The test run's annotation checker would wrap the functions that Numba compiles; @no_type_check keeps it off.


@lean
@no_type_check
def propose(move, layer_of, proposed, sizes, rng):
    """Fill a proposal; return whether there is one, and its log-ratio for Metropolis-Hastings.

    Parameters
    ----------
    move : int
        Index in `MOVES`.
    layer_of, proposed : ndarray, shape (d,), int64
        Layer of each node now, and as proposed; filled only where there is a proposal.
    sizes : ndarray, shape (d,), int64
        Room for the number of nodes in each layer.
    rng : numpy.random.Generator

    Returns
    -------
    bool
        Whether there is a proposal.
    float
        log q(now | proposed) - log q(proposed | now).

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.mcmc.moves import MOVES, propose
    >>> layer_of, (proposed, sizes) = np.array([0, 0, 1]), np.zeros((2, 3), dtype=np.int64)
    >>> propose(MOVES.index("swap_adjacent"), layer_of, proposed, sizes, np.random.default_rng(0))
    (True, 0.0)
    >>> proposed.tolist()
    [1, 0, 0]
    """
    count = _count_layers(layer_of, sizes)
    # numbers are compared, since compiled code cannot index a tuple of different functions
    if move == 0:
        return _split_or_join(layer_of, proposed, sizes, count, rng)
    if move == 1:
        return _move_node(layer_of, proposed, sizes, count, rng)
    if move == 2:
        return _swap_adjacent(layer_of, proposed, sizes, count, rng)
    if move == 3:
        return _swap_any(layer_of, proposed, rng)
    return False, 0.0  # the move "stay"


@lean
@no_type_check
def _below(rng, count):
    """Return a whole number from 0 to count - 1."""
    return np.int64(rng.random() * count)


@lean
@no_type_check
def _count_layers(layer_of, sizes):
    """Fill the number of nodes in each layer, shape (d,); return the number of layers."""
    count = 0
    for k in range(len(sizes)):
        sizes[k] = 0
    for v in range(len(layer_of)):
        sizes[layer_of[v]] += 1
        count = max(count, layer_of[v] + 1)
    return count


@lean
@no_type_check
def _binomial(n, k):
    """Return n over k as a float."""
    product = 1.0
    for i in range(k):
        product = product * (n - i) / (i + 1)
    return product


@lean
@no_type_check
def _split_or_join(layer_of, proposed, sizes, count, rng):
    """Split a layer in two, or join two neighbouring ones, with probability 1/2 each."""
    d = len(layer_of)
    splittable = 0
    for layer in range(count):
        splittable += sizes[layer] > 1
    if rng.random() < 0.5:
        if splittable == 0:
            return False, 0.0
        # the layer that is split: one of those with two nodes or more
        nth = _below(rng, splittable)
        layer = -1
        while nth >= 0:
            layer += 1
            nth -= sizes[layer] > 1
        size = sizes[layer]
        first = 1 + _below(rng, size - 1)
        # which of its nodes form the first part: one after the other, each with probability needed / left
        needed, left = first, size
        for v in range(d):
            proposed[v] = layer_of[v]
            if layer_of[v] > layer:
                proposed[v] += 1
            elif layer_of[v] == layer:
                if rng.random() * left < needed:
                    needed -= 1
                else:
                    proposed[v] += 1
                left -= 1
        # joining undoes it with 1 of count pairs; it was 1 of S layers, of k - 1 sizes, of C(k, c) parts
        return True, np.log(splittable * (size - 1) * _binomial(size, first) / count)
    if count == 1:
        return False, 0.0
    layer = _below(rng, count - 1)
    first, second = sizes[layer], sizes[layer + 1]
    for v in range(d):
        proposed[v] = layer_of[v] - (layer_of[v] > layer)
    # layers that could be split after joining: the joined one instead of its two parts
    splittable += 1 - (first > 1) - (second > 1)
    size = first + second
    return True, -np.log(splittable * (size - 1) * _binomial(size, first) / (count - 1))


@lean
@no_type_check
def _move_node(layer_of, proposed, sizes, count, rng):
    """Take a node out and put it into a layer that remains, or into a layer of its own between those."""
    v = _below(rng, len(layer_of))
    old = layer_of[v]
    alone = sizes[old] == 1
    place = _below(rng, 2 * (count - alone) + 1)  # gap 0, layer 0, gap 1, layer 1, ..., the gap at the end
    target, is_new = place // 2, place % 2 == 0
    for u in range(len(layer_of)):
        k = layer_of[u] - (alone and layer_of[u] > old)  # its layer goes
        proposed[u] = k + (is_new and k >= target)
    proposed[v] = target
    return True, 0.0


@lean
@no_type_check
def _swap_adjacent(layer_of, proposed, sizes, count, rng):
    """Exchange one node of a layer with one of the next layer."""
    if count == 1:
        return False, 0.0
    layer = _below(rng, count - 1)
    for v in range(len(layer_of)):
        proposed[v] = layer_of[v]
    for k in (layer, layer + 1):
        nth, v = _below(rng, sizes[k]), -1
        while nth >= 0:
            v += 1
            nth -= layer_of[v] == k
        proposed[v] = 2 * layer + 1 - k  # the one that was chosen goes to the other of the two layers
    return True, 0.0


@lean
@no_type_check
def _swap_any(layer_of, proposed, rng):
    """Exchange two nodes of different layers."""
    a, b = _below(rng, len(layer_of)), _below(rng, len(layer_of))
    if layer_of[a] == layer_of[b]:
        return False, 0.0
    for v in range(len(layer_of)):
        proposed[v] = layer_of[v]
    proposed[a], proposed[b] = layer_of[b], layer_of[a]
    return True, 0.0
