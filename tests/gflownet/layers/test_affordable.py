"""How many layerings are taken, by a clock that the work itself moves: a second for each layering."""

import numpy as np
import pytest
from layering_cases import chains_of, uniform_sampler
from sampler_cases import score_table

from dag_gfn.budget import TimeBudget
from dag_gfn.gflownet.layers import affordable
from dag_gfn.gflownet.layers.affordable import affordable_chains, affordable_draws
from dag_gfn.gflownet.layers.sampler import LayerSampler


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()

    def edge_probabilities(weights, layer_of):
        clock.now += len(layer_of)

    monkeypatch.setattr(affordable, "edge_probabilities", edge_probabilities)
    return clock


@pytest.fixture(scope="module")
def sampler():
    return uniform_sampler(score_table(3))


@pytest.fixture(scope="module")
def drawn(sampler):
    return sampler.layerings(1_000, seed=0)


@pytest.fixture
def chains(monkeypatch):
    """Four chains of 500 blocks; the log-weight of a block says which it is."""
    monkeypatch.setattr(LayerSampler, "log_weights_of", lambda self, layer_of: np.zeros(len(layer_of)))
    block = np.tile(np.arange(500.0), (4, 1))
    return chains_of(np.repeat(block[:, :, None] % 3, 3, axis=2), block)


def test_draws_take_a_quarter_of_what_is_left(sampler, drawn, clock):
    budget = TimeBudget(2_001, clock=clock)
    taken = affordable_draws(sampler, drawn, budget)
    assert clock.now == 33  # a trial of 1 and of 32
    assert len(taken) == (2_001 - 33) // 4
    np.testing.assert_array_equal(taken.layer_of, drawn.layer_of[: len(taken)])
    np.testing.assert_array_equal(taken.log_weights, drawn.log_weights[: len(taken)])
    assert budget.cuts == ["492 layerings of the sampler are taken instead of 1,000"]


@pytest.mark.parametrize(("seconds", "number"), [(1e-6, 256), (1e6, 1_000), (None, 1_000)])
def test_draws_with_hardly_any_time_and_with_enough(sampler, drawn, clock, seconds, number):
    taken = affordable_draws(sampler, drawn, TimeBudget(seconds, clock=clock))
    assert len(taken) == number
    assert (taken is drawn) == (number == 1_000)


def test_chains_are_thinned_evenly_to_two_fifths_of_what_is_left(sampler, chains, clock):
    taken = affordable_chains(sampler, chains, TimeBudget(2_001, clock=clock))
    blocks = 2 * (2_001 - 33) // 5 // 4  # of each chain
    assert taken.layer_of.shape == (4, blocks, 3)
    chosen = taken.log_weights[0]
    assert chosen[0] == 0
    assert set(np.diff(chosen)) == {500 // blocks, 500 // blocks + 1}
    np.testing.assert_array_equal(taken.log_weights, np.tile(chosen, (4, 1)))
    np.testing.assert_array_equal(taken.edge[:, :, 0, 0], taken.log_weights)
    np.testing.assert_array_equal(taken.layer_of[:, :, 0], taken.log_weights % 3)
    assert taken.iterations == chains.iterations


@pytest.mark.parametrize(("seconds", "number"), [(1e-6, 100), (1e6, 500), (None, 500)])
def test_chains_with_hardly_any_time_and_with_enough(sampler, chains, clock, seconds, number):
    taken = affordable_chains(sampler, chains, TimeBudget(seconds, clock=clock))
    assert taken.log_weights.shape == (4, number)
    assert (taken is chains) == (number == 500)
