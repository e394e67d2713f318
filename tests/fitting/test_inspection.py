"""What a fit would do is what it does."""

from dataclasses import replace

import numpy as np
import pytest

import dag_gfn
from dag_gfn.data import from_array
from dag_gfn.data.roles import ColumnRole
from dag_gfn.fitting.inspection import inspect_table, otherwise
from dag_gfn.fitting.options import FitOptions


def inspected(data, **options):
    return inspect_table(data, FitOptions.from_keywords(options, caller="fit"))


@pytest.fixture
def data(rng):
    return from_array(np.exp(2 * rng.normal(size=(60, 3))), ["a", "b", "c"])


def test_score_method_and_warnings_are_those_of_the_fit(data):
    found = inspected(data)
    with pytest.warns(dag_gfn.DataWarning):
        posterior = dag_gfn.fit(data, progress=False)
    assert (found.score.name, found.method.name) == (posterior.info["score"], posterior.info["method"])
    assert set(found.warnings) <= set(posterior.info["warnings"])
    assert "--margins normal_scores" in found.warnings[0]


def test_ranks_need_not_be_normal(data):
    assert inspected(data, margins="normal_scores").warnings == []
    assert inspected(data, score="copula").warnings == []


@pytest.mark.slow
def test_the_number_of_completed_tables_is_that_of_the_fit(data):
    values = data.values.copy()
    values[:5, 0] = np.nan
    missing = replace(data, values=values)
    found = inspected(missing, margins="normal_scores", num_completed=24)
    posterior = dag_gfn.fit(missing, margins="normal_scores", num_completed=24, progress=False)
    assert found.tables == posterior.info["missing"]["tables"] == 24
    assert found.method.name == posterior.info["method"]
    assert found.drawn == "5 missing cells"


def test_what_is_asked_for_is_said_beside_the_choice(data):
    found = inspected(data, score="bic", method="mcmc")
    assert found.score == ("bic", "asked for; by itself bge")
    assert found.method.reason.startswith("asked for; by itself exact")


def test_columns_beyond_the_exact_posterior(rng):
    found = inspected(from_array(rng.normal(size=(200, 30))))
    assert found.method.name == "gflownet"
    assert "30 columns would take" in found.method.reason


@pytest.mark.parametrize(
    ("role", "option"),
    [
        (ColumnRole("id", "left out", "numbers the rows", surprise=2), "--keep id"),
        (ColumnRole("x", "left out", "--drop"), ""),
        (
            ColumnRole("day", "left out", "dates; --dates days makes numbers of them", surprise=2),
            "--dates days",
        ),
        (
            ColumnRole("Freq", "weights", "(--continuous makes a variable)", surprise=3),
            "--continuous Freq",
        ),
        (ColumnRole("body mass", "ordinal", "1 < 2", surprise=1), '--discrete "body mass"'),
        (ColumnRole("age", "continuous"), ""),
    ],
)
def test_the_option_that_undoes_a_decision(role, option):
    assert otherwise(role) == option
