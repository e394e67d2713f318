import numpy as np
import pytest
from exact_tables import Table, peaked_table, random_table
from scipy import stats

from dag_gfn.errors import ConstraintError, NotTractable
from dag_gfn.exact.dag_dp import exact_marginals
from dag_gfn.exact.dag_recursion import DagRecursion
from dag_gfn.exact.dag_sampling import DagSampler
from dag_gfn.exact.enumeration import enumerate_dags, exact_posterior
from dag_gfn.graphs import graph


def assert_frequencies(counts, probabilities, draws):
    """Hold counts to their binomial distributions; together they may fail once in ten thousand runs."""
    counts, probabilities = np.ravel(counts), np.clip(np.ravel(probabilities), 0, 1)
    level = 1e-4 / len(counts) / 2
    assert (stats.binom.cdf(counts, draws, probabilities) > level).all()
    assert (stats.binom.sf(counts - 1, draws, probabilities) > level).all()


@pytest.mark.parametrize("scale", [0.0, 1.0, 5.0])
@pytest.mark.parametrize("forbidden", [0.0, 0.4])
def test_frequency_of_every_dag(rng, scale, forbidden):
    draws = 20_000
    table = random_table(3, seed=2, scale=scale, forbidden=forbidden)
    exact = exact_posterior(table)
    sample = DagSampler(table).sample(draws, rng=rng)
    keys = {tuple(masks): k for k, masks in enumerate(enumerate_dags(3).tolist())}
    drawn = [keys[tuple(masks)] for masks in graph.parent_masks(sample.adjacency).tolist()]
    counts = np.bincount(drawn, minlength=25)
    assert_frequencies(counts, np.exp(exact.log_probabilities), draws)
    np.testing.assert_allclose(sample.log_probabilities, exact.log_probabilities[drawn], atol=1e-12)


@pytest.mark.parametrize(
    "table",
    [
        random_table(6, seed=1),
        random_table(7, seed=5, scale=3.0, forbidden=0.3),
        peaked_table(8, seed=3, nats=5.0),
        peaked_table(8, seed=3, nats=2000.0),
        random_table(11, seed=4, scale=2.0),
        Table(np.zeros((12, 1 << 11))),
    ],
    ids=["six", "constrained", "peaked", "thousands of nats", "eleven", "uniform"],
)
def test_edges_and_paths_have_their_exact_frequencies(rng, table):
    draws = 4000
    sample = DagSampler(table).sample(draws, rng=rng)
    exact = exact_marginals(table)
    assert graph.is_dag(sample.adjacency).all()
    assert_frequencies(sample.adjacency.sum(axis=0), exact.edge, draws)
    assert_frequencies(graph.path_matrix(sample.adjacency).sum(axis=0), exact.path, draws)
    log_scores = table.log_reward(graph.parent_masks(sample.adjacency))
    np.testing.assert_array_equal(sample.log_scores, log_scores)
    np.testing.assert_array_equal(sample.log_probabilities, log_scores - exact.log_evidence)
    assert sample.self_check < 1e-6  # the parts were drawn with the probabilities of the whole


def test_the_seed_decides(rng):
    sampler = DagSampler(random_table(5, seed=0))
    first = sampler.sample(50, rng=np.random.default_rng(1))
    again = sampler.sample(50, rng=np.random.default_rng(1))
    other = sampler.sample(50, rng=np.random.default_rng(2))
    np.testing.assert_array_equal(first.adjacency, again.adjacency)
    assert (first.adjacency != other.adjacency).any()


def test_no_draws_and_one_node(rng):
    sample = DagSampler(random_table(3, seed=0)).sample(0, rng=rng)
    assert sample.adjacency.shape == (0, 3, 3)
    sample = DagSampler(random_table(1, seed=0)).sample(2, rng=rng)
    np.testing.assert_allclose(sample.log_probabilities, 0, atol=1e-14)


def test_a_failing_self_check_is_refused(monkeypatch, rng):
    monkeypatch.setattr("dag_gfn.exact.dag_sampling.TOLERANCE", -1.0)
    with pytest.raises(NotTractable, match="off by"):
        DagSampler(random_table(4, seed=0)).sample(3, rng=rng)


def test_no_dag():
    complete = np.zeros((3, 4))
    complete[:, 0] = -np.inf
    with pytest.raises(ConstraintError, match="no DAG"):
        DagSampler(Table(complete))


def test_interruption(rng):
    def interrupt(share):
        raise KeyboardInterrupt

    table = random_table(6, seed=0)
    with pytest.raises(KeyboardInterrupt):
        DagSampler(table, progress=interrupt)
    with pytest.raises(KeyboardInterrupt):
        DagSampler(table).sample(5, rng=rng, progress=interrupt)


def test_a_recursion_at_hand_is_not_solved_again():
    table, shares = random_table(6, seed=2), []
    recursion = DagRecursion(table.complete)
    recursion.solve(with_sources=True)
    shared = DagSampler(table, recursion=recursion, progress=shares.append)
    own = DagSampler(table)
    first, second = (sampler.sample(40, rng=np.random.default_rng(1)) for sampler in (shared, own))
    np.testing.assert_array_equal(first.adjacency, second.adjacency)
    assert first.log_evidence == second.log_evidence
    assert shares == []
