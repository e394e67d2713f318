import numpy as np
import pytest
from effect_cases import certain, exact

from dag_gfn.data import from_array
from dag_gfn.effects import interventional_distribution, interventional_means, total_effects
from dag_gfn.errors import OptionError

CHAIN = np.array([[0, 1, 0], [0, 0, 1], [0, 0, 0]], dtype=bool)  # 0 → 1 → 2


@pytest.fixture
def values(rng):
    x = rng.normal(5.0, 2.0, size=300)
    y = 3.0 * x - 1.0 + rng.normal(size=300)
    return np.column_stack([x, y, -y + 2.0 + rng.normal(size=300)])


def test_mean_moves_with_the_value_at_the_rate_of_the_total_effect(values):
    posterior = exact(from_array(values).standardize())
    low = interventional_means(posterior, "x0", 4.0, num_draws=40, rng=2)
    high = interventional_means(posterior, "x0", 6.0, num_draws=40, rng=2)
    effects = total_effects(posterior, num_draws=40, rng=2)
    np.testing.assert_allclose((high.samples - low.samples)[:, 1:] / 2, effects.samples[:, 0, 1:])
    np.testing.assert_allclose((high.mean - low.mean)[1:] / 2, effects.mean[0, 1:])


def test_a_known_chain_in_original_units(values):
    means = interventional_means(
        certain(from_array(values).standardize(), CHAIN), "x1", 0.0, num_draws=500, rng=0
    )
    at_zero = np.polyfit(values[:, 1], values[:, 2], 1)[1]  # the prior shrinks this a little
    np.testing.assert_allclose(means.mean, [values[:, 0].mean(), 0.0, at_zero], atol=0.1)
    assert (means.samples[:, 1] == 0.0).all()
    summary = means.summary().set_index("target")
    assert summary.loc["x2", "5%"] < at_zero < summary.loc["x2", "95%"]


def test_centring_the_data_changes_nothing(values):
    """The linear-Gaussian score has no intercept: what was taken off the columns is their mean."""
    posterior = certain(from_array(values).center(), CHAIN, "linear_gaussian", noise_variance=1.0)
    mean = interventional_means(posterior, "x0", values[:, 0].mean(), num_draws=5, rng=0).mean
    np.testing.assert_allclose(mean, values.mean(axis=0))


def test_refusals(values):
    posterior = certain(from_array(values), CHAIN)
    with pytest.raises(OptionError, match="must be finite, not nan"):
        interventional_means(posterior, "x0", float("nan"), rng=0)
    with pytest.raises(OptionError, match="the columns are x0, x1, x2"):
        interventional_means(posterior, "foo", 1.0, rng=0)
    with pytest.raises(OptionError, match="use total_effects"):
        interventional_distribution(posterior, "x0", "x1", rng=0)
