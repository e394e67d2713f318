"""The table that a command is given: exactly one source, and options that go with it."""

from pathlib import Path

import numpy as np
import pytest

import dag_gfn
from dag_gfn.cli.input_table import read_table
from dag_gfn.errors import DataError, OptionError
from dag_gfn.fitting.reading_options import CovarianceOptions, ReadingOptions
from dag_gfn.options import options_of

ROWS = CovarianceOptions()


def reading(**changed):
    return {name: each.default for name, each in options_of(ReadingOptions).items()} | changed


@pytest.fixture
def matrix(tmp_path) -> Path:
    path = tmp_path / "cov.csv"
    path.write_text(",a,b,c\na,2.0,0.5,0.1\nb,0.5,1.0,0.2\nc,0.1,0.2,3.0\n")
    return path


@pytest.mark.parametrize(("table", "example"), [(None, None), (Path("a.csv"), "wine")])
def test_there_is_exactly_one_source(table, example):
    with pytest.raises(OptionError, match="either a file or --example"):
        read_table(table, example, reading(), ROWS)


def test_an_example_is_read_with_the_same_options():
    whole = read_table(None, "iris", reading(), ROWS)
    chosen = read_table(None, "iris", reading(drop=[whole.names[0]]), ROWS)
    assert chosen.names == whole.names[1:]
    np.testing.assert_array_equal(chosen.values, whole.values[:, 1:])


def test_rows_need_a_matrix():
    with pytest.raises(OptionError, match="give --covariance too"):
        read_table(Path("a.csv"), None, reading(), CovarianceOptions(rows=50))


def test_a_matrix_is_read_with_its_rows(matrix):
    data = read_table(matrix, None, reading(drop=["c"]), CovarianceOptions(covariance=True, rows=50))
    assert data.names == ("a", "b")
    assert data.total_weight == pytest.approx(50)
    assert data.moments_only
    same = dag_gfn.read_covariance(matrix, 50, drop=["c"])
    np.testing.assert_array_equal(data.values, same.values)


def test_options_that_read_rows_are_refused_for_a_matrix(matrix):
    with pytest.raises(OptionError, match="--ordinal reads rows"):
        read_table(matrix, None, reading(ordinal=["a"]), CovarianceOptions(covariance=True, rows=50))
    with pytest.raises(OptionError, match="--covariance needs a file"):
        read_table(None, "iris", reading(), CovarianceOptions(covariance=True, rows=50))


def test_a_file_that_cannot_be_rows_and_holds_a_matrix_is_named_as_one(tmp_path):
    path = tmp_path / "cov.txt"
    path.write_text("164\na b\n1\n.5 1\n")
    with pytest.raises(DataError, match="give --covariance"):
        read_table(path, None, reading(), ROWS)
