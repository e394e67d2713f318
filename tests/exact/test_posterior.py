import networkx as nx
import numpy as np
import oracles
import pytest
from result_cases import recorded
from scipy import stats

from dag_gfn.data import simulate
from dag_gfn.errors import NotTractable
from dag_gfn.exact.dag_recursion import DagRecursion
from dag_gfn.exact.enumeration import exact_posterior, graph_posterior
from dag_gfn.exact.posterior import fit_estimate, fit_exact, fit_order_modular
from dag_gfn.posterior.features import feature_marginals
from dag_gfn.scores import ScoreTable, make_score


def table(d, **options):
    data = simulate(d, 60, rng=np.random.default_rng(5)).standardize()
    return ScoreTable.build(make_score("bge", data), **options)


def exact_fit(scores, **options):
    return recorded(fit_exact(scores, memory_limit=1e9, **options), method="exact")


def order_modular_fit(scores, **options):
    return recorded(
        fit_order_modular(scores, memory_limit=1e9, **options), method="exact", order_modular=True
    )


def fitted(d, **options):
    return recorded(
        fit_exact(table(d, **options), num_samples=4000, rng=np.random.default_rng(1), memory_limit=1e9),
        method="exact",
    )


def test_beyond_enumeration_probabilities_are_exact_and_graphs_are_draws():
    posterior = fitted(7)
    drawn = feature_marginals("edge", posterior.graphs, posterior.weights)
    edge = posterior.marginal("edge")
    assert edge.source == "exact"
    error = np.sqrt(edge.values * (1 - edge.values) / 4000)
    assert np.all(np.abs(drawn - edge.values) <= 5 * error + 1e-9)
    assert posterior.marginals["parent_sets"].values.sum(axis=1) == pytest.approx(np.ones(7))
    best = posterior.info["best_graph"]
    assert best["log_score"] >= posterior.log_scores.max() - 1e-9
    assert best["probability"] == pytest.approx(np.exp(best["log_score"] - posterior.log_evidence))


def test_what_is_too_large_is_refused_with_estimate_and_remedy():
    with pytest.raises(NotTractable, match=r"7 columns would take about .* seconds and .* GB.*gflownet"):
        fitted(7, storage="lazy")
    for fit in (fit_exact, fit_order_modular):
        with pytest.raises(NotTractable, match=r"more than the .* GB it may take.*fewer columns"):
            fit(table(7), num_samples=10, rng=np.random.default_rng(1), memory_limit=10)


def test_the_estimate_grows_with_columns_and_draws():
    for orders in (False, True):
        sizes = [(5, 10**6), (16, 1000), (18, 1000), (18, 10**6)]
        seconds = [fit_estimate(d, draws, order_modular=orders).seconds for d, draws in sizes]
        assert seconds == sorted(seconds)
        assert fit_estimate(20, 20_000, order_modular=orders).bytes < 1e9
    assert fit_estimate(20, 100, order_modular=True).seconds < fit_estimate(20, 100).seconds
    assert str(fit_estimate(25, 100)).startswith("about ")
    assert "centuries" in str(fit_estimate(40, 100))


def test_the_recursion_is_solved_once(monkeypatch):
    solved = []
    monkeypatch.setattr(
        DagRecursion,
        "solve",
        lambda self, _solve=DagRecursion.solve, **how: solved.append(_solve(self, **how)),
    )
    fitted(6)
    assert len(solved) == 1


def test_every_part_tells_its_progress():
    told = {}
    fit_exact(
        table(6), num_samples=10, rng=np.random.default_rng(1), memory_limit=1e9, progress=told.__setitem__
    )
    assert list(told) == ["summing over graphs", "probabilities", "sampling graphs"]
    assert list(told.values()) == pytest.approx([1, 1, 1], abs=0.01)


# --- features that are counted in the draws ---


def test_errors_of_markov_blankets_are_as_large_as_they_say():
    """Over many fits, squared deviations from a far larger sample have the distribution of their errors."""
    fits, draws, many = 25, 400, 30_000
    scores = table(7)
    truth = recorded(
        fit_exact(scores, num_samples=many, rng=np.random.default_rng(99), memory_limit=1e9), method="exact"
    )
    p = truth.markov_blanket_marginals().to_numpy()
    q = np.clip(p - truth.linked_marginals().to_numpy(), 0, None)  # what is counted: links are exact
    squares = np.zeros((7, 7))
    for seed in range(fits):
        posterior = recorded(
            fit_exact(scores, num_samples=draws, rng=np.random.default_rng(seed), memory_limit=1e9),
            method="exact",
        )
        own, error = posterior.marginal("markov_blanket"), posterior.standard_errors("markov_blanket")
        assert own.source == "samples"
        beside = own.values - posterior.linked_marginals().to_numpy()  # links are exact: these are counted
        np.testing.assert_allclose(error, np.sqrt(np.clip(beside * (1 - beside), 0, None) / draws), atol=1e-8)
        with np.errstate(divide="ignore", invalid="ignore"):
            squares += (own.values - p) ** 2 / (error.to_numpy() ** 2 + q * (1 - q) / many)
    told = (q > 0.05) & (q < 0.95) & np.triu(np.ones((7, 7), dtype=bool), 1)
    assert told.sum() >= 5
    level = 1e-4 / told.sum() / 2
    assert (stats.chi2.cdf(squares[told], fits) > level).all()
    assert (stats.chi2.sf(squares[told], fits) > level).all()


@pytest.mark.slow
def test_markov_blankets_of_six_nodes_are_within_their_errors_of_enumeration():
    scores = table(6)
    exact = exact_posterior(scores, max_nodes=6)
    expected = graph_posterior(scores.names, exact.masks, exact.log_probabilities)
    posterior = recorded(
        fit_exact(scores, num_samples=20_000, rng=np.random.default_rng(3), memory_limit=1e9), method="exact"
    )
    p = expected.marginal("markov_blanket").values
    own = posterior.markov_blanket_marginals().to_numpy()
    counted = p - expected.marginal("linked").values  # by a common child alone: links are known exactly
    counted = np.clip(counted, 0.0, 1.0)  # rounding
    error = np.sqrt(counted * (1 - counted) / 20_000)
    assert np.all(np.abs(own - p) <= 4.5 * error + 1e-9)
    told = (counted > 0.01) & (counted < 0.99)
    assert told.sum() >= 5
    errors = posterior.standard_errors("markov_blanket").to_numpy()
    np.testing.assert_allclose(errors[told], error[told], rtol=0.1)


# --- the order-modular posterior ---


@pytest.mark.parametrize("d", [2, 4])
def test_order_modular_weights_of_few_nodes(d):
    scores = table(d)
    posterior = recorded(
        fit_order_modular(scores, num_samples=10, rng=np.random.default_rng(1), memory_limit=1e9),
        order_modular=True,
    )
    dags = oracles.all_dags(d)
    log_scores = scores.log_reward((dags * (1 << np.arange(d))[:, None]).sum(axis=1))
    orders = [len(list(nx.all_topological_sorts(oracles.as_networkx(dag)))) for dag in dags]
    log_weights = log_scores + np.log(orders)
    total = np.logaddexp.reduce(log_weights)
    expected = {dag.tobytes(): w - total for dag, w in zip(dags, log_weights, strict=True)}
    found = {dag.tobytes(): w for dag, w in zip(posterior.graphs, posterior.log_weights, strict=True)}
    assert found.keys() == expected.keys()
    assert [found[key] for key in expected] == pytest.approx(list(expected.values()), abs=1e-9)
    assert posterior.log_evidence == pytest.approx(total - np.log(float(np.prod(range(1, d + 1)))), abs=1e-9)
    assert posterior.info["all_dags"] is posterior.info["order_modular"] is True
    of = {dag.tobytes(): score for dag, score in zip(dags, log_scores, strict=True)}
    np.testing.assert_allclose(posterior.log_scores, [of[dag.tobytes()] for dag in posterior.graphs])


def test_order_modular_draws_agree_with_exact_edges():
    posterior = recorded(
        fit_order_modular(table(7), num_samples=4000, rng=np.random.default_rng(1), memory_limit=1e9),
        order_modular=True,
    )
    edge = posterior.marginal("edge")
    assert edge.source == "exact"
    assert posterior.marginal("path").source == "samples"
    error = np.sqrt(edge.values * (1 - edge.values) / 4000)
    drawn = feature_marginals("edge", posterior.graphs, posterior.weights)
    assert np.all(np.abs(drawn - edge.values) <= 5 * error + 1e-9)
    assert posterior.info["order_modular"] is True
    assert posterior.info["diagnostics"]["self_check"] < 1e-6
    assert np.abs(edge.values - fitted(7).marginal("edge").values).max() > 0.01  # the bias
