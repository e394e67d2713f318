import numpy as np
import pytest

from dag_gfn.errors import ConstraintError, DataError
from dag_gfn.graphs.subsets import parent_sets
from dag_gfn.scores import Constraints, FamilyList


def families(*of_nodes):
    return FamilyList.of([f"v{j}" for j in range(len(of_nodes))], of_nodes)


def complete(d, rng):
    """Return all families of d nodes with random scores."""
    return families(*[{int(mask): rng.normal() for mask in parent_sets(node, d)} for node in range(d)])


def test_listed_sets_have_their_scores_and_are_allowed():
    listed = families({0b100: -2.0, 0b000: -1.0}, {0b000: -3.0}, {0b011: -4.0, 0b000: -5.0})
    sets = np.array([0b000, 0b010, 0b100, 0b110])
    assert listed.allow(0, sets).tolist() == [True, False, True, False]
    assert listed.scores_of(0, sets).tolist() == [-1.0, 0.0, -2.0, 0.0]
    mixed = listed.allow(np.array([0, 1, 2, 2]), np.array([0b100, 0b001, 0b011, 0b001]))
    assert mixed.tolist() == [True, False, True, False]
    assert listed.allow(2, sets[:0]).tolist() == []


def test_how_many_there_are_is_counted_up_to_the_largest_set(rng):
    assert (complete(4, rng).num_listed, complete(4, rng).num_possible) == (32, 32)
    pairs = families({0: -1.0}, {0: -1.0, 0b101: 0.0}, {0: -1.0})
    assert (pairs.num_listed, pairs.largest, pairs.num_possible) == (4, 2, 12)
    assert "4 of the 12 families with at most 2 parents" in pairs.describe()
    assert pairs.to_json()["pruned"] is True


def test_pruning_is_seen_where_no_set_scores_below_a_smaller_one(rng):
    assert not complete(4, rng).is_pruned
    some = families(
        {0: -1.0, 0b010: -2.0}, {0: -1.0}, {0: -1.0}
    )  # not all are there, but one that cannot be best is
    assert not some.is_pruned
    assert families({0: -1.0, 0b010: -0.5}, {0: -1.0}, {0: -1.0}).is_pruned
    assert families({0: -1.0, 0b110: -0.5}, {0: -1.0}, {0: -1.0}).is_pruned
    assert not families({0: -1.0, 0b110: -2.0}, {0: -1.0}, {0: -1.0}).is_pruned
    assert not families(
        {0b010: -0.5}, {0: -1.0}, {0: -1.0}
    ).is_pruned  # the empty set is never left out as it is worse


def test_closed_lists_have_every_set_on_the_way(rng):
    none = np.zeros(3, dtype=np.int64)
    assert complete(3, rng).is_closed(none)
    gap = families({0: 0.0, 0b110: 1.0, 0b010: 0.0}, {0: 0.0}, {0: 0.0})
    assert not gap.is_closed(none)
    assert gap.is_closed(np.array([0b010, 0, 0]), Constraints.from_names(gap.names, [("v1", "v0")]).allow)
    assert gap.is_closed(none, Constraints.from_names(gap.names, max_parents=1).allow)


@pytest.mark.parametrize(
    ("family", "said"),
    [({0b001: 0.0}, "the node itself"), ({0b100: 0.0}, "does not exist"), ({0b010: np.inf}, "not a finite")],
)
def test_impossible_families_are_refused(family, said):
    with pytest.raises(DataError, match=said):
        families(family, {0: 0.0})


def test_a_node_without_an_allowed_set_is_named():
    with pytest.raises(ConstraintError, match="none of the 1 parent sets of 'v1'"):
        families({0: 0.0}, {0: 0.0}).require_some(Constraints.from_names(("v0", "v1"), [("v0", "v1")]).allow)
