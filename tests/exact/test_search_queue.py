"""The heap of the search, against sorting."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dag_gfn.exact.search_queue import (
    BOUND,
    ENTRIES,
    QUEUED,
    add_entry,
    new_queue,
    pop,
    push,
    with_room,
)

UNIT = 1e-9


@given(st.lists(st.integers(-50, 0), max_size=60), st.integers(0, 2**32 - 1))
def test_entries_leave_by_their_bounds(bounds, seed):
    rng, queue = np.random.default_rng(seed), new_queue(4, k=1)
    queue.inside[1] = 0b0111  # prefix 1 has three nodes, prefix 0 none
    prefixes = rng.integers(0, 2, len(bounds))
    for prefix, bound in zip(prefixes.tolist(), bounds, strict=True):
        add_entry(queue, prefix, 0, BOUND, float(bound), 0.0, UNIT)
    order = [int(pop(queue)) for _ in bounds]
    assert sorted(order) == list(range(len(bounds)))
    keys = [(-bounds[entry], -prefixes[entry]) for entry in order]
    assert keys == sorted(keys)
    assert queue.used[QUEUED] == 0


def test_rounding_does_not_tell_bounds_apart():
    queue = new_queue(4, k=1)
    queue.inside[1] = 0b0001
    add_entry(queue, 0, 0, BOUND, -5.0 + 2e-10, 0.0, UNIT)
    add_entry(queue, 1, 0, BOUND, -5.0 + 1e-10, 0.0, UNIT)
    assert pop(queue) == 1  # the larger part of a graph
    push(queue, 1, -1.0, 0.0, UNIT)
    assert pop(queue) == 1


def test_room_is_made_and_nothing_lost():
    queue = new_queue(3, k=1)
    rng = np.random.default_rng(0)
    bounds = -rng.random(10_000)
    for bound in bounds:
        queue = with_room(queue)
        add_entry(queue, 0, 1, BOUND, bound, 0.0, UNIT)
    assert queue.used[ENTRIES] == 10_000
    found = [bounds[pop(queue)] for _ in bounds]
    np.testing.assert_allclose(found, np.sort(bounds)[::-1], atol=2 * UNIT)
    assert np.isnan(queue.bound).all()
