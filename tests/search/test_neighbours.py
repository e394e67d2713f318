"""DAGs that one change of an edge makes, against all DAGs on four nodes."""

import numpy as np
import oracles
import pytest
from sampler_cases import score_table

from dag_gfn.exact.enumeration import enumerate_dags
from dag_gfn.graphs import graph
from dag_gfn.search.neighbours import neighbours


def test_neighbours_are_all_dags_one_change_away(rng):
    complete = score_table(4, rows=50)
    every = graph.adjacency_from_masks(enumerate_dags(4).astype(np.int64), 4)
    for _ in range(10):
        dag = oracles.random_dag(4, 0.5, rng)
        parents = graph.parent_masks(dag)
        gains, changed = neighbours(complete, parents)
        apart = (graph.skeleton(every) != graph.skeleton(dag)).sum(axis=(1, 2)) // 2
        turned = (every & dag.T).sum(axis=(1, 2))
        expected = every[(apart + turned == 1) & (apart <= 1)]
        got = graph.adjacency_from_masks(changed, 4)
        assert {g.tobytes() for g in got} == {g.tobytes() for g in expected}
        whole = complete.log_reward(np.concatenate([parents[None], changed]))
        np.testing.assert_allclose(gains, whole[1:] - whole[0], atol=1e-9)


@pytest.mark.parametrize("storage", ["complete", "lazy"])
def test_changes_that_constraints_forbid_are_left_out(storage):
    """From 0 -> 1 alone, where that edge is required, 2 -> 0 is forbidden and no node has two parents."""
    table = score_table(3, required=[(0, 1)], forbidden=[(2, 0)], max_parents=1, storage=storage)
    _, changed = neighbours(table, np.array([0, 1, 0]))
    assert sorted(changed.tolist()) == [[0, 1, 1], [0, 1, 2]]  # 0 -> 2, 1 -> 2


def test_where_nothing_can_change_there_are_no_neighbours():
    table = score_table(2, required=[(0, 1)])
    gains, changed = neighbours(table, np.array([0, 1]))
    assert gains.shape == (0,)
    assert changed.shape == (0, 2)
