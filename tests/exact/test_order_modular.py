import itertools

import numpy as np
import pytest
from exact_tables import Table, random_table

from dag_gfn import graph
from dag_gfn.errors import ConstraintError
from dag_gfn.exact.enumeration import enumerate_dags
from dag_gfn.exact.order_modular import order_modular_marginals


@pytest.mark.parametrize("d", [1, 2, 3, 4])
@pytest.mark.parametrize("scale", [0.0, 1.0, 1000.0])
def test_every_dag_counts_once_for_each_of_its_orders(d, scale):
    table = random_table(d, seed=d, scale=scale)
    parents = enumerate_dags(d).astype(np.int64)
    orders = np.zeros(len(parents))
    for order in itertools.permutations(range(d)):
        before = np.zeros(d, dtype=np.int64)
        for k, node in enumerate(order):
            before[node] = sum(1 << i for i in order[:k])
        orders += (parents & ~before == 0).all(axis=1)
    log_weights = table.log_reward(parents) + np.log(orders)
    largest = log_weights.max()
    weights = np.exp(log_weights - largest)
    result = order_modular_marginals(table)
    edge = np.tensordot(weights / weights.sum(), graph.adjacency_from_masks(parents, d), 1)
    np.testing.assert_allclose(result.edge, edge, atol=1e-12)
    number_of_orders = len(list(itertools.permutations(range(d))))
    expected = largest + np.log(weights.sum() / number_of_orders)
    assert result.log_evidence == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_two_nodes_show_the_bias():
    """The three DAGs count 2 : 1 : 1, where the posterior over DAGs has 1 : 1 : 1."""
    assert order_modular_marginals(Table(np.zeros((2, 2)))).edge[0, 1] == pytest.approx(0.25)


def test_forbidden_sets_and_no_dag():
    table = random_table(6, seed=3, forbidden=0.5)
    table.complete[2] = -np.inf
    table.complete[2, 1] = 0.0  # the parents of 2 are {0}
    edge = order_modular_marginals(table).edge
    assert edge[0, 2] == pytest.approx(1)
    assert edge[2, 0] == 0
    table.complete[:, 0] = -np.inf
    with pytest.raises(ConstraintError, match="no DAG"):
        order_modular_marginals(table)
