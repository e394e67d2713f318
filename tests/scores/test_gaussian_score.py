"""Gaussian scores of columns with large means, large and small units, against 60 digits."""

import itertools

import mpmath
import numpy as np
import pytest
from oracles import bge_in_high_precision
from score_data import continuous, correlated, families, score_family

import dag_gfn
from dag_gfn.data import from_array
from dag_gfn.errors import DataError
from dag_gfn.graphs.subsets import remove_bit
from dag_gfn.scores import ScoreTable, make_score


def linear_gaussian_in_high_precision(values, node, parents, noise=0.1, weight=1.0):
    """The log-density of y ~ N(0, s² I + w² X Xᵀ), by Woodbury's identity at 60 digits."""
    with mpmath.workdps(60):
        columns = [[mpmath.mpf(float(x)) for x in values[:, c]] for c in [*parents, node]]
        k, n, s2, ridge = len(parents), len(values), mpmath.mpf(noise), mpmath.mpf(noise) / mpmath.mpf(weight)
        products = mpmath.matrix(k + 1, k + 1)
        for a, b in itertools.product(range(k + 1), repeat=2):
            products[a, b] = mpmath.fdot(columns[a], columns[b]) + ridge * (a == b)
        minor = mpmath.det(products[:k, :k]) if k else mpmath.mpf(1)
        residual = mpmath.det(products) / minor - ridge
        log_determinant = mpmath.log(minor) - k * mpmath.log(ridge)
        return float(-(n * mpmath.log(2 * mpmath.pi * s2) + log_determinant + residual / s2) / 2)


def largest_error(name, oracle, values):
    data = continuous(values)
    score = make_score(name, data)
    table = ScoreTable.build(score).complete
    worst = 0.0
    for node, parents in families(values.shape[1]):
        exact = oracle(values, node, parents)
        mask = np.array([sum(1 << p for p in parents)], dtype=np.int64)
        from_table = table[node, remove_bit(mask, node)[0]]
        worst = max(worst, abs(from_table - exact), abs(score_family(score, node, parents) - exact))
    return worst


@pytest.mark.parametrize("offset", [0.0, 1e4, 1e8, (1e3, -1e8, 1e5)])
def test_bge_keeps_its_digits_beside_large_means(offset, rng):
    values = correlated(rng, 30, 3) + np.asarray(offset)
    assert largest_error("bge", bge_in_high_precision, values) < 1e-9


@pytest.mark.parametrize("unit", [1e-9, 1e-3, 1e4, 1e8])
def test_bge_in_any_unit(unit, rng):
    values = correlated(rng, 30, 3) * np.array([1.0, unit, 1.0])
    assert largest_error("bge", bge_in_high_precision, values) < 1e-9


@pytest.mark.parametrize(("offset", "unit"), [(0, 1e-9), (0, 1), (0, 1e3), (1e3, 1)])
def test_linear_gaussian_up_to_its_limit(offset, unit, rng):
    values = correlated(rng, 30, 3) * np.array([1.0, unit, 1.0]) + offset
    assert largest_error("linear_gaussian", linear_gaussian_in_high_precision, values) < 1e-4


@pytest.mark.parametrize("unit", [1e6, 1e9, 1e30, 1e87])
@pytest.mark.parametrize("columns", [3, 7])  # enumerated, and by the recursion
def test_linear_gaussian_beyond_it_names_the_column(unit, columns, rng):
    values = rng.normal(size=(40, columns))
    values[:, 1] *= unit
    names = ["a", "population", *(f"c{i}" for i in range(columns - 2))]
    data = from_array(values, names)
    with pytest.raises(DataError, match=r"column 'population' has values of about .*--standardize"):
        dag_gfn.fit(data, score="linear_gaussian", progress=False)


def test_offsets_change_no_linear_gaussian_posterior_but_raise_where_they_must(rng):
    values = rng.normal(size=(50, 3)) * np.sqrt(0.1)
    values[:, 2] += values[:, 0]
    centred = dag_gfn.fit(values, score="linear_gaussian", progress=False)
    moved = dag_gfn.fit(values + 1e8, score="linear_gaussian", progress=False)  # centred by default
    np.testing.assert_allclose(moved.marginal("edge").values, centred.marginal("edge").values, atol=1e-6)
    with pytest.raises(DataError, match="Leave out --no-standardize"):
        dag_gfn.fit(values + 1e8, score="linear_gaussian", standardize=False, progress=False)


def test_copies_in_large_units_are_refused_rather_than_scored_by_rounding(rng):
    values = rng.normal(size=(100, 3)) * 1e6
    values[:, 2] = values[:, 0]
    with pytest.raises(DataError, match=r"follows so nearly from the others.*score 'bge'"):
        make_score("bge", continuous(values))
    make_score("bge", continuous(values).standardize())


def test_a_noise_variance_that_the_data_belie_is_doubted(rng):
    values = rng.normal(size=(200, 4))
    assert make_score("linear_gaussian", continuous(values * np.sqrt(0.1))).doubts() == []
    (doubt,) = make_score("linear_gaussian", continuous(values)).doubts()
    assert doubt.code == "noise_variance"
    assert "'x0' (" in doubt.warning
    assert make_score("linear_gaussian", continuous(values), noise_variance=1.0).doubts() == []
