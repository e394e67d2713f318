"""Annealed layerings: high ones, of positive weight, decided by the seed."""

import numpy as np
import pytest
from exact_tables import peaked_table, random_table
from layering_oracles import layering_weights
from sampler_cases import score_table

from dag_gfn.errors import ConstraintError
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.mcmc import annealing as module
from dag_gfn.mcmc.annealing import anneal, annealed_starts, default_annealing
from dag_gfn.mcmc.partition import init, init_at


def test_the_best_layering_of_all():
    complete = random_table(4, seed=1, scale=20.0).complete
    best = max(np.log(sum(weight for _, weight in dags)) for dags in layering_weights(complete).values())
    ends = [
        anneal(LayerWeights.of(complete), rng=np.random.default_rng(seed), iterations=20_000).log_weight
        for seed in range(4)
    ]
    assert max(ends) == pytest.approx(best)


def test_far_above_random_layerings():
    weights = LayerWeights.of(peaked_table(9, seed=3, nats=100.0).complete)
    cold = anneal(weights, rng=np.random.default_rng(0), iterations=20_000)
    random = [init(weights, rng=np.random.default_rng(seed)).log_weight for seed in range(20)]
    assert cold.log_weight > max(random) + 50
    assert cold.log_weight == pytest.approx(init_at(weights, cold.layer_of).log_weight)


def test_the_seed_decides():
    weights = LayerWeights.of(random_table(7, seed=0).complete)
    one, same, other = (
        anneal(weights, rng=np.random.default_rng(seed), iterations=1_000).layer_of for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_constraints_are_honoured_and_no_dag_is_said():
    table = random_table(4, seed=0)
    table.complete[2, np.arange(8) & 1 == 0] = -np.inf  # node 0 is a parent of node 2
    layer_of = anneal(LayerWeights.of(table.complete), rng=np.random.default_rng(0), iterations=500).layer_of
    assert layer_of[2] > layer_of[0]
    table.complete[:] = -np.inf
    with pytest.raises(ConstraintError, match="no DAG"):
        anneal(LayerWeights.of(table.complete), rng=np.random.default_rng(0), iterations=500)


def test_more_nodes_take_more_steps():
    assert 0 < default_annealing(2) < default_annealing(50)


def test_starts_are_those_of_their_streams_on_any_number_of_threads():
    weights = LayerWeights.of(score_table(6, rows=40).complete)
    streams = np.random.SeedSequence(3).spawn(3)
    starts = annealed_starts(weights, streams, iterations=600)
    alone = annealed_starts(weights, streams, iterations=600, threads=1)
    np.testing.assert_array_equal(starts, alone)
    second = anneal(weights, rng=np.random.default_rng(streams[1]), iterations=600).layer_of
    np.testing.assert_array_equal(starts[1], second)
    few = annealed_starts(weights, streams, iterations=1)
    assert len(few) == 3


@pytest.mark.parametrize(("limit", "least", "most"), [(None, 60, 60), (1e9, 60, 60), (1e-9, 1, 1)])
def test_the_clock_takes_steps_from_the_temperatures_that_are_left(monkeypatch, limit, least, most):
    steps = []
    real = module.run

    def run(*given, **named):
        steps.append((named["temperature"], named["thinning"]))
        return real(*given, **named)

    monkeypatch.setattr(module, "run", run)
    weights = LayerWeights.of(random_table(4, seed=0).complete)
    anneal(weights, rng=np.random.default_rng(0), iterations=3_600, time_limit=limit)
    assert len(steps) == 60
    assert steps[0] == (pytest.approx(100.0), 60)
    assert steps[-1][0] == pytest.approx(0.2)
    assert {least, most} == {taken for _, taken in steps[1:]}
