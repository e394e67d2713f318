"""Ladders of tempered chains: each rung keeps its distribution, and modes are found."""

import numpy as np
import pytest
from exact_tables import random_table
from layering_oracles import frequencies_fail, layer_numbers, layering_weights
from scipy import stats

from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.mcmc.ladder import Ladder, LadderState, run_ladder
from dag_gfn.mcmc.partition import init, init_at, log_weight_of, run


def layerings_of(complete):
    """Return the layerings of positive weight, shape (m, d), and the log-weight of each."""
    weights = {layers: sum(w for _, w in dags) for layers, dags in layering_weights(complete).items()}
    possible = [layers for layers, weight in weights.items() if weight > 0]
    return np.stack([layer_numbers(layers) for layers in possible]), np.log([weights[s] for s in possible])


def counted(drawn, layerings):
    """Return how often each layering was drawn."""
    base = layerings.shape[1] ** np.arange(layerings.shape[1])
    index = {int(code): k for k, code in enumerate(layerings @ base)}
    return np.bincount([index[int(code)] for code in drawn.astype(np.int64) @ base], minlength=len(layerings))


def begun(weights, rungs, seed=0):
    rng = np.random.default_rng(seed)
    return LadderState.at(np.stack([init(weights, rng=rng).layer_of for _ in range(rungs)]))


@pytest.mark.parametrize(
    ("d", "scale", "forbidden"), [(3, 1.0, 0.0), (3, 4.0, 0.0), (3, 2.0, 0.3), (4, 2.0, 0.0), (4, 3.0, 0.3)]
)
def test_the_lowest_rung_is_the_posterior(d, scale, forbidden):
    complete = random_table(d, seed=2, scale=scale, forbidden=forbidden).complete
    weights = LayerWeights.of(complete)
    layerings, log_weights = layerings_of(complete)
    ladder = Ladder(np.array([1.0, 1.7, 4.0]), 3, 4)
    drawn, _, counts = run_ladder(
        weights, ladder, begun(weights, 3), rng=np.random.default_rng(3), blocks=6_000, thinning=100
    )
    share = np.exp(log_weights - np.logaddexp.reduce(log_weights))
    assert not frequencies_fail(counted(drawn.layer_of, layerings), share)  # blocks are longer than memory
    assert (counts.swaps_accepted > 0).all()
    assert counts.arrivals.sum() > 1_000


def test_every_rung_keeps_its_own_power_of_the_posterior():
    complete = random_table(3, seed=5, scale=3.0).complete
    weights = LayerWeights.of(complete)
    layerings, log_weights = layerings_of(complete)
    ladder, state, rng = Ladder(np.array([1.0, 2.5, 6.0]), 2, 2), begun(weights, 3), np.random.default_rng(1)
    ends = []
    for _ in range(3_000):
        _, state, _ = run_ladder(weights, ladder, state, rng=rng, blocks=1, thinning=60)
        ends.append(state.layer_of)
    for rung, temperature in enumerate(ladder.temperatures):
        powers = log_weights / temperature
        share = np.exp(powers - np.logaddexp.reduce(powers))
        assert not frequencies_fail(counted(np.stack(ends)[:, rung], layerings), share)


def test_ratios_of_neighbours_are_those_of_enumeration():
    complete = random_table(4, seed=1, scale=2.0).complete
    complete -= 5.0  # a scale that is subtracted from the tables
    weights = LayerWeights.of(complete)
    _, log_weights = layerings_of(complete)
    ladder = Ladder(np.array([1.0, 1.5, 3.0]), 5, 5)
    _, _, counts = run_ladder(
        weights, ladder, begun(weights, 3), rng=np.random.default_rng(2), blocks=100, thinning=2_000
    )
    sums = [np.logaddexp.reduce(log_weights / temperature) for temperature in ladder.temperatures]
    found = counts.log_ratios - np.log(counts.rounds)[:, None]
    ratios = np.exp(found - (np.array(sums[:-1]) - sums[1:]))  # 1 on average
    error = ratios.std(axis=0, ddof=1) / np.sqrt(len(ratios))
    assert (np.abs(ratios.mean(axis=0) - 1.0) < stats.norm.isf(1e-5) * error).all()


def test_one_rung_is_the_chain_by_itself_until_edges_are_reversed():
    weights = LayerWeights.of(random_table(5, seed=0).complete)
    start = np.array([0, 1, 2, 3, 4])
    drawn, state, counts = run_ladder(
        weights,
        Ladder.alone(),
        LadderState.at(start[None]),
        rng=np.random.default_rng(4),
        blocks=5,
        thinning=7,
    )
    same, end, info = run(
        weights, init_at(weights, start), rng=np.random.default_rng(4), blocks=5, thinning=7
    )
    np.testing.assert_array_equal(drawn.layer_of, same.layer_of)
    np.testing.assert_array_equal(drawn.log_weights, same.log_weights)
    np.testing.assert_array_equal(drawn.edge, same.edge)
    np.testing.assert_array_equal(state.layer_of[0], end.layer_of)
    np.testing.assert_array_equal(counts.accepted[:-1], info.accepted)
    assert counts.tried[-1] == 0
    assert counts.arrivals.sum() == counts.rounds.sum() == 0


def test_the_division_into_calls_does_not_matter():
    weights = LayerWeights.of(random_table(5, seed=0).complete)
    ladder, runs = Ladder(np.array([1.0, 2.0, 4.0, 8.0]), 2, 5), []
    for parts in ([30], [10, 20], [1] * 30):
        rng, state, layers, arrivals = np.random.default_rng(3), begun(weights, 4), [], 0
        for blocks in parts:
            drawn, state, counts = run_ladder(weights, ladder, state, rng=rng, blocks=blocks, thinning=7)
            layers.append(drawn.layer_of)
            arrivals += int(counts.arrivals.sum())
        runs.append((np.concatenate(layers), state.layer_of, state.from_top, arrivals))
    for other in runs[1:]:
        for one, same in zip(runs[0], other, strict=True):
            np.testing.assert_array_equal(one, same)


def two_wells(nats):
    """Return weights of four nodes with two modes of equal weight, the orders 0123 and 3210, in wells of `nats`."""
    scores = np.full((4, 8), -4 * nats)
    scores[[0, 3], 0b000] = -nats
    scores[[0, 3], 0b111] = 0.0
    scores[1, [0b001, 0b110]] = 0.0
    scores[2, [0b011, 0b100]] = 0.0
    return LayerWeights.of(scores)


def test_separated_modes_that_a_single_chain_never_leaves():
    weights, up = two_wells(20.0), np.array([0, 1, 2, 3])
    alone, _, _ = run(weights, init_at(weights, up), rng=np.random.default_rng(0), blocks=100, thinning=1_000)
    assert (alone.layer_of == up).all()
    temperatures = np.array([1.0, 3.0, 8.0, 20.0, 60.0])
    drawn, _, counts = run_ladder(
        weights,
        Ladder(temperatures, 4, 10),
        LadderState.at(np.tile(up, (5, 1))),
        rng=np.random.default_rng(0),
        blocks=100,
        thinning=1_000,
    )
    upwards = (drawn.layer_of == up).all(axis=1).mean()
    assert 0.3 < upwards < 0.7
    assert counts.arrivals.sum() > 100
    assert log_weight_of(weights, up) == pytest.approx(log_weight_of(weights, up[::-1].copy()))
