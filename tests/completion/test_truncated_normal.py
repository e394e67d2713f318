import numpy as np
import pytest
from scipy.stats import kstest, truncnorm

from dag_gfn.completion.truncated_normal import truncated_normals

INTERVALS = [
    (-np.inf, np.inf),
    (-1.0, 2.0),
    (-0.4, 0.5),
    (0.0, np.inf),
    (0.0, 0.7),
    (0.3, 0.5),
    (0.3, 9.0),
    (3.0, 3.1),
    (3.0, 4.0),
    (8.0, np.inf),
    (-9.0, -8.0),
    (-np.inf, -2.0),
    (-np.inf, 1.0),
    (-5.0, 0.1),
]


@pytest.mark.parametrize(("lower", "upper"), INTERVALS)
def test_the_distribution_is_the_truncated_normal(lower, upper, rng):
    drawn = truncated_normals(np.full(20_000, lower), np.full(20_000, upper), rng=rng)
    assert (drawn >= lower).all()
    assert (drawn <= upper).all()
    assert kstest(drawn, truncnorm(lower, upper).cdf).pvalue > 1e-4


def test_far_out_the_excess_is_exponential(rng):
    lower = 1e6
    drawn = truncated_normals(np.full(20_000, lower), np.full(20_000, np.inf), rng=rng)
    assert kstest((drawn - lower) * lower, "expon").pvalue > 1e-4


def test_equal_bounds_give_their_number(rng):
    bounds = np.array([-3.0, 0.0, 40.0])
    assert (truncated_normals(bounds, bounds, rng=rng) == bounds).all()
