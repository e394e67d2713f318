"""Directions that rest on shape alone, against all members of each class."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import all_dags

import dag_gfn
from dag_gfn.graphs.graph import cpdag
from dag_gfn.posterior import GraphPosterior
from dag_gfn.posterior.shape import directions_by_shape, share_by_independences

NAMES = ("x", "y", "z")


@given(st.integers(0, 24))
def test_an_edge_counts_whole_where_all_members_have_it_and_half_where_some_do(which):
    dags = np.array(list(all_dags(3)))
    dag = dags[which]
    members = dags[(cpdag(dags) == cpdag(dag)).all((1, 2))]
    mean = members.mean(0)
    expected = np.full((3, 3), 0.5)
    for i, j in zip(*np.nonzero(dag), strict=True):
        certain = mean[i, j] == 1.0
        expected[i, j], expected[j, i] = (1.0, 0.0) if certain else (0.5, 0.5)
    found = share_by_independences(GraphPosterior.from_samples(NAMES, dag[None]))
    np.testing.assert_allclose(found, expected)


def test_colliders_and_known_directions_rest_on_no_shape():
    chain, collider = np.zeros((2, 3, 3), dtype=bool)
    chain[0, 1] = chain[1, 2] = collider[0, 1] = collider[2, 1] = True
    everything = ~np.eye(3, dtype=bool)
    of_chain = GraphPosterior.from_samples(NAMES, chain[None])
    marked = [(each["source"], each["target"]) for each in directions_by_shape(of_chain, everything)]
    assert marked == [("x", "y"), ("y", "z")]
    assert directions_by_shape(GraphPosterior.from_samples(NAMES, collider[None]), everything) == []
    known = everything.copy()
    known[1, 0] = False  # y -> x is forbidden
    (left,) = directions_by_shape(of_chain, known)
    assert (left["source"], left["target"]) == ("y", "z")


def test_an_unlikely_link_and_an_open_direction_are_not_marked():
    edge, reverse = np.zeros((2, 2, 2), dtype=bool)
    edge[0, 1] = reverse[1, 0] = True
    draws = np.stack([edge, reverse, np.zeros((2, 2), dtype=bool)])
    for weights in ((0.5, 0.3, 0.2), (0.4, 0.0001, 0.5999)):
        posterior = GraphPosterior.from_weights(("x", "y"), draws, np.log(weights))
        assert directions_by_shape(posterior, ~np.eye(2, dtype=bool)) == []


@pytest.mark.parametrize("score", ["additive", "bge"])
def test_a_fit_records_them_for_scores_with_curves_alone(score, rng):
    x = rng.normal(size=200)
    table = np.column_stack([x, np.abs(x) + 0.1 * rng.normal(size=200)])
    posterior = dag_gfn.fit(table, score=score, progress=False)
    if score == "bge":
        assert "directions_by_shape" not in posterior.info
        return
    (marked,) = posterior.info["directions_by_shape"]
    assert (marked["source"], marked["target"], marked["by_independences"]) == ("x0", "x1", 0.5)
    edge = posterior.edge_marginals().to_numpy()
    assert marked["share"] == pytest.approx(edge[0, 1] / (edge[0, 1] + edge[1, 0]), abs=1e-9)
    known = dag_gfn.fit(table, score=score, forbidden=[("x1", "x0")], progress=False)
    assert known.info["directions_by_shape"] == []
