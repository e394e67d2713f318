"""Scores and tables with possible parents of each node, beside those with masks over all nodes."""

import numpy as np
import pytest
from score_data import continuous, correlated, dependent_codes, discrete, mixed

import dag_gfn
from dag_gfn.errors import OptionError
from dag_gfn.graphs.graph import parent_masks
from dag_gfn.graphs.possible_parents import PossibleParents
from dag_gfn.graphs.subsets import parent_sets
from dag_gfn.layerings.candidates import choose_candidates
from dag_gfn.scores import Constraints, ScoreTable, make_prior, make_score
from dag_gfn.scores.parent_choice import MOST_POSSIBLE, choose_possible
from dag_gfn.scores.registry import SCORE_CLASSES
from dag_gfn.scores.wide import WideScore

D = 6


def data_of(kind, rng):
    if kind == "continuous":
        return continuous(correlated(rng, 60, D))
    states = (3, 2, 3, 2, 2, 3)
    if kind == "mixed":
        codes = dependent_codes(rng, 60, states[:3])
        return mixed(np.column_stack([correlated(rng, 60, 3), codes]), (0, 0, 0, *states[:3]))
    return discrete(dependent_codes(rng, 60, states), states)


def some_possible(rng, size=3):
    return PossibleParents(
        np.stack([np.sort(rng.permutation(np.delete(np.arange(D), v))[:size]) for v in range(D)])
    )


def over_all(possible, node, masks):
    """Return masks over all nodes for masks over the possible parents of a node."""
    return np.array(
        [sum(1 << int(u) for b, u in enumerate(possible.nodes[node]) if mask >> b & 1) for mask in masks]
    )


@pytest.mark.parametrize(
    ("score", "kind"),
    [(score, kind) for score in SCORE_CLASSES for kind in score.kinds()],
    ids=lambda each: each if isinstance(each, str) else each.__name__,
)
def test_every_score_can_be_taken_of_some_nodes(score, kind, rng):
    data = data_of(kind, rng)
    whole, nodes = make_score(score.name, data), [4, 0, 3, 1]
    some = whole.on_nodes(nodes)
    assert some.names == tuple(data.nodes[v] for v in nodes)
    for place, node in enumerate(nodes):
        sets = parent_sets(place, len(nodes))
        members = [[nodes[k] for k in range(len(nodes)) if s >> k & 1] for s in sets.tolist()]
        masks = np.array([sum(1 << v for v in each) for each in members])
        np.testing.assert_allclose(some.local_scores(place, sets), whole.local_scores(node, masks), atol=1e-8)
    wide, possible = WideScore(whole, found := some_possible(rng)), found
    for node in range(D):
        masks = np.arange(8)
        expected = whole.local_scores(node, over_all(possible, node, masks))
        np.testing.assert_allclose(wide.local_scores(node, masks), expected, atol=1e-8)
        np.testing.assert_allclose(wide.scores_within(node, 0b111), expected, atol=1e-8)
    assert wide.hyperparameters == whole.hyperparameters


def test_scores_with_interventions_are_taken_apart_too(rng):
    values, was_set = correlated(rng, 80, D), rng.random((80, D)) < 0.2
    data = dag_gfn.from_array(values, intervened=was_set).standardize()
    whole = make_score("bge", data, alpha_mu=2.0, alpha_w=11.0, mean_obs=0.3)
    some = whole.on_nodes([5, 2, 1])
    masks = np.array([0b000, 0b010, 0b110])
    np.testing.assert_allclose(
        some.local_scores(0, masks), whole.local_scores(5, np.array([0, 0b100, 0b110])), atol=1e-9
    )


def tables(rng, **constraints):
    """Return a table with possible parents, and one over all nodes in which the others are forbidden."""
    data = data_of("continuous", rng)
    names, possible = data.nodes, some_possible(rng)
    by_name = {
        word: [(names[i], names[j]) for i, j in edges] if word in ("required", "forbidden") else edges
        for word, edges in constraints.items()
    }
    belief = np.full((D, D), 0.5)
    belief[possible.nodes[2, 1], 2] = 0.9
    prior = make_prior("edge", D, beta=0.3).with_beliefs(belief)
    score = make_score("bge", data)
    wide = ScoreTable.build(
        WideScore(score, possible), prior, Constraints.from_names(names, **by_name), storage="lazy"
    )
    impossible = [
        (names[i], names[j]) for i in range(D) for j in range(D) if possible.bits[j, i] < 0 and i != j
    ]
    by_name["forbidden"] = [*by_name.get("forbidden", []), *impossible]
    return wide, ScoreTable.build(score, prior, Constraints.from_names(names, **by_name), storage="lazy")


@pytest.mark.parametrize("limits", [{}, {"max_parents": 2}, {"max_parents_of": {"x2": 1}}])
def test_a_table_with_possible_parents_is_one_that_forbids_all_others(limits, rng):
    wide, narrow = tables(rng, **limits)
    possible = wide.possible
    adjacency = rng.random((200, D, D)) < 0.25
    adjacency[:, np.arange(D), np.arange(D)] = False
    np.testing.assert_allclose(wide.log_reward_of(adjacency), narrow.log_reward_of(adjacency), atol=1e-9)
    masks = rng.integers(0, 8, size=40)
    nodes = rng.integers(0, D, size=40)
    wide_gains, gains = wide.column_gains(nodes, masks), None
    over = np.array([over_all(possible, v, [m])[0] for v, m in zip(nodes, masks, strict=True)])
    gains = narrow.column_gains(nodes, over)
    for f, node in enumerate(nodes):
        np.testing.assert_allclose(wide_gains[f], gains[f, possible.nodes[node]], atol=1e-9)
    for node in range(D):
        every = over_all(possible, node, range(8))
        np.testing.assert_allclose(wide.scores_within(node, 7), narrow.scores_of(node, every), atol=1e-9)
    np.testing.assert_array_equal(wide.constraints.possible_edges(), narrow.constraints.possible_edges())
    np.testing.assert_array_equal(wide.constraints.open_pairs(), narrow.constraints.open_pairs())


def test_edges_that_are_given_narrow_it_in_the_same_way(rng):
    wide, narrow = tables(rng)
    i, j = int(wide.possible.nodes[3, 0]), 3
    required, forbidden = np.zeros((2, D, D), dtype=bool)
    required[i, j] = forbidden[j, i] = True
    adjacency = rng.random((300, D, D)) < 0.2
    adjacency[:, np.arange(D), np.arange(D)] = False
    found, expected = (one.given(required, forbidden).log_reward_of(adjacency) for one in (wide, narrow))
    np.testing.assert_allclose(found, expected, atol=1e-9)
    assert np.isfinite(expected).any()


def test_candidates_are_those_of_the_table_that_forbids_all_others(rng):
    wide, narrow = tables(rng)
    found, expected = choose_candidates(wide, 2), choose_candidates(narrow, 2)
    for node in range(D):
        members = over_all(wide.possible, node, [int(found.masks[node])])[0]
        assert members == expected.masks[node]


def test_tables_larger_than_rows_are_left_out_of_wide_tables_too(rng):
    data = data_of("discrete", rng)
    possible = some_possible(rng)
    constraints = Constraints.from_names(data.nodes).without_sparse_families(data.of_rows(np.arange(14)))
    wide = constraints.among(possible)
    for node in range(D):
        expected = constraints.allow(node, over_all(possible, node, range(8)))
        np.testing.assert_array_equal(wide.allow(node, np.arange(8)), expected)
    nodes, masks = rng.integers(0, D, size=50), rng.integers(0, 8, size=50)
    over = np.array([over_all(possible, v, [m])[0] for v, m in zip(nodes, masks, strict=True)])
    np.testing.assert_array_equal(wide.allow(nodes, masks), constraints.allow(nodes, over))
    assert not wide.allow(nodes, masks).all()


def test_possible_parents_are_those_that_gain_most(rng):
    d = 80
    values = rng.normal(size=(150, d))
    values[:, 7] = values[:, 3] + values[:, 60] + 0.5 * values[:, 7]
    values[:, 9] = (
        values[:, 20] - values[:, 21] + 0.1 * values[:, 9]
    )  # 20 and 21 nearly cancel: each is weak alone
    values[:, 20] = values[:, 21] + 0.3 * values[:, 20]
    score = make_score("bge", dag_gfn.from_array(values).standardize())
    names = score.names
    constraints = Constraints.from_names(
        names, required=[(names[33], names[7])], forbidden=[(names[3], names[7])]
    )
    possible = choose_possible(score, constraints)
    assert possible.nodes.shape == (d, MOST_POSSIBLE)
    assert {33, 60} <= set(possible.nodes[7].tolist())
    assert 3 not in possible.nodes[7]
    assert {20, 21} <= set(possible.nodes[9].tolist())
    assert all(v not in possible.nodes[v] for v in range(d))
    alone = [  # the ten that gain most alone are possible, whatever else is
        float(np.diff(score.on_nodes([5, u]).local_scores(0, np.array([0b00, 0b10])))[0])
        for u in range(d)
        if u != 5
    ]
    best = np.array([u for u in range(d) if u != 5])[np.argsort(alone)[-10:]]
    assert set(best.tolist()) <= set(possible.nodes[5].tolist())


def test_more_required_parents_than_are_possible_are_refused(rng):
    score = make_score("bge", dag_gfn.from_array(rng.normal(size=(20, 70))).standardize())
    required = [(name, score.names[0]) for name in score.names[1:64]]
    with pytest.raises(
        OptionError, match="'x0' has 63 required parents, and with more than 63 columns at most 62"
    ):
        choose_possible(score, Constraints.from_names(score.names, required=required))


def test_masks_and_graphs_of_possible_parents(rng):
    possible = some_possible(rng)
    masks = rng.integers(0, 8, size=(30, D))
    adjacency = possible.adjacency_of(masks)
    np.testing.assert_array_equal(possible.masks_of(adjacency), masks)
    for node in range(D):
        np.testing.assert_array_equal(
            parent_masks(adjacency)[:, node], over_all(possible, node, masks[:, node])
        )
    assert possible.hold(adjacency).all()
    outside = adjacency.copy()
    i = next(u for u in range(1, D) if possible.bits[0, u] < 0)
    outside[4, i, 0] = True
    assert possible.hold(outside).tolist() == [k != 4 for k in range(30)]
    with pytest.raises(ValueError, match="none of the possible parents"):
        possible.masks_of(outside)
    with pytest.raises(ValueError, match="64 nodes"):
        PossibleParents.all(64)
