"""The paragraph for a paper."""

import numpy as np
import pytest

import dag_gfn
from dag_gfn.posterior import GraphPosterior
from dag_gfn.scores import PRIORS as ALL_PRIORS
from dag_gfn.scores import SCORES as ALL_SCORES
from dag_gfn.views.methods_paragraph import PRIORS, SCORES, methods_paragraph


def made(**info):
    graphs = np.array([[[0, 1], [0, 0]]], dtype=bool)
    return GraphPosterior.from_weights(("a", "b"), graphs, np.zeros(1), info=info)


def test_it_tells_how_an_exact_fit_was_made():
    data = dag_gfn.simulate(3, 100, rng=np.random.default_rng(0))
    text = methods_paragraph(dag_gfn.fit(data, forbidden=[("x0", "x1")], max_parents=1, progress=False))
    for part in (
        "3 variables from 100 rows",
        f"dag_gfn {dag_gfn.__version__}",
        "alpha_mu = 1, alpha_w = 5",
        "uniform prior",
        "Taken as known: forbidden edges: x0 → x1. Columns had at most 1 parents.",
        "Reliability of edge probabilities: exact.",
        "no hidden common causes",
    ):
        assert part in text
    assert "seed" not in text


def test_a_sampled_fit_tells_its_seed_and_what_was_measured():
    data = dag_gfn.simulate(3, 100, rng=np.random.default_rng(0))
    posterior = dag_gfn.fit(data, method="mcmc", iterations=2_000, seed=4, exact_check=False, progress=False)
    text = methods_paragraph(posterior)
    assert "seed 4" in text
    assert f"Reliability of edge probabilities: {posterior.record.claims.edges.reason}." in text


def test_given_graphs_have_no_method():
    assert methods_paragraph(made()).startswith(
        "The posterior distribution over directed acyclic graphs of 2 variables was computed with dag_gfn."
    )


@pytest.mark.parametrize(
    ("told", "known"), [(SCORES, ALL_SCORES), (PRIORS, ALL_PRIORS)], ids=["scores", "priors"]
)
def test_every_score_and_prior_is_told(told, known):
    assert set(told) == set(known)
