"""Folders in which commands are tried."""

import pytest
from cli_cases import QUICK, table

from dag_gfn.cli import main


@pytest.fixture
def here(tmp_path, monkeypatch, short_chains):
    """An empty folder to work in, but for ok.csv."""
    monkeypatch.chdir(tmp_path)
    table().to_csv("ok.csv", index=False)
    return tmp_path


@pytest.fixture
def fitted(here):
    assert main(["fit", "ok.csv", "--out", "out", *QUICK, "--quiet"]) == 0
    return here / "out"
