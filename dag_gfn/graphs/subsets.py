"""Sets of nodes as int64 bitmasks: bit i is set iff node i is a member. At most 63 nodes.

The 2^(d-1) possible parent sets of a node are numbered by removing the node's own bit from the mask:
``remove_bit`` returns the number of a set, ``insert_bit`` the set of a number.
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

    Raises
    ------
    ValueError
        If d exceeds 63.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.graphs.subsets import pack
    >>> int(pack(np.array([True, False, True])))  # {0, 2}: 2^0 + 2^2
    5
    """
    d = members.shape[-1]
    if d > MAX_NODES:
        raise ValueError(f"a set of {d} nodes does not fit an int64 mask (at most {MAX_NODES})")
    return np.asarray(members @ (np.int64(1) << np.arange(d, dtype=np.int64)), dtype=np.int64)


def unpack(masks: Int64[np.ndarray, "*shape"], d: int) -> Bool[np.ndarray, "*shape {d}"]:
    """Return the membership rows of bitmasks, shape (..., d); the inverse of :func:`pack`.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.graphs.subsets import unpack
    >>> unpack(np.array([5, 0]), 3).tolist()
    [[True, False, True], [False, False, False]]
    """
    return (masks[..., None] >> np.arange(d, dtype=np.int64) & 1).astype(bool)


def pack_words(members: Bool[np.ndarray, "*shape d"]) -> Int64[np.ndarray, "words *shape"]:
    """Return sets of any number of nodes as words: word k of a set holds its members from 63 k on.

    Words are the first axis, so that operations on one after the other are on whole arrays.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.graphs.subsets import pack_words
    >>> pack_words(np.isin(np.arange(65), [0, 1, 64])).tolist()
    [3, 2]
    """
    starts = range(0, max(members.shape[-1], 1), MAX_NODES)
    return np.stack([pack(members[..., start : start + MAX_NODES]) for start in starts])


def unpack_words(words: Int64[np.ndarray, "words *shape"], d: int) -> Bool[np.ndarray, "*shape {d}"]:
    """Return the membership rows of sets given as words, shape (..., d); the inverse of :func:`pack_words`.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.graphs.subsets import unpack_words
    >>> np.flatnonzero(unpack_words(np.array([[3], [2]]), 65)[0]).tolist()  # one set of two words
    [0, 1, 64]
    """
    sizes = [min(MAX_NODES, d - MAX_NODES * k) for k in range(len(words))]
    return np.concatenate([unpack(word, size) for word, size in zip(words, sizes, strict=True)], axis=-1)


def distinct_sets(
    members: Bool[np.ndarray, "k d"],
) -> tuple[Bool[np.ndarray, "u d"], Int64[np.ndarray, " k"]]:
    """Return the distinct sets among some, given as membership rows, and which of them each is.

    Up to 63 nodes they are in the order of their bitmasks.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.graphs.subsets import distinct_sets
    >>> distinct, which = distinct_sets(np.array([[True, True], [False, False], [True, True]]))
    >>> distinct.tolist(), which.tolist()
    ([[False, False], [True, True]], [1, 0, 1])
    """
    words = pack_words(members)
    if len(words) == 1:
        single, which = np.unique(words[0], return_inverse=True)
        return unpack(single, members.shape[1]), which.reshape(-1)
    distinct, which = np.unique(words.T, axis=0, return_inverse=True)
    return unpack_words(np.ascontiguousarray(distinct.T), members.shape[1]), which.reshape(-1)


def popcount(masks: Int64[np.ndarray, "*shape"]) -> Int64[np.ndarray, "*shape"]:
    """Return the number of members of each set.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.graphs.subsets import popcount
    >>> popcount(np.array([0, 5, 7])).tolist()
    [0, 2, 3]
    """
    return np.asarray(np.bitwise_count(masks), dtype=np.int64)


def remove_bit(
    masks: Int64[np.ndarray, "*shape"], node: int | Int64[np.ndarray, "..."]
) -> Int64[np.ndarray, "*shape"]:
    """Return the index of each parent set among the 2^(d-1) sets without ``node``: the mask without that bit.

    Parameters
    ----------
    masks : array, shape (...), int64
        Sets of nodes; whether ``node`` itself is a member does not matter.
    node : int or array that broadcasts to the shape of ``masks``, int64

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.graphs.subsets import remove_bit
    >>> remove_bit(np.array([0b000, 0b001, 0b100, 0b101]), 1).tolist()  # the sets without node 1, of three nodes
    [0, 1, 2, 3]
    """
    node = np.asarray(node, dtype=np.int64)
    below = (np.int64(1) << node) - 1
    return np.asarray(masks & below | (masks >> 1) & ~below, dtype=np.int64)


def insert_bit(
    indices: Int64[np.ndarray, "*shape"], node: int | Int64[np.ndarray, "..."]
) -> Int64[np.ndarray, "*shape"]:
    """Return the parent set at each index: the mask with a zero bit at ``node``; the inverse of :func:`remove_bit`.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.graphs.subsets import insert_bit
    >>> [f"{mask:03b}" for mask in insert_bit(np.arange(4), 1)]
    ['000', '001', '100', '101']
    """
    node = np.asarray(node, dtype=np.int64)
    below = (np.int64(1) << node) - 1
    return np.asarray(indices & below | (indices & ~below) << 1, dtype=np.int64)


def parent_sets(node: int, d: int) -> Int64[np.ndarray, " sets"]:
    """Return all 2^(d-1) sets that do not contain ``node``, in ascending order.

    Examples
    --------
    >>> from dag_gfn.graphs.subsets import parent_sets
    >>> parent_sets(1, 3).tolist()  # {}, {0}, {2}, {0, 2}
    [0, 1, 4, 5]
    """
    return insert_bit(np.arange(1 << (d - 1), dtype=np.int64), node)


def subsets_within(mask: int | np.int64) -> Int64[np.ndarray, " sets"]:
    """Return all 2^k subsets of a set of k members; subset s contains the m-th member iff bit m of s is set.

    Examples
    --------
    >>> from dag_gfn.graphs.subsets import subsets_within
    >>> subsets_within(0b101).tolist()  # of {0, 2}
    [0, 1, 4, 5]
    """
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
        A new array, computed by k 2^(k-1) additions.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.graphs.subsets import zeta_transform
    >>> zeta_transform(np.array([1, 2, 3, 4])).tolist()  # of {}, {0}, {1}, {0, 1}
    [1, 3, 4, 10]
    """
    return _transform(values, np.add)


def log_zeta_transform(
    log_values: Float64[np.ndarray, "*batch subsets"],
) -> Float64[np.ndarray, "*batch subsets"]:
    """Return the logarithms of the sums over subsets of ``exp(log_values)``; -inf is the logarithm of zero.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.graphs.subsets import log_zeta_transform
    >>> np.exp(log_zeta_transform(np.log([1.0, 2.0, 3.0, 4.0]))).round(9).tolist()
    [1.0, 3.0, 4.0, 10.0]
    """
    return _transform(log_values, np.logaddexp)


def moebius_transform(values: Num[np.ndarray, "*batch subsets"]) -> Num[np.ndarray, "*batch subsets"]:
    r"""Return the inverse of :func:`zeta_transform`.

    It is :math:`f(S) = \sum_{T \subseteq S} (-1)^{|S \setminus T|} \hat f(T)`.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.graphs.subsets import moebius_transform
    >>> moebius_transform(np.array([1, 3, 4, 10])).tolist()
    [1, 2, 3, 4]
    """
    return _transform(values, np.subtract)


def _transform(values: np.ndarray, combine: np.ufunc) -> np.ndarray:
    """Combine the value of each set with that of the set without a bit, for one bit after the other."""
    size = values.shape[-1]
    if size == 0 or size & (size - 1):
        raise ValueError(f"the last axis must hold 2^k values, one for each subset, not {size}")
    result = np.array(values, order="C")
    for bit in range(size.bit_length() - 1):
        # (..., 2^(k-1-bit), 2, 2^bit): entry 0 of the middle axis holds the sets without the bit, entry 1 those with it
        halves = result.reshape(*values.shape[:-1], -1, 2, 1 << bit)
        combine(halves[..., 1, :], halves[..., 0, :], out=halves[..., 1, :])
    return result
