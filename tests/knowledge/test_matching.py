import pytest

from dag_gfn import ConstraintError
from dag_gfn.knowledge import Knowledge
from dag_gfn.knowledge.matching import Matcher, is_pattern

NAMES = ("x[t-1]", "x", "a*b", "ab", "acb")


def test_brackets_are_letters_and_exact_names_go_first():
    matcher = Matcher(NAMES, Knowledge())
    assert matcher.find("x[t-1]", "") == (0,)
    assert matcher.find("*[t-1]", "") == (0,)
    assert matcher.find("a*b", "") == (2,)
    assert matcher.find("a?b", "") == (2, 4)
    assert matcher.find("a*", "") == (2, 3, 4)
    assert not is_pattern("x[t-1]")


def test_groups_hold_each_member_once():
    matcher = Matcher(NAMES, Knowledge(groups={"some": ("a*", "ab", "x")}))
    assert matcher.find("some", "") == (2, 3, 4, 1)
    assert not matcher.is_single("some")


def test_unknown_names_are_refused_with_the_nearest_groups_and_columns():
    matcher = Matcher(NAMES, Knowledge(groups={"some": ("x",)}))
    with pytest.raises(ConstraintError, match="here: there is no column 'somme'; did you mean 'some'"):
        matcher.find("somme", "here")
    with pytest.raises(ConstraintError, match="columns: x\\[t-1\\], x"):
        matcher.find("zzzz", "here")
    with pytest.raises(ConstraintError, match="and 8 more"):
        Matcher([f"c{i}" for i in range(20)], Knowledge()).find("?", "here")
