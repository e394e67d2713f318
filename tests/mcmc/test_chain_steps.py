"""Single steps of a chain, and the edge probabilities where it is."""

import numpy as np
import pytest
from exact_tables import random_table

from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.layerings.layered_edges import edge_probabilities
from dag_gfn.mcmc.chain_steps import add_edges, begin, make_room, one_step
from dag_gfn.mcmc.moves import MOVE_PROBABILITIES
from dag_gfn.mcmc.partition import log_weight_of


def test_what_is_kept_from_step_to_step_is_what_the_layering_gives():
    d, rng = 6, np.random.default_rng(0)
    weights = LayerWeights.of(random_table(d, seed=1, scale=8.0).complete)  # sums that cancel, too
    layer_of, known, weight = np.zeros(d, dtype=np.int64), np.empty((4, d), dtype=np.int64), np.zeros(d)
    room = make_room(d)
    given_for, given, sums = np.full((2, d), -1), np.zeros((d, d)), np.zeros((d, d))
    tried, accepted = np.zeros((2, 5), dtype=np.int64)
    log_weight = begin(weights.tables, layer_of, known, weight, room)
    expected = np.zeros((d, d))
    for _ in range(300):
        log_weight = one_step(
            weights.tables, MOVE_PROBABILITIES.cumsum(), 4.0, layer_of, log_weight, known, weight, room, rng,
            tried, accepted,
        )  # fmt: skip
        add_edges(weights.tables, known, given_for, given, sums)
        expected += edge_probabilities(weights, layer_of[None].astype(np.int16))[0]
        assert log_weight + weights.log_scale == pytest.approx(log_weight_of(weights, layer_of), abs=1e-9)
        assert weight.sum() == pytest.approx(log_weight, abs=1e-9)
    assert tried.sum() == 300
    assert 50 < accepted.sum() < 300
    np.testing.assert_allclose(sums.T, expected, atol=1e-4)


def test_many_small_shares_do_not_underflow():
    """Each of 39 nodes has a weight of a millionth of its largest: 1e-234 in all."""
    d = 40
    scores = np.tile([0.0, np.log(1e-6)], (d, 1))
    candidates = np.int64(1) << np.roll(np.arange(d, dtype=np.int64), 1)  # of each node, the one before it
    weights = LayerWeights.of(scores, candidates)
    known, weight = np.empty((4, d), dtype=np.int64), np.zeros(d)
    log_weight = begin(weights.tables, np.arange(d), known, weight, make_room(d))
    assert log_weight == pytest.approx((d - 1) * np.log(1e-6), rel=1e-9)
