import numpy as np
import oracles
import pytest
from sampler_cases import log_reward, score_table

from dag_gfn.baselines.equivalence_search import equivalence_search
from dag_gfn.graphs import graph


def search_by_members(table):
    """Greedy equivalence search by its definition: the neighbours of a class are those of all of its members."""
    dags, score = oracles.all_dags(table.d), log_reward(table)
    known = {dag.tobytes(): score(dag) for dag in dags}
    current = np.zeros((table.d, table.d), dtype=bool)
    for add in (True, False):
        while True:
            around = [
                other
                for member in oracles.equivalent_dags(current)
                for other, _, _ in oracles.one_edge_apart(member, known, add=add)
            ]
            if not around:
                break
            best = max(around, key=lambda dag: known[dag.tobytes()])
            if known[best.tobytes()] <= known[current.tobytes()] + 1e-9:
                break
            current = best
    return current


@pytest.mark.parametrize("rows", [8, 40])
@pytest.mark.parametrize("seed", range(5))
def test_it_goes_from_class_to_class_as_defined(seed, rows):
    table = score_table(4, rows=rows, seed=seed)
    expected = search_by_members(table)
    np.testing.assert_array_equal(equivalence_search(table), graph.cpdag(expected))


def test_it_finds_the_best_class_of_much_data():
    table = score_table(4, rows=3000, seed=2)
    dags, score = oracles.all_dags(4), log_reward(table)
    best = max(dags, key=score)
    np.testing.assert_array_equal(equivalence_search(table), graph.cpdag(best))


def test_families_that_are_excluded_are_not_built():
    table = score_table(5, rows=200, seed=1, max_parents=1)
    mixed = equivalence_search(table)
    assert mixed.any()
    assert ((mixed & ~mixed.T).sum(axis=0) <= 1).all()
