from itertools import pairwise

import numpy as np
import pytest
from report_cases import random_posterior, two_graphs

from dag_gfn.posterior import GraphPosterior
from dag_gfn.views.pairs import pairs


def test_pairs_say_the_likelier_direction_first():
    first, second, third = pairs(two_graphs())
    assert {(first.a, first.b), (second.a, second.b)} == {(1, 0), (1, 2)}
    opened = first if first.b == 0 else second
    assert (opened.forward, opened.backward, opened.linked) == pytest.approx((0.75, 0.25, 1.0))
    assert opened.share == pytest.approx(0.75)
    assert opened.direction == "leaning"
    assert (third.linked, third.share, third.direction) == (0.0, 0.5, "open")


def test_there_is_one_for_every_two_variables():
    found = pairs(random_posterior(list("abcdef"), num_graphs=30))
    assert len({frozenset((pair.a, pair.b)) for pair in found}) == 15
    assert all(one.linked >= other.linked for one, other in pairwise(found))


def test_directions_by_shape_are_marked():
    draws = np.array([[[False, True], [False, False]]])
    marked = {"source": "x", "target": "y", "share": 1.0, "by_independences": 0.5}
    posterior = GraphPosterior.from_samples(("x", "y"), draws, info={"directions_by_shape": [marked]})
    assert [pair.by_shape for pair in pairs(posterior)] == [True]
    assert not pairs(GraphPosterior.from_samples(("x", "y"), draws))[0].by_shape
