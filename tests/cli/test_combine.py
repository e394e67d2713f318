import json

import numpy as np
import pytest

import dag_gfn
from dag_gfn.cli.program import main


@pytest.fixture
def sites(tmp_path, rng):
    rows = dag_gfn.simulate(3, 100, rng=rng).values
    for name, part in (("a", rows[:40]), ("b", rows[40:])):
        dag_gfn.fit(part, progress=False).save(tmp_path / name)
    return rows, [str(tmp_path / "a"), str(tmp_path / "b")], str(tmp_path / "c")


def test_sites_are_combined_into_a_folder(sites, capsys):
    rows, folders, out = sites
    assert main(["combine", *folders, "--out", out, "--report"]) == 0
    assert "combined 2 sites of 40, 60 rows" not in capsys.readouterr().out  # a note of the record
    both, whole = dag_gfn.load(out), dag_gfn.fit(rows, progress=False)
    np.testing.assert_allclose(both.marginal("edge").values, whole.marginal("edge").values, atol=1e-9)
    assert main(["show", out, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["sites"]["parameters"] == "shared"


def test_own_parameters_and_options_of_a_fit(sites):
    _, folders, out = sites
    assert (
        main(["combine", *folders, "--out", out, "--parameters", "own", "--forbidden", "x0:x1", "--quiet"])
        == 0
    )
    posterior = dag_gfn.load(out)
    assert posterior.info["sites"]["parameters"] == "own"
    assert posterior.edge_marginals().loc["x0", "x1"] == 0.0


def test_errors_are_one_line(sites, capsys):
    _, folders, out = sites
    assert main(["combine", folders[0], "--out", out]) == 2
    assert "at least two sites" in capsys.readouterr().err
    assert main(["combine", *folders, "--out", folders[0]]) == 2
    assert "exists already" in capsys.readouterr().err
