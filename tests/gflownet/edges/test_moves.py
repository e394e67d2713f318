"""Moves of draws over edges and layerings leave the posterior unchanged, and lead there."""

import math

import numpy as np
import pytest
import torch
from flow_cases import CONSTRAINTS, Lattice
from sampler_cases import score_table, seeded

from dag_gfn.gflownet.edges.moves import MovedDraws, moved
from dag_gfn.gflownet.env.edge_addition import EdgeAddition
from dag_gfn.gflownet.policies.uniform import UniformPolicy
from dag_gfn.graphs.graph import parent_masks
from dag_gfn.layerings.layer_weights import LayerWeights


def moved_on(table, parents, *, weights=True, rounds=6, **options):
    return moved(
        EdgeAddition(table),
        UniformPolicy(),
        torch.as_tensor(parents),
        LayerWeights.build(table) if weights else None,
        **{"rounds": rounds, "generator": seeded(), "rng": np.random.default_rng(0)} | options,
    )


@pytest.mark.parametrize(("d", "constraints"), CONSTRAINTS, ids=str)
def test_from_the_first_graph_they_come_to_the_posterior(d, constraints):
    table = score_table(d, **constraints)
    lattice = Lattice(table)
    start = np.tile(parent_masks(lattice.dags[:1]), (400, 1))
    found = moved_on(table, start)
    p = lattice.log_reward.softmax(0).numpy()
    exact = (p[:, None, None] * lattice.dags).sum(0)
    edge = found.marginal()
    assert (np.abs(edge.values - exact) < 5 * edge.standard_error + 2e-3).all()
    numbers = lattice.numbers(found.adjacency()[-len(start) :]).numpy()
    frequency = np.bincount(numbers, minlength=len(p)) / len(start)
    assert (np.abs(frequency - p) < 5 * np.sqrt(p * (1 - p) / len(start)) + 2e-3).all()


def test_without_layerings_edges_are_counted_in_graphs():
    table = score_table(3)
    found = moved_on(table, np.zeros((300, 3), dtype=np.int64), weights=False, rounds=12)
    np.testing.assert_array_equal(found.edges[-8:].reshape(-1, 3, 3), found.adjacency())
    p = Lattice(table).log_reward.softmax(0).numpy()
    exact = (p[:, None, None] * Lattice(table).dags).sum(0)
    edge = found.marginal()
    assert (np.abs(edge.values - exact) < 5 * edge.standard_error + 2e-2).all()


def test_draws_of_the_posterior_stay_draws_of_it_and_do_not_drift():
    table = score_table(4)
    lattice = Lattice(table)
    chosen = torch.multinomial(lattice.log_reward.exp(), 400, replacement=True, generator=seeded())
    found = moved_on(table, parent_masks(lattice.dags[chosen.numpy()]))
    p = lattice.log_reward.softmax(0).numpy()
    exact = (p[:, None, None] * lattice.dags).sum(0)
    edge = found.marginal()
    z = np.abs(edge.values - exact) / np.maximum(edge.standard_error, 2e-3)
    assert z.max() < 4.5
    assert found.drift() < 0.05
    assert 0 < found.acceptance < 1


def test_a_third_of_the_rounds_is_dropped():
    table = score_table(3)
    start = np.zeros((20, 3), dtype=np.int64)
    shapes = [
        (found.parents.shape[0], found.kept)
        for found in (moved_on(table, start, rounds=k) for k in (1, 2, 3, 6))
    ]
    assert shapes == [(1, 1), (2, 1), (3, 2), (6, 4)]
    assert moved_on(table, start).adjacency().shape == (80, 3, 3)


def test_they_end_when_they_are_told_to():
    told = []

    def goes_on(done):
        told.append(done)
        return done < 3

    table = score_table(3)
    found = moved_on(table, np.zeros((10, 3), dtype=np.int64), goes_on=goes_on)
    assert told == [1, 2, 3]
    assert len(found.parents) == 3


def test_a_single_round_tells_nothing_of_drift():
    parents, edges = np.zeros((2, 5, 2), dtype=np.int64), np.zeros((2, 5, 2, 2), dtype=np.float32)
    edges[1, :, 0, 1] = 0.25
    once = MovedDraws(parents[:1], edges[:1], acceptance=0.5, kept=1, averaged=True)
    assert once.drift() == math.inf
    twice = MovedDraws(parents, edges, acceptance=0.5, kept=1, averaged=True)
    assert twice.drift() == pytest.approx(0.25)


def test_what_chance_explains_is_no_drift():
    rng = np.random.default_rng(0)
    edges = (rng.random((6, 50, 3, 3)) < 0.5).astype(np.float32)
    still = MovedDraws(np.zeros((6, 50, 3), np.int64), edges, acceptance=0.5, kept=6, averaged=False)
    assert still.drift() < 0.03
    edges[3:, :, 0, 1] = 1.0
    drifts = MovedDraws(np.zeros((6, 50, 3), np.int64), edges, acceptance=0.5, kept=6, averaged=False)
    assert drifts.drift() > 0.3


def test_ctrl_c_keeps_the_rounds_that_are_done():
    def interrupted(done):
        if done == 2:
            raise KeyboardInterrupt
        return True

    table, start = score_table(3), np.zeros((10, 3), dtype=np.int64)
    found = moved_on(table, start, goes_on=interrupted)
    assert (len(found.parents), found.interrupted) == (2, True)
    assert not moved_on(table, start, rounds=2).interrupted


def test_errors_are_by_the_spread_of_the_chains():
    edges = np.zeros((2, 4, 2, 2), dtype=np.float32)
    edges[:, :2, 0, 1] = 1.0  # two chains of four have the edge from first to last
    found = MovedDraws(np.zeros((2, 4, 2), np.int64), edges, acceptance=0.0, kept=2, averaged=False)
    assert found.marginal().standard_error[0, 1] == pytest.approx(math.sqrt(1 / 3) / 2)
    alone = MovedDraws(np.zeros((2, 1, 2), np.int64), edges[:, :1], acceptance=0.0, kept=2, averaged=False)
    assert alone.marginal().standard_error[0, 1] == 0.5


def test_seeds_decide():
    table = score_table(4)
    start = np.zeros((100, 4), dtype=np.int64)
    one, same = (moved_on(table, start, rounds=2) for _ in range(2))
    np.testing.assert_array_equal(one.parents, same.parents)
    np.testing.assert_array_equal(one.edges, same.edges)
    other = moved_on(table, start, rounds=2, rng=np.random.default_rng(1))
    assert (other.parents != one.parents).any()
