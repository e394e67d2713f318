"""Work in chunks on all cores that can be interrupted between chunks."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Chunk = TypeVar("Chunk")
Result = TypeVar("Result")


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
        Whether to use a thread for each core. It does not pay for work below a tenth of a millisecond.
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

    if not parallel or len(chunks) < 2:
        collect(map(work, chunks))
        return results
    threads = ThreadPoolExecutor(min(len(chunks), os.cpu_count() or 1))
    try:
        collect(threads.map(work, chunks))
    finally:
        threads.shutdown(wait=True, cancel_futures=True)
    return results
