import json

import numpy as np
import pytest
from cli_cases import fails

import dag_gfn
from dag_gfn.cli import main


@pytest.fixture
def exported(here, capsys):
    assert main(["scores", "ok.csv", "--out", "ok.jkl"]) == 0
    assert (
        capsys.readouterr().out
        == "Wrote 12 families of 3 variables to ok.jkl, without the prior over graphs.\n"
    )
    return here


def test_a_table_goes_through_a_file_of_scores(exported, capsys):
    assert main(["fit", "ok.csv", "--out", "ours", "--quiet"]) == 0
    assert main(["fit", "ok.jkl", "--out", "theirs", "--report"]) == 0
    said = capsys.readouterr().out
    assert "from the scores in 'ok.jkl'" in said
    assert "Assumes what the program assumed that computed the scores" in said
    ours, theirs = dag_gfn.load("ours"), dag_gfn.load("theirs")
    np.testing.assert_allclose(theirs.edge_marginals(), ours.edge_marginals(), atol=1e-9)
    info = json.loads((exported / "theirs" / "posterior.json").read_text())
    assert (info["score"], info["families"]["source"], len(info["data_fingerprint"])) == (
        "listed",
        "'ok.jkl'",
        64,
    )
    assert "None" not in (exported / "theirs" / "report.html").read_text()


def test_options_and_names(here, capsys):
    frame = dag_gfn.simulate(3, 40, rng=np.random.default_rng(0)).to_frame()
    frame.columns = ["my age", "b", "c"]
    frame.to_csv("named.csv", index=False)
    command = ["scores", "named.csv", "--out", "s.jkl", "--max-parents", "1", "--prune", "--with-prior"]
    assert main([*command, "--prior", "edge"]) == 0
    said = capsys.readouterr().out
    assert "with the prior over graphs" in said
    assert "Sets that cannot be best are left out" in said
    assert "'my age' is written my_age" in said
    assert "exists already" in fails(capsys, *command)
    assert main([*command, "--overwrite"]) == 0


def test_what_is_not_possible_with_scores_is_refused(exported, capsys):
    assert "--lags is about a table" in fails(capsys, "fit", "ok.jkl", "--lags", "1")
    assert "score (--score) is about data" in fails(capsys, "fit", "ok.jkl", "--score", "bge")
    assert "holds local scores" in fails(capsys, "inspect", "ok.jkl")
    (exported / "bad.jkl").write_text("2\na 1\nx 0\n")
    assert "line 3" in fails(capsys, "fit", "bad.jkl", "--out", "bad")
    assert main(["fit", "ok.jkl", "--quiet", "--out", "out"]) == 0
    assert "without data" in fails(capsys, "effect", "out", "--from", "a", "--to", "b")
