import pytest

from dag_gfn import OptionError
from dag_gfn.knowledge import Belief
from dag_gfn.knowledge.entries import knowledge_from, split_tiers


def test_edges_and_beliefs_in_every_form():
    known = knowledge_from(
        {
            "required": ["a -> b", ["b", "c"], {"from": "c", "to": "d"}, ("d", "e"), "e→f"],
            "forbidden": "b -> a",
            "beliefs": [
                {"from": "a", "to": "c", "probability": "0.25"},
                ["a", "d", 0.5],
                {"a -> e": 0.75},
            ],
        }
    )
    assert known.required == (("a", "b"), ("b", "c"), ("c", "d"), ("d", "e"), ("e", "f"))
    assert known.forbidden == (("b", "a"),)
    assert known.beliefs == (Belief("a", "c", 0.25), Belief("a", "d", 0.5), Belief("a", "e", 0.75))
    assert knowledge_from({"beliefs": {"a -> c": 0.25}}).beliefs == (Belief("a", "c", 0.25),)


def test_limits_and_tiers_in_every_form():
    assert knowledge_from({"max_parents": "3"}).max_parents == {"*": 3}
    assert knowledge_from({"max_parents": {"a": 3, "b": "0"}}).max_parents == {"a": 3, "b": 0}
    as_text = knowledge_from({"tiers": "a, b < c", "forbid_within_tiers": "true"})
    as_lists = knowledge_from({"tiers": [["a", "b"], ["c"]], "forbid_within_tiers": [1, 2]})
    of_texts = knowledge_from({"tiers": ["a, b", "c"], "forbid_within_tiers": True})
    assert as_text == as_lists == of_texts
    assert knowledge_from({"tiers": "a < b", "forbid_within_tiers": "no"}).closed_tiers == ()


def test_what_is_left_empty_says_nothing():
    assert knowledge_from({"required": None, "roots": "", "leaves": [], "groups": {}}).is_empty


def test_names_with_signs_are_quoted_in_tiers():
    assert split_tiers('"a < b", c<d') == [["a < b", "c"], ["d"]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "knowledge is a mapping"),
        ({"reqired": []}, "reqired: unknown key; did you mean 'required'"),
        ({"xyz": []}, "unknown key; there are required, forbidden"),
        ({"required": ["a"]}, r"required\[0\]: expected an edge as 'cause -> effect'"),
        ({"required": ["a -> b", 3]}, r"required\[1\]: expected an edge"),
        ({"required": {"a": "b"}}, "required: expected a list"),
        ({"required": [["a", ""]]}, r"required\[0\]: expected the name of a variable, not ''"),
        ({"roots": {"a": 1}}, "roots: expected a list"),
        ({"roots": [["a"]]}, r"roots\[0\]: expected the name of a variable"),
        ({"beliefs": [["a", "b"]]}, r"beliefs\[0\]: expected a belief as"),
        ({"beliefs": {"a -> b": 1}}, "is 1, which is no belief but certain: list the edge under 'required'"),
        ({"beliefs": {"a -> b": "0"}}, "list the edge under 'forbidden'"),
        ({"beliefs": {"a -> b": 80}}, "a probability between 0 and 1, such as 0.8, not 80"),
        ({"beliefs": {"a -> b": True}}, "not True"),
        ({"beliefs": {"a -> b": "nan"}}, "not 'nan'"),
        ({"max_parents": -1}, "a whole number, not -1"),
        ({"max_parents": {"a": 1.5}}, r"max_parents\[a\]: expected the largest number"),
        ({"groups": ["a"]}, "groups: expected names of groups"),
        ({"tiers": "a < < b"}, r"tiers\[1\]: a tier needs at least one name"),
        ({"forbid_within_tiers": True}, "there are no tiers"),
        ({"tiers": "a < b", "forbid_within_tiers": [3]}, "there is no tier 3, only 1 to 2"),
        ({"tiers": "a < b", "forbid_within_tiers": "maybe"}, "forbid_within_tiers: expected a list"),
        ({"beliefs": "nowhere.csv"}, r"'nowhere.csv' cannot be read"),
    ],
)
def test_what_cannot_be_read_is_named(content, message):
    with pytest.raises(OptionError, match=message):
        knowledge_from(content)
