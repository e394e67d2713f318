"""How many threads torch works on."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

_lock = threading.Lock()
_here = threading.local()  # .inside: whether this thread works on one thread already
_inside = 0  # threads within `single_thread`
_outside = 1  # torch's count as it was before the first of them came


@contextmanager
def single_thread(device: torch.device) -> Iterator[None]:
    """Let torch work on one thread within the block, on the CPU.

    Networks of the size that is used here take longer on several threads than on one. Torch keeps a count per thread,
    and a count that threads which first use torch take over. Several threads may be within the block at once: each gets
    the count back that it would have had without the others.
    """
    if device.type != "cpu" or getattr(_here, "inside", False):
        yield
        return
    before = _enter()
    _here.inside = True
    try:
        yield
    finally:
        _here.inside = False
        _leave(before)


def _enter() -> int:
    """Set one thread, and return the count to go back to."""
    global _inside, _outside
    with _lock:
        before = torch.get_num_threads()
        if _inside == 0:
            _outside = before
        elif before == 1:  # taken over from one that is within
            before = _outside
        _inside += 1
        torch.set_num_threads(1)
    return before


def _leave(before: int) -> None:
    global _inside
    with _lock:
        _inside -= 1
        torch.set_num_threads(before)
