"""The state of a best-first search: DAGs that are partly built, and a heap of how they can go on."""

from typing import NamedTuple, no_type_check

import numpy as np
from jaxtyping import Float64, Int8, Int32, Int64
from numba import njit

BOUND, FAMILY, WHOLE = 0, 1, 2
"""Stages of an entry: a next node with a quick bound, one with parents and the exact bound, a class with its mass."""
ENTRIES, PREFIXES, ORDERS, FOUND, STEPS, QUEUED = range(6)
"""Places of the counts in `Queue.used`."""
_PER_NODES = 64  # keys: the number of nodes stands in their last six bits
_LOWEST = -(1 << 56)


class Queue(NamedTuple):
    """The state of a search, in arrays with room for more: entries, prefixes (DAGs partly built), and their orders.

    Attributes
    ----------
    used : ndarray, shape (6,), int64
        How many entries, prefixes, orders, whole graphs, steps that were made, and entries that are queued.
    keys, heap : ndarrays, shape (e,), int64 and int32
        A heap, the largest key first: the bound in units of the precision, ties to the most nodes; and the entry.
    prefix, next_node, rank, stage : ndarrays, shape (e,)
        Of each entry: the prefix, the node to add, which of the node's families its parents are, and the stage.
    before, node, parents, inside, order_of, log_score, log_size, refund : ndarrays, shape (p,)
        Of each prefix: the prefix that it extends, the last node and its parents, all nodes, the order, log R of the
        nodes, the log size of their class, and what the bounds of missing nodes are raised by (`Refunds`).
    nodes_of, bound : ndarrays, shape (o,), int32 and float64
        Of each order: its nodes, and the largest sum of log-weights of the others; nan where not computed.
    barred, extended : ndarrays, shape (o, d), int32
        The sets B_i, and the order with node i added; -1 where there is none.
    found : ndarray, shape (k,), int32
        Prefixes that are whole graphs, the best first.

    Examples
    --------
    >>> from dag_gfn.exact.search_queue import new_queue
    >>> new_queue(3, k=2).used.tolist()  # the empty prefix, and its order
    [0, 1, 1, 0, 0, 0]
    """

    used: Int64[np.ndarray, " 6"]
    keys: Int64[np.ndarray, " e"]
    heap: Int32[np.ndarray, " e"]
    prefix: Int32[np.ndarray, " e"]
    next_node: Int8[np.ndarray, " e"]
    rank: Int32[np.ndarray, " e"]
    stage: Int8[np.ndarray, " e"]
    before: Int32[np.ndarray, " p"]
    node: Int8[np.ndarray, " p"]
    parents: Int32[np.ndarray, " p"]
    inside: Int32[np.ndarray, " p"]
    order_of: Int32[np.ndarray, " p"]
    log_score: Float64[np.ndarray, " p"]
    log_size: Float64[np.ndarray, " p"]
    refund: Float64[np.ndarray, " p"]
    nodes_of: Int32[np.ndarray, " o"]
    bound: Float64[np.ndarray, " o"]
    barred: Int32[np.ndarray, "o d"]
    extended: Int32[np.ndarray, "o d"]
    found: Int32[np.ndarray, " k"]


_TABLES = {ENTRIES: range(1, 7), PREFIXES: range(7, 15), ORDERS: range(15, 19)}  # fields of `Queue`
_ROOM = 1 << 12


def new_queue(d: int, k: int) -> Queue:
    """Return a search that has not begun, for k graphs.

    Examples
    --------
    >>> from dag_gfn.exact.search_queue import new_queue
    >>> new_queue(3, k=2).found.shape
    (2,)
    """
    small, whole, real = (np.zeros(_ROOM, dtype=kind) for kind in (np.int8, np.int32, np.float64))
    none = np.full((_ROOM, d), -1, dtype=np.int32)
    return Queue(
        used=np.array([0, 1, 1, 0, 0, 0]),
        keys=np.zeros(_ROOM, dtype=np.int64),
        heap=whole.copy(),
        prefix=whole.copy(),
        next_node=small.copy(),
        rank=whole.copy(),
        stage=small.copy(),
        before=whole.copy(),
        node=small.copy(),
        parents=whole.copy(),
        inside=whole.copy(),
        order_of=whole.copy(),
        log_score=real.copy(),
        log_size=real.copy(),
        refund=real.copy(),
        nodes_of=whole.copy(),
        bound=np.full(_ROOM, np.nan),
        barred=none.copy(),
        extended=none.copy(),
        found=np.zeros(k, dtype=np.int32),
    )


def with_room(queue: Queue) -> Queue:
    """Return the search with its arrays doubled where they are almost full.

    Examples
    --------
    >>> from dag_gfn.exact.search_queue import new_queue, with_room
    >>> queue = new_queue(3, k=2)
    >>> with_room(queue) is queue
    True
    """
    changed: dict[str, np.ndarray] = {}
    for table, fields in _TABLES.items():
        if queue.used[table] + _PER_NODES > len(queue[fields[0]]):
            for name in (Queue._fields[field] for field in fields):
                array = getattr(queue, name)
                blank = np.full_like(array, np.nan if name == "bound" else -1)
                changed[name] = np.concatenate([array, blank])
    return queue._replace(**changed) if changed else queue


# The test run's annotation checker would wrap the functions that Numba compiles; @no_type_check keeps it off.


@njit(cache=True, nogil=True)
@no_type_check
def add_entry(queue, prefix, node, stage, value, top, unit):
    """Make an entry, a node that can follow a prefix, and queue it; see `push`.

    Examples
    --------
    >>> from dag_gfn.exact.search_queue import QUEUED, add_entry, new_queue
    >>> queue = new_queue(3, k=2)
    >>> add_entry(queue, 0, 2, 0, -5.0, 0.0, 1e-9)  # node 2 after the empty prefix, with the bound -5
    >>> int(queue.used[QUEUED]), int(queue.next_node[0])
    (1, 2)
    """
    entry = queue.used[ENTRIES]
    queue.used[ENTRIES] += 1
    queue.prefix[entry], queue.next_node[entry], queue.stage[entry] = prefix, node, stage
    push(queue, entry, value, top, unit)


@njit(cache=True, nogil=True)
@no_type_check
def push(queue, entry, value, top, unit):
    """Put an entry into the heap: the largest bound first, and of equal ones that with the most nodes.

    Bounds are counted from `top` in steps of `unit`, so that rounding does not tell equal ones apart.

    Examples
    --------
    >>> from dag_gfn.exact.search_queue import add_entry, new_queue, pop
    >>> queue = new_queue(3, k=2)
    >>> for node, bound in enumerate([-7.0, -5.0, -6.0]):
    ...     add_entry(queue, 0, node, 0, bound, 0.0, 1e-9)
    >>> [int(pop(queue)) for _ in range(3)]
    [1, 2, 0]
    """
    nodes, inside = 0, queue.inside[queue.prefix[entry]]
    while inside:
        inside &= inside - 1
        nodes += 1
    key = max(_LOWEST, np.int64(np.floor((value - top) / unit)))
    key = key * _PER_NODES + 2 * nodes + min(queue.stage[entry], 1)
    hole = queue.used[QUEUED]
    queue.used[QUEUED] += 1
    while hole and queue.keys[(hole - 1) // 2] < key:
        queue.keys[hole], queue.heap[hole] = queue.keys[(hole - 1) // 2], queue.heap[(hole - 1) // 2]
        hole = (hole - 1) // 2
    queue.keys[hole], queue.heap[hole] = key, entry


@njit(cache=True, nogil=True)
@no_type_check
def pop(queue):
    """Take the entry of the largest key from the heap; see `push`.

    Examples
    --------
    >>> from dag_gfn.exact.search_queue import add_entry, new_queue, pop
    >>> queue = new_queue(3, k=2)
    >>> add_entry(queue, 0, 2, 0, -5.0, 0.0, 1e-9)
    >>> int(pop(queue))
    0
    """
    first = queue.heap[0]
    queue.used[QUEUED] -= 1
    left = queue.used[QUEUED]
    key, entry = queue.keys[left], queue.heap[left]
    hole = 0
    while 2 * hole + 1 < left:
        child = 2 * hole + 1
        if child + 1 < left and queue.keys[child + 1] > queue.keys[child]:
            child += 1
        if queue.keys[child] <= key:
            break
        queue.keys[hole], queue.heap[hole] = queue.keys[child], queue.heap[child]
        hole = child
    queue.keys[hole], queue.heap[hole] = key, entry
    return np.int64(first)
