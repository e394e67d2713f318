import numpy as np
import oracles
import pytest
from exact_tables import Table, peaked_table, random_table
from hypothesis import given, settings
from hypothesis import strategies as st

from dag_gfn.data import from_array
from dag_gfn.errors import ConstraintError, NotTractable
from dag_gfn.exact.dag_dp import Estimate, estimate, exact_marginals, in_words, log_evidence
from dag_gfn.exact.dag_recursion import DagRecursion
from dag_gfn.exact.enumeration import exact_posterior, graph_posterior
from dag_gfn.scores import Constraints, ScoreTable, make_prior, make_score


def assert_same_as_enumeration(table, *, max_nodes=5, atol=1e-10):
    exact = exact_posterior(table, max_nodes=max_nodes)
    names = [str(node) for node in range(table.d)]
    expected = graph_posterior(names, exact.masks, exact.log_probabilities)
    result = exact_marginals(table, parent_sets=True)
    for feature in ("edge", "path"):
        np.testing.assert_allclose(
            getattr(result, feature), expected.marginal(feature).values, rtol=0, atol=atol
        )
    np.testing.assert_allclose(
        result.parent_sets, expected.marginals["parent_sets"].values, rtol=0, atol=atol
    )
    assert result.log_evidence == pytest.approx(exact.log_evidence, abs=atol)
    assert log_evidence(table) == result.log_evidence
    assert_probabilities(result)
    return result


def assert_probabilities(result):
    for values in (result.edge, result.path, result.parent_sets):
        assert values.min() >= 0
        assert values.max() <= 1
    np.testing.assert_allclose(result.parent_sets.sum(axis=1), 1, atol=max(result.error_bound, 1e-14))
    assert not np.diag(result.edge).any()
    assert not np.diag(result.path).any()
    assert result.self_check <= result.error_bound < 1e-9


@settings(max_examples=60)
@given(
    d=st.integers(1, 4),
    seed=st.integers(0, 2**32 - 1),
    scale=st.sampled_from([0.0, 1.0, 10.0, 300.0, 5000.0]),
    forbidden=st.sampled_from([0.0, 0.3, 0.7]),
)
def test_same_as_enumeration(d, seed, scale, forbidden):
    table = random_table(d, seed, scale=scale, forbidden=forbidden)
    try:
        exact_posterior(table)
    except ConstraintError:
        with pytest.raises(ConstraintError):
            exact_marginals(table)
        return
    assert_same_as_enumeration(table)


@pytest.mark.parametrize("scale", [1.0, 20.0])
@pytest.mark.parametrize("forbidden", [0.0, 0.3])
def test_same_as_enumeration_of_five_nodes(scale, forbidden):
    assert_same_as_enumeration(random_table(5, seed=5, scale=scale, forbidden=forbidden))


@pytest.mark.slow
def test_same_as_enumeration_of_six_nodes():
    assert_same_as_enumeration(random_table(6, seed=6, scale=3.0), max_nodes=6, atol=1e-10)


@pytest.mark.parametrize("prior", ["uniform", "edge", "erdos_renyi", "fair"])
@pytest.mark.parametrize(
    "constraints",
    [
        {},
        {"max_parents": 1},
        {"required": [("x0", "x2"), ("x2", "x3")], "forbidden": [("x1", "x3")]},
        {"required": [("x3", "x2"), ("x2", "x1"), ("x1", "x0"), ("x4", "x3")], "max_parents": 2},
    ],
)
def test_every_prior_and_constraint(rng, prior, constraints):
    values = rng.normal(size=(60, 5)) @ (np.eye(5) + 0.5 * rng.normal(size=(5, 5)))
    score = make_score("bge", from_array(values).standardize())
    names = score.data.names
    assert names[0] == "x0"
    table = ScoreTable.build(score, make_prior(prior, 5), Constraints.from_names(names, **constraints))
    result = assert_same_as_enumeration(table)
    for source, target in constraints.get("required", []):
        assert result.edge[names.index(source), names.index(target)] == pytest.approx(1, abs=1e-12)
    for source, target in constraints.get("forbidden", []):
        assert result.edge[names.index(source), names.index(target)] == 0


@pytest.mark.parametrize("d", [6, 7, 8])
@pytest.mark.parametrize("nats", [3.0, 100.0, 3000.0])
def test_peaked_tables_against_high_precision(d, nats):
    table = peaked_table(d, seed=d, nats=nats)
    edge, path, sets, evidence = oracles.posterior_in_high_precision(table.complete)
    result = exact_marginals(table, parent_sets=True)
    np.testing.assert_allclose(result.edge, edge, rtol=0, atol=1e-9)
    np.testing.assert_allclose(result.path, path, rtol=0, atol=1e-9)
    np.testing.assert_allclose(result.parent_sets, sets, rtol=0, atol=1e-9)
    assert result.log_evidence == pytest.approx(evidence, rel=1e-13, abs=1e-9)
    assert_probabilities(result)


@pytest.mark.parametrize("seed", [0, 1])
def test_small_probabilities_are_not_cut_off(seed):
    """Terms that are left out are far below these, and here none of them cancels."""
    table = random_table(7, seed=seed, scale=100.0)
    edge = oracles.posterior_in_high_precision(table.complete)[0]
    small = (edge > 1e-60) & (edge < 1e-20)
    assert small.sum() > 3
    np.testing.assert_allclose(exact_marginals(table).edge[small], edge[small], rtol=1e-9)


def test_a_chain_of_required_edges_leaves_most_subsets_without_a_dag():
    d = 8
    complete = np.full((d, 1 << (d - 1)), -np.inf)
    for j in range(d):  # the parents of j are j + 1 alone, or j + 1 and j + 2
        for extra in (0, 1):
            parents = sum(1 << i for i in range(j + 1, min(j + 2 + extra, d)))
            complete[j, parents & (1 << j) - 1 | (parents >> 1) & ~((1 << j) - 1)] = -5000.0 * extra * (j % 2)
    result = exact_marginals(Table(complete), parent_sets=True)
    edge, path, sets, evidence = oracles.posterior_in_high_precision(complete)
    np.testing.assert_allclose(result.edge, edge, atol=1e-12)
    np.testing.assert_allclose(result.path, path, atol=1e-12)
    np.testing.assert_allclose(result.parent_sets, sets, atol=1e-12)
    assert result.log_evidence == pytest.approx(evidence, abs=1e-12)


def test_best_sets_that_form_a_cycle():
    """Each node's best parents are far better than any that a DAG can have together."""
    d = 7
    complete = np.zeros((d, 1 << (d - 1)))
    for j in range(d):
        i = (j + 1) % d
        complete[j, 1 << (i if i < j else i - 1)] = 4000.0
    edge, path, _, evidence = oracles.posterior_in_high_precision(complete)
    result = exact_marginals(Table(complete))
    np.testing.assert_allclose(result.edge, edge, atol=1e-12)
    np.testing.assert_allclose(result.path, path, atol=1e-12)
    assert result.log_evidence == pytest.approx(evidence, rel=1e-15)
    assert result.parent_sets is None


@pytest.mark.parametrize("sparse", [0.0, 3.0, 10.0])
def test_errors_stay_within_their_bound(sparse):
    """Without parents as the best choice all nodes are roots and cancellation is at its worst."""
    table = random_table(7, seed=1)
    table.complete[:, 0] += sparse
    result = exact_marginals(table)
    edge, path, _, evidence = oracles.posterior_in_high_precision(table.complete)
    assert np.abs(result.edge - edge).max() <= result.error_bound
    assert np.abs(result.path - path).max() <= result.error_bound
    assert abs(result.log_evidence - evidence) <= result.error_bound + 4e-16 * abs(evidence)


@pytest.mark.parametrize("d", [11, 13])
def test_nodes_in_another_order_have_the_same_probabilities(rng, d):
    """The layout treats the first nodes, the next ones and the last ones differently."""
    values = rng.normal(size=(300, d)) @ (np.eye(d) + 0.5 * rng.normal(size=(d, d)))
    order = rng.permutation(d)
    first = exact_marginals(ScoreTable.build(make_score("bge", from_array(values).standardize())))
    second = exact_marginals(ScoreTable.build(make_score("bge", from_array(values[:, order]).standardize())))
    np.testing.assert_allclose(second.edge, first.edge[np.ix_(order, order)], atol=1e-9)
    np.testing.assert_allclose(second.path, first.path[np.ix_(order, order)], atol=1e-9)
    assert max(first.self_check, second.self_check) < 1e-12


def test_a_failing_self_check_is_refused(monkeypatch):
    monkeypatch.setattr("dag_gfn.exact.dag_dp.TOLERANCE", -1.0)
    with pytest.raises(NotTractable, match="fails its own check"):
        exact_marginals(random_table(4, seed=0))


def test_progress_rises_to_one_and_can_interrupt():
    shares = []
    exact_marginals(random_table(11, seed=0), progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1)

    def interrupt(share):
        if share > 0.6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        exact_marginals(random_table(11, seed=0), progress=interrupt)


def test_estimates_grow_threefold_and_twenty_nodes_fit_four_gigabytes():
    assert estimate(21).seconds / estimate(20).seconds == pytest.approx(3, rel=0.1)
    assert estimate(20, marginals=False).seconds < estimate(20).seconds
    assert estimate(20, parent_sets=True).bytes < 4e9
    assert estimate(20, marginals=False).bytes < estimate(20).bytes


def test_a_recursion_at_hand_is_not_solved_again():
    table, shares = random_table(6, seed=2), []
    recursion = DagRecursion(table.complete)
    with pytest.raises(ValueError, match="with_sources"):
        exact_marginals(table, recursion=recursion)
    recursion.solve(with_sources=True)
    shared = exact_marginals(table, recursion=recursion, progress=shares.append)
    own = exact_marginals(table)
    np.testing.assert_array_equal(shared.edge, own.edge)
    np.testing.assert_array_equal(shared.path, own.path)
    assert shared.log_evidence == own.log_evidence
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1)


def test_estimates_in_words():
    assert str(Estimate(0.5, 10**6)) == "about 0.5 seconds and 0.1 GB of memory"
    assert str(Estimate(300.0, 25 * 10**8)) == "about 5 minutes and 2.5 GB of memory"
    units = [1.0, 119, 120, 7200, 86400 * 3, 3.15e7 * 2, 1e30]
    assert [in_words(seconds).split()[-1] for seconds in units] == [
        "seconds",
        "seconds",
        "minutes",
        "hours",
        "days",
        "years",
        "centuries",
    ]
