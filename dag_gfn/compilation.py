"""Compilation of functions: how short ones are compiled, and the time that it takes, which is no part of a fit's.

Numba compiles a function when it is first called, and keeps the result in a folder beside the code, or in
`NUMBA_CACHE_DIR`. On a new machine, and after an update, a first fit waits for that. `working_seconds` is a clock that
stands still meanwhile, so that a time budget is spent on the fit.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

_TELLING = 1.0
"""Seconds of compilation, after which it is told: less is not worth a word."""


def lean(
    function: Callable[..., Any] | None = None, *, fastmath: set[str] | bool = False
) -> Callable[..., Any]:
    """Compile a function that is called millions of times, does little each time, and makes no arrays.

    It is a decorator, with or without arguments.

    Numba counts the references to each array that a function is given, at every call: dozens of atomic operations for
    a tuple of tables, three quarters of the time of a step of a chain. A function that makes no arrays, and no slices
    that outlive it, needs no counts. Compiled code calls it: called from Python, a random generator that it is given is
    never freed.

    Parameters
    ----------
    function : callable, optional
    fastmath : set of str or bool
        What the compiler may change about sums and products, as for `numba.njit`.

    Examples
    --------
    >>> from dag_gfn.layerings.node_weights import count_members  # compiled with it
    >>> count_members(0b1011)
    3
    """
    from numba import njit  # slow to load, and loaded by all that compiles

    options: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy", "_nrt": False}
    compiled = njit(**options, fastmath=fastmath)
    return compiled if function is None else compiled(function)


class _Stopwatch:
    """Adds up the time in which at least one thread compiles; functions that are compiled on the way count once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._done, self._began, self._running = 0.0, 0.0, 0

    def begin(self) -> None:
        """Take note that a compilation begins."""
        with self._lock:
            if self._running == 0:
                self._began = time.perf_counter()
            self._running += 1

    def end(self) -> None:
        """Take note that a compilation has ended."""
        with self._lock:
            self._running -= 1
            if self._running == 0:
                self._done += time.perf_counter() - self._began

    def seconds(self, now: float | None = None) -> float:
        """Return the seconds until now, those of a compilation that goes on included."""
        now = time.perf_counter() if now is None else now
        with self._lock:
            return self._done + (now - self._began if self._running else 0.0)


_compiling = _Stopwatch()


def compilation_seconds() -> float:
    """Return the seconds that this process has spent on compilation since `watch_compilation` was first called.

    Examples
    --------
    >>> from dag_gfn.compilation import compilation_seconds
    >>> compilation_seconds() >= 0.0
    True
    """
    return _compiling.seconds()


def working_seconds() -> float:
    """Return the time of a clock that stands still while functions are compiled.

    Examples
    --------
    >>> from dag_gfn.compilation import working_seconds
    >>> began = working_seconds()
    >>> working_seconds() >= began
    True
    """
    now = time.perf_counter()
    return now - _compiling.seconds(now)


class _Watch:
    """Who is told of compilation, and whether Numba has been asked to say when it compiles."""

    registered = False
    tell: Callable[[str], None] | None = None

    def ended(self) -> None:
        """Take note that a compilation has ended, and tell of it if it is time to."""
        _compiling.end()
        if self.tell is not None and _compiling.seconds() > _TELLING:
            tell, self.tell = self.tell, None
            tell(
                "functions are compiled for the first time on this machine: a minute or two, once. The time budget "
                "does not count it"
            )


_watch = _Watch()


def watch_compilation(tell: Callable[[str], None] | None = None) -> None:
    """Measure the time of compilation from now on, and tell of it once where it takes more than a second.

    Parameters
    ----------
    tell : callable, optional
        Called with a sentence, at most once.

    Examples
    --------
    >>> import numba
    >>> from dag_gfn.compilation import compilation_seconds, watch_compilation
    >>> watch_compilation()
    >>> before = compilation_seconds()
    >>> numba.njit(lambda a, b: a + b)(1, 2)  # compiled now
    3
    >>> compilation_seconds() > before
    True
    """
    _watch.tell = tell if _compiling.seconds() <= _TELLING else None
    if _watch.registered:
        return
    _watch.registered = True
    from numba.core import event  # slow to load, and loaded by all that compiles

    class Listener(event.Listener):
        """Passes on what Numba says."""

        def on_start(self, event: object) -> None:
            _compiling.begin()

        def on_end(self, event: object) -> None:
            _watch.ended()

    event.register("numba:compile", Listener())
