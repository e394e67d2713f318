import numpy as np
import pytest

from dag_gfn.data import from_array
from dag_gfn.scores import BGe, ScoreTable
from dag_gfn.scores.summed import SummedScore


def test_every_way_to_ask_gives_the_sum(rng):
    scores = [BGe(from_array(rng.normal(size=(20, 4)))) for _ in range(3)]
    both = SummedScore(scores)
    expected = sum(score.complete_table() for score in scores)
    np.testing.assert_allclose(both.complete_table(), expected)
    parents = np.array([0b0000, 0b0101, 0b1101])
    by_hand = sum(score.local_scores(1, parents) for score in scores)
    np.testing.assert_allclose(both.local_scores(1, parents), by_hand)
    np.testing.assert_allclose(both.scores_within(1, 0b1101), sum(s.scores_within(1, 0b1101) for s in scores))
    lazy = ScoreTable.build(both, storage="lazy")
    np.testing.assert_allclose(lazy.local_scores(np.array([1, 1, 1]), parents), by_hand)
    assert lazy.score == "bge"
    assert lazy.is_score_equivalent


def test_scores_of_other_nodes_are_refused(rng):
    scores = [BGe(from_array(rng.normal(size=(20, 2)), names)) for names in (["a", "b"], ["b", "a"])]
    with pytest.raises(ValueError, match="same nodes"):
        SummedScore(scores)
