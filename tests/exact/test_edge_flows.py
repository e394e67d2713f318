"""Exact flows over edges against sums over all DAGs, and against flow balance."""

from math import comb
from types import SimpleNamespace

import numpy as np
import pytest
from oracles import all_dags
from scipy.special import logsumexp

from dag_gfn.errors import ConstraintError
from dag_gfn.exact.edge_flows import log_flow, log_policy


def random_table(d, rng, forbidden=0.0):
    values = 3.0 * rng.normal(size=(d, 1 << (d - 1)))
    lost = rng.random(values.shape) < forbidden
    lost[:, 0] = False  # the empty graph keeps support
    return SimpleNamespace(d=d, complete=np.where(lost, -np.inf, values))


def masks_of(dag):
    return (dag * (1 << np.arange(len(dag)))[:, None]).sum(0)


def log_reward(table, dag):
    total = 0.0
    for node, mask in enumerate(masks_of(dag)):
        low = (1 << node) - 1
        total += table.complete[node, (mask & low) | (mask >> 1 & ~low)]
    return total


def summed(table, dag, dags, rewards):
    """F(s) by its definition."""
    k = int(dag.sum())
    within = [m for m, other in enumerate(dags) if (other | ~dag).all()]
    return logsumexp([rewards[m] - np.log(comb(int(dags[m].sum()), k)) for m in within])


@pytest.mark.parametrize("forbidden", [0.0, 0.3])
@pytest.mark.parametrize("d", [2, 3, 4])
def test_flows_are_the_sum_over_all_larger_dags(d, forbidden, rng):
    table, dags = random_table(d, rng, forbidden), [np.array(dag) for dag in all_dags(d)]
    rewards = [log_reward(table, dag) for dag in dags]
    for which in rng.permutation(len(dags))[:25]:
        expected = summed(table, dags[which], dags, rewards)
        if np.isfinite(expected):
            assert log_flow(table, masks_of(dags[which])) == pytest.approx(expected, abs=1e-9)
        else:
            with pytest.raises(ConstraintError):
                log_flow(table, masks_of(dags[which]))


def test_the_policy_moves_the_flow_to_the_children(rng):
    table = random_table(6, rng)
    dag = np.zeros((6, 6), dtype=bool)
    dag[0, 1] = dag[1, 4] = dag[2, 4] = True
    edges, stop = log_policy(table, masks_of(dag))
    assert np.exp(edges).sum() + np.exp(stop) == pytest.approx(1.0, abs=1e-12)
    flow = log_flow(table, masks_of(dag))
    assert stop == pytest.approx(log_reward(table, dag) - flow, abs=1e-10)
    for source, target in ((0, 5), (3, 2), (0, 4)):
        child = dag.copy()
        child[source, target] = True
        expected = log_flow(table, masks_of(child)) - np.log(4.0) - flow  # P_B undoes one of four edges
        assert edges[source, target] == pytest.approx(expected, abs=1e-10)
    impossible = [(0, 1), (4, 0), (4, 2), (3, 3)]  # there already, or a cycle
    assert all(edges[pair] == -np.inf for pair in impossible)


def test_a_complete_dag_only_stops(rng):
    table = random_table(4, rng)
    edges, stop = log_policy(table, masks_of(np.triu(np.ones((4, 4), dtype=bool), 1)))
    assert stop == pytest.approx(0.0, abs=1e-12)
    assert (edges == -np.inf).all()
