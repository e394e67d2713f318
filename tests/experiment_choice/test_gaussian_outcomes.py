"""Against BGe and the block score of whole tables, with the rows of the experiment below the data."""

import numpy as np
import pandas as pd
import pytest
from experiment_cases import log_rewards, with_experiment

import dag_gfn
from dag_gfn.exact.enumeration import enumerate_dags
from dag_gfn.experiment_choice.families import Families
from dag_gfn.experiment_choice.gaussian_outcomes import GaussianOutcomes
from dag_gfn.experiment_choice.outcomes import Experiment
from dag_gfn.graphs import graph
from dag_gfn.parameters import parameter_posterior

GRAPHS = graph.adjacency_from_masks(enumerate_dags(3).astype(np.int64), 3)
FAMILIES = Families.of(GRAPHS)
PRIOR = {"alpha_mu": 2.0, "alpha_w": 6.5, "mean_obs": np.array([0.3, -0.5, 0.2])}


def fitted(values, **others):
    data = dag_gfn.from_array(values, ["x0", "x1", "x2"], **others)
    return dag_gfn.fit(data, score="bge", standardize=False, progress=False, **PRIOR)


def table(rng):
    return rng.normal(size=(40, 3)) @ np.array([[1.0, 0.8, 0.0], [0.0, 0.5, 1.0], [0.0, 0.0, 0.7]])


@pytest.mark.filterwarnings("ignore::dag_gfn.DataWarning")
@pytest.mark.parametrize("set_before", [False, True])
def test_log_probabilities_are_differences_of_scores(rng, set_before):
    values = table(rng)
    was_set = np.zeros(values.shape, dtype=bool)
    was_set[:8, 1] = set_before
    outcomes = GaussianOutcomes.from_posterior(*of(fitted(values, intervened=was_set)))
    graphs = GRAPHS[[3, 20]]
    for target in range(3):
        experiment = Experiment((target,), rows=7)
        found = FAMILIES.of_graphs(
            outcomes.log_likelihoods(experiment, graphs, FAMILIES, np.random.default_rng(5))
        )
        rows = outcomes.simulate(experiment, graphs, np.random.default_rng(5)) + PRIOR["mean_obs"]
        before = log_rewards(values, was_set, "bge", **PRIOR)
        for s in range(2):
            after = log_rewards(*with_experiment(values, target, rows[s], was_set), "bge", **PRIOR)
            assert np.allclose(found[s], after - before, atol=1e-9)


@pytest.mark.filterwarnings("ignore::dag_gfn.DataWarning")
def test_several_arms(rng):
    values = table(rng)
    outcomes = GaussianOutcomes.from_posterior(*of(fitted(values)))
    experiment = Experiment((2, 0), rows=4)
    found = FAMILIES.of_graphs(
        outcomes.log_likelihoods(experiment, GRAPHS[[7]], FAMILIES, np.random.default_rng(5))
    )
    rows = outcomes.simulate(experiment, GRAPHS[[7]], np.random.default_rng(5))[0] + PRIOR["mean_obs"]
    first = with_experiment(values, 2, rows[:4])
    both = with_experiment(first[0], 0, rows[4:], first[1])
    expected = log_rewards(*both, "bge", **PRIOR) - log_rewards(values, None, "bge", **PRIOR)
    assert np.allclose(found[0], expected, atol=1e-9)


@pytest.mark.filterwarnings("ignore::dag_gfn.DataWarning")
def test_rows_have_the_moments_of_the_networks(rng):
    """0 -> 1 -> 2 with 1 set: 0 keeps its distribution, and 2 follows 1."""
    posterior = fitted(table(rng))
    outcomes = GaussianOutcomes.from_posterior(*of(posterior))
    chain = np.repeat(np.array([[[0, 1, 0], [0, 0, 1], [0, 0, 0]]], dtype=bool), 4000, axis=0)
    rows = outcomes.simulate(Experiment((1,), rows=2), chain, rng) + PRIOR["mean_obs"]
    low, high = (float(label) for label in outcomes.settings(1))
    assert np.allclose(rows[:, :, 1], [low, high], atol=1e-2)
    mean = parameter_posterior(posterior).expected(chain[:1])
    for place, value in enumerate((low, high)):
        expected = mean.interventional_means(1, value)[0]
        error = rows[:, place].std(axis=0) / np.sqrt(len(rows)) + 1e-2
        assert (np.abs(rows[:, place].mean(axis=0) - expected) < 4 * error).all()


def test_values_stay_within_the_data(rng):
    values = np.column_stack([rng.uniform(size=200), rng.normal(size=200)])
    posterior = dag_gfn.fit(dag_gfn.from_array(values, ["flat", "normal"]), progress=False)
    low, high = (float(label) for label in GaussianOutcomes.from_posterior(*of(posterior)).settings(0))
    assert low == pytest.approx(values[:, 0].min(), abs=1e-3)
    assert high == pytest.approx(values[:, 0].max(), abs=1e-3)
    low, high = (float(label) for label in GaussianOutcomes.from_posterior(*of(posterior)).settings(1))
    assert high - low == pytest.approx(4 * values[:, 1].std(), rel=0.01)


def test_levels_of_categories(rng):
    job = np.tile(["cook", "nurse", "pilot"], 30)
    frame = pd.DataFrame({"job": job, "age": rng.normal(size=90), "pay": rng.normal(size=90)})
    posterior = dag_gfn.fit(frame, progress=False)
    outcomes = GaussianOutcomes.from_posterior(*of(posterior))
    assert outcomes.settings(0) == ["cook", "nurse", "pilot"]
    assert float(outcomes.settings(1)[0]) == pytest.approx(
        frame.age.mean() - 2 * frame.age.std(ddof=0), abs=1e-3
    )
    # a family of the block score is scored as the score itself does
    found = outcomes.log_likelihoods(Experiment((1,), rows=5), GRAPHS[[3]], FAMILIES, rng)
    of_age = FAMILIES.nodes == 1
    assert (found[:, of_age] == 0).all()
    assert (found[:, ~of_age] != 0).all()


def of(posterior):
    return posterior.info, posterior.statistics
