import math

import networkx as nx
import numpy as np
import oracles
import pytest
from exact_tables import Table, random_table
from scipy import stats

from dag_gfn.errors import ConstraintError, NotTractable
from dag_gfn.exact.enumeration import enumerate_dags
from dag_gfn.exact.order_modular import OrderModular, num_topological_orders
from dag_gfn.graphs import graph


def brute_force(table):
    """Return all DAGs, log R times their topological orders, and that number, one graph at a time."""
    dags = oracles.all_dags(table.d)
    orders = np.array([len(list(nx.all_topological_sorts(oracles.as_networkx(dag)))) for dag in dags])
    log_scores = table.log_reward((dags * (1 << np.arange(table.d))[:, None]).sum(axis=1))
    with np.errstate(divide="ignore"):
        return dags, log_scores + np.log(orders), orders


@pytest.mark.parametrize("d", [1, 2, 3, 4])
@pytest.mark.parametrize("scale", [0.0, 1.0, 1000.0])
def test_every_dag_counts_once_for_each_of_its_orders(d, scale):
    table = random_table(d, seed=d, scale=scale)
    dags, log_weights, _ = brute_force(table)
    weights = np.exp(log_weights - log_weights.max())
    result = OrderModular(table)
    edge = np.tensordot(weights / weights.sum(), dags, 1)
    np.testing.assert_allclose(result.edge_marginals(), edge, atol=1e-12)
    expected = log_weights.max() + np.log(weights.sum() / math.factorial(d))
    assert result.log_evidence == pytest.approx(expected, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("forbidden", [0.0, 0.4])
def test_frequency_of_every_drawn_dag(rng, forbidden):
    draws = 20_000
    table = random_table(3, seed=2, scale=2.0, forbidden=forbidden)
    dags, log_weights, _ = brute_force(table)
    sample = OrderModular(table).sample(draws, rng=rng)
    keys = {dag.tobytes(): k for k, dag in enumerate(dags)}
    counts = np.bincount([keys[drawn.tobytes()] for drawn in sample.adjacency], minlength=25)
    probabilities = np.exp(log_weights - np.logaddexp.reduce(log_weights))
    level = 1e-4 / len(dags) / 2
    assert (stats.binom.cdf(counts, draws, probabilities) > level).all()
    assert (stats.binom.sf(counts - 1, draws, probabilities) > level).all()


@pytest.mark.parametrize(("d", "scale"), [(1, 1.0), (7, 2.0), (11, 1.0), (9, 500.0)])
def test_draws_are_dags_in_their_orders_with_the_exact_edge_frequencies(rng, d, scale):
    draws = 3000
    table = random_table(d, seed=d, scale=scale)
    posterior = OrderModular(table)
    shares = []
    sample = posterior.sample(draws, rng=rng, progress=shares.append)
    assert shares == [(k + 1) / d for k in range(d)]
    place = np.argsort(sample.orders, axis=1)
    assert (np.sort(sample.orders, axis=1) == np.arange(d)).all()
    assert not (sample.adjacency & (place[:, :, None] >= place[:, None, :])).any()
    np.testing.assert_array_equal(
        sample.log_scores, table.log_reward(graph.parent_masks(sample.adjacency)).reshape(-1)
    )
    assert sample.self_check < 1e-6
    edge, counts = posterior.edge_marginals(), sample.adjacency.sum(axis=0)
    level = 1e-4 / d**2 / 2
    assert (stats.binom.cdf(counts, draws, edge) > level).all()
    assert (stats.binom.sf(counts - 1, draws, edge) > level).all()


def test_the_seed_decides():
    posterior = OrderModular(random_table(5, seed=0))
    first, again, other = (
        posterior.sample(50, rng=np.random.default_rng(seed)).adjacency for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert posterior.sample(0, rng=np.random.default_rng(0)).adjacency.shape == (0, 5, 5)


@pytest.mark.parametrize("d", [1, 3, 4])
def test_numbers_of_orders(d):
    of_graph = {dag.tobytes(): count for dag, _, count in zip(*brute_force(random_table(d, 0)), strict=True)}
    masks = enumerate_dags(d)
    adjacency = graph.adjacency_from_masks(masks.astype(np.int64), d)
    assert num_topological_orders(masks).tolist() == [of_graph[dag.tobytes()] for dag in adjacency]


def test_all_orders_are_shared_out_among_the_dags():
    """Summed over DAGs: an order of 5 nodes agrees with 2^10 of them."""
    assert num_topological_orders(enumerate_dags(5)).sum() == math.factorial(5) * 2**10


def test_two_nodes_show_the_bias():
    """The three DAGs count 2 : 1 : 1, where the posterior over DAGs has 1 : 1 : 1."""
    posterior = OrderModular(Table(np.zeros((2, 2))))
    assert posterior.edge_marginals()[0, 1] == pytest.approx(0.25)
    assert posterior.log_evidence == pytest.approx(np.log(2))


def test_equivalent_dags_differ():
    """A chain has one order, the equivalent fork from its middle C(d - 1, (d - 1) / 2)."""
    d = 5
    chain = [0, 1, 2, 4, 8]
    fork = [2, 4, 0, 4, 8]
    of_chain, of_fork = num_topological_orders(np.array([chain, fork], dtype=np.uint8))
    assert (of_chain, of_fork) == (1, math.comb(d - 1, (d - 1) // 2))


def test_forbidden_sets_and_no_dag():
    table = random_table(6, seed=3, forbidden=0.5)
    table.complete[2] = -np.inf
    table.complete[2, 1] = 0.0  # the parents of 2 are {0}
    edge = OrderModular(table).edge_marginals()
    assert edge[0, 2] == pytest.approx(1)
    assert edge[2, 0] == 0
    table.complete[:, 0] = -np.inf
    with pytest.raises(ConstraintError, match="no DAG"):
        OrderModular(table)


def test_a_failing_self_check_is_refused(monkeypatch, rng):
    monkeypatch.setattr("dag_gfn.exact.order_modular.TOLERANCE", -1.0)
    with pytest.raises(NotTractable, match="off by"):
        OrderModular(random_table(4, seed=0)).sample(3, rng=rng)
