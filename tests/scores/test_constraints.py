"""Required and forbidden edges, and what cannot be asked."""

import json
from itertools import pairwise

import numpy as np
import pytest

from dag_gfn.errors import ConstraintError
from dag_gfn.graphs.subsets import parent_sets
from dag_gfn.scores import Constraints

NAMES = ("age", "income", "health", "region")


def test_names_become_masks_of_parents():
    constraints = Constraints.from_names(
        NAMES,
        required=[("age", "health"), ["region", "health"]],
        forbidden=[("health", "age")],
        max_parents=2,
    )
    assert constraints.required.tolist() == [0, 0, 0b1001, 0]
    assert constraints.forbidden.tolist() == [0b100, 0, 0, 0]
    assert constraints.max_parents == 2
    assert not constraints.is_empty()


def test_describe_gives_the_arguments_back():
    constraints = Constraints.from_names(
        NAMES, required=[("age", "health")], forbidden=[("health", "age"), ("income", "age")], max_parents=3
    )
    described = json.loads(json.dumps(constraints.describe(NAMES)))
    again = Constraints.from_names(NAMES, **described)
    np.testing.assert_array_equal(again.required, constraints.required)
    np.testing.assert_array_equal(again.forbidden, constraints.forbidden)
    assert again.max_parents == 3


def test_allow_follows_the_definition():
    constraints = Constraints.from_names(
        NAMES, required=[("age", "health")], forbidden=[("income", "health")], max_parents=2
    )
    sets = parent_sets(2, 4)
    expected = [(s & 1 == 1) and (s & 2 == 0) and int(s).bit_count() <= 2 for s in sets]
    assert constraints.allow(2, sets).tolist() == expected


def test_single_nodes_have_limits_of_their_own():
    constraints = Constraints.from_names(NAMES, max_parents=2, max_parents_of={"health": 1, "age": 3})
    sizes = [[int(s).bit_count() for s in parent_sets(j, 4)] for j in range(4)]
    for j, most in enumerate([2, 2, 1, 2]):  # the smaller of both
        assert constraints.allow(j, parent_sets(j, 4)).tolist() == [size <= most for size in sizes[j]]
    nodes = np.array([2, 1])
    assert constraints.allow(nodes, np.array([0b1011, 0b1001])).tolist() == [False, True]
    assert not constraints.is_empty()
    again = Constraints.from_names(NAMES, **json.loads(json.dumps(constraints.describe(NAMES))))
    assert again.limit(np.arange(4)).tolist() == [2, 2, 1, 2]


def test_none_allows_everything():
    constraints = Constraints.none(4)
    assert constraints.is_empty()
    assert all(constraints.allow(j, parent_sets(j, 4)).all() for j in range(4))
    assert not Constraints.from_names(NAMES, max_parents=0).is_empty()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"required": [("incme", "age")]}, "there is no column 'incme'; did you mean 'income'"),
        ({"forbidden": [("age", "zzz")]}, "there is no column 'zzz'; columns: age, income, health, region"),
        ({"required": [("age", "age")]}, "required edge age -> age is a self-loop"),
        ({"forbidden": [("age", "age")]}, "forbidden edge age -> age is a self-loop"),
        (
            {"required": [("age", "income")], "forbidden": [("age", "income")]},
            "age -> income is both required and forbidden",
        ),
        (
            {"required": [("age", "income"), ("income", "health"), ("health", "age"), ("age", "region")]},
            "form a cycle: .* -> .* -> .* -> ",
        ),
        (
            {"required": [("age", "income"), ("income", "age")]},
            "form a cycle: (age -> income -> age|income -> age)",
        ),
        ({"max_parents": -1}, "max_parents must be 0 or more, not -1"),
        (
            {"required": [("age", "income"), ("health", "income")], "max_parents": 1},
            "'income' has 2 required parents \\(age, health\\), more than max_parents = 1",
        ),
        ({"required": [["age", "income", "health"]]}, "a required edge is a pair"),
        ({"max_parents_of": {"incme": 1}}, "there is no column 'incme'; did you mean 'income'"),
        ({"max_parents_of": {"income": -1}}, "parents of 'income' must be 0 or more, not -1"),
        (
            {"required": [("age", "income"), ("health", "income")], "max_parents_of": {"income": 1}},
            "'income' has 2 required parents \\(age, health\\), more than its limit of 1",
        ),
    ],
)
def test_contradictions_are_named(arguments, message):
    with pytest.raises(ConstraintError, match=message):
        Constraints.from_names(NAMES, **arguments)


def test_the_cycle_runs_along_its_edges():
    edges = [("age", "income"), ("income", "health"), ("health", "age"), ("region", "age")]
    with pytest.raises(ConstraintError) as caught:
        Constraints.from_names(NAMES, required=edges)
    cycle = str(caught.value).split("cycle: ")[1].split(".")[0].split(" -> ")
    assert cycle[0] == cycle[-1]
    assert all(pair in edges for pair in pairwise(cycle))


def test_possible_edges_are_neither_forbidden_nor_against_a_required_one():
    possible = Constraints.from_names(
        ("a", "b", "c"), required=[("a", "b")], forbidden=[("c", "b")]
    ).possible_edges()
    impossible = {("abc"[i], "abc"[j]) for i, j in zip(*np.nonzero(~possible), strict=True) if i != j}
    assert impossible == {("b", "a"), ("c", "b")}


def test_open_pairs_are_those_that_no_list_decides():
    constraints = Constraints.from_names(NAMES, required=[("age", "health")], forbidden=[("income", "age")])
    decided = {(0, 2), (2, 0), (1, 0)} | {(i, i) for i in range(4)}
    open_pairs = constraints.open_pairs()
    assert {(i, j) for i in range(4) for j in range(4) if not open_pairs[i, j]} == decided
