from dataclasses import replace

import numpy as np
import pytest

import dag_gfn
from dag_gfn.data import data_doubts, data_warnings, from_array
from dag_gfn.data.few_rows import few_rows
from dag_gfn.errors import DataWarning
from dag_gfn.views.report.summary import summarise


@pytest.mark.parametrize(("n", "told"), [(2, True), (8, True), (20, True), (21, False), (200, False)])
def test_two_rows_for_each_column_are_too_few(n, told, rng):
    doubts = data_doubts(from_array(rng.normal(size=(n, 10))))
    assert [doubt.code for doubt in doubts] == ["few_rows"] * told
    if told:
        assert f"{n} rows cannot tell the parents of 10 columns apart" in doubts[0].warning
        assert doubts[0].level == "caution"


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_any_two_rows_do_not_make_copies(n, rng):
    values = rng.normal(size=(n, 4))
    assert not any("copies" in sentence for sentence in data_warnings(from_array(values)))


def test_discrete_tables_have_rules_of_their_own(rng):
    codes = rng.integers(0, 2, size=(8, 6)).astype(float)
    codes[:2] = [[0], [1]]
    assert "few_rows" not in [doubt.code for doubt in data_doubts(from_array(codes, discrete="all"))]


def test_levels_of_categories_count_as_columns(rng):
    codes = np.arange(14) % 7
    discrete = from_array(np.column_stack([codes, codes]).astype(float), discrete="all")
    mixed = replace(
        discrete,
        values=np.column_stack([codes, rng.normal(size=14)]),
        kinds=("discrete", "continuous"),
        cardinalities=(7, 0),
        states=(discrete.states[0], ()),
    )
    (doubt,) = few_rows(mixed)  # 6 + 1 columns
    assert "2 columns (7 with all but one level of each category)" in doubt.warning
    assert few_rows(replace(mixed, values=np.vstack([mixed.values, mixed.values[:1]]))) == []


def test_the_verdict_is_not_sound(rng):
    with pytest.warns(DataWarning, match="the probabilities rest on the prior"):
        posterior = dag_gfn.fit(rng.normal(size=(6, 4)), progress=False)
    summary = summarise(posterior)
    assert summary.level == "caution"
    assert "too few rows for so many columns" in summary.trust
