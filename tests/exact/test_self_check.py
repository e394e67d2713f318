"""Exact results that cannot be are refused."""

import numpy as np
import pytest

from dag_gfn.errors import NotTractable
from dag_gfn.exact.self_check import refuse_impossible


def edges(**entries):
    matrix = np.zeros((3, 3))
    for pair, value in entries.items():
        matrix["abc".index(pair[0]), "abc".index(pair[1])] = value
    return matrix


def test_possible_probabilities_pass():
    refuse_impossible("abc", edges(ab=0.6, ba=0.4, bc=1.0), edges(ab=0.6, ba=0.4, bc=1.0, ac=0.6))
    refuse_impossible("abc", edges(ab=0.5, ba=0.5 + 1e-9))


@pytest.mark.parametrize(
    ("edge", "path", "message"),
    [
        (edges(ac=1.0, ca=1.0), None, r"P\(a -> c\) \+ P\(c -> a\) came out as 2, more than 1"),
        (edges(ab=0.5), edges(ab=0.4), r"P\(a -> b\) came out as 0.5, more than that of a path"),
        (edges(ab=-0.1), None, r"P\(a -> b\) came out as -0.1, negative"),
        (edges(ab=np.nan), None, "came out as nan"),
        (edges(), edges(bc=1.1), "a path from b to c came out as 1.1, more than 1"),
    ],
)
def test_impossible_ones_are_refused_with_a_remedy(edge, path, message):
    with pytest.raises(NotTractable, match=message) as refused:
        refuse_impossible("abc", edge, path)
    assert "standardize" in str(refused.value)
