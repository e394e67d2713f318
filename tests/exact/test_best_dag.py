import numpy as np
import pytest
from exact_tables import Table, peaked_table, random_table

from dag_gfn.errors import ConstraintError
from dag_gfn.exact.best_dag import best_dag
from dag_gfn.exact.enumeration import enumerate_dags, exact_posterior
from dag_gfn.graphs import graph


@pytest.mark.parametrize(
    ("d", "forbidden"), [(1, 0.0), (2, 0.0), (3, 0.0), (3, 0.3), (4, 0.0), (4, 0.3), (5, 0.0), (5, 0.3)]
)
def test_the_best_of_all_dags(d, forbidden):
    table = random_table(d, seed=10 * d, scale=3.0, forbidden=forbidden)
    exact = exact_posterior(table)
    best = best_dag(table)
    winner = enumerate_dags(d)[exact.log_probabilities.argmax()].astype(np.int64)
    np.testing.assert_array_equal(best.adjacency, graph.adjacency_from_masks(winner, d))
    assert best.log_score == table.log_reward(winner[None])[0]


def test_score_and_graph_agree_beyond_enumeration():
    table = peaked_table(13, seed=0, nats=100.0)
    best = best_dag(table)
    assert graph.is_dag(best.adjacency)
    assert best.log_score == table.log_reward(graph.parent_masks(best.adjacency)[None])[0]
    for i, j in np.argwhere(~np.eye(13, dtype=bool)):  # no graph one edge away is better
        changed = best.adjacency.copy()
        changed[i, j] ^= True
        if graph.is_dag(changed):
            assert table.log_reward(graph.parent_masks(changed)[None])[0] <= best.log_score


def test_ties_go_to_the_smallest_sets():
    assert not best_dag(Table(np.zeros((4, 8)))).adjacency.any()


def test_no_dag():
    complete = np.zeros((3, 4))
    complete[:, 0] = -np.inf
    with pytest.raises(ConstraintError, match="no DAG"):
        best_dag(Table(complete))
