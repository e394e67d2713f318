"""Sets of nodes as int64 bitmasks: bit i is set iff node i is a member. At most 63 nodes.

The 2^(d-1) parent sets of one node are indexed by squeezing the node's own bit out of the mask:
``remove_bit`` gives the index, ``insert_bit`` gives the set back.
"""

import numpy as np
from jaxtyping import Bool, Float64, Int64, Num

MAX_NODES = 63
"""Largest number of nodes whose subsets fit an int64 mask (bit 63 is the sign)."""


def pack(members: Bool[np.ndarray, "*shape d"]) -> Int64[np.ndarray, "*shape"]:
    """Return the bitmask of each membership row.

    Parameters
    ----------
    members : array, shape (..., d), bool
        True where node i belongs to the set; d <= 63.

    Returns
    -------
    array, shape (...), int64
        Bit i is set iff ``members[..., i]``.
    """
    d = members.shape[-1]
    if d > MAX_NODES:
        raise ValueError(f"a set of {d} nodes does not fit an int64 mask (at most {MAX_NODES})")
    return np.asarray(members @ (np.int64(1) << np.arange(d, dtype=np.int64)), dtype=np.int64)


def unpack(masks: Int64[np.ndarray, "*shape"], d: int) -> Bool[np.ndarray, "*shape {d}"]:
    """Return the membership rows of bitmasks, shape (..., d); the inverse of :func:`pack`."""
    return (masks[..., None] >> np.arange(d, dtype=np.int64) & 1).astype(bool)


def popcount(masks: Int64[np.ndarray, "*shape"]) -> Int64[np.ndarray, "*shape"]:
    """Return the number of members of each set."""
    return np.asarray(np.bitwise_count(masks), dtype=np.int64)


def remove_bit(
    masks: Int64[np.ndarray, "*shape"], node: int | Int64[np.ndarray, "..."]
) -> Int64[np.ndarray, "*shape"]:
    """Squeeze bit ``node`` out: the index of a parent set among the 2^(d-1) sets without ``node``.

    Parameters
    ----------
    masks : array, shape (...), int64
        Sets of nodes; whether ``node`` itself is a member does not matter.
    node : int or array that broadcasts to the shape of ``masks``, int64
    """
    node = np.asarray(node, dtype=np.int64)
    below = (np.int64(1) << node) - 1
    return np.asarray(masks & below | (masks >> 1) & ~below, dtype=np.int64)


def insert_bit(
    indices: Int64[np.ndarray, "*shape"], node: int | Int64[np.ndarray, "..."]
) -> Int64[np.ndarray, "*shape"]:
    """Open a zero bit at position ``node``: the set at an index; the inverse of :func:`remove_bit`."""
    node = np.asarray(node, dtype=np.int64)
    below = (np.int64(1) << node) - 1
    return np.asarray(indices & below | (indices & ~below) << 1, dtype=np.int64)


def parent_sets(node: int, d: int) -> Int64[np.ndarray, " sets"]:
    """Return all 2^(d-1) sets that do not contain ``node``, in the order of their indices (ascending)."""
    return insert_bit(np.arange(1 << (d - 1), dtype=np.int64), node)


def subsets_within(mask: int | np.int64) -> Int64[np.ndarray, " sets"]:
    """Return all 2^k subsets of a set of k members, ascending: subset s has member number m iff bit m of s is set."""
    subsets = np.zeros(1, dtype=np.int64)
    for member in np.flatnonzero(unpack(np.asarray(mask, dtype=np.int64), MAX_NODES)):
        subsets = np.concatenate([subsets, subsets | np.int64(1) << member])
    return subsets


def zeta_transform(values: Num[np.ndarray, "*batch subsets"]) -> Num[np.ndarray, "*batch subsets"]:
    r"""Return the sums over subsets, :math:`\hat f(S) = \sum_{T \subseteq S} f(T)`.

    Parameters
    ----------
    values : array, shape (..., 2^k)
        One value for each set, at the index that is the set's mask.

    Returns
    -------
    array, shape (..., 2^k)
        A new array; k 2^k additions.
    """
    return _transform(values, np.add)


def log_zeta_transform(
    log_values: Float64[np.ndarray, "*batch subsets"],
) -> Float64[np.ndarray, "*batch subsets"]:
    """Return the logs of the sums over subsets of ``exp(log_values)``; -inf stands for zero."""
    return _transform(log_values, np.logaddexp)


def moebius_transform(values: Num[np.ndarray, "*batch subsets"]) -> Num[np.ndarray, "*batch subsets"]:
    r"""Undo :func:`zeta_transform`: :math:`f(S) = \sum_{T \subseteq S} (-1)^{|S \setminus T|} \hat f(T)`."""
    return _transform(values, np.subtract)


def _transform(values: np.ndarray, combine: np.ufunc) -> np.ndarray:
    size = values.shape[-1]
    if size == 0 or size & (size - 1):
        raise ValueError(f"the last axis must hold 2^k values, one for each subset, not {size}")
    result = np.array(values, order="C")
    for bit in range(size.bit_length() - 1):
        halves = result.reshape(
            *values.shape[:-1], -1, 2, 1 << bit
        )  # (..., 2^(k-1-bit), without | with, 2^bit)
        combine(halves[..., 1, :], halves[..., 0, :], out=halves[..., 1, :])
    return result
