import numpy as np
import pytest

from dag_gfn.data import simulate
from dag_gfn.errors import NotTractable
from dag_gfn.exact.posterior import fit_exact, fit_seconds
from dag_gfn.posterior.features import feature_marginals
from dag_gfn.scores import ScoreTable, make_score


def table(d, **options):
    data = simulate(d, 60, rng=np.random.default_rng(5)).standardize()
    return ScoreTable.build(make_score("bge", data), **options)


def fitted(d, **options):
    return fit_exact(table(d, **options), num_samples=4000, rng=np.random.default_rng(1), memory_limit=1e9)


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
    with pytest.raises(NotTractable, match="fewer columns"):
        fit_exact(table(7), num_samples=10, rng=np.random.default_rng(1), memory_limit=10)


def test_the_estimate_grows_with_columns_and_draws():
    assert fit_seconds(5, 10**6) < fit_seconds(14, 100) < fit_seconds(18, 100) < fit_seconds(18, 10**6)
