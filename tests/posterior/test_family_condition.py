"""Conditions on the parents of single nodes, beside all DAGs on four nodes."""

import numpy as np
import oracles
import pytest

from dag_gfn.errors import ConstraintError, OptionError
from dag_gfn.posterior.family_condition import FamilyCondition
from dag_gfn.posterior.query_language import parse_query

NAMES = ("a", "b", "c", "d")
GRAPHS = np.array(oracles.all_dags(4))


def complying(condition):
    there, not_there = condition.required, condition.forbidden
    return ~(GRAPHS & not_there).any(axis=(1, 2)) & (GRAPHS | ~there).all(axis=(1, 2))


def test_edges_absent_edges_and_tiers():
    condition = FamilyCondition.of(NAMES, [("a", "b")], [("b", "c")], [["a", "b"], ["d"]])
    expected = GRAPHS[:, 0, 1] & ~GRAPHS[:, 1, 2] & ~GRAPHS[:, 3, 0] & ~GRAPHS[:, 3, 1]
    np.testing.assert_array_equal(complying(condition), expected)
    assert FamilyCondition.of(NAMES).is_empty()
    assert not condition.is_empty()


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("edge(a, b)", None),
        ("edge(a, b) & !edge(c, d) & !!edge(b, c)", None),
        ("!linked(a, b) & parents(c) == {a, d}", None),
        ("parents(c) >= {a} & parents(d) <= {a, b}", None),
        ("edge(a, b) & path(b, d)", "path(b, d)"),
        ("edge(a, b) & (edge(b, c) | edge(c, b)) & !path(a, d)", "(edge(b, c) | edge(c, b)) & !path(a, d)"),
        ("!(edge(a, b) & edge(b, c))", "!(edge(a, b) & edge(b, c))"),
    ],
)
def test_a_query_is_its_condition_and_its_rest(text, rest):
    query = parse_query(text, NAMES)
    condition, remaining = FamilyCondition.of_query(query, 4)
    assert (remaining is None) == (rest is None)
    if remaining is not None:
        assert remaining == parse_query(rest, NAMES)
    holds = np.ones(len(GRAPHS), dtype=bool) if remaining is None else remaining.holds(GRAPHS)
    np.testing.assert_array_equal(complying(condition) & holds, query.holds(GRAPHS))


@pytest.mark.parametrize(
    ("condition", "error", "said"),
    [
        ({"edges": [("a", "z")]}, OptionError, "no variable is called 'z': there are a, b, c, d"),
        ({"tiers": [["a"], ["b", "a"]]}, OptionError, "a variable is in two tiers"),
        ({"tiers": ["a", "b"]}, OptionError, "a tier is a list of variables"),
        ({"edges": [("a", "b")], "absent": [("a", "b")]}, ConstraintError, "an edge into 'b' is to be there"),
        ({"edges": [("a", "b"), ("b", "a")]}, ConstraintError, "close a cycle"),
        ({"edges": [("b", "a")], "tiers": [["a"], ["b"]]}, ConstraintError, "an edge into 'a'"),
    ],
)
def test_what_cannot_be(condition, error, said):
    with pytest.raises(error, match=said):
        FamilyCondition.of(NAMES, **condition)
