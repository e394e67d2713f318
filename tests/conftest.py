"""Shapes in signatures are checked while the tests run: jaxtyping reads them, beartype enforces them."""

import os
from pathlib import Path

WORKER = os.environ.get("PYTEST_XDIST_WORKER")
if WORKER is not None:  # one of several at once; the libraries read this when they are loaded
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    # two that save compiled code for different types at the same moment could swap it
    os.environ.setdefault("NUMBA_CACHE_DIR", str(Path(__file__).parent / "__pycache__" / WORKER))

import jaxtyping  # noqa: E402

_jaxtyped = jaxtyping.jaxtyped


def _jaxtyped_once(*args, **kwargs):
    """Leave functions inside functions alone: each call would make their check anew, which takes a millisecond."""
    if args:
        return _jaxtyped(*args, **kwargs)
    check = _jaxtyped(**kwargs)
    return lambda checked: checked if "<locals>" in checked.__qualname__ else check(checked)


jaxtyping.jaxtyped = _jaxtyped_once  # the import hook decorates every function with it
_hook = jaxtyping.install_import_hook("dag_gfn", "beartype.beartype")

import numpy as np  # noqa: E402
import pytest  # noqa: E402
from hypothesis import settings  # noqa: E402

settings.register_profile("any pace", deadline=None)  # a busy machine is no failure
settings.load_profile("any pace")


@pytest.fixture
def rng():
    """One seeded generator per test."""
    return np.random.default_rng(20220228)


@pytest.fixture
def short_chains(monkeypatch):
    """Let chains beside a GFlowNet over root layers take a tenth of a second, which is enough for few columns."""
    monkeypatch.setattr("dag_gfn.gflownet.layers.chains._chain_iterations", lambda *sizes: 20_000)
