"""Against BDeu of whole tables, and against the probabilities of all possible outcomes."""

import itertools

import numpy as np
import pytest
from experiment_cases import log_rewards, with_experiment

import dag_gfn
from dag_gfn.errors import NotTractable
from dag_gfn.exact.enumeration import enumerate_dags
from dag_gfn.experiment_choice import discrete_outcomes
from dag_gfn.experiment_choice.discrete_outcomes import DiscreteOutcomes
from dag_gfn.experiment_choice.families import Families
from dag_gfn.experiment_choice.outcomes import Experiment
from dag_gfn.graphs import graph

GRAPHS = graph.adjacency_from_masks(enumerate_dags(2).astype(np.int64), 2)
FAMILIES = Families.of(GRAPHS)


def table(rng):
    first = rng.integers(0, 2, size=90)
    return np.column_stack([first, np.where(rng.random(90) < 0.4, first, rng.permutation(np.arange(90) % 3))])


@pytest.mark.parametrize("set_before", [False, True])
def test_outcomes_occur_as_often_as_scores_say(rng, set_before):
    values = table(rng)
    was_set = np.zeros(values.shape, dtype=bool)
    was_set[:6, 1] = set_before
    data = dag_gfn.from_array(values, ["x0", "x1"], discrete="all", intervened=was_set)
    posterior = dag_gfn.fit(data, sparse_families="keep", equivalent_sample_size=2.0, progress=False)
    outcomes = DiscreteOutcomes.from_posterior(posterior.info, posterior.statistics)
    assert outcomes.settings(1) == ["0", "1", "2"]
    before = log_rewards(values, was_set, "bdeu", discrete="all", equivalent_sample_size=2.0)
    # set x0 to 0, then to 1, and see x1: nine outcomes
    expected = {}
    for seen in itertools.product(range(3), repeat=2):
        rows = np.array([[0, seen[0]], [1, seen[1]]])
        after = log_rewards(
            *with_experiment(values, 0, rows, was_set), "bdeu", discrete="all", equivalent_sample_size=2.0
        )
        expected[seen] = after - before
    assert np.allclose(np.exp(list(expected.values())).sum(axis=0), 1.0)
    for which in range(len(GRAPHS)):
        many = np.repeat(GRAPHS[[which]], 4000, axis=0)
        logs = FAMILIES.of_graphs(outcomes.log_likelihoods(Experiment((0,), rows=2), many, FAMILIES, rng))
        every = np.array(list(expected.values()))
        distance = np.abs(logs[:, None] - every).max(axis=2)
        assert distance.min(axis=1).max() < 1e-9, "an outcome that the scores do not know"
        # outcomes that no graph tells apart have the same log-probabilities: compare these
        values_of, groups = np.unique(every.round(9), axis=0, return_inverse=True)
        chance = np.bincount(groups.reshape(-1), weights=np.exp(every[:, which]))
        met = np.bincount(groups.reshape(-1)[distance.argmin(axis=1)], minlength=len(values_of))
        error = np.sqrt(chance * (1 - chance) / len(many))
        assert (np.abs(met / len(many) - chance) < 4.5 * error + 1e-12).all()


def test_counts_are_left_as_they_were(rng):
    data = dag_gfn.from_array(table(rng), ["x0", "x1"], discrete="all")
    posterior = dag_gfn.fit(data, progress=False)
    outcomes = DiscreteOutcomes.from_posterior(posterior.info, posterior.statistics)
    twice = [
        outcomes.log_likelihoods(
            Experiment((0,), rows=5), GRAPHS[[1, 1]], FAMILIES, np.random.default_rng(seed)
        )
        for seed in (1, 1)
    ]
    assert np.array_equal(*twice)


def test_huge_tables_are_refused(rng, monkeypatch):
    monkeypatch.setattr(discrete_outcomes, "MAX_CELLS", 10)
    posterior = dag_gfn.fit(dag_gfn.from_array(table(rng), discrete="all"), progress=False)
    outcomes = DiscreteOutcomes.from_posterior(posterior.info, posterior.statistics)
    with pytest.raises(NotTractable, match="fewer graphs"):
        outcomes.log_likelihoods(Experiment((0,), rows=5), GRAPHS, FAMILIES, rng)
