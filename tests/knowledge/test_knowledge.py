import pytest

from dag_gfn import ConstraintError, read_knowledge
from dag_gfn.knowledge import Belief, Knowledge

ALL = Knowledge(
    required=(("a", "b"),),
    forbidden=(("c", "a"),),
    tiers=(("a", "b"), ("c",)),
    closed_tiers=(1,),
    roots=("a",),
    leaves=("c",),
    max_parents={"c": 2},
    groups={"both": ("a", "b")},
    beliefs=(Belief("a", "c", 0.8),),
    required_paths=(("a", "c"),),
    forbidden_paths=(("c", "b"),),
)


def test_json_holds_all_of_it():
    assert read_knowledge(ALL.to_json()) == ALL
    assert Knowledge().to_json() == {}


def test_merged_keeps_all_and_the_places():
    first = Knowledge(roots=("a",), places={"roots[0]": "first"})
    second = Knowledge(roots=("b",), max_parents={"b": 1}).from_place("second")
    both = first.merged(second)
    assert both.roots == ("a", "b")
    assert [both.place("roots", k) for k in (0, 1)] == ["first: ", "second: "]
    assert both.place("max_parents", "b") == "second: "
    assert both.place("leaves", 0) == ""
    assert Knowledge().merged(ALL) == ALL == ALL.merged(Knowledge())


def test_what_differs_is_not_merged():
    with pytest.raises(ConstraintError, match="tiers are given twice"):
        ALL.merged(ALL)
    with pytest.raises(ConstraintError, match="max_parents of 'c' is given twice, as 2 and 3"):
        ALL.merged(Knowledge(max_parents={"c": 3}))


def test_groups_alone_say_nothing():
    assert Knowledge(groups={"g": ("a",)}).is_empty
    assert not Knowledge(max_parents={"a": 1}).is_empty
