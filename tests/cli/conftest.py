"""Folders in which commands are tried."""

import shutil

import pytest
from cli_cases import QUICK, table

from dag_gfn.cli import main


@pytest.fixture
def here(tmp_path, monkeypatch, short_chains):
    """An empty folder to work in, but for ok.csv."""
    monkeypatch.chdir(tmp_path)
    table().to_csv("ok.csv", index=False)
    return tmp_path


@pytest.fixture(scope="session")
def fitted_once(tmp_path_factory):
    """A posterior of ok.csv, for nobody to change."""
    folder = tmp_path_factory.mktemp("fitted")
    table().to_csv(folder / "ok.csv", index=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr("dag_gfn.gflownet.chains._chain_iterations", lambda *sizes: 20_000)
        assert main(["fit", "ok.csv", "--out", "out", *QUICK, "--quiet"]) == 0
    return folder / "out"


@pytest.fixture
def fitted(fitted_once, here):
    """Return the folder of a posterior of ok.csv, beside that file."""
    return shutil.copytree(fitted_once, here / "out")
