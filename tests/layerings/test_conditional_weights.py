"""Weights under a condition, beside sums over the DAGs that comply."""

import numpy as np
import oracles
import pytest
from sampler_cases import log_reward, score_table

from dag_gfn.errors import NotTractable
from dag_gfn.graphs.graph import adjacency_from_masks, parent_masks
from dag_gfn.layerings.conditional_weights import conditional_weights
from dag_gfn.layerings.layer_weights import LayerWeights

D = 4
GRAPHS = np.array(oracles.all_dags(D))
PARENTS = parent_masks(GRAPHS)


def edges(*masks):
    """Return the edges into each node, from masks of its parents."""
    return adjacency_from_masks(np.array(masks), D)


NO_EDGES = edges(0, 0, 0, 0)


def complies(required, forbidden):
    return ~(GRAPHS & forbidden).any(axis=(1, 2)) & (GRAPHS | ~required).all(axis=(1, 2))


@pytest.mark.parametrize(
    ("required", "forbidden"),
    [([0, 1, 0, 0], [0, 0, 8, 0]), ([0, 0, 0, 3], [2, 0, 0, 0]), ([0] * 4, [0] * 4)],
)
def test_all_parent_sets_that_comply_and_no_others_have_weight(required, forbidden):
    table, required, forbidden = score_table(D), edges(*required), edges(*forbidden)
    given = conditional_weights(
        LayerWeights.build(table), table.given(required, forbidden), required, forbidden
    )
    allowed = complies(required, forbidden)
    found = given.log_weight_of(PARENTS)
    np.testing.assert_array_equal(found > -np.inf, allowed)
    truth = [log_reward(table)(dag) for dag in GRAPHS[allowed]]
    np.testing.assert_allclose(found[allowed], truth, atol=1e-9)


def test_a_required_parent_that_is_no_candidate_becomes_one():
    table, forbidden = score_table(D), NO_EDGES
    weights = LayerWeights.build(table, num_candidates=1, outside=True)
    out = next(u for u in range(1, D) if not weights.candidates[0] >> u & 1)
    required = edges(1 << out, 0, 0, 0)
    given = conditional_weights(weights, table.given(required, forbidden), required, forbidden)
    assert given.candidates[0] == 1 << out
    assert given.log_odds[0, out] == -np.inf
    before = int(np.log2(weights.candidates[0]))
    assert np.isfinite(given.log_odds[0, before])
    np.testing.assert_array_equal(given.candidates[1:], weights.candidates[1:])
    found = given.log_weight_of(PARENTS)
    np.testing.assert_array_equal(found > -np.inf, complies(required, forbidden))
    alone = np.array([[1 << out, 0, 0, 0]])
    assert given.log_set_weights(0, alone[:, 0])[0] == pytest.approx(
        table.local_scores(np.array([0]), alone[:, 0])[0], abs=1e-9
    )


def test_a_forbidden_parent_that_is_no_candidate_has_no_odds():
    table, required = score_table(D), NO_EDGES
    weights = LayerWeights.build(table, num_candidates=1, outside=True)
    out = next(u for u in range(1, D) if not weights.candidates[0] >> u & 1)
    forbidden = edges(1 << out, 0, 0, 0)
    given = conditional_weights(weights, table.given(required, forbidden), required, forbidden)
    np.testing.assert_array_equal(given.log_weight_of(PARENTS) > -np.inf, complies(required, forbidden))


def test_more_required_parents_than_candidates_are_refused():
    table, none = score_table(D), NO_EDGES
    weights, required = LayerWeights.build(table, num_candidates=1, outside=True), edges(6, 0, 0, 0)
    with pytest.raises(NotTractable, match="more parents of one node are given than the 1 candidates"):
        conditional_weights(weights, table.given(required, none), required, none)
