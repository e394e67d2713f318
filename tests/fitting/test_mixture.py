import numpy as np
import pytest

from dag_gfn.completion.completed_tables import CompletedTables
from dag_gfn.data import from_array
from dag_gfn.fitting.mixture import TableWeights, effective_samples, mixed_feature, relative_error
from dag_gfn.scores import BDeu


def of_chains(chains, each):
    """Return tables of chains, all different, with equal weights."""
    count = chains * each
    return TableWeights(
        np.arange(count),
        np.full(count, -np.log(count)),
        np.repeat(np.arange(chains), each),
        np.tile(np.arange(each), chains),
        False,
    )


def independent(weights):
    count = len(weights)
    zeros = np.zeros(count, dtype=np.int64)
    return TableWeights(np.arange(count), np.log(weights), zeros, zeros, True)


def test_equal_discrete_tables_are_one():
    def score(last):
        return BDeu(from_array(np.array([[0, 0], [0, 1], [1, last]]), discrete="all"))

    completed = CompletedTables(
        [score(0), score(1), score(0)], np.log([0.2, 0.5, 0.3]), np.zeros(3, int), np.arange(3), "weighted"
    )
    tables, scores = TableWeights.of(completed)
    assert len(scores) == 2
    np.testing.assert_allclose(tables.of_distinct(), [0.5, 0.5])


def test_the_first_of_the_turns_are_balanced_over_the_chains(rng):
    tables = of_chains(4, 10)
    turns = tables.turns(rng)
    assert sorted(turns) == list(range(40))
    for k in range(4, 41, 4):
        assert (np.bincount(tables.chains[turns[:k]], minlength=4) == k // 4).all()


def test_a_restricted_mixture_has_the_weights_of_what_is_left():
    tables = independent(np.array([0.1, 0.2, 0.3, 0.4])).restricted([3, 1])
    np.testing.assert_allclose(tables.of_distinct(), [2 / 3, 1 / 3])


def test_one_table_is_that_table(rng):
    values = rng.random((1, 3, 3))
    mixed = mixed_feature(values, None, independent(np.ones(1)))
    np.testing.assert_allclose(mixed.marginal.values, values[0])
    assert not mixed.deviation.any()
    assert not mixed.marginal.standard_error.any()


@pytest.mark.parametrize("weighted", [False, True])
def test_the_error_of_independent_tables_is_that_of_repeated_draws(rng, weighted):
    """Means over many mixtures spread as the standard error of each says."""
    means, errors = [], []
    for _ in range(2_000):
        weights = rng.gamma(2.0, size=60) if weighted else np.ones(60)
        mixed = mixed_feature(rng.beta(2, 3, size=(60, 1)), None, independent(weights / weights.sum()))
        means.append(mixed.marginal.values[0])
        errors.append(mixed.marginal.standard_error[0])
    spread, error = np.std(means), np.sqrt(np.mean(np.square(errors)))
    assert abs(np.mean(means) - 0.4) < 4 * spread / np.sqrt(2_000)
    assert (
        abs(error / spread - 1) < 0.08
    )  # of 2,000 draws the spread is known to 1.6 %, less 1/60 for the mean


def test_tables_along_a_chain_are_worth_fewer(rng):
    tables = of_chains(4, 50)
    shocks = rng.normal(size=(4, 50, 1))
    walk = np.empty_like(shocks)
    walk[:, 0] = shocks[:, 0]
    for t in range(1, 50):
        walk[:, t] = 0.9 * walk[:, t - 1] + np.sqrt(1 - 0.81) * shocks[:, t]
    values = 1 / (1 + np.exp(-walk)).reshape(200, 1)
    mixed = mixed_feature(values, None, tables)
    assert mixed.chains is not None
    assert mixed.chains.min_effective_draws < 80
    assert mixed.marginal.standard_error[0] > 1.5 * mixed.deviation[0] / np.sqrt(200)


def test_errors_of_the_tables_themselves_are_part_of_the_error():
    mixed = mixed_feature(np.full((4, 1), 0.5), np.full((4, 1), 0.2), independent(np.full(4, 0.25)))
    np.testing.assert_allclose(mixed.marginal.standard_error, 0.1)


def test_effective_samples_lie_between_those_of_tables_and_draws(rng):
    values = rng.random((50, 5))
    tables = independent(np.full(50, 0.02))
    edges = mixed_feature(values, None, tables)
    found = effective_samples(edges, 50.0, 10_000.0)
    assert 50 < found < 10_000
    assert effective_samples(mixed_feature(np.full((50, 2), 0.3), None, tables), 50.0, None) is None


def test_relative_errors_of_graphs(rng):
    by_table = rng.gamma(1.0, size=(30, 3))
    found = relative_error(by_table, independent(np.full(30, 1 / 30)))
    np.testing.assert_allclose(found, by_table.std(axis=0) / by_table.mean(axis=0) / np.sqrt(30))
