from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from score_data import unrelated

import dag_gfn
from dag_gfn.errors import DataError, OptionError
from dag_gfn.fitting.options import FitOptions
from dag_gfn.fitting.prepare import as_dataset, prepare
from dag_gfn.scores import ScoreTable


@pytest.fixture
def data():
    return dag_gfn.from_frame(dag_gfn.simulate(3, 50, rng=np.random.default_rng(0)).to_frame() * 4 + 9)


def prepared(data, **options):
    return prepare(data, FitOptions.from_keywords(options, caller="fit"))


@pytest.mark.parametrize(
    ("options", "mean", "scale"),
    [
        ({}, 0, 1),
        ({"standardize": True, "score": "linear_gaussian"}, 0, 1),
        ({"standardize": False}, None, None),
        ({"score": "linear_gaussian"}, 0, None),
    ],
)
def test_columns_are_scaled_as_the_options_say(data, options, mean, scale):
    values = prepared(data, **options).dataset.values
    np.testing.assert_allclose(values.mean(0), data.values.mean(0) if mean is None else mean, atol=1e-9)
    np.testing.assert_allclose(values.std(0), data.values.std(0) if scale is None else scale)


def test_sparse_families_of_discrete_columns_are_left_out_unless_kept(rng):
    frame = pd.DataFrame(rng.choice(["u", "v"], size=(12, 4)), columns=list("abcd"))
    data = dag_gfn.from_frame(frame)
    assert prepared(data).constraints.cell_limit is not None
    assert prepared(data, sparse_families="keep").constraints.cell_limit is None


def test_an_unknown_choice_for_sparse_families_is_refused():
    with pytest.raises(OptionError, match="unknown sparse_families 'all': choose drop, keep"):
        dag_gfn.fit(unrelated(3, 2, 20), sparse_families="all", progress=False)


def test_continuous_columns_have_no_sparse_families():
    values = np.random.default_rng(0).normal(size=(40, 3))
    posterior = dag_gfn.fit(values, progress=False)
    assert posterior.info["constraints"]["sparse_families"] is None


def test_warnings_about_the_data_come_before_the_work(data):
    assert prepared(data).warnings == []
    frame = data.to_frame().sort_values("x0")
    found = prepared(dag_gfn.from_frame(frame))
    assert any("'x0'" in warning for warning in found.warnings)


def test_more_samples_than_memory_are_refused(data):
    with pytest.raises(OptionError, match="num_samples"):
        prepared(data, num_samples=10**15)


def test_what_is_no_table_is_named():
    for wrong, said in ((3, "not int"), ([1, 2], "not list"), (pd.Series([1]), "not pandas.Series")):
        with pytest.raises(DataError, match=said):
            as_dataset(wrong)


def test_normal_scores_take_the_place_of_numbers(data):
    bent = dag_gfn.from_frame(np.exp(data.to_frame() / 4))
    found = [prepared(each, margins="normal_scores").table.complete for each in (data, bent)]
    np.testing.assert_array_equal(*found)
    assert prepared(bent, margins="normal_scores").dataset.is_standardized
    assert not np.allclose(prepared(bent).table.complete, found[1])


def test_copula_wants_an_order(rng):
    codes = dag_gfn.from_array(rng.integers(0, 3, size=(60, 3)), discrete="all")
    with pytest.raises(OptionError, match="no column of these data has an order"):
        prepared(codes, score="copula")


def test_counts_are_written_out_where_cells_are_drawn(rng):
    codes = dag_gfn.from_array(rng.integers(0, 3, size=(60, 3)), discrete="all")
    table = replace(codes, kinds=("ordinal",) * 3, weights=np.full(60, 2.0))
    assert prepared(table).dataset.n == 120
    assert prepared(replace(table, weights=np.full(60, 0.5))).dataset.n == 60
    assert prepared(replace(table, kinds=codes.kinds)).dataset.n == 60


def test_the_additive_score_takes_normal_scores_where_there_are_ranks(rng):
    x = np.exp(rng.normal(size=(30, 2)))
    found = prepared(dag_gfn.from_array(x), score="additive").dataset.values
    np.testing.assert_allclose(np.sort(found[:, 0]), np.sort(found[:, 1]))  # of both columns the same
    as_is = prepared(dag_gfn.from_array(x), score="additive", margins="as_is").dataset.values
    assert not np.allclose(np.sort(as_is[:, 0]), np.sort(as_is[:, 1]))
    with pytest.raises(OptionError, match="score 'additive' is for continuous or mixed columns"):
        prepared(dag_gfn.from_array(np.array([[0, 1], [1, 0], [1, 1]]), discrete="all"), score="additive")
    matrix = dag_gfn.from_covariance(np.eye(2), n=30)
    with pytest.raises(OptionError, match="needs rows"):
        prepared(matrix, score="additive")


@pytest.mark.parametrize(
    ("method", "columns", "complete"),
    [("exact", 21, True), ("auto", 21, False), ("mcmc", 21, False), ("exact", 23, False)],
)
def test_more_than_twenty_columns_have_a_complete_table_for_exact_sums_alone(
    method, columns, complete, monkeypatch
):
    asked = []
    build = ScoreTable.build

    def lazily(*args, storage="auto", **how):  # a complete table of 21 columns is 176 MB
        asked.append(storage)
        return build(*args, storage="lazy", **how)

    monkeypatch.setattr(ScoreTable, "build", lazily)
    data = dag_gfn.simulate(columns, 50, rng=np.random.default_rng(0))
    prepared(data, method=method)
    assert asked == ["complete" if complete else "auto"]


def test_too_little_memory_for_exact_sums_leaves_the_table_lazy(monkeypatch):
    monkeypatch.setattr("dag_gfn.fitting.prepare.REFERENCE_MEMORY", 10**8)
    data = dag_gfn.simulate(21, 50, rng=np.random.default_rng(0))
    assert not prepared(data, method="exact").table.is_complete


def test_scoring_that_takes_long_is_said_before(monkeypatch, capsys):
    build = ScoreTable.build
    monkeypatch.setattr(ScoreTable, "build", lambda *args, storage: build(*args, storage="lazy"))
    data = dag_gfn.simulate(22, 50, rng=np.random.default_rng(0))
    chosen = FitOptions.from_keywords({"method": "exact"}, caller="fit")
    prepare(data, chosen)
    assert capsys.readouterr().err == ""
    prepare(data, chosen, shown=True)
    assert "all 46 million families of 22 columns takes up to 23 seconds" in capsys.readouterr().err
