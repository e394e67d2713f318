"""Bridge sampling on normal distributions, whose normalising constants are known."""

import numpy as np
import pytest

from dag_gfn.layerings.bridge_sampling import batch_variance, bridge, variance_of_mean
from dag_gfn.posterior.metrics import effective_sample_size

LOG_Z = 3.0


def log_weight(x, shift):
    """Return log R - log P of x, for P = N(0, 1) and R = exp(3) N(shift, 1)."""
    return LOG_Z - 0.5 * (x - shift) ** 2 + 0.5 * x**2


def chain(rng, m, shift, memory):
    """Return an autoregressive chain whose limit is N(shift, 1)."""
    noise = rng.normal(size=m) * np.sqrt(1 - memory**2)
    x = np.empty(m)
    x[0] = rng.normal()
    for t in range(1, m):
        x[t] = memory * x[t - 1] + noise[t]
    return shift + x


def both(rng, shift, *, n=2_000, chains=4, m=500, memory=0.0):
    own = rng.normal(size=n)
    drawn = np.stack([chain(rng, m, shift, memory) for _ in range(chains)])
    return own, drawn, bridge(log_weight(own, shift), log_weight(drawn, shift))


@pytest.mark.parametrize("memory", [0.0, 0.9])
@pytest.mark.parametrize("shift", [0.5, 3.0])
def test_the_evidence_is_right_within_its_error(rng, shift, memory):
    scores = []
    for _ in range(60):
        _, _, estimate = both(rng, shift, memory=memory)
        scores.append((estimate.log_z - LOG_Z) / estimate.standard_error)
    assert abs(np.mean(scores)) < 0.5
    assert 0.6 < np.std(scores) < 1.5


def test_it_holds_where_weights_of_either_sample_alone_fail(rng):
    shift = 6.0
    own, drawn, estimate = both(rng, shift, n=20_000, m=5_000)
    assert effective_sample_size(log_weight(own, shift)) < 20
    assert effective_sample_size(-log_weight(drawn.ravel(), shift)) < 20
    assert abs(estimate.log_z - LOG_Z) < 4 * estimate.standard_error < 0.8


def test_shares_give_means_of_the_target(rng):
    shift = 2.0
    scores = []
    for _ in range(50):
        own, drawn, estimate = both(rng, shift)
        share, chain_share = np.exp(estimate.log_share), np.exp(estimate.log_chain_share)
        assert share.sum() + chain_share.sum() == pytest.approx(1)
        assert estimate.share_of_chains == pytest.approx(chain_share.sum())
        scores.append((share * own).sum() + (chain_share * drawn).sum() - shift)
    assert abs(np.mean(scores)) < 4 * np.std(scores) / np.sqrt(len(scores))
    assert np.std(scores) < 1.1 / np.sqrt(2_000)  # no worse than the 2,000 draws from the target


def test_draws_that_hang_together_count_for_less(rng):
    _, _, loose = both(rng, 1.0, memory=0.0)
    _, _, tight = both(rng, 1.0, memory=0.97)
    assert loose.independent_chain_draws > 1_200
    assert tight.independent_chain_draws < 400
    assert tight.share_of_chains < loose.share_of_chains


def test_equal_weights_leave_no_doubt():
    estimate = bridge(np.full(100, 2.0), np.full((2, 50), 2.0))
    assert estimate.log_z == pytest.approx(2.0, abs=1e-8)
    assert estimate.standard_error == pytest.approx(0.0, abs=1e-8)
    np.testing.assert_allclose(np.exp(estimate.log_share), 1 / 200)


def test_where_nothing_overlaps_chains_stand_for_all(rng):
    chains = np.full((2, 50), np.inf)
    estimate = bridge(rng.normal(size=100), chains)
    assert estimate.share_of_chains > 0.999
    assert np.isfinite(estimate.log_z)
    assert estimate.log_z > 300  # and it is seen that the sampler misses all of it


def test_draws_without_weight_stand_for_nothing(rng):
    own, drawn = rng.normal(size=200), rng.normal(size=(2, 100))
    log_w = log_weight(own, 0.5)
    log_w[:100] = -np.inf
    estimate = bridge(log_w, log_weight(drawn + 0.5, 0.5))
    assert (estimate.log_share[:100] == -np.inf).all()


@pytest.mark.parametrize("shapes", [(0, (2, 5)), (5, (2, 0))])
def test_both_kinds_are_needed(shapes):
    with pytest.raises(ValueError, match="draws of both kinds"):
        bridge(np.zeros(shapes[0]), np.zeros(shapes[1]))
    with pytest.raises(ValueError, match="draws of both kinds"):
        bridge(np.full(5, -np.inf), np.zeros((2, 5)))


def test_batches_see_what_single_draws_hide(rng):
    independent = rng.normal(size=(4, 1_000))
    assert batch_variance(independent) == pytest.approx(1 / 4_000, rel=0.6)
    hanging = np.stack([chain(rng, 1_000, 0.0, 0.9) for _ in range(4)])
    assert batch_variance(hanging) > 5 / 4_000
    stuck = np.repeat([[0.0], [1.0], [2.0], [3.0]], 1_000, axis=1)
    assert batch_variance(stuck) == pytest.approx(1.25 / 3)
    assert batch_variance(np.ones((1, 1))) == np.inf
    assert variance_of_mean(np.zeros((2, 3, 4, 5))).shape == (4, 5)


@pytest.mark.parametrize("shift", [8.0, 12.0])
def test_where_hardly_anything_overlaps_the_error_says_so(rng, shift):
    gaps, errors = [], []
    for _ in range(20):
        _, _, estimate = both(rng, shift)
        gaps.append(estimate.log_z - LOG_Z)
        errors.append(estimate.standard_error)
    assert np.sqrt(np.mean(np.square(gaps))) < 1.5 * np.median(errors)


def test_even_weights_of_two_kinds_apart_leave_the_evidence_unknown(rng):
    own = rng.normal(scale=0.1, size=2_000)
    assert bridge(own, np.full((4, 500), np.inf)).standard_error > 100
    assert bridge(own, 100 + rng.normal(scale=0.1, size=(4, 500))).standard_error > 100
