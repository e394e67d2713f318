import itertools

import numpy as np
import oracles
import pytest

from dag_gfn.errors import QueryError
from dag_gfn.posterior.queries import And, DSeparated, Not, Or, PairFeature, Parents, Predicate, VStructure


@pytest.fixture(scope="module")
def dags():
    return oracles.all_dags(4)[::3]


def test_v_structure(dags):
    for a, b, c in itertools.permutations(range(4), 3):
        expected = [(min(a, c), b, max(a, c)) in oracles.v_structures(dag) for dag in dags]
        np.testing.assert_array_equal(VStructure(a, b, c).holds(dags), expected)


@pytest.mark.parametrize(
    ("comparison", "of_sets"),
    [("==", set.__eq__), ("!=", set.__ne__), (">=", set.issuperset), ("<=", set.issubset)],
)
def test_parents_compare_as_sets(dags, comparison, of_sets):
    for members in [set(), {0}, {0, 3}, {0, 2, 3}]:
        mask = sum(1 << member for member in members)
        expected = [of_sets(set(np.flatnonzero(dag[:, 1]).tolist()), members) for dag in dags]
        np.testing.assert_array_equal(Parents(1, comparison, mask).holds(dags), expected)


def test_d_separation(dags):
    expected = [oracles.d_separated(dag, 0, 2, [1]) for dag in dags]
    np.testing.assert_array_equal(DSeparated(0, 2, (1,)).holds(dags), expected)


def test_connectives(dags):
    edge, path = PairFeature("edge", 0, 1), PairFeature("path", 1, 3)
    e, p = edge.holds(dags), path.holds(dags)
    np.testing.assert_array_equal(e, dags[:, 0, 1])
    np.testing.assert_array_equal(Not(edge).holds(dags), ~e)
    np.testing.assert_array_equal(And((edge, Not(path), edge)).holds(dags), e & ~p)
    np.testing.assert_array_equal(Or((edge, path)).holds(dags), e | p)
    np.testing.assert_array_equal(Predicate(lambda graphs: graphs[:, 0, 1]).holds(dags), e)


@pytest.mark.parametrize("function", [lambda g: g[:, 0], lambda g: g.sum(axis=(1, 2)), lambda g: True])
def test_a_function_gives_one_bool_for_each_graph(dags, function):
    with pytest.raises(QueryError, match="to a bool array"):
        Predicate(function).holds(dags)
