"""The number of threads of torch, limited to one while small networks are used."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

_lock = threading.Lock()
_here = threading.local()  # .inside: whether this Python thread is within `single_thread`
_inside = 0  # Python threads within `single_thread`
_outside = 1  # torch's number of threads before the first of them entered


@contextmanager
def single_thread(device: torch.device) -> Iterator[None]:
    """Limit torch to one thread within the block, if the device is the CPU.

    Small networks are slower on several threads than on one. Torch keeps one number for each Python thread, and one
    from which new Python threads start. Several Python threads can be in the block at once; each gets back the number
    that it would have had without the others.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.sampling.threads import single_thread
    >>> before = torch.get_num_threads()
    >>> with single_thread(torch.device("cpu")):
    ...     print(torch.get_num_threads())
    1
    >>> torch.get_num_threads() == before
    True
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
    """Set one thread, and return the number to restore."""
    global _inside, _outside
    with _lock:
        before = torch.get_num_threads()
        if _inside == 0:
            _outside = before
        elif before == 1:  # taken over from a Python thread in the block
            before = _outside
        _inside += 1
        torch.set_num_threads(1)
    return before


def _leave(before: int) -> None:
    """Restore the number of threads."""
    global _inside
    with _lock:
        _inside -= 1
        torch.set_num_threads(before)
