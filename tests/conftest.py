"""Shapes in signatures are checked while the tests run: jaxtyping reads them, beartype enforces them."""

from jaxtyping import install_import_hook

_hook = install_import_hook("dag_gfn", "beartype.beartype")

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
    monkeypatch.setattr("dag_gfn.layer_chains.guide_iterations", lambda *sizes: 20_000)
