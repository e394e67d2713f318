import itertools

import numpy as np
import pytest

from dag_gfn.sweep.planned_fits import Plan, PlannedFit, Setting
from dag_gfn.sweep.results import CompleteFit, Results
from dag_gfn.sweep.sensitivity import directions, links, matched_sets


def results_of(factors, levels, edges, seeds=None):
    """Results of two variables: `edges[k]` is P(a → b), P(b → a) in setting k, by seed where there are several."""
    settings = [Setting(each, {}, "0a1b") for each in levels]
    complete = []
    for k, probabilities in enumerate(edges):
        for seed, (forward, backward) in enumerate(probabilities if seeds else [probabilities]):
            edge = np.array([[0.0, forward], [backward, 0.0]])
            complete.append(CompleteFit(PlannedFit("", k, None, seed), edge, "good", "", "exact", 1.0))
    return Results(
        Plan("w", "0a1b", ["a", "b"], 9, factors, settings, [each.fit for each in complete]), complete
    )


GRID = {"score": ["bge", "bic"], "prior": ["uniform", "fair", "edge"]}
EVERY = [dict(zip(GRID, each, strict=True)) for each in itertools.product(*GRID.values())]


def test_a_factor_moves_what_it_moves_all_else_equal():
    # bge: .9, .8, .4; bic: .5, .5, .3, of which half in each direction
    linked = [0.9, 0.8, 0.4, 0.5, 0.5, 0.3]
    (found,) = links(results_of(GRID, EVERY, [(p / 2, p / 2) for p in linked]))
    assert (found.base, found.lowest, found.highest, found.verdict) == (0.9, 0.3, 0.9, "hangs")
    moved = {move.factor: move for move in found.moves}
    assert moved["prior"].size == pytest.approx((0.5 + 0.2) / 2)
    assert moved["score"].size == pytest.approx((0.4 + 0.3 + 0.1) / 3)
    assert dict(moved["score"].levels) == pytest.approx({"bge": 0.7, "bic": 1.3 / 3})
    assert dict(moved["prior"].levels) == pytest.approx({"uniform": 0.7, "fair": 0.65, "edge": 0.35})
    assert [move.factor for move in found.moves] == ["prior", "score"]


def test_what_moves_nothing_is_not_named():
    (found,) = links(results_of(GRID, EVERY, [(0.5, 0.4)] * 6))
    assert (found.verdict, found.moves) == ("stands", [])


def test_a_setting_that_is_not_there_is_passed_over():
    results = results_of(GRID, EVERY, [(0.4, 0.4)] * 5)  # the last is missing
    (found,) = links(results)
    assert (found.lowest, found.highest) == (0.8, 0.8)
    assert found.moves == []


def test_options_of_a_score_are_at_their_default_where_scores_are_compared():
    factors = {"score": ["bge", "bic"], "prior": ["uniform", "fair"], "alpha_w": [None, 20]}
    levels = [
        {"score": "bge", "prior": "uniform", "alpha_w": None},
        {"score": "bge", "prior": "uniform", "alpha_w": 20},
        {"score": "bge", "prior": "fair", "alpha_w": None},
        {"score": "bge", "prior": "fair", "alpha_w": 20},
        {"score": "bic", "prior": "uniform"},
        {"score": "bic", "prior": "fair"},
    ]
    plan = Plan("w", "0a1b", ["a", "b"], 9, factors, [Setting(each, {}, "0a1b") for each in levels], [])
    assert matched_sets(plan, "score") == [[0, 4], [2, 5]]
    assert matched_sets(plan, "alpha_w") == [[0, 1], [2, 3]]
    assert matched_sets(plan, "prior") == [[0, 2], [1, 3], [4, 5]]


def test_one_at_a_time_is_compared_with_the_base():
    levels = [
        {"score": "bge", "prior": "uniform"},
        {"score": "bic", "prior": "uniform"},
        {"score": "bge", "prior": "fair"},
    ]
    (found,) = links(results_of(GRID, levels, [(0.4, 0.4), (0.1, 0.1), (0.35, 0.35)]))
    assert {move.factor: round(move.size, 9) for move in found.moves} == {"score": 0.6, "prior": 0.1}


def test_seeds_are_a_factor_of_their_own():
    edges = [[(0.4, 0.4), (0.3, 0.3), (0.35, 0.35)], [(0.4, 0.4), (0.4, 0.4), (0.4, 0.4)]]
    (found,) = links(
        results_of({"score": ["bge", "bic"]}, [{"score": "bge"}, {"score": "bic"}], edges, seeds=True)
    )
    (seed,) = [move for move in found.moves if move.factor == "seed"]
    assert seed.size == pytest.approx((0.2 + 0.0) / 2)
    assert found.base == pytest.approx(0.7)  # the mean over seeds


def test_directions_are_shares_of_the_link():
    levels = [{"score": each} for each in ("bge", "bic", "copula")]
    factors = {"score": ["bge", "bic", "copula"]}
    (found,) = directions(results_of(factors, levels, [(0.1, 0.4), (0.2, 0.6), (0.05, 0.0)]))
    assert (found.a, found.b) == (1, 0)  # b → a, which is the likelier one
    assert (found.base, found.lowest) == (pytest.approx(0.8), pytest.approx(0.75))
    assert found.verdict == "stands"  # the third setting hardly links them, and says nothing


def test_a_direction_that_turns_over_with_the_score():
    levels = [{"score": each} for each in ("bge", "bic")]
    (found,) = directions(results_of({"score": ["bge", "bic"]}, levels, [(0.9, 0.1), (0.2, 0.8)]))
    assert (found.verdict, found.moves[0].factor) == ("hangs", "score")
    assert found.moves[0].size == pytest.approx(0.7)


def test_pairs_that_no_setting_links_have_no_direction():
    assert directions(results_of({"score": ["bge"]}, [{"score": "bge"}], [(0.05, 0.01)])) == []
