from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import dag_gfn
from dag_gfn.data.resampling import resampled
from dag_gfn.errors import DataError, OptionError


def squares():
    """A table whose first column names the row."""
    names = np.random.default_rng(1).permutation(30).astype(float)
    return dag_gfn.from_array(np.column_stack([names, names**2]))


def test_each_row_is_drawn_as_often_as_chance_has_it():
    data = squares()
    times = np.array(
        [np.bincount(resampled(data, 0, b).values[:, 0].astype(int), minlength=30) for b in range(400)]
    )
    assert (times.sum(1) == 30).all()
    # each count is binomial (30, 1/30): mean 1, variance 29/30; 400 draws of 30 rows
    assert abs((times == 0).mean() - (29 / 30) ** 30) < 0.01
    assert abs(times.var() - 29 / 30) < 0.05
    assert (abs(times.mean(0) - 1) < 4.5 * np.sqrt(29 / 30 / 400)).all()


def test_cells_of_a_row_stay_together():
    data = squares()
    drawn = resampled(data, 3, 1).values
    np.testing.assert_array_equal(drawn[:, 0] ** 2, drawn[:, 1])


def test_seed_and_index_determine_the_rows():
    data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(30, 2)))
    np.testing.assert_array_equal(resampled(data, 0, 1).values, resampled(data, 0, 1).values)
    assert (resampled(data, 0, 1).values != resampled(data, 0, 2).values).any()
    assert (resampled(data, 0, 1).values != resampled(data, 1, 1).values).any()


def test_counts_are_drawn_as_the_rows_that_they_stand_for():
    frame = pd.DataFrame({"a": ["x", "x", "y"], "b": ["u", "v", "v"], "n": [70, 20, 10]})
    data = dag_gfn.from_frame(frame, weights="n")
    totals = np.zeros((2, 2))
    for b in range(100):
        drawn = resampled(data, 0, b)
        assert drawn.weights.sum() == 100
        np.add.at(totals, (drawn.values[:, 0].astype(int), drawn.values[:, 1].astype(int)), drawn.weights)
    np.testing.assert_allclose(totals.ravel() / 100, [70, 20, 0, 10], atol=2.5)


def test_each_experiment_keeps_its_rows():
    rng = np.random.default_rng(0)
    data = dag_gfn.from_array(rng.normal(size=(40, 2)))
    mask = np.zeros((40, 2), dtype=bool)
    mask[:7, 0] = True
    drawn = resampled(replace(data, intervened=mask), 0, 0)
    assert drawn.intervened.sum() == 7
    assert set(drawn.values[drawn.intervened[:, 0], 0]) <= set(data.values[:7, 0])


def test_rows_with_weights_of_a_survey_keep_them():
    rng = np.random.default_rng(0)
    values, weights = rng.normal(size=(20, 2)), rng.uniform(0.5, 1.5, 20)
    drawn = resampled(replace(dag_gfn.from_array(values), weights=weights), 0, 0)
    where = [int(np.flatnonzero(values[:, 0] == x)[0]) for x in drawn.values[:, 0]]
    np.testing.assert_array_equal(drawn.weights, weights[where])


def test_a_resample_with_a_constant_column_is_drawn_anew():
    data = replace(squares(), values=np.column_stack([np.r_[1.0, np.zeros(29)], np.arange(30.0)]))
    assert all(resampled(data, 0, b).values[:, 0].any() for b in range(30))


def test_what_cannot_be_drawn(monkeypatch):
    with pytest.raises(OptionError, match="--bootstraps 0"):
        resampled(dag_gfn.from_covariance(np.eye(2), 50), 0, 0)
    monkeypatch.setattr("dag_gfn.data.resampling.MAX_TRIES", 1)
    data = replace(squares(), values=np.column_stack([np.r_[1.0, np.zeros(29)], np.arange(30.0)]))
    outcomes = set()
    for b in range(20):  # the row that differs is in 64 % of the resamples
        try:
            outcomes.add(bool(resampled(data, 0, b).values[:, 0].any()))
        except DataError as error:
            outcomes.add(str(error).partition(":")[0])
    assert outcomes == {True, "no resample of the rows can be fitted"}
