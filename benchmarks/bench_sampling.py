"""Speed of sampling from a GFlowNet, and of its training steps, in both environments.

Run with ``pytest benchmarks/bench_sampling.py``. Networks are untrained: a look at a state costs the same, but an
untrained policy's graphs are denser where edges are added, and take more looks. ``extra_info`` holds DAGs (or gradient
steps) per second of the best round. One thread, as in a fit.
"""

import numpy as np
import pytest
import torch

from dag_gfn.data import simulate
from dag_gfn.gflownet.edges.model import build_edge_model
from dag_gfn.gflownet.edges.sampler import EdgeSampler
from dag_gfn.gflownet.env.edge_addition import EdgeAddition
from dag_gfn.gflownet.env.root_layers import RootLayers
from dag_gfn.gflownet.layers.model import build_layer_model
from dag_gfn.gflownet.layers.sampler import LayerSampler
from dag_gfn.gflownet.training.config import default_config, make_objective
from dag_gfn.gflownet.training.loop import train
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.scores import ScoreTable, make_score

DRAWS = 4096
STEPS = 96
"""A multiple of the steps between collections of trajectories."""
ROWS = 100


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def score_table(d):
    edges_per_node = 1 if d <= 10 else 2
    data = simulate(d, ROWS, rng=np.random.default_rng(1), edges_per_node=edges_per_node)
    return ScoreTable.build(make_score("bge", data))


def edges_setting(d):
    """Return the environment, an untrained model and the default objective."""
    environment, objective = EdgeAddition(score_table(d)), make_objective("modified_db")
    torch.manual_seed(1)
    return environment, build_edge_model(environment, objective), objective


def layers_setting(d):
    """Return the environment, an untrained model and the default objective."""
    environment = RootLayers(LayerWeights.build(score_table(d)))
    objective = make_objective("subtrajectory_balance")
    torch.manual_seed(1)
    return environment, build_layer_model(environment, objective, None), objective


def record(benchmark, name, number):
    if benchmark.stats is not None:  # None under --benchmark-disable
        benchmark.extra_info[name] = number / benchmark.stats.stats.min


@pytest.mark.parametrize("d", [5])
def test_draws_by_edges(benchmark, d):
    environment, model, _ = edges_setting(d)
    sampler = EdgeSampler(environment.table, model)
    drawn = benchmark.pedantic(sampler.sample, (DRAWS,), {"seed": 1}, rounds=5, warmup_rounds=1)
    assert drawn.adjacency.shape == (DRAWS, d, d)
    record(benchmark, "dags_per_second", DRAWS)


@pytest.mark.parametrize("d", [5, 20])
def test_draws_by_layers(benchmark, d):
    """Layerings, and a DAG of each."""
    environment, model, _ = layers_setting(d)
    sampler = LayerSampler(score_table(d), environment.weights, model)
    drawn = benchmark.pedantic(sampler.sample, (DRAWS,), {"seed": 1}, rounds=5, warmup_rounds=1)
    assert drawn.adjacency.shape == (DRAWS, d, d)
    record(benchmark, "dags_per_second", DRAWS)


@pytest.mark.parametrize(
    ("environment_name", "d"), [("edges", 5), ("edges", 10), ("layers", 10), ("layers", 15)]
)
def test_training_steps(benchmark, environment_name, d):
    setting = layers_setting if environment_name == "layers" else edges_setting
    environment, model, objective = setting(d)
    config = default_config(d, environment=environment_name, iterations=STEPS)

    def steps():
        return train(environment, model, objective, config, generator=torch.Generator().manual_seed(1))

    assert benchmark.pedantic(steps, rounds=3, warmup_rounds=1).iterations == STEPS
    record(benchmark, "steps_per_second", STEPS)
