import numpy as np
import pytest

from dag_gfn.effects.thresholds import share_above, share_below, share_error, signs


@pytest.mark.parametrize("threshold", [-0.7, 0.0, 0.4])
def test_shares_of_a_mixture_with_zeros(rng, threshold):
    """A third of the draws have no path; the probability of no path is known to be exactly that."""
    present = np.arange(30_000) % 3 > 0
    samples = np.where(present, rng.normal(0.3, 1.0, size=30_000), 0.0)
    for share, found in (
        (np.mean(samples > threshold), share_above(samples, present, 1 / 3, threshold)),
        (np.mean(samples < threshold), share_below(samples, present, 1 / 3, threshold)),
    ):
        assert found.value == pytest.approx(share, abs=1e-12)
        assert 0 < found.standard_error < 0.01


def test_signs_make_one(rng):
    present = rng.random(1000) < 0.7
    samples = np.where(present, rng.normal(size=1000), 0.0)
    found = signs(samples, present, 0.25)
    assert found.positive.value + found.negative.value + found.none.value == pytest.approx(1.0)


def test_an_error_is_given_where_all_draws_agree():
    assert 0 < share_error(0, 1000) < 0.001
    found = share_above(np.zeros(10), np.zeros(10, dtype=bool), 0.999, 1.0)
    assert found.value == 0.0
    assert found.standard_error == pytest.approx(0.001)  # no draw has a path: nothing is known of its size
