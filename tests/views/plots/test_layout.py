import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report_cases import random_posterior

from dag_gfn.views.plots.layout import CLEARANCE, bow, layered_layout


def layout_of(posterior):
    return layered_layout(posterior.marginal("edge").values, posterior.marginal("path").values)


@settings(max_examples=25)
@given(d=st.integers(1, 14), seed=st.integers(0, 2**31))
def test_no_two_nodes_share_a_place_and_parents_stand_above(d, seed):
    rng = np.random.default_rng(seed)
    order = rng.permutation(d)
    dag = np.triu(rng.random((d, d)) < 0.3, k=1)[np.ix_(order, order)]
    layout = layered_layout(dag.astype(float))
    assert layout.shape == (d, 2)
    distance = np.abs(layout[:, None] - layout).sum(axis=-1)
    assert np.all(distance[~np.eye(d, dtype=bool)] >= 0.5 - 1e-9)
    for parent, child in np.argwhere(dag):
        assert layout[parent, 1] < layout[child, 1]


def test_the_same_posterior_gives_the_same_layout():
    posterior = random_posterior([f"v{i}" for i in range(10)])
    assert np.array_equal(layout_of(posterior), layout_of(posterior))


def test_a_wide_graph_stays_narrow():
    layout = layered_layout(np.zeros((40, 40)))
    assert np.ptp(layout[:, 0]) <= 9


def test_a_line_between_neighbours_is_straight_and_one_past_a_node_bows():
    column = np.array([[0.0, 0.0], [0.0, 1.0], [0.0, 2.0]])
    assert bow(column, 0, 1) == 0.0
    size = bow(column, 0, 2)
    assert abs(size) > 0
    # the middle of the curve lies half as far out as its control point
    assert abs(size) * 2 / 2 >= CLEARANCE
    assert bow(column[:2], 0, 1) == 0.0


def test_lines_bow_to_the_side_that_is_free():
    left = np.array([[0.0, 0.0], [0.0, 2.0], [-0.15, 1.0], [-0.6, 1.0]])
    right = left * (-1, 1)
    assert bow(left, 0, 1) == pytest.approx(-bow(right, 0, 1))
