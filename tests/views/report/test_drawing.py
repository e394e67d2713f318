import re

import numpy as np
from report_cases import random_posterior, two_graphs

from dag_gfn.posterior import GraphPosterior
from dag_gfn.views.report.drawing import RADIUS, Drawing


def numbers(text):
    return np.array(re.findall(r"-?\d+", text), dtype=float).reshape(-1, 2)


def test_everything_lies_within_the_picture():
    drawing = Drawing.of(random_posterior([f"v{i}" for i in range(12)], num_graphs=40))
    assert (drawing.positions.min(axis=0) >= RADIUS).all()
    assert drawing.positions[:, 0].max() <= drawing.width
    assert drawing.positions[:, 1].max() <= drawing.height


def test_a_line_runs_from_rim_to_rim():
    drawing = Drawing.of(two_graphs())
    start, _, end = numbers(drawing.link(1, 2).path)
    for place, node in ((start, 1), (end, 2)):
        gap = np.hypot(*(place - drawing.positions[node]))
        assert RADIUS <= gap <= RADIUS + 4


def test_both_directions_take_the_same_way():
    drawing = Drawing.of(two_graphs())
    assert np.array_equal(numbers(drawing.link(0, 1).path), numbers(drawing.link(1, 0).path)[::-1])


def test_the_head_points_at_the_node():
    drawing = Drawing.of(two_graphs())
    tip, *back = numbers(drawing.link(1, 2).head(12))
    distance = [np.hypot(*(corner - drawing.positions[2])) for corner in (tip, *back)]
    assert distance[0] < min(distance[1:])
    at_start = numbers(drawing.link(1, 2).head(12, at_start=True))[0]
    assert np.hypot(*(at_start - drawing.positions[1])) < RADIUS + 3


def test_no_line_is_cut_off():
    """In a chain of one column, lines to nodes further down bow to the side."""
    d = 6
    graphs = np.triu(np.ones((1, d, d), dtype=bool), 1)
    drawing = Drawing.of(GraphPosterior.from_weights([f"v{i}" for i in range(d)], graphs, np.zeros(1)))
    t = np.linspace(0, 1, 50)[:, None]
    for a in range(d):
        for b in range(a):
            start, control, end = numbers(drawing.link(a, b).path)
            across = ((1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end)[:, 0]
            assert across.min() > 5
            assert across.max() < drawing.width - 5
