"""BIC against regressions and frequencies."""

import numpy as np
import oracles
import pytest
from score_data import continuous, correlated, dependent_codes, discrete, families, score_family

from dag_gfn.errors import DataError
from dag_gfn.scores import DiscreteBIC, GaussianBIC, make_score


def test_gaussian_equals_least_squares(rng):
    values = correlated(rng, 40, 4) + 100.0
    score = GaussianBIC(continuous(values))
    for node, parents in families(4):
        expected = oracles.gaussian_bic(values, node, parents)
        assert score_family(score, node, parents) == pytest.approx(expected, rel=1e-9)


def test_discrete_equals_frequencies(rng):
    states = (2, 3, 4, 3)  # state 3 of the third column is never seen
    codes = np.minimum(dependent_codes(rng, 30, states), 2)
    score = DiscreteBIC(discrete(codes, states))
    for node, parents in families(4):
        expected = oracles.discrete_bic(codes, states, node, parents)
        assert score_family(score, node, parents) == pytest.approx(expected, rel=1e-10)


def test_the_kind_of_the_columns_chooses_the_form(rng):
    assert isinstance(make_score("bic", continuous(correlated(rng, 10, 3))), GaussianBIC)
    assert isinstance(make_score("bic", discrete(dependent_codes(rng, 10, (2, 2)), (2, 2))), DiscreteBIC)


def test_too_few_rows_name_the_number_needed(rng):
    with pytest.raises(
        DataError, match="'bic' needs at least 6 rows for 5 continuous columns, and there are 5"
    ):
        GaussianBIC(continuous(correlated(rng, 5, 5)))
    GaussianBIC(continuous(correlated(rng, 6, 5))).complete_table()


def test_collinear_columns_are_named(rng):
    values = correlated(rng, 30, 4)
    values[:, 3] = 2.0 * values[:, 0] - values[:, 2]
    with pytest.raises(DataError, match="column 'x3' is a linear combination of 'x0', 'x2'"):
        GaussianBIC(continuous(values))
