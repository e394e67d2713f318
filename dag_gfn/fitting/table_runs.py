"""The same work on each of several tables, in threads, until it is done, time is over, or Ctrl-C."""

import os
from collections.abc import Callable
from concurrent.futures import as_completed
from dataclasses import dataclass, field
from threading import Event
from typing import Generic, TypeVar

from dag_gfn.chunked import workers

Result = TypeVar("Result")


@dataclass
class TableRuns(Generic[Result]):
    """What the work on tables has returned.

    Attributes
    ----------
    results : dict of int to result
        By the number of the table; those that were begun in time.
    interrupted : bool
        Whether Ctrl-C ended the work.

    Examples
    --------
    >>> from dag_gfn.fitting.table_runs import TableRuns
    >>> TableRuns({0: "a"}).interrupted
    False
    """

    results: dict[int, Result] = field(default_factory=dict)
    interrupted: bool = False


def run_tables(
    work: Callable[[int, Event], Result],
    count: int,
    *,
    n_jobs: int | None = None,
    least: int = 1,
    is_over: Callable[[], bool] = lambda: False,
    on_done: Callable[[int], None] | None = None,
) -> TableRuns[Result]:
    """Do the work on each of several tables, in their order, some at a time.

    Ctrl-C lets those tables end that are at work, and begins no others.

    Parameters
    ----------
    work : callable
        Called with the number of a table, from 0, and an event that is set after Ctrl-C.
    count : int
        Number of tables.
    n_jobs : int, optional
        Tables at a time; as many as there are cores when left out.
    least : int
        Tables that are worked on even where time is over.
    is_over : callable
        Whether there is no time for another table.
    on_done : callable, optional
        Called, in the calling thread, with the number of tables that are done.

    Raises
    ------
    KeyboardInterrupt
        On Ctrl-C before any table is done.

    Examples
    --------
    >>> from dag_gfn.fitting.table_runs import run_tables
    >>> runs = run_tables(lambda table, stop: table**2, 4, n_jobs=2)
    >>> [runs.results[table] for table in range(4)]
    [0, 1, 4, 9]
    """
    stop, runs = Event(), TableRuns[Result]()

    def begin(table: int) -> tuple[int, Result] | None:
        if stop.is_set() or (table >= least and is_over()):
            return None
        return table, work(table, stop)

    with workers(max(1, min(count, n_jobs or os.cpu_count() or 1))) as pool:
        futures = [pool.submit(begin, table) for table in range(count)]
        try:
            for future in as_completed(futures):
                done = future.result()
                if done is not None:
                    runs.results[done[0]] = done[1]
                    if on_done is not None:
                        on_done(len(runs.results))
        except KeyboardInterrupt:
            runs.interrupted = True
        finally:
            stop.set()
    if runs.interrupted:
        for future in futures:
            done = None if future.cancelled() or future.exception() is not None else future.result()
            if done is not None:
                runs.results[done[0]] = done[1]
        if not runs.results:
            raise KeyboardInterrupt
    return runs
