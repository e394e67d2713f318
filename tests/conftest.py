"""Shapes in signatures are checked while the tests run: jaxtyping reads them, beartype enforces them."""

import functools
import inspect
import os
import signal
from pathlib import Path

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # shells start what runs in the background so
    signal.signal(signal.SIGINT, signal.default_int_handler)
WORKER = os.environ.get("PYTEST_XDIST_WORKER")
TESTS = Path(__file__).parent
# programs that a test starts find the package, and the module that lets them share compiled code
_paths = [str(TESTS.parent), str(TESTS / "programs"), *filter(None, [os.environ.get("PYTHONPATH")])]
os.environ["PYTHONPATH"] = os.pathsep.join(_paths)
if WORKER is not None:  # one of several at once; the libraries read this when they are loaded
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    if "NUMBA_CACHE_DIR" not in os.environ:  # they compile once for all of them
        os.environ["NUMBA_CACHE_DIR"] = str(TESTS / "__pycache__" / "workers")
        os.environ["NUMBA_CACHE_LOCATOR_CLASSES"] = "numba_cache.SharedLocator"

import jaxtyping  # noqa: E402

CHECKED_CALLS = 10  # of each function in each test; loops repeat the same shapes
CHECKED_EVERY = 100  # calls after these
_jaxtyped = jaxtyping.jaxtyped
_calls: dict = {}


def _jaxtyped_once(*args, **kwargs):
    """Check top-level functions alone: those inside functions would be made anew, which takes a millisecond."""
    if args:
        return _jaxtyped(*args, **kwargs)
    check = _jaxtyped(**kwargs)
    return lambda plain: (
        plain if "<locals>" in plain.__qualname__ else _checked_now_and_then(plain, check(plain))
    )


def _checked_now_and_then(plain, checked):
    """Return a function that is checked in its first calls of a test and now and then: checks take most of a loop."""
    if not inspect.isfunction(plain) or inspect.isgeneratorfunction(plain):
        return checked

    @functools.wraps(plain)
    def function(*args, **kwargs):
        calls = _calls[plain] = _calls.get(plain, 0) + 1
        due = calls <= CHECKED_CALLS or calls % CHECKED_EVERY == 0
        return checked(*args, **kwargs) if due else plain(*args, **kwargs)

    return function


jaxtyping.jaxtyped = _jaxtyped_once  # the import hook decorates every function with it
_hook = jaxtyping.install_import_hook("dag_gfn", "beartype.beartype")

import numpy as np  # noqa: E402
import pytest  # noqa: E402
from hypothesis import settings  # noqa: E402

settings.register_profile("any pace", deadline=None)  # a busy machine is no failure
settings.load_profile("any pace")


def pytest_runtest_setup():
    """Count the calls of each function from zero in each test."""
    _calls.clear()


@pytest.fixture
def rng():
    """One seeded generator per test."""
    return np.random.default_rng(20220228)


@pytest.fixture
def short_chains(monkeypatch):
    """Let chains beside a GFlowNet over root layers take a tenth of a second, which is enough for few columns."""
    monkeypatch.setattr("dag_gfn.gflownet.chains._chain_iterations", lambda *sizes: 20_000)


def _saved_in_root():
    """Return the folders of the root that hold a posterior."""
    return sorted(path.parent.name for path in Path(__file__).parents[1].glob("*/posterior.json"))


@pytest.fixture(scope="session", autouse=True)
def _nothing_is_saved_in_the_root():
    """Fail at the end if a test, or an example that it ran, saved a posterior beside the code."""
    before = _saved_in_root()
    yield
    assert _saved_in_root() == before
