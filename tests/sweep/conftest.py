"""A small sweep that was run once."""

import shutil

import numpy as np
import pytest

import dag_gfn


def chain(rows=40, columns=3, seed=0):
    """A chain of linear-Gaussian columns."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(rows, columns))
    for j in range(1, columns):
        values[:, j] += 0.5 * values[:, j - 1]
    return dag_gfn.from_array(values, ["rain", "wet", "slip", "fall"][:columns])


GRID = {
    "scores": ["bge", "bic"],
    "priors": ["uniform", "fair"],
    "vary": {"alpha_w": [None, 15]},
    "bootstraps": 4,
}
"""Six settings, since alpha_w is no option of bic, and four resamples."""


@pytest.fixture(scope="session")
def run_once(tmp_path_factory):
    """The folder of a sweep whose fits are done, for nobody to change."""
    folder = tmp_path_factory.mktemp("sweeps") / "sweep"
    dag_gfn.sweep.plan(chain(), folder, **GRID)
    assert dag_gfn.sweep.run(folder, jobs=1).is_complete
    return folder


@pytest.fixture
def done(run_once, tmp_path):
    """A copy of that folder."""
    return shutil.copytree(run_once, tmp_path / "sweep")


@pytest.fixture
def planned(tmp_path):
    """The folder of the same sweep, of which nothing is done."""
    dag_gfn.sweep.plan(chain(), tmp_path / "sweep", **GRID)
    return tmp_path / "sweep"
