"""The search for the best DAGs, against dynamic programmes and enumerations."""

import numpy as np
import oracles
import pytest

import dag_gfn
from dag_gfn.budget import TimeBudget
from dag_gfn.exact.best_dag import best_dag
from dag_gfn.exact.enumeration import enumerate_dags
from dag_gfn.exact.most_probable import most_probable_classes, most_probable_dags
from dag_gfn.graphs import graph
from dag_gfn.scores import Constraints, ScoreTable, make_prior, make_score
from dag_gfn.search import best_graphs


def tables(d, seed, constraints=None):
    """Return the table of simulated columns, complete and lazy."""
    data = dag_gfn.simulate(d, 50, rng=np.random.default_rng(seed), edges_per_node=2, noise_variance=1.0)
    score = make_score("bge", data.standardize())
    constraints = Constraints.none(d) if constraints is None else constraints
    return [
        ScoreTable.build(score, make_prior("uniform", d), constraints, storage=storage)
        for storage in ("complete", "lazy")
    ]


def draws_of(table, rng, k=20):
    graphs = np.array([oracles.random_dag(table.d, 0.3, rng) for _ in range(k)])
    log_scores = table.log_reward(graph.parent_masks(graphs))
    return graphs[log_scores > -np.inf], log_scores[log_scores > -np.inf]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_orders_find_the_best_of_all_dags(seed, rng):
    complete, lazy = tables(9, seed)
    graphs, log_scores = draws_of(lazy, rng)
    found = best_graphs(lazy, graphs, log_scores, np.full((9, 9), 0.5))
    assert found.log_scores[0] == pytest.approx(best_dag(complete).log_score)
    assert not found.proven
    again = best_graphs(lazy, graphs, log_scores, np.full((9, 9), 0.5))
    np.testing.assert_array_equal(found.adjacency, again.adjacency)


def test_the_best_of_four_nodes_are_the_best_of_all_543(rng):
    complete, _ = tables(4, 0)
    masks = enumerate_dags(4).astype(np.int64)
    expected = np.sort(complete.log_reward(masks))[::-1]
    graphs, log_scores = draws_of(complete, rng)
    found = best_graphs(complete, graphs, log_scores, np.full((4, 4), 0.5))
    assert found.proven
    np.testing.assert_allclose(found.log_scores[:20], expected[:20])
    np.testing.assert_allclose(complete.log_reward(graph.parent_masks(found.adjacency)), found.log_scores)
    assert len({dag.tobytes() for dag in found.adjacency}) == len(found.adjacency)
    assert found.proven_graphs == 543
    assert found.proven_classes == oracles.NUM_CLASSES[4]


def test_what_is_proven_of_nine_nodes(rng):
    complete, lazy = tables(9, 0)
    graphs, log_scores = draws_of(complete, rng)
    given = (graphs, log_scores, np.full((9, 9), 0.5))
    found = best_graphs(complete, *given)
    assert found.proven_graphs == 1_000
    best = most_probable_dags(complete, 1_000)
    np.testing.assert_allclose(found.log_scores[:1_000], best.log_scores, atol=1e-6)
    np.testing.assert_array_equal(found.adjacency[0], best_dag(complete).adjacency)
    classes = {each.tobytes() for each in graph.cpdag(found.adjacency)}
    members = most_probable_classes(complete, found.proven_classes)
    assert {each.tobytes() for each in graph.cpdag(members.adjacency)} <= classes
    assert found.proven_classes > 100
    elsewhere = best_graphs(lazy, *given)
    assert (elsewhere.proven_graphs, elsewhere.proven_classes) == (0, 0)


class Ticking:
    """A clock by which each look takes a second."""

    def __init__(self):
        self.looks = 0

    def __call__(self):
        self.looks += 1
        return float(self.looks)


@pytest.mark.parametrize("which", [0, 1], ids=["complete", "lazy"])
@pytest.mark.parametrize("seconds", [1, 40, 90])
def test_when_its_time_is_over_the_search_keeps_what_it_has(which, seconds, rng):
    table, clock, shares = tables(9, 0)[which], Ticking(), []
    graphs, log_scores = draws_of(table, rng)
    budget = TimeBudget(seconds, clock=clock)
    found = best_graphs(
        table, graphs, log_scores, np.full((9, 9), 0.5), budget=budget, on_share=shares.append
    )
    assert found.cut_short == (which == 1 or seconds < 90)  # the list of a complete table is ready by then
    assert clock.looks <= seconds + 10  # soon after its time: each step looks at the clock
    assert found.log_scores[0] >= log_scores.max()
    assert found.proven == (which == 0)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    np.testing.assert_allclose(table.log_reward(graph.parent_masks(found.adjacency)), found.log_scores)


def test_time_to_spare_changes_nothing(rng):
    _, lazy = tables(7, 0)
    graphs, log_scores = draws_of(lazy, rng)
    given = (lazy, graphs, log_scores, np.full((7, 7), 0.5))
    timed = best_graphs(*given, budget=TimeBudget(1e9))
    assert not timed.cut_short
    np.testing.assert_array_equal(timed.adjacency, best_graphs(*given).adjacency)


@pytest.mark.parametrize("which", [0, 1])
def test_constraints_are_kept(which, rng):
    names = dag_gfn.simulate(8, 5, rng=np.random.default_rng(0)).names
    required, forbidden = [(names[0], names[1])], [(names[2], names[3]), (names[3], names[2])]
    table = tables(8, 1, Constraints.from_names(names, required, forbidden, 2))[which]
    start = np.zeros((1, 8, 8), dtype=bool)
    start[0, 0, 1] = True
    found = best_graphs(table, start, table.log_reward(graph.parent_masks(start)), np.full((8, 8), 0.5))
    assert found.log_scores[0] == pytest.approx(best_dag(tables(8, 1, table.constraints)[0]).log_score)
    assert graph.is_dag(found.adjacency).all()
    assert found.adjacency[:, 0, 1].all()
    assert not (found.adjacency[:, 2, 3] | found.adjacency[:, 3, 2]).any()
    assert found.adjacency.sum(axis=1).max() <= 2
