"""Work in chunks on all cores that can be interrupted between chunks."""

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from threadpoolctl import threadpool_limits

Chunk = TypeVar("Chunk")
Result = TypeVar("Result")

_thread = threading.local()


def run_chunks(
    work: Callable[[Chunk], Result],
    chunks: Iterable[Chunk],
    *,
    parallel: bool = True,
    progress: Callable[[float], None] | None = None,
) -> list[Result]:
    """Call a function that releases the GIL on every chunk, in threads; return the results in order.

    After Ctrl-C, or an exception in `progress`, chunks that have not begun are dropped, and the call returns once
    the others have ended.

    Parameters
    ----------
    work : callable
        From a chunk to its result.
    chunks : iterable
    parallel : bool
        Whether to use a thread for each core. It does not pay for work below a tenth of a millisecond. In one of
        several `workers` the calling thread does all.
    progress : callable, optional
        Called from the calling thread after each chunk with the share that is done, in [0, 1].

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.chunked import run_chunks
    >>> parts = [slice(0, 3), slice(3, 6)]
    >>> run_chunks(lambda part: int(np.arange(6)[part].sum()), parts)
    [3, 12]
    """
    chunks = list(chunks)
    results: list[Result] = []

    def collect(outcomes: Iterable[Result]) -> None:
        for outcome in outcomes:
            results.append(outcome)
            if progress is not None:
                progress(len(results) / len(chunks))

    if not parallel or len(chunks) < 2 or free_threads() == 1:
        collect(map(work, chunks))
        return results
    threads = ThreadPoolExecutor(min(len(chunks), free_threads()))
    try:
        collect(threads.map(work, chunks))
    finally:
        threads.shutdown(wait=True, cancel_futures=True)
    return results


def free_threads() -> int:
    """Return how many threads work may take: a core each, but one in one of several `workers`.

    Examples
    --------
    >>> from dag_gfn.chunked import free_threads, workers
    >>> with workers(2) as pool:
    ...     pool.submit(free_threads).result()
    1
    """
    return 1 if getattr(_thread, "is_one_of_many", False) else os.cpu_count() or 1


@contextmanager
def workers(number: int) -> Iterator[ThreadPoolExecutor]:
    """Give threads for pieces of work that need no further ones: each keeps to its own core.

    Within them `run_chunks` and, in the whole process, linear algebra take no threads of their own, which would wait
    for one another. A single worker is free to. Within `on_one_core` there is one worker, which is not free. Work that
    has not begun is dropped at the end.

    Parameters
    ----------
    number : int

    Examples
    --------
    >>> from dag_gfn.chunked import workers
    >>> with workers(2) as pool:
    ...     list(pool.map(abs, [-1, -2, 3]))
    [1, 2, 3]
    """
    confined = getattr(_thread, "is_one_of_many", False)
    number = 1 if confined else number
    free = number == 1 and not confined
    pool = ThreadPoolExecutor(number, initializer=None if free else _mark_as_one_of_many)
    with threadpool_limits(None if free else 1, user_api="blas"):
        try:
            yield pool
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def on_one_core() -> Iterator[None]:
    """Let the calling thread do its work alone: one of many processes that have a core each.

    `run_chunks`, `workers` and linear algebra take no threads of their own within the block.

    Examples
    --------
    >>> from dag_gfn.chunked import free_threads, on_one_core
    >>> with on_one_core():
    ...     free_threads()
    1
    """
    before = getattr(_thread, "is_one_of_many", False)
    _thread.is_one_of_many = True
    try:
        with threadpool_limits(1, user_api="blas"):
            yield
    finally:
        _thread.is_one_of_many = before


def _mark_as_one_of_many() -> None:
    _thread.is_one_of_many = True
