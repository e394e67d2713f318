"""Folders in which commands are tried; whatever these print or save as JSON is held against its schema."""

import json
import shutil

import pytest
from cli_cases import QUICK, table
from json_schema_cases import complaints, complaints_about_record

from dag_gfn.cli import main, output
from dag_gfn.posterior import storage


@pytest.fixture(autouse=True)
def json_is_as_documented(monkeypatch):
    """Fail where a command prints what its schema does not allow, or saves a record that `show` could not print."""
    plain_text, plain_files = output.json_text, storage.write_files

    def json_text(name, content):
        text = plain_text(name, content)
        assert complaints(name, json.loads(text)) == []
        return text

    def write_files(posterior, folder, **options):
        assert complaints_about_record(posterior.info) == []
        return plain_files(posterior, folder, **options)

    monkeypatch.setattr(output, "json_text", json_text)
    monkeypatch.setattr(storage, "write_files", write_files)


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
