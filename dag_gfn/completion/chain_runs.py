"""Several chains at a time, each in a thread and with random numbers of its own."""

import os
from collections.abc import Callable, Sequence
from threading import Event
from typing import Protocol, TypeVar, runtime_checkable

from dag_gfn.chunked import workers

Result = TypeVar("Result")


@runtime_checkable
class Sweeping(Protocol):
    """What draws the cells that were not seen, sweep by sweep."""

    def sweep(self) -> None:
        """Draw every cell that was not seen."""


Chain = TypeVar("Chain", bound=Sweeping)


def run_chains(
    chains: Sequence[Chain],
    keep: Callable[[Chain, int], Result],
    *,
    sweeps: int,
    n_jobs: int | None = None,
    every: int = 1,
    progress: Callable[[float], None] | None = None,
) -> list[list[Result]]:
    """Run all chains for a number of sweeps, and return what is kept of each, chain by chain.

    The result does not depend on `n_jobs`. After Ctrl-C, or an exception, the chains stop after the present sweep.

    Parameters
    ----------
    chains : sequence of chains
        Each draws from a generator of its own.
    keep : callable
        Called with the chain and the number of sweeps that it has done, after each `every`-th sweep.
    sweeps : int
    n_jobs : int, optional
        Chains at a time; as many as there are cores when left out.
    every : int
    progress : callable, optional
        Called, from several threads, with the share that is done.

    Examples
    --------
    >>> from itertools import count
    >>> from dag_gfn.completion.chain_runs import run_chains
    >>> class Counter:
    ...     value = 0
    ...     def sweep(self):
    ...         self.value += 1
    >>> run_chains([Counter(), Counter()], lambda chain, sweep: (chain.value, sweep), sweeps=6, every=2)
    [[(2, 2), (4, 4), (6, 6)], [(2, 2), (4, 4), (6, 6)]]
    """
    stop, done = Event(), [0] * len(chains)

    def run(index: int) -> list[Result]:
        kept = []
        for sweep in range(1, sweeps + 1):
            if stop.is_set():
                break
            chains[index].sweep()
            done[index] = sweep
            if sweep % every == 0:
                kept.append(keep(chains[index], sweep))
            if progress is not None:
                progress(sum(done) / (sweeps * len(chains)))
        return kept

    with workers(max(1, min(len(chains), n_jobs or os.cpu_count() or 1))) as pool:
        try:
            return list(pool.map(run, range(len(chains))))
        finally:
            stop.set()
