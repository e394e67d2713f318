import threading

import numba
import pytest

from dag_gfn import compilation
from dag_gfn.compilation import compilation_seconds, watch_compilation, working_seconds


@pytest.fixture
def clock(monkeypatch):
    """A clock that tests set, and a stopwatch that has measured nothing."""
    now = [100.0]
    monkeypatch.setattr(compilation.time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(compilation, "_compiling", compilation._Stopwatch())
    return now


def test_the_clock_stands_still_while_functions_are_compiled(clock):
    stopwatch = compilation._compiling
    began = working_seconds()
    clock[0] += 2.0
    stopwatch.begin()
    clock[0] += 30.0
    assert working_seconds() - began == 2.0
    stopwatch.begin()  # another, on the way or in another thread
    clock[0] += 5.0
    stopwatch.end()
    clock[0] += 1.0
    stopwatch.end()
    clock[0] += 3.0
    assert working_seconds() - began == 5.0
    assert compilation_seconds() == 36.0


def test_long_compilation_is_told_once(clock, monkeypatch):
    said = []
    monkeypatch.setattr(compilation, "_watch", compilation._Watch())
    compilation._watch.registered, compilation._watch.tell = True, said.append
    for seconds in (0.9, 0.05, 0.2, 40.0):
        compilation._compiling.begin()
        clock[0] += seconds
        compilation._watch.ended()
        assert bool(said) == (compilation_seconds() > 1.0)
    (sentence,) = said
    assert "budget does not count it" in sentence
    watch_compilation(said.append)  # of a further fit of the same process
    assert compilation._watch.tell is None


def test_compilation_is_measured_in_any_thread():
    watch_compilation()
    before = compilation_seconds()
    triple = numba.njit(lambda x: 3 * x)
    thread = threading.Thread(target=triple, args=(2,))
    thread.start()
    thread.join()
    compiled = compilation_seconds() - before
    assert compiled > 0.0
    triple(4)  # it is there now
    assert compilation_seconds() - before == compiled
