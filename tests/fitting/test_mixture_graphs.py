import numpy as np

from dag_gfn.data import from_array
from dag_gfn.exact.enumeration import exact_posterior
from dag_gfn.fitting.mixture_graphs import MixtureScores, most_probable
from dag_gfn.graphs import graph
from dag_gfn.scores import BGe, Constraints, ScoreTable, make_prior


def mixture(rng, storage="complete", d=4):
    common = rng.normal(size=(40, d)) @ (np.eye(d) + np.triu(np.ones((d, d)), 1))
    constraints = Constraints.from_names([f"x{i}" for i in range(d)], forbidden=[("x0", "x1")])
    scores = [BGe(from_array(common + rng.normal(size=(40, d)))) for _ in range(3)]
    tables = [ScoreTable.build(s, make_prior("fair", d), constraints, storage=storage) for s in scores]
    complete = [ScoreTable.build(s, make_prior("fair", d), constraints) for s in scores]
    exact = [exact_posterior(table) for table in complete]
    log_weights = np.log([0.5, 0.3, 0.2])
    log_z = np.array([one.log_evidence for one in exact])
    by_table = np.array([one.log_probabilities for one in exact]) + log_weights[:, None]
    return MixtureScores(tables, log_weights, log_z), exact[0].masks.astype(np.int64), by_table


def test_probabilities_are_those_of_all_dags_listed(rng):
    for storage in ("complete", "lazy"):
        mixed, masks, by_table = mixture(rng, storage)
        expected = np.logaddexp.reduce(by_table, axis=0)
        np.testing.assert_allclose(mixed.log_probability(masks), expected, atol=1e-9)


def test_the_search_finds_the_most_probable_dags_of_all(rng):
    mixed, _, by_table = mixture(rng)
    expected = np.sort(np.logaddexp.reduce(by_table, axis=0))[::-1]
    best, log_probability, cut = most_probable(mixed, np.zeros((1, 4, 4), dtype=bool))
    assert not cut
    np.testing.assert_allclose(log_probability[:10], expected[:10], atol=1e-9)
    np.testing.assert_allclose(mixed.log_probability(graph.parent_masks(best)), log_probability)
    assert graph.is_dag(best).all()
