"""Cooling: starts that are dispersed and of positive weight, and rungs that are equally hard to pass."""

import numpy as np
import pytest
from exact_tables import peaked_table, random_table
from sampler_cases import score_table
from scipy import stats

from dag_gfn.errors import ConstraintError
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.mcmc import cooling as module
from dag_gfn.mcmc.chains import run_chains
from dag_gfn.mcmc.cooling import cool, cooled_ladder, rungs_of
from dag_gfn.mcmc.partition import init, init_at

FALLING = np.array([np.inf, 30.0, 10.0, 3.0, 1.0])


def test_far_above_random_layerings():
    weights = LayerWeights.of(peaked_table(9, seed=3, nats=100.0).complete)
    cooled = cool(weights, np.r_[np.inf, np.geomspace(100, 1, 20)], rng=np.random.default_rng(0), steps=2_000)
    random = [init(weights, rng=np.random.default_rng(seed)).log_weight for seed in range(20)]
    end = init_at(weights, cooled.layer_of[-1]).log_weight
    assert end > max(random) + 50
    assert cooled.accepted[0] > cooled.accepted[-1]


def test_the_seed_decides():
    weights = LayerWeights.of(random_table(7, seed=0).complete)
    one, same, other = (
        cool(weights, FALLING, rng=np.random.default_rng(seed), steps=400).layer_of for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_constraints_are_honoured_and_no_dag_is_said():
    table = random_table(4, seed=0)
    table.complete[2, np.arange(8) & 1 == 0] = -np.inf  # node 0 is a parent of node 2
    layer_of = cool(
        LayerWeights.of(table.complete), FALLING, rng=np.random.default_rng(0), steps=400
    ).layer_of
    assert (layer_of[:, 2] > layer_of[:, 0]).all()
    table.complete[:] = -np.inf
    with pytest.raises(ConstraintError, match="no DAG"):
        cooled_ladder(LayerWeights.of(table.complete), np.random.SeedSequence(0).spawn(2), iterations=500)


def test_ladders_are_those_of_their_streams_on_any_number_of_threads():
    weights = LayerWeights.of(score_table(6, rows=40).complete)
    streams = np.random.SeedSequence(3).spawn(3)
    ladder, starts = cooled_ladder(weights, streams, iterations=600)
    same, alone = cooled_ladder(weights, streams, iterations=600, threads=1)
    np.testing.assert_array_equal(starts, alone)
    np.testing.assert_array_equal(ladder.temperatures, same.temperatures)
    assert ladder.temperatures[0] == 1.0
    assert (np.diff(ladder.temperatures) > 0).all()
    assert starts[0].shape == (len(ladder.temperatures), 6)


def test_rungs_are_at_equal_parts_of_what_is_refused():
    # independent normal log-weights of standard deviation s at every temperature: half of the mean difference of two is
    # s / sqrt(pi), so that powers are evenly spaced
    temperatures = np.concatenate([[np.inf], np.geomspace(50.0, 1.0, 30)])
    normal = 6.0 * stats.norm.ppf((np.arange(4_000) + 0.5) / 4_000)
    rungs = rungs_of(temperatures, np.tile(normal, (31, 1)), np.linspace(0.9, 0.3, 31))
    powers = 1.0 / rungs
    assert rungs[-1] > 10
    np.testing.assert_allclose(np.diff(powers), np.diff(powers)[0], rtol=1e-9)
    each = -np.diff(powers)[0] * 6.0 / np.sqrt(np.pi)
    assert module._REFUSED * 0.7 < each <= module._REFUSED
    assert rungs[0] == 1.0


@pytest.mark.parametrize("nats", [1.0, 30.0])
def test_neighbours_exchange_often_enough(nats):
    weights = LayerWeights.of(peaked_table(7, seed=3, nats=nats).complete)
    streams = np.random.SeedSequence(1)
    chains = run_chains(
        weights, streams=streams.spawn(2), cooled=streams.spawn(2), iterations=100_000, kept=50
    )
    share = chains.swaps_accepted.sum(axis=0) / chains.swaps_tried.sum(axis=0)
    assert share.min() > 0.3
    assert chains.arrivals.sum() > 20


@pytest.mark.parametrize(("limit", "least", "most"), [(None, 18, 18), (1e9, 18, 18), (1e-9, 1, 1)])
def test_the_clock_takes_steps_from_the_temperatures_that_are_left(monkeypatch, limit, least, most):
    steps = []
    real = module.run

    def run(*given, **named):
        steps.append((named["temperature"], named["thinning"]))
        return real(*given, **named)

    monkeypatch.setattr(module, "run", run)
    weights = LayerWeights.of(random_table(4, seed=0).complete)
    cool(weights, FALLING, rng=np.random.default_rng(0), steps=3_600, time_limit=limit)
    assert [temperature for temperature, _ in steps] == FALLING.tolist()
    assert {least, most} == {taken for _, taken in steps[1:]}
