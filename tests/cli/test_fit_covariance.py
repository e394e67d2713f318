"""`dag-gfn fit --covariance`."""

from pathlib import Path

import pytest
from cli_cases import fails

import dag_gfn
from dag_gfn.cli import main

MATRIX = "164\na b c\n1.0\n.5 1.0\n.1 .3 1.0\n"
FIT = ["--out", "out", "--method", "exact", "--quiet", "--overwrite"]


def fitted(*options):
    assert main(["fit", *options, *FIT]) == 0
    return dag_gfn.load("out")


def test_a_matrix_is_fitted_like_its_dataset(here):
    Path("cov.txt").write_text(MATRIX)
    posterior = fitted("cov.txt", "--covariance")
    expected = dag_gfn.fit(dag_gfn.read_covariance("cov.txt"), method="exact", progress=False)
    assert posterior.info["n"] == 164
    assert posterior.log_evidence == pytest.approx(expected.log_evidence)
    assert "took a correlation matrix of 164 rows" in posterior.info["notes"]


def test_columns_and_rows_are_options(here):
    Path("cov.csv").write_text("a,b,c\n1,.5,.1\n.5,1,.3\n.1,.3,1\n")
    posterior = fitted("cov.csv", "--covariance", "--rows", "50", "--drop", "a")
    assert (posterior.names, posterior.info["n"]) == (("b", "c"), 50)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["square.csv", "--covariance"], ["'square.csv'", "--rows"]),
        (["square.csv", "--covariance", "--rows", "1"], ["at least 2, not 1"]),
        (["square.csv", "--rows", "20"], ["--covariance"]),
        (["square.csv", "--covariance", "--rows", "20", "--discrete", "a"], ["--discrete"]),
        (["--covariance", "--rows", "20"], ["--covariance needs a file"]),
        (["ok.csv", "--covariance", "--rows", "20"], ["'ok.csv' holds no covariance matrix"]),
        (["cov.txt"], ["looks like a covariance matrix: give --covariance"]),
        (["cov.txt", "--covariance", "--score", "bdeu"], ["'bdeu'", "bge"]),
    ],
)
def test_what_does_not_fit_together_is_refused(here, capsys, options, said):
    Path("cov.txt").write_text(MATRIX)
    Path("square.csv").write_text("a,b\n1,.5\n.5,1\n")
    line = fails(capsys, "fit", *options, *FIT)
    for words in said:
        assert words in line


def test_another_number_of_rows_is_another_run(here):
    """Only the weights of the points differ."""
    from dag_gfn.cli.fit import _fingerprint

    Path("cov.txt").write_text(MATRIX)
    data = [dag_gfn.read_covariance("cov.txt", rows) for rows in (164, 164, 165)]
    prints = [_fingerprint(each) for each in data]
    assert prints[0] == prints[1] != prints[2]
