import numpy as np
import oracles
import pytest

from dag_gfn.errors import ConstraintError, NotTractable
from dag_gfn.exact.enumeration import enumerate_dags, exact_posterior, graph_posterior
from dag_gfn.graphs import graph, subsets


class RandomTable:
    """Local scores drawn at random; stands in for a ScoreTable."""

    def __init__(self, d, seed, scale=3.0):
        self.d = d
        self.local = np.random.default_rng(seed).normal(scale=scale, size=(d, 1 << d))

    def log_reward(self, parents):
        return self.local[np.arange(self.d), parents].sum(axis=1)


def adjacency(masks):
    return graph.adjacency_from_masks(masks.astype(np.int64), masks.shape[1])


def names(d):
    return list("abcdef"[:d])


@pytest.mark.parametrize("d", [1, 2, 3, 4])
def test_same_graphs_as_testing_all_digraphs(d):
    found = {g.tobytes() for g in adjacency(enumerate_dags(d))}
    assert found == {g.tobytes() for g in oracles.all_dags(d)}
    assert len(found) == len(enumerate_dags(d))


@pytest.mark.parametrize("d", [1, 2, 3, 4, 5, 6])
def test_known_number_of_distinct_dags(d):
    masks = enumerate_dags(d, max_nodes=6)
    assert len(masks) == oracles.NUM_DAGS[d]
    keys = masks.astype(np.int64) @ (np.int64(1) << (d * np.arange(d)))
    assert len(np.unique(keys)) == len(masks)
    step = 1 << 19
    for start in range(0, len(masks), step):
        assert graph.is_dag(adjacency(masks[start : start + step])).all()


@pytest.mark.parametrize("d", [2, 3, 4, 5])
def test_ordered_by_number_of_edges(d):
    num_edges = subsets.popcount(enumerate_dags(d).astype(np.int64)).sum(axis=1)
    assert num_edges[0] == 0
    assert num_edges[-1] == d * (d - 1) // 2
    assert np.all(np.diff(num_edges) >= 0)


def test_result_is_cached_and_cannot_be_changed():
    assert enumerate_dags(4) is enumerate_dags(4, max_nodes=6)
    with pytest.raises(ValueError, match="read-only"):
        enumerate_dags(4)[0, 0] = 1


@pytest.mark.parametrize(
    ("d", "max_nodes", "message"),
    [
        (6, 5, "3,781,503 DAGs on 6 nodes.*pass max_nodes=6"),
        (7, 9, "1,138,779,265 DAGs on 7 nodes.*dynamic programme"),
        (40, 5, "more than .* DAGs on 40 nodes"),
    ],
)
def test_refuses_what_is_too_large_with_a_remedy(d, max_nodes, message):
    with pytest.raises(NotTractable, match=message):
        enumerate_dags(d, max_nodes=max_nodes)


@pytest.mark.parametrize("d", [2, 3, 4])
def test_posterior_and_marginals_by_a_plain_loop(d):
    table = RandomTable(d, seed=d)
    rewards, edge, path, blanket = [], np.zeros((d, d)), np.zeros((d, d)), np.zeros((d, d))
    sets = np.zeros((d, 1 << (d - 1)))
    for dag in oracles.all_dags(d):
        parents = [sum(1 << i for i in range(d) if dag[i, j]) for j in range(d)]
        reward = np.exp(sum(table.local[j, parents[j]] for j in range(d)))
        rewards.append(reward)
        edge += reward * dag
        path += reward * (oracles.closure(dag) & ~np.eye(d, dtype=bool))
        blanket += reward * oracles.markov_blanket(dag)
        for j in range(d):
            allowed = [s for s in range(1 << d) if not s >> j & 1]
            sets[j, allowed.index(parents[j])] += reward
    total = sum(rewards)

    exact = exact_posterior(table)
    posterior = graph_posterior(
        names(d), exact.masks, exact.log_probabilities, log_evidence=exact.log_evidence
    )
    assert exact.log_evidence == pytest.approx(np.log(total), abs=1e-12)
    np.testing.assert_allclose(np.sort(np.exp(exact.log_probabilities)), np.sort(rewards) / total, rtol=1e-12)
    for feature, expected in (("edge", edge), ("path", path), ("markov_blanket", blanket)):
        np.testing.assert_allclose(posterior.marginal(feature).values, expected / total, atol=1e-12)
    np.testing.assert_allclose(posterior.marginals["parent_sets"].values, sets / total, atol=1e-12)
    assert posterior.log_scores[0] == pytest.approx(np.log(max(rewards)), abs=1e-12)


def test_graph_posterior_keeps_every_graph_and_says_so():
    exact = exact_posterior(RandomTable(5, seed=1, scale=200.0))  # weights far below the smallest double
    posterior = graph_posterior(names(5), exact.masks, exact.log_probabilities)
    assert len(posterior) == 29_281
    assert posterior.info["all_dags"] is True
    assert posterior.log_weights[-1] < -1000
    assert posterior.standard_errors("edge").to_numpy().max() == 0
    assert np.isnan(posterior.log_scores).all()


def test_forbidden_graphs_have_probability_zero():
    table = RandomTable(3, seed=0)
    table.local[1, :] = -np.inf
    table.local[1, 0b001] = 0.0  # the parents of 1 are {0}
    exact = exact_posterior(table)
    posterior = graph_posterior(names(3), exact.masks, exact.log_probabilities)
    assert posterior.edge_marginals().loc["a", "b"] == pytest.approx(1)
    assert posterior.edge_marginals().loc["c", "b"] == 0
    assert len(posterior) == np.isfinite(exact.log_probabilities).sum()


def test_error_when_the_constraints_leave_no_dag():
    table = RandomTable(3, seed=0)
    table.local[:, 0] = -np.inf  # every DAG has a node without parents
    with pytest.raises(ConstraintError, match="none of the 25 DAGs on 3 nodes satisfies"):
        exact_posterior(table)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_rewards_that_are_no_numbers_are_an_error(bad):
    table = RandomTable(3, seed=0)
    table.local[0, 0] = bad
    with pytest.raises(ValueError, match="log-rewards"):
        exact_posterior(table)


@pytest.mark.slow
def test_six_nodes_lose_no_more_mass_than_promised():
    exact = exact_posterior(RandomTable(6, seed=6), max_nodes=6)
    posterior = graph_posterior(names(6), exact.masks, exact.log_probabilities)
    assert len(posterior) < 3_781_503
    largest = np.sort(np.exp(exact.log_probabilities))[::-1]
    assert largest[: len(posterior)].sum() == pytest.approx(1, abs=2e-12)
    assert largest[: len(posterior) - 1].sum() < 1 - 1e-13
    np.testing.assert_allclose(
        posterior.marginal("edge").values, np.tensordot(posterior.weights, posterior.graphs, 1), atol=1e-11
    )
