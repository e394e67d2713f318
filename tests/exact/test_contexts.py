"""Exact posteriors beside contexts, against the recursion over all nodes, which knows nothing of contexts."""

import numpy as np
import pytest

import dag_gfn
from dag_gfn.exact.best_dag import best_dag
from dag_gfn.exact.contexts import posterior_beside_contexts
from dag_gfn.exact.dag_dp import exact_marginals
from dag_gfn.scores import Constraints, ScoreTable, make_prior, make_score


@pytest.fixture
def table(rng):
    frame = dag_gfn.simulate(4, 40, rng=rng).to_frame()
    for k, name in enumerate(("one", "two", "three")):  # contexts stand among the variables
        frame.insert(2 * k, name, rng.choice(["a", "b"], size=40))
    data = dag_gfn.from_frame(frame, context=["one", "two", "three"]).standardize()
    score = make_score("bge", data)
    forbidden = [(data.names[1], data.names[3])]
    constraints = Constraints.from_names(data.names, required=[("two", data.names[5])], forbidden=forbidden)
    return ScoreTable.build(
        score, make_prior("edge", 7, beta=0.7), constraints.with_contexts(score.contexts, score.names)
    )


def test_edges_paths_and_evidence_are_those_of_the_recursion_over_all_nodes(table, rng):
    posterior, _, best = posterior_beside_contexts(table, num_samples=4_000, rng=rng)
    whole = exact_marginals(table)
    np.testing.assert_allclose(posterior.marginal("edge").values, whole.edge, atol=1e-10)
    assert posterior.log_evidence == pytest.approx(whole.log_evidence, abs=1e-9)
    path = posterior.marginal("path")
    exact = path.errors() == 0
    np.testing.assert_allclose(path.values[exact], whole.path[exact], atol=1e-10)
    error = np.sqrt(whole.path * (1 - whole.path) / 4_000)
    assert (np.abs(path.values - whole.path) <= 5 * error + 1e-9).all()
    assert best.log_score == pytest.approx(best_dag(table).log_score, abs=1e-9)
    masks = dag_gfn.graphs.graph.parent_masks(best.adjacency)[None]
    assert table.log_reward(masks)[0] == pytest.approx(best.log_score, abs=1e-9)


def test_draws_have_the_exact_frequencies(table, rng):
    posterior, _, _ = posterior_beside_contexts(table, num_samples=4_000, rng=rng)
    edge = posterior.marginal("edge").values
    drawn = np.einsum("m,mij->ij", posterior.weights, posterior.graphs.astype(float))
    assert (np.abs(drawn - edge) <= 5 * np.sqrt(edge * (1 - edge) / 4_000) + 1e-9).all()
    assert not posterior.graphs[:, :, list(table.contexts)].any()
