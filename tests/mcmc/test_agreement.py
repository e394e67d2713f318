"""What chains say of edges, and whether they agree."""

import numpy as np
import pytest
from sampler_cases import score_table

from dag_gfn.graphs.possible_parents import PossibleParents
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.mcmc import agreement as module
from dag_gfn.mcmc.agreement import edges_of_chains, edges_of_corrected, tempering_of
from dag_gfn.mcmc.chains import run_chains
from dag_gfn.mcmc.corrected_chains import CorrectedChains
from dag_gfn.random_streams import RandomStreams


def two_modes(nats):
    """Return weights of four nodes with two modes, the orders 0123 and 3210, in wells of `nats`."""
    scores = np.full((4, 8), -4 * nats)  # sets of the other three nodes
    scores[[0, 3], 0b000] = -nats  # who comes first pays, so that only one does
    scores[[0, 3], 0b111] = 0.0
    scores[1, [0b001, 0b110]] = 0.0  # 0, or 2 and 3
    scores[2, [0b011, 0b100]] = 0.0  # 0 and 1, or 3
    return LayerWeights.of(scores)


UP, DOWN = np.array([0, 1, 2, 3]), np.array([3, 2, 1, 0])


@pytest.mark.parametrize(
    ("nats", "starts", "agree"),
    [(1e4, [UP, UP, UP, DOWN], False), (1e4, [UP] * 4, False), (0.0, [UP, UP, UP, DOWN], True)],
    ids=["at different ones", "all at one", "free to move"],
)
def test_chains_that_stay_at_different_layerings_do_not_agree(nats, starts, agree):
    chains = run_chains(
        two_modes(nats),
        streams=np.random.SeedSequence(0).spawn(4),
        iterations=20_000,
        kept=500,
        starts=starts,
    )
    edge, agreement = edges_of_chains(chains)
    assert agreement.chains_agree is agree
    assert (agreement.max_r_hat is not None) == agree
    known = edge.standard_error is not None and edge.standard_error.max() < 0.3
    assert known == agree


def test_tempered_chains_find_both_modes_of_deep_wells():
    streams = RandomStreams(0)
    chains = run_chains(
        two_modes(300.0),
        streams=streams.sequences("chains", 4),
        cooled=streams.sequences("cooled starts", 4),
        iterations=300_000,
        kept=500,
    )
    edge, agreement = edges_of_chains(chains)
    assert agreement.chains_agree
    assert agreement.min_effective_draws < len(chains.layer_of) * chains.layer_of.shape[1]
    off = np.abs(edge.values[0, 1] - 0.5)  # 0 -> 1 or 1 -> 0
    assert off < 4 * edge.standard_error[0, 1] < 0.4
    found = tempering_of(chains)
    assert found.arrivals == chains.arrivals.sum() > 200
    assert found.missing_mass == pytest.approx(3 / found.arrivals)
    assert found.min_swap_acceptance > 0.3
    assert found.log_ratio_spread < 0.5


def test_chains_that_never_move_agree_if_hotter_ones_have_looked_elsewhere():
    weights = LayerWeights.of(
        two_modes(30.0).log_weights + np.array([[0.0] * 8] * 3 + [[-20.0] + [0.0] * 7])
    )  # UP alone
    streams = RandomStreams(0)
    cooled = streams.sequences("cooled starts", 4)
    chains = run_chains(
        weights, streams=streams.sequences("chains", 4), cooled=cooled, iterations=50_000, kept=500
    )
    assert (chains.layer_of == UP).all()
    assert edges_of_chains(chains)[1].chains_agree
    assert tempering_of(chains).arrivals > 20


def test_without_tempering_there_is_nothing_to_tell_of_it():
    chains = run_chains(two_modes(0.0), streams=np.random.SeedSequence(0).spawn(2), iterations=2_000, kept=50)
    assert tempering_of(chains) is None


class Ticking:
    """A clock by which each look takes a second."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        self.now += 1.0
        return self.now


@pytest.mark.parametrize(("seconds", "merged"), [(None, 1), (10.0, 1), (1.0, 3), (0.5, 5), (0.0, 5)])
def test_in_less_time_r_hat_is_of_fewer_and_longer_blocks(seconds, merged, monkeypatch):
    weights, seen = LayerWeights.of(score_table(5, rows=30).complete), []
    streams = np.random.SeedSequence(0).spawn(4)
    chains = run_chains(weights, streams=streams, iterations=21_344, kept=500)
    assert chains.log_weights.shape == (4, 500)
    real = module.diagnose

    def seeing(traces, merged=1):
        seen.append((traces.ndim, merged))
        return real(traces, merged=merged)

    monkeypatch.setattr(module, "diagnose", seeing)
    whole, known = edges_of_chains(chains)
    edge, agreement = edges_of_chains(chains, seconds=seconds, clock=Ticking())
    # of 20 edges every third is tried, 7 in a second: all would take 2.9 s
    assert seen[-2:] == [(4, merged), (2, merged)]
    assert np.abs(edge.values - whole.values).max() < 1e-6
    varying = whole.standard_error > 0
    # the logarithm of an error by m nearly independent blocks is off by about 1 / sqrt(2 m), 0.035 for 4 x 100
    ratio = edge.standard_error[varying] / whole.standard_error[varying]
    assert np.abs(np.log(ratio)).max() < 5 * 0.035
    assert abs(np.log(agreement.min_effective_draws / known.min_effective_draws)) < 10 * 0.035
    assert agreement.chains_agree


def groups_at(values, walkers=None):
    """Return chains whose groups have one edge with these probabilities in the first and second half of the time."""
    edge, rng = np.zeros((len(values), 40, 2, 2), dtype=np.float32), np.random.default_rng(0)
    for g, (first, second) in enumerate(values):
        edge[g, :20, 0, 1], edge[g, 20:, 0, 1] = first, second
    parents = np.zeros((40, 64, 2), dtype=np.int64)
    parents[:, :, 1] = rng.random((40, 64)) < 0.5 if walkers is None else walkers
    return CorrectedChains(edge, parents, PossibleParents.all(2), 53, 0.5, 0.5, 1.0)


def test_groups_that_differ_do_not_agree():
    edge, agreement = edges_of_corrected(groups_at([(0.5, 0.5)] * 15 + [(0.52, 0.5)]))
    assert agreement.chains_agree
    assert edge.errors().max() < 0.01
    edge, agreement = edges_of_corrected(groups_at([(0.2, 0.2)] * 8 + [(0.8, 0.8)] * 8))
    assert not agreement.chains_agree
    assert agreement.max_r_hat > 1.1
    assert edge.errors()[0, 1] == pytest.approx(0.1732, abs=1e-3)  # the first two chains, and the others


def test_walkers_that_stay_where_they_began_do_not_agree():
    half = np.arange(64) % 2 == 0
    agreement = edges_of_corrected(groups_at([(0.5, 0.5)] * 16, walkers=half))[1]
    assert not agreement.chains_agree
    assert agreement.max_r_hat > 10
    seldom = half ^ (np.arange(40)[:, None] >= np.arange(64) % 40)  # each changes once
    assert not edges_of_corrected(groups_at([(0.5, 0.5)] * 16, walkers=seldom))[1].chains_agree


def test_what_still_moves_has_a_larger_error():
    edge, agreement = edges_of_corrected(groups_at([(0.4, 0.6)] * 16))
    assert edge.errors()[0, 1] == pytest.approx(0.4)
    assert not agreement.chains_agree
