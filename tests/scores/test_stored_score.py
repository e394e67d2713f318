"""The score of a graph from a saved posterior is that of the fit, for every score and kind of table."""

import numpy as np
import pandas as pd
import pytest

import dag_gfn
from dag_gfn.exact.enumeration import enumerate_dags
from dag_gfn.graphs import graph
from dag_gfn.scores.stored_score import log_prior_of, stored_log_scores

DAGS = graph.adjacency_from_masks(enumerate_dags(3).astype(np.int64), 3)


def numbers(rng):
    values = rng.normal(size=(60, 3))
    values[:, 1] += values[:, 0]
    return values


def forget(posterior, kept=5):
    """Return the posterior as if some of its graphs had been drawn, so that others must be scored anew."""
    info = {key: value for key, value in posterior.info.items() if key not in ("all_dags", "best_graph")}
    return dag_gfn.GraphPosterior.from_weights(
        posterior.names,
        posterior.graphs[:kept],
        posterior.log_weights[:kept],
        posterior.log_scores[:kept],
        info=info,
        statistics=posterior.statistics,
    )


def cases(rng):
    values = numbers(rng)
    codes = (values > 0).astype(int)
    was_set = np.zeros(values.shape, dtype=bool)
    was_set[:10, 1] = True
    mixed = pd.DataFrame(values, columns=["a", "b", "c"])
    mixed["b"] = np.where(mixed.b > 0, "yes", "no")
    holes = pd.DataFrame(values, columns=["a", "b", "c"])
    holes.iloc[:4, 1] = np.nan
    return {
        "bge": (values, {"prior": "fair"}),
        "bge with options": (values, {"standardize": False, "mean_obs": [0.1, 0.0, -0.3], "alpha_w": 7.5}),
        "bge with interventions": (dag_gfn.from_array(values, intervened=was_set), {}),
        "bic": (values, {"score": "bic"}),
        "linear_gaussian": (values, {"score": "linear_gaussian", "noise_variance": 0.7}),
        "bdeu": (dag_gfn.from_array(codes, discrete="all"), {"required": [("x0", "x1")]}),
        "bdeu with interventions": (dag_gfn.from_array(codes, discrete="all", intervened=was_set), {}),
        "bic of categories": (dag_gfn.from_array(codes, discrete="all"), {"score": "bic"}),
        "block": (mixed, {"prior": "edge"}),
        "additive": (values, {"score": "additive", "prior": "fair", "line_probability": 0.2}),
        "additive of mixed tables": (mixed, {"score": "additive", "margins": "as_is", "num_curves": 2}),
        "additive with interventions": (
            dag_gfn.from_array(values, intervened=was_set),
            {"score": "additive"},
        ),
        "missing cells": (holes, {"num_completed": 4}),
    }


@pytest.mark.filterwarnings("ignore::dag_gfn.DataWarning", "ignore::dag_gfn.NotConvergedWarning")
@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, marks=pytest.mark.slow) if case == "missing cells" else case
        for case in cases(np.random.default_rng(0))
    ],
)
def test_scores_are_those_of_the_fit(rng, case):
    data, options = cases(rng)[case]
    posterior = dag_gfn.fit(data, method="exact", progress=False, **options)
    found = stored_log_scores(forget(posterior), posterior.graphs)
    assert np.allclose(found, posterior.log_scores, atol=1e-8)
    others = np.isneginf(stored_log_scores(forget(posterior), DAGS))
    assert others.sum() == 25 - len(posterior)  # what constraints exclude


def test_a_fit_with_something_unknown_has_no_new_scores(rng):
    posterior = dag_gfn.fit(numbers(rng), progress=False)
    odd = dag_gfn.GraphPosterior.from_weights(
        posterior.names,
        posterior.graphs[:5],
        posterior.log_weights[:5],
        posterior.log_scores[:5] + np.array([0.0, 0.0, 0.1, 0.0, 0.0]),  # as if beliefs about edges counted
        info={key: value for key, value in posterior.info.items() if key != "all_dags"},
        statistics=posterior.statistics,
    )
    found = stored_log_scores(odd, posterior.graphs[:7])
    assert np.isfinite(found[:5]).all()
    assert np.isnan(found[5:]).all()


def test_without_statistics_new_graphs_have_no_score(rng):
    graphs = DAGS[:2]
    posterior = dag_gfn.GraphPosterior.from_weights(
        ("a", "b", "c"), graphs, np.zeros(2), np.array([-1.0, -2.0])
    )
    assert np.allclose(stored_log_scores(posterior, DAGS[:3]), [-1.0, -2.0, np.nan], equal_nan=True)
    assert log_prior_of(posterior, graphs) is None


def test_all_dags_are_held(rng):
    posterior = dag_gfn.fit(numbers(rng), forbidden=[("x0", "x1")], progress=False)
    found = stored_log_scores(posterior, DAGS)
    assert (np.isneginf(found) == DAGS[:, 0, 1]).all()
