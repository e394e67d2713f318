r"""Best-first search of DAGs, or of one member of each class: the most probable come out first, each once.

A DAG is built along its order, which lists the smallest of the nodes whose parents are all listed. Then the DAGs that
begin with the same nodes and parents are a product: a node i that is not listed yet was not to be chosen before a
larger one, so its parents must not all lie within what was listed when the last such node was chosen, and nothing else
is demanded of it. Hence the largest log R among them is a sum that :mod:`dag_gfn.exact.completions` gives exactly. The
search takes the beginning with the largest bound, takes its next node and parents apart from the others, and goes on.
No beginning comes twice, none has a bound that no DAG attains, and the first DAGs to be complete are the best.

For classes, only the beginnings of the first member of each are followed (:mod:`dag_gfn.exact.class_prefixes`). The
bound of their mass, size · R, is log R of what is there, the log size of *its* class, which is counted, and the largest
sum of the enlarged log-weights of the other nodes (:mod:`dag_gfn.exact.class_bounds`). With all nodes it is the mass.
"""

from typing import no_type_check

import numpy as np
from numba import njit

from dag_gfn.exact.class_bounds import LINKED
from dag_gfn.exact.class_prefixes import essential, is_first, orientations, reached
from dag_gfn.exact.completions import FREE, completion, largest_weight, packed, unpacked
from dag_gfn.exact.search_queue import (
    BOUND,
    ENTRIES,
    FAMILY,
    FOUND,
    ORDERS,
    PREFIXES,
    QUEUED,
    STEPS,
    WHOLE,
    add_entry,
    pop,
    push,
)

# The test run's annotation checker would wrap the functions that Numba compiles; @no_type_check keeps it off.


@njit(cache=True, nogil=True)
@no_type_check
def search(queue, tables, weights, refunds, oriented, classes, top, unit, steps):
    """Make steps of the search until all graphs are found, the queue is empty, or there is no more room.

    Parameters
    ----------
    queue : Queue
        Changed in place.
    tables : Completions
        Of the log-weights, or of the enlarged ones for classes.
    weights : ndarray, shape (d, 2^(d-1)), float64
        The log-weights.
    refunds : Refunds
        Of the bounds for classes.
    oriented : ndarray, shape (d,), int64
        The nodes to which experiments orient a link of each node, as masks.
    classes : bool
        Whether to find the classes of the largest mass rather than DAGs.
    top, unit : float
        A value near the largest, and the precision: bounds that differ by less count as equal.
    steps : int
        Number of steps, at most.

    Returns
    -------
    bool
        Whether the search is over.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.exact.best_first import search
    >>> from dag_gfn.exact.class_bounds import NO_REFUNDS
    >>> from dag_gfn.exact.completions import completions
    >>> from dag_gfn.exact.search_queue import new_queue
    >>> weights, nothing = np.array([[0.0, 0.0], [0.0, 2.0]]), np.zeros(2, dtype=int)
    >>> queue = new_queue(2, k=2)
    >>> search(queue, completions(weights), weights, NO_REFUNDS, nothing, False, 2.0, 1e-9, 100)
    True
    >>> queue.log_score[queue.found].tolist()
    [2.0, 0.0]
    """
    d = len(weights)
    every = (1 << d) - 1
    used, none = queue.used, np.int64(0)  # typed: numba compiles functions anew for literal numbers
    work, masks = np.empty(1 << d), np.zeros((4, d), dtype=np.int64)
    order = np.empty(d, dtype=np.int64)
    if used[STEPS] == 0:
        _extend(queue, tables, none, top, unit)
    for _ in range(steps):
        used[STEPS] += 1
        if used[QUEUED] == 0 or used[FOUND] == len(queue.found):
            return True
        if used[ENTRIES] + d > len(queue.keys) or used[PREFIXES] + 1 > len(queue.before):
            return False
        if used[ORDERS] + 1 > len(queue.bound):
            return False
        entry = pop(queue)
        prefix, node = queue.prefix[entry], np.int64(queue.next_node[entry])
        stage = queue.stage[entry]
        if stage == WHOLE:
            queue.found[used[FOUND]] = prefix
            used[FOUND] += 1
            continue
        place = _extended(queue, queue.order_of[prefix], node)
        if stage == BOUND:
            if np.isnan(queue.bound[place]):
                queue.bound[place] = completion(tables, queue.nodes_of[place], queue.barred[place], work)
            queue.rank[entry], queue.stage[entry] = -1, FAMILY
            _next_family(queue, tables, entry, place, top, unit)
            continue
        index = tables.families[node, queue.rank[entry]]
        parents = unpacked(np.int64(index), node)
        _next_family(queue, tables, entry, place, top, unit)  # those with other parents
        new = used[PREFIXES]
        queue.before[new], queue.node[new], queue.parents[new] = prefix, node, parents
        queue.inside[new], queue.order_of[new] = queue.nodes_of[place], place
        queue.log_score[new] = queue.log_score[prefix] + weights[node, index]
        queue.log_size[new] = queue.refund[new] = 0.0
        if classes and not _sized(queue, new, refunds, oriented, order, masks):
            continue
        used[PREFIXES] += 1
        if queue.inside[new] != every:
            _extend(queue, tables, new, top, unit)
        elif classes:
            add_entry(
                queue, new, none, np.int64(WHOLE), queue.log_score[new] + queue.log_size[new], top, unit
            )
        else:
            queue.found[used[FOUND]] = new
            used[FOUND] += 1
    return used[QUEUED] == 0 or used[FOUND] == len(queue.found)


@njit(cache=True, nogil=True)
@no_type_check
def _extend(queue, tables, prefix, top, unit):
    """Queue each node that a prefix lacks, with a quick bound."""
    inside, place = np.int64(queue.inside[prefix]), queue.order_of[prefix]
    value = queue.log_score[prefix] + queue.log_size[prefix] + queue.refund[prefix]
    for i in range(len(tables.within)):
        if not inside >> i & 1:
            bound = largest_weight(tables, i, inside, np.int64(queue.barred[place, i]))
            bound += value + tables.free[inside | 1 << i]
            if bound > -np.inf:
                add_entry(queue, prefix, i, np.int64(BOUND), bound, top, unit)


@njit(cache=True, nogil=True)
@no_type_check
def _extended(queue, place, node):
    """Return an order with a node added."""
    after = queue.extended[place, node]
    if after < 0:
        after = queue.used[ORDERS]
        queue.used[ORDERS] += 1
        queue.extended[place, node] = after
        inside = queue.nodes_of[place]
        queue.nodes_of[after] = inside | 1 << node
        for i in range(queue.barred.shape[1]):  # smaller ones may not have been possible before this one
            queue.barred[after, i] = inside if i < node else queue.barred[place, i]
    return after


@njit(cache=True, nogil=True)
@no_type_check
def _next_family(queue, tables, entry, place, top, unit):
    """Queue an entry anew with the next best parents of its node, if there are any."""
    prefix, node = queue.prefix[entry], np.int64(queue.next_node[entry])
    inside = packed(np.int64(queue.inside[prefix]), node)
    barred = np.int64(queue.barred[queue.order_of[prefix], node])
    outside, free = ~inside, barred == FREE
    barred = packed(barred, node)
    bound = queue.bound[place]
    if bound == -np.inf:
        return
    families = tables.families[node]
    for rank in range(queue.rank[entry] + 1, len(families)):
        index = np.int64(families[rank])
        if index & outside == 0 and (free or index & ~barred):
            value = tables.weights[node, index]
            if value > -np.inf:
                queue.rank[entry] = rank
                value += queue.log_score[prefix] + queue.log_size[prefix] + queue.refund[prefix] + bound
                push(queue, entry, value, top, unit)
            return


@njit(cache=True, nogil=True)
@no_type_check
def _sized(queue, prefix, refunds, oriented, order, masks):
    """Return whether a prefix is the first of its class, and if so fill in the log size of the class."""
    parents, linked, into, open_ = masks[0], masks[1], masks[2], masks[3]
    parents[:] = 0
    length = 0
    at = prefix
    while at:
        parents[queue.node[at]] = queue.parents[at]
        length += 1
        at = queue.before[at]
    at = prefix
    for step in range(length - 1, -1, -1):
        order[step] = queue.node[at]
        at = queue.before[at]
    essential(parents, oriented, linked, into, open_)
    last, shorter = np.int64(queue.node[prefix]), queue.before[prefix]
    size = queue.log_size[shorter]
    if open_[last]:  # else its class has as many members as without it
        inside = np.int64(queue.inside[prefix])
        size = 0.0
        while inside:
            part = reached(open_, inside)
            inside &= ~part
            if part & (part - 1):
                size += np.log(orientations(open_, part))
    queue.log_size[prefix] = size
    inside = np.int64(queue.inside[prefix])
    for r in range(len(refunds.values)):
        i, kind, a, b = refunds.events[r]
        broken = linked[a] >> b & 1 if kind == LINKED else ~parents[b] >> a & 1
        if broken and inside >> b & 1 and not inside >> i & 1:
            queue.refund[prefix] += refunds.values[r]
    return is_first(order, length, linked, into, open_)
