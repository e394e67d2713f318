"""Sites against fits of all rows, and against sums of score tables over all DAGs."""

import numpy as np
import pandas as pd
import pytest
from oracles import all_dags

import dag_gfn
from dag_gfn.errors import OptionError
from dag_gfn.fitting.options import FitOptions
from dag_gfn.fitting.prepare import prepare
from dag_gfn.graphs.subsets import pack
from dag_gfn.parameters import parameter_posterior


def fitted(data, **options):
    return dag_gfn.fit(data, progress=False, **options)


def combined(sites, **options):
    return dag_gfn.combine(sites, progress=False, **options)


def assert_same(one, other):
    other_edges = other.edge_marginals().loc[list(one.names), list(one.names)]
    np.testing.assert_allclose(one.edge_marginals(), other_edges, atol=1e-9)
    assert one.log_evidence == pytest.approx(other.log_evidence, abs=1e-9)


@pytest.fixture
def frame(rng):
    return dag_gfn.simulate(4, 200, rng=rng).to_frame() * [1.0, 50.0, 0.01, 3.0] + [2000.0, 3.0, -5.0, 0.0]


@pytest.mark.filterwarnings("ignore::dag_gfn.DataWarning")
@pytest.mark.parametrize(
    "options", [{}, {"standardize": False, "alpha_mu": 0.5}, {"score": "linear_gaussian"}]
)
def test_shared_parameters_give_the_fit_of_all_rows(frame, options):
    frame = frame - frame.mean() if options else frame
    frame = frame / frame.std() if options else frame
    sites = [fitted(frame[:70], **options), fitted(frame[70:][list(frame.columns[::-1])], **options)]
    both, whole = combined(sites), fitted(frame, **options)
    assert_same(both, whole)
    assert both.info["n"] == 200
    assert both.info["score_options"] == whole.info["score_options"]
    effects = [
        dag_gfn.effects.total_effects(each, num_draws=4_000, rng=0).mean[0, 1] for each in (both, whole)
    ]
    assert effects[0] == pytest.approx(effects[1], rel=0.2, abs=0.05)


def test_shared_parameters_with_values_that_were_set(frame, rng):
    mask = rng.random(frame.shape) < 0.2
    parts = [slice(0, 70), slice(70, 200)]
    sites = [fitted(dag_gfn.from_frame(frame[part], intervened=mask[part])) for part in parts]
    both, whole = combined(sites), fitted(dag_gfn.from_frame(frame, intervened=mask))
    assert_same(both, whole)
    assert both.experiments == whole.experiments
    assert both.info["score_equivalent"]
    sites = [fitted(frame[:70]), fitted(dag_gfn.from_frame(frame[70:], intervened=mask[70:]))]
    mask[:70] = False
    assert_same(combined(sites), fitted(dag_gfn.from_frame(frame, intervened=mask)))


@pytest.mark.filterwarnings("ignore::dag_gfn.DataWarning")
@pytest.mark.parametrize("intervened", [False, True])
def test_shared_tables_of_categories_whose_states_differ(rng, intervened):
    n = 300
    a = rng.choice(["red", "green", "blue"], size=n)
    b = np.where(rng.random(n) < 0.7, a, rng.choice(["red", "green", "blue"], size=n))
    frame = pd.DataFrame({"a": a, "b": b, "c": rng.choice(["x", "y"], size=n)})
    frame = pd.concat([frame[frame.a != "green"], frame[frame.a == "green"]], ignore_index=True)
    cut = int((frame.a != "green").sum()) - 20
    mask = (rng.random(frame.shape) < 0.2) & intervened
    sites = [
        fitted(dag_gfn.from_frame(frame[part], intervened=mask[part]))
        for part in (slice(0, cut), slice(cut, n))
    ]
    assert_same(combined(sites), fitted(dag_gfn.from_frame(frame, intervened=mask)))


def log_scores(frame, every, **options):
    table = prepare(dag_gfn.from_frame(frame), FitOptions.from_keywords(options, caller="fit")).table
    return table.log_reward(pack(every.swapaxes(-1, -2)))


@pytest.mark.parametrize("mixed", [False, True])
def test_own_parameters_add_up_the_scores_and_count_the_prior_once(rng, mixed):
    frame = dag_gfn.simulate(3, 120, rng=rng).to_frame()
    if mixed:
        frame["x1"] = pd.cut(frame["x1"], 3, labels=["red", "green", "blue"]).astype(str)
    halves, every = [frame[:50], frame[50:]], all_dags(3)
    total = sum(log_scores(half, every) for half in halves) + every.sum(axis=(1, 2)) * np.log(0.5)
    weights = np.exp(total - np.logaddexp.reduce(total))
    sites = [fitted(half, prior="edge") for half in halves]
    both = combined(sites, parameters="own")
    np.testing.assert_allclose(
        both.marginal("edge").values, np.einsum("m,mij->ij", weights, every.astype(float)), atol=1e-9
    )
    assert both.log_evidence == pytest.approx(np.logaddexp.reduce(total), abs=1e-9)
    assert both.info["sites"] == {"parameters": "own", "rows": [50.0, 70.0]}
    with pytest.raises(OptionError, match="parameters of their own"):
        parameter_posterior(both)


def test_any_method_fits_sites_and_what_is_saved_can_be_read(frame, tmp_path):
    sites = [tmp_path / "one", tmp_path / "two"]
    for site, rows in zip(sites, (frame[:70], frame[70:]), strict=True):
        fitted(rows).save(site)
    exact, chains = combined(sites), combined(sites, method="mcmc", iterations=12_000)
    assert np.abs(exact.marginal("edge").values - chains.marginal("edge").values).max() < 0.05
    chains.save(tmp_path / "both")
    again = dag_gfn.load(tmp_path / "both")
    assert again.info["sites"]["parameters"] == "shared"
    assert combined([tmp_path / "both", fitted(frame)]).info["n"] == 400


def test_constraints_and_priors_are_those_of_the_sites_or_as_given(frame):
    sites = [fitted(rows, forbidden=[("x0", "x1")]) for rows in (frame[:70], frame[70:])]
    assert combined(sites).edge_marginals().loc["x0", "x1"] == 0.0
    assert_same(combined(sites), fitted(frame, forbidden=[("x0", "x1")]))
    sites[1] = fitted(frame[70:])
    with pytest.raises(
        OptionError, match=r"the forbidden edges of the sites differ .* say which with --forbidden"
    ):
        combined(sites)
    assert combined(sites, forbidden=[("x1", "x0")]).edge_marginals().loc["x1", "x0"] == 0.0
    sites = [fitted(frame[:70], prior="edge"), fitted(frame[70:])]
    with pytest.raises(OptionError, match="the prior of the sites differ"):
        combined(sites)
    assert combined(sites, prior="fair").info["prior"] == "fair"


def test_what_cannot_be_combined_is_refused(frame, rng):
    site = fitted(frame[:70])
    with pytest.raises(OptionError, match="at least two sites"):
        combined([site])
    with pytest.raises(OptionError, match="same variables"):
        combined([site, fitted(frame[["x0", "x1", "x2"]])])
    with pytest.raises(OptionError, match="the score of the sites differ"):
        combined([site, fitted(frame[70:], score="bic")])
    with pytest.warns(dag_gfn.DataWarning):
        raw = fitted(frame[70:], standardize=False)
    with pytest.raises(OptionError, match="one site is standardised"):
        combined([site, raw])
    with pytest.raises(OptionError, match="score was decided when the sites were fitted"):
        combined([site, site], score="bic")
    with pytest.raises(OptionError, match="curves of the score 'additive'"):
        combined([fitted(frame, score="additive")] * 2)
    labelled = frame.assign(lab=rng.choice(["a", "b"], size=len(frame)))
    with pytest.raises(OptionError, match="a posterior of contexts cannot be combined"):
        combined([fitted(dag_gfn.from_frame(labelled, context=["lab"]))] * 2)
    with pytest.raises(OptionError, match="cannot be added up"):
        combined([fitted(labelled)] * 2)
