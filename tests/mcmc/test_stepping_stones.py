"""The evidence by chains at rising powers, against the exact one."""

import itertools

import numpy as np
import pytest

import dag_gfn
from dag_gfn.budget import TimeBudget
from dag_gfn.exact.dag_dp import log_evidence
from dag_gfn.mcmc.stepping_stones import number_of_layerings, tempered_evidence, uniform_layering
from dag_gfn.scores import Constraints, ScoreTable, make_prior, make_score


def table_of(d, seed=0, constraints=None):
    data = dag_gfn.simulate(d, 200, rng=np.random.default_rng(seed)).standardize()
    return ScoreTable.build(make_score("bge", data), make_prior("edge", d), constraints)


@pytest.mark.parametrize("d", [2, 5, 9])
def test_it_is_the_exact_evidence_within_its_error(d):
    table = table_of(d)
    found = tempered_evidence(table, seed=1)
    assert found.source == "tempered"
    assert abs(found.log_z - log_evidence(table)) < 5 * found.standard_error + 0.1
    assert found.standard_error < 0.5


@pytest.mark.parametrize(("d", "data", "candidates"), [(6, 2, 2), (9, 0, 6)])
def test_parents_beyond_the_candidates_count_by_their_true_scores(d, data, candidates):
    table = table_of(d, data)
    found = tempered_evidence(table, seed=1, num_candidates=candidates)
    assert abs(found.log_z - log_evidence(table)) < 5 * found.standard_error + 0.1
    assert found.standard_error < 0.5


def test_with_very_few_candidates_it_is_right_or_not_known():
    table = table_of(6)
    runs = [tempered_evidence(table, seed=seed, num_candidates=2) for seed in range(4)]
    known = [found for found in runs if found.log_z is not None]
    assert len(known) >= 1  # weights of the draws are uneven in about half of the runs
    for found in known:
        assert abs(found.log_z - log_evidence(table)) < 5 * found.standard_error + 0.1
        assert found.standard_error < 0.5


def test_where_true_scores_are_far_from_the_weights_it_is_not_known(monkeypatch):
    monkeypatch.setattr("dag_gfn.posterior.limits.MIN_CORRECTED", 10**6)
    assert tempered_evidence(table_of(6), seed=1, num_candidates=2).log_z is None


def test_layerings_that_constraints_exclude_have_no_weight():
    names = tuple("abcde")
    constraints = Constraints.from_names(names, required=[("a", "b")], forbidden=[("c", "d")], max_parents=2)
    table = table_of(5, constraints=constraints)
    found = tempered_evidence(table, seed=1)
    assert abs(found.log_z - log_evidence(table)) < 5 * found.standard_error + 0.1


def test_where_nearly_all_are_excluded_it_is_not_known():
    names = tuple("abcdefgh")
    chain = list(itertools.pairwise(names))
    table = table_of(8, constraints=Constraints.from_names(names, required=chain))
    assert tempered_evidence(table, seed=1).log_z is None


def test_the_same_seed_gives_the_same_number():
    table = table_of(4)
    assert tempered_evidence(table, seed=3) == tempered_evidence(table, seed=3)


def test_a_budget_that_is_over_still_gives_two_runs():
    found = tempered_evidence(table_of(4), seed=0, budget=TimeBudget(1e-9))
    assert found.log_z is not None


def test_layerings_are_equally_probable(rng):
    counts = number_of_layerings(3)
    drawn = [tuple(uniform_layering(3, counts, rng).tolist()) for _ in range(6_500)]
    _, seen = np.unique(drawn, axis=0, return_counts=True)
    assert len(seen) == 13
    assert (np.abs(seen - 500) < 110).all()
