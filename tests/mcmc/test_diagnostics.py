"""R-hat and effective draws of traces whose answer is known."""

import numpy as np
import pytest

from dag_gfn.mcmc.diagnostics import diagnose


def autoregressive(rng, chains, draws, memory):
    """Return traces of variance one whose draws are worth (1 - memory) / (1 + memory) each."""
    noise = rng.normal(size=(chains, draws)) * np.sqrt(1 - memory**2)
    trace = np.empty((chains, draws))
    trace[:, 0] = rng.normal(size=chains)
    for t in range(1, draws):
        trace[:, t] = memory * trace[:, t - 1] + noise[:, t]
    return trace


@pytest.mark.parametrize("memory", [0.0, 0.5, 0.9])
def test_effective_draws_and_error_of_autoregressive_chains(rng, memory):
    told = diagnose(autoregressive(rng, 4, 4000, memory))
    expected = 16_000 * (1 - memory) / (1 + memory)
    assert told.effective_draws == pytest.approx(expected, rel=0.25)
    assert told.standard_error == pytest.approx(1 / np.sqrt(expected), rel=0.2)
    assert told.max_r_hat < 1.02
    assert told.converged


def test_chains_that_disagree(rng):
    traces = rng.normal(size=(4, 500, 2, 2))
    traces[0, :, 1, 0] += 3
    told = diagnose(traces)
    assert told.r_hat.shape == (2, 2)
    assert told.r_hat[1, 0] > 1.1 > told.r_hat[0, 1]
    assert told.max_r_hat == told.r_hat[1, 0]
    assert not told.converged


def test_too_few_draws(rng):
    told = diagnose(rng.normal(size=(4, 60)))
    assert told.max_r_hat < 1.05
    assert told.min_effective_draws < 400
    assert not told.converged


def test_chains_that_never_move():
    same = diagnose(np.zeros((3, 50, 2)))
    assert np.isnan(same.r_hat).all()
    np.testing.assert_array_equal(same.standard_error, 0)
    assert (same.max_r_hat, same.min_effective_draws) == (1.0, 150)
    stuck = np.zeros((3, 50, 2))
    stuck[1, :, 0] = 1
    told = diagnose(stuck)
    assert told.max_r_hat == np.inf
    assert told.standard_error[0] == pytest.approx(stuck[:, :, 0].std())
    assert not told.converged


def test_a_chain_that_keeps_to_a_value_of_its_own_is_judged_however_small_the_deviation():
    stuck = np.zeros((4, 50))
    stuck[1] = 0.015
    assert stuck.std() < 0.01
    assert diagnose(stuck).max_r_hat == np.inf
    assert diagnose(0.5 * stuck).max_r_hat == 1.0


def test_what_hardly_varies_is_not_judged():
    traces = np.zeros((4, 500))
    traces[2, 100] = 0.01
    told = diagnose(traces)
    assert (told.max_r_hat, told.min_effective_draws) == (1.0, 2000)
    assert 0 < told.standard_error < 1e-3


@pytest.mark.parametrize("shape", [(1, 100), (4, 3)])
def test_too_little_to_tell(shape):
    with pytest.raises(ValueError, match="at least 2 chains of 4 draws"):
        diagnose(np.zeros(shape))


@pytest.mark.parametrize("memory", [0.0, 0.8])
def test_merged_draws_tell_the_same_error_and_number_of_effective_draws(memory, rng):
    traces = autoregressive(rng, 4, 4003, memory)
    whole, merged = diagnose(traces[:, 3:]), diagnose(traces, merged=10)
    # by 1,600 blocks: the logarithm of an error is off by about 1 / sqrt(3200)
    assert abs(np.log(merged.standard_error / whole.standard_error)).max() < 5 / np.sqrt(3200)
    assert merged.max_r_hat == pytest.approx(whole.max_r_hat, abs=0.01)
    assert merged.effective_draws.max() <= 16_000
    assert merged.converged
