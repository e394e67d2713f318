import numpy as np
import pytest

from dag_gfn.errors import ConstraintError
from dag_gfn.graphs.subsets import parent_sets
from dag_gfn.scores import Constraints, FamilyList, ListedScore, ScoreTable, make_prior

NAMES = ("a", "b", "c")
FAMILIES = FamilyList.of(NAMES, [{0b000: -1.0, 0b110: 2.5}, {0b000: -2.0, 0b001: -1.5}, {0b000: 0.5}])


@pytest.mark.parametrize("storage", ["complete", "lazy"])
def test_a_table_excludes_what_is_not_listed(storage):
    table = ScoreTable.build(ListedScore(FAMILIES), make_prior("edge", 3, beta=0.5), storage=storage)
    for node, (masks, scores) in enumerate(zip(FAMILIES.sets, FAMILIES.scores, strict=True)):
        sets = parent_sets(node, 3)
        listed = dict(zip(masks.tolist(), scores.tolist(), strict=True))
        expected = [
            listed[mask] + mask.bit_count() * np.log(0.5) if mask in listed else -np.inf
            for mask in sets.tolist()
        ]
        np.testing.assert_allclose(table.local_scores(np.full(4, node), sets), expected)
        np.testing.assert_allclose(table.scores_of(node, sets), expected)
        np.testing.assert_allclose(table.scores_within(node, int(sets[-1])), expected)


def test_constraints_hold_beside_the_list():
    constraints = Constraints.from_names(NAMES, forbidden=[("a", "b")])
    table = ScoreTable.build(ListedScore(FAMILIES), constraints=constraints)
    assert table.local_scores(np.array([1, 1]), np.array([0b001, 0b000])).tolist() == [-np.inf, -2.0]
    with pytest.raises(ConstraintError, match="none of the 1 parent sets of 'c'"):
        ScoreTable.build(ListedScore(FAMILIES), constraints=Constraints.from_names(NAMES, [("a", "c")]))


def test_there_are_no_data():
    score = ListedScore(FAMILIES)
    assert (score.names, score.d, score.statistics(), score.has_interventions) == (NAMES, 3, {}, False)
    assert not ScoreTable.build(score).is_score_equivalent
