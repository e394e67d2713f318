"""Chains by true scores, beside sums over all DAGs."""

import numpy as np
import oracles
import pytest
from layering_cases import exact_edges
from sampler_cases import log_reward, score_table

from dag_gfn.graphs.possible_parents import PossibleParents
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.mcmc.agreement import edges_of_corrected
from dag_gfn.mcmc.corrected_chains import run_corrected
from dag_gfn.mcmc.partition import init, run
from dag_gfn.random_streams import RandomStreams
from dag_gfn.scores import ScoreTable
from dag_gfn.scores.wide import WideScore


def corrected(table, weights, *, walkers=256, sweeps=120, seed=0, threads=None):
    rng = np.random.default_rng(seed)
    chains = [run(weights, init(weights, rng=rng), rng=rng, blocks=walkers, thinning=50)[0] for _ in range(4)]
    starts = np.stack([drawn.layer_of for drawn in chains])
    streams = RandomStreams(seed).sequences("corrected", 4)
    return run_corrected(weights, table, starts, streams=streams, sweeps=sweeps, threads=threads)


def in_own_masks(table):
    """Return the same table with possible parents of each node: all others, as bits of their own."""
    d = table.d
    nodes = np.stack([np.delete(np.arange(d), v) for v in range(d)])
    wide = WideScore(table._local_score, PossibleParents(nodes))
    return ScoreTable.build(wide, table.graph_prior, table.constraints, storage="lazy")


@pytest.fixture
def short_proposals(monkeypatch):
    """Let proposals be a quarter as long: for four nodes that is enough."""
    monkeypatch.setattr("dag_gfn.mcmc.corrected_chains._STEPS", 1)
    monkeypatch.setattr("dag_gfn.mcmc.corrected_chains._REVERSALS", 1)
    monkeypatch.setattr("dag_gfn.mcmc.corrected_chains._EFFORT", (1 / 64, 1.0))


@pytest.mark.parametrize("own", [False, True], ids=["one numbering", "own masks"])
@pytest.mark.parametrize(
    ("case", "candidates"),
    [
        pytest.param({"d": 4}, 1, marks=pytest.mark.slow),
        ({"d": 4, "rows": 8, "seed": 4}, 2),
        ({"d": 4, "required": [(0, 2)], "forbidden": [(1, 2), (3, 0)]}, 1),
        ({"d": 4, "max_parents": 1}, 1),
    ],
)
def test_edges_are_those_of_all_dags(case, candidates, own, request):
    if case != {"d": 4}:  # which has proposals of the usual length, as the test of graphs
        request.getfixturevalue("short_proposals")
    table = score_table(**case)
    exact, _ = exact_edges(table)
    if own:
        table = in_own_masks(table)
    weights = LayerWeights.build(table, num_candidates=candidates, outside=True)
    chains = corrected(table, weights)
    edge, agreement = edges_of_corrected(chains)
    assert agreement.chains == 16
    away = np.abs(edge.values - exact) / np.maximum(edge.errors(), 1e-3)
    assert away.max() < 5.0
    assert edge.errors().max() < 0.02
    assert (edge.values[exact > 1 - 1e-12] == 1.0).all()  # what is required


def test_graphs_have_their_probabilities():
    table = score_table(3, seed=2)
    weights = LayerWeights.build(table, num_candidates=1, outside=True)
    chains = corrected(table, weights, sweeps=120)
    graphs = weights.possible.adjacency_of(chains.parents.reshape(-1, 3))
    expected = oracles.posterior(3, log_reward(table))
    found = dict.fromkeys(expected, 0)
    for dag in graphs:
        found[dag.tobytes()] += 1
    share = np.array([found[key] for key in expected]) / len(graphs)
    assert np.abs(share - np.array(list(expected.values()))).max() < 0.02


def test_the_seed_decides_and_threads_do_not():
    table = score_table(4)
    weights = LayerWeights.build(table, num_candidates=1, outside=True)
    one, same, other = (
        corrected(table, weights, walkers=8, sweeps=12, seed=seed, threads=threads)
        for seed, threads in ((1, 1), (1, 3), (2, 1))
    )
    np.testing.assert_array_equal(one.parents, same.parents)
    np.testing.assert_array_equal(one.edge, same.edge)
    assert not np.array_equal(one.parents, other.parents)
    assert 0 < one.redrawn <= 1
    assert 0 < one.accepted <= 1


def test_records_are_merged_as_they_grow():
    table = score_table(3)
    weights = LayerWeights.build(table, num_candidates=1, outside=True)
    chains = corrected(table, weights, walkers=4, sweeps=300)
    assert chains.sweeps == 324
    assert 48 <= chains.edge.shape[1] <= 96
    assert chains.parents.shape == (chains.edge.shape[1], 16, 3)
    short = corrected(table, weights, walkers=4, sweeps=1)
    assert short.sweeps == 32  # too few would say nothing
    assert short.edge.shape[1] == 6


def test_chains_that_have_not_left_their_beginning_behind_do_not_agree():
    table = score_table(4, rows=40, seed=3)  # one candidate alone is far from the truth
    exact, _ = exact_edges(table)
    weights = LayerWeights.build(table, num_candidates=1, outside=True)
    edge, agreement = edges_of_corrected(corrected(table, weights, sweeps=16))
    assert np.abs(edge.values - exact).max() > 0.1
    assert not agreement.chains_agree


def test_an_interrupt_keeps_what_there_is():
    table = score_table(3)
    weights = LayerWeights.build(table, num_candidates=1, outside=True)
    starts, streams = np.zeros((2, 8, 3), dtype=int), RandomStreams(0).sequences("corrected", 2)
    told = []

    def interrupts(share):
        told.append(share)
        if len(told) == 40:
            raise KeyboardInterrupt

    chains = run_corrected(weights, table, starts, streams=streams, sweeps=1_000, on_share=interrupts)
    assert chains.interrupted
    assert chains.sweeps == 40
    told.clear()
    whole = run_corrected(weights, table, starts, streams=streams, sweeps=16)
    assert not whole.interrupted
    np.testing.assert_array_equal(whole.parents, chains.parents)
