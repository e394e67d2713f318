import numpy as np
import pandas as pd
import pytest

import dag_gfn
from dag_gfn.data import data_doubts, data_warnings, from_array, from_covariance
from dag_gfn.errors import DataError, OptionError

S = np.array([[4.0, 1.0, -0.5], [1.0, 9.0, 2.0], [-0.5, 2.0, 1.5]])


def table(n=40, d=4, seed=0):
    """Return correlated columns of very different scales and means."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)) @ rng.normal(size=(d, d)) * 10.0 ** np.arange(-3, d - 3) + 10 * rng.normal(
        size=d
    )


@pytest.mark.parametrize("ddof", [0, 1])
@pytest.mark.parametrize("n", [2, 10, 33.5, 1e6])
def test_the_points_have_the_moments(n, ddof):
    means = np.array([1.0, -20.0, 300.0])
    data = from_covariance(S, n, means=means, ddof=ddof)
    assert (data.n, data.d, data.kind, data.moments_only) == (6, 3, "continuous", True)
    assert data.names == ("x0", "x1", "x2")
    assert data.total_weight == pytest.approx(n, rel=1e-14)
    np.testing.assert_allclose(np.average(data.values, axis=0, weights=data.weights), means, rtol=1e-12)
    centred = data.values - means
    np.testing.assert_allclose((centred.T * data.weights) @ centred / (n - ddof), S, rtol=1e-11)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"score": "bic"},
        {"score": "linear_gaussian"},
        {"standardize": False, "alpha_mu": 0.5, "mean_obs": [1.0, 2.0, 3.0, 4.0]},
        {"prior": "edge"},
    ],
)
@pytest.mark.filterwarnings("ignore::dag_gfn.DataWarning")
def test_a_fit_to_rows_is_the_fit_to_their_covariance(options):
    rows = pd.DataFrame(table(), columns=list("abcd"))
    from_rows = dag_gfn.fit(rows, method="exact", seed=0, progress=False, **options)
    matrix = from_covariance(rows.cov(), len(rows), means=rows.mean())
    from_matrix = dag_gfn.fit(matrix, method="exact", seed=0, progress=False, **options)
    assert from_matrix.log_evidence == pytest.approx(from_rows.log_evidence, abs=1e-8)
    np.testing.assert_allclose(from_matrix.edge_marginals(), from_rows.edge_marginals(), atol=1e-9)
    assert from_matrix.info["n"] == len(rows)


def test_the_divisor_and_the_units_do_not_matter_where_columns_are_standardized():
    rows = pd.DataFrame(table(), columns=list("abcd"))
    matrices = [
        from_covariance(rows.cov(), len(rows)),
        from_covariance(rows.cov(ddof=0), len(rows), ddof=0),
        from_covariance(rows.corr(), len(rows)),
    ]
    fits = [dag_gfn.fit(matrix, method="exact", progress=False).edge_marginals() for matrix in matrices]
    for each in fits[1:]:
        np.testing.assert_allclose(each, fits[0], atol=1e-9)


def test_effects_are_those_of_the_rows():
    rows = pd.DataFrame(table(200, 3), columns=list("abc"))
    means = []
    for data in (rows, from_covariance(rows.cov(), len(rows), means=rows.mean())):
        posterior = dag_gfn.fit(data, method="exact", seed=0, progress=False)
        effects = dag_gfn.effects.total_effects(posterior, num_draws=50, rng=np.random.default_rng(1))
        means.append(effects.mean)
    np.testing.assert_allclose(means[1], means[0], rtol=1e-6, atol=1e-9)


def test_names_come_from_a_frame():
    frame = pd.DataFrame(S, index=list("abc"), columns=list("abc"))
    assert from_covariance(frame, 10).names == ("a", "b", "c")
    assert from_covariance(frame, 10, names=["x", "y", "z"]).names == ("x", "y", "z")
    assert from_covariance(frame.reset_index(drop=True), 10).names == ("a", "b", "c")
    with pytest.raises(DataError, match="same names in the same order"):
        from_covariance(frame.loc[list("bca")], 10)


def test_a_note_says_what_was_taken():
    assert from_covariance(S, 10).notes == ("took a covariance matrix of 10 rows",)
    assert from_covariance(np.eye(2), 12.5).notes == ("took a correlation matrix of 12.5 rows",)


def changed(i, j, value, k=None, other=None):
    matrix = S.copy()
    matrix[i, j] = value
    if k is not None:
        matrix[j, i] = other
    return matrix


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (S[:2], r"is square: this one has shape \(2, 3\)"),
        (np.eye(1), "at least 2"),
        ([["a", "b"], ["c", "d"]], "numbers only"),
        (changed(0, 1, np.nan), "covariance of 'x0' and 'x1' is not a finite number"),
        (changed(1, 1, -2.0), "the variance of 'x1' is -2"),
        (changed(0, 1, 1.1), "not symmetric: 1.1 for 'x0' and 'x1' above the diagonal, 1 below"),
        (changed(0, 1, 7.0, 1, 7.0), "correlation of 'x0' and 'x1' would be 1.17"),
        (changed(0, 2, -2.4, 1, -2.4), "not positive definite .*'x0', 'x1' and 'x2'"),
        (np.ones((2, 2)), "not positive definite"),
    ],
)
def test_matrices_that_are_no_covariances_are_refused(matrix, message):
    with pytest.raises(DataError, match=message) as error:
        from_covariance(matrix, 10)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("n", [None, 1, 0, -3, np.nan, np.inf, True])
def test_the_number_of_rows_is_needed(n):
    with pytest.raises(OptionError, match=r"number of rows .*--rows"):
        from_covariance(S, n)


def test_other_arguments_are_checked():
    with pytest.raises(OptionError, match="ddof is 1"):
        from_covariance(S, 10, ddof=2)
    with pytest.raises(DataError, match="2 names were given for a matrix of 3"):
        from_covariance(S, 10, names=["a", "b"])
    with pytest.raises(DataError, match="one finite number each"):
        from_covariance(S, 10, means=[1.0])


def test_rounding_of_the_halves_is_allowed():
    matrix = S.copy()
    matrix[0, 1] *= 1 + 1e-7
    assert from_covariance(matrix, 10).d == 3


def test_scores_of_rows_refuse_a_matrix():
    with pytest.raises(OptionError, match="continuous"):
        dag_gfn.fit(from_covariance(S, 30), score="bdeu", progress=False)


def test_checks_of_single_rows_are_left_out():
    """Six points in pairs are far from normal, coded by few numbers and in order."""
    assert data_warnings(from_covariance(np.eye(3), 500)) == []
    assert data_doubts(from_covariance(np.eye(3), 500)) == []
    assert [doubt.code for doubt in data_doubts(from_covariance(np.eye(3), 6))] == ["few_rows"]


def test_copies_and_sums_are_named_as_in_rows():
    rng = np.random.default_rng(0)
    x, y, z, u, v = rng.normal(size=(5, 300))
    rows = np.column_stack([x, y, x + y + 0.01 * u, z, z + 0.01 * v])
    expected = data_warnings(from_array(rows))
    assert len(expected) == 2
    assert data_warnings(from_covariance(np.cov(rows.T), 300)) == expected
