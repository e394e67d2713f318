"""Normal scores of ranks, and of the levels of ordered categories, against SciPy and integrals."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm, rankdata

from dag_gfn.data import from_array
from dag_gfn.data.normal_scores import level_scores, normal_scores, with_normal_margins, with_scores_of_levels
from dag_gfn.errors import OptionError


def test_ties_share_their_mean_rank(rng):
    values = rng.integers(0, 9, size=40).astype(float)
    expected = norm.ppf(rankdata(values, method="average") / 41)
    np.testing.assert_allclose(normal_scores(values), expected, rtol=1e-12)


def test_missing_cells_stay_missing_and_count_for_nothing(rng):
    values = rng.normal(size=30)
    values[::4] = np.nan
    seen = ~np.isnan(values)
    scores = normal_scores(values)
    assert np.isnan(scores[~seen]).all()
    np.testing.assert_allclose(scores[seen], normal_scores(values[seen]), rtol=1e-12)


def test_a_whole_weight_is_so_many_rows(rng):
    values, times = rng.integers(0, 9, size=20).astype(float), rng.integers(1, 5, size=20)
    repeated = normal_scores(np.repeat(values, times))
    np.testing.assert_allclose(
        np.repeat(normal_scores(values, times.astype(float)), times), repeated, rtol=1e-12
    )


def test_small_weights_give_finite_scores():
    assert np.isfinite(normal_scores(np.array([1.0, 2.0, 3.0]), np.array([0.01, 0.02, 0.01]))).all()


def test_a_level_has_the_mean_of_its_part_of_the_normal_distribution():
    totals = np.array([5.0, 20.0, 10.0, 15.0])
    cuts = norm.ppf(np.concatenate([[0], np.cumsum(totals) / 50]))
    cuts[-1] = np.inf
    expected = [
        quad(lambda z: z * norm.pdf(z), low, high)[0] * 50 / total
        for low, high, total in zip(cuts[:-1], cuts[1:], totals, strict=True)
    ]
    np.testing.assert_allclose(level_scores(totals), expected, rtol=1e-8)


def test_a_level_without_rows_changes_no_other():
    with_gap = level_scores(np.array([3.0, 0.0, 2.0]))
    np.testing.assert_allclose(with_gap[[0, 2]], level_scores(np.array([3.0, 2.0])), rtol=1e-12)
    assert with_gap[0] < with_gap[1] < with_gap[2]


def test_only_numbers_change(rng):
    data = from_array(
        np.column_stack([np.exp(rng.normal(size=30)), rng.integers(0, 2, size=30)]), ["pay", "sex"]
    )
    mixed = replace(data, kinds=("continuous", "discrete"), cardinalities=(0, 2), states=((), ("f", "m")))
    found = with_normal_margins(mixed)
    np.testing.assert_array_equal(found.values[:, 1], mixed.values[:, 1])
    np.testing.assert_allclose(found.values[:, 0], normal_scores(mixed.values[:, 0]))
    assert found.kinds == mixed.kinds


def test_units_and_scales_do_not_matter(rng):
    data = from_array(rng.normal(size=(30, 2)))
    bent = replace(data, values=np.exp(data.values))
    np.testing.assert_array_equal(with_normal_margins(bent).values, with_normal_margins(data).values)
    again = with_normal_margins(data.standardize())
    assert (again.means == 0).all()
    assert (again.scales == 1).all()


def test_a_table_without_ranks_is_refused(rng):
    codes = from_array(np.tile([[0, 1], [1, 0]], (5, 1)), discrete="all")
    with pytest.raises(OptionError, match="no column of this table is continuous"):
        with_normal_margins(codes)
    moments = replace(from_array(rng.normal(size=(9, 2))), moments_only=True)
    with pytest.raises(OptionError, match="covariance matrix"):
        with_normal_margins(moments)


def test_ordinal_columns_become_numbers_and_keep_missing_cells():
    codes = from_array(np.tile([[0, 1], [1, 0], [2, 1], [2, 0]], (3, 1)), ["mood", "sex"], discrete="all")
    values = codes.values.copy()
    values[3::4, 0] = np.nan
    ordered = replace(codes, values=values, kinds=("ordinal", "discrete"))
    found = with_scores_of_levels(ordered)
    assert found.kinds == ("continuous", "discrete")
    assert found.cardinalities == (0, 2)
    assert np.isnan(found.values[3::4, 0]).all()
    np.testing.assert_allclose(found.values[:3, 0], level_scores(np.ones(3)))
