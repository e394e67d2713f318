"""What knowledge changes, against sums over all DAGs of four columns."""

import math

import numpy as np
import oracles
import pytest
from knowledge_cases import NAMES, correlated, enumerated

from dag_gfn import fit, from_array
from dag_gfn.fitting.knowledge_effect import AGAINST, KnowledgeEffect

VALUES = correlated()


def effect(**options):
    data = from_array(VALUES, list(NAMES))
    return fit(data, progress=False, standardize=False, **options).info.get("without_knowledge")


def test_bayes_factor_and_probabilities_are_those_of_the_definition():
    odds = np.ones((4, 4))
    odds[0, 1] = 9.0
    found = effect(roots=["age"], beliefs=[("age", "diet", 0.9)])

    def holds(dag):
        return not dag[:, 0].any()

    edges, log_z_without = enumerated(VALUES, lambda dag: True)
    _, log_z = enumerated(VALUES, holds, odds)
    dags = oracles.all_dags(4)
    prior = np.array([9.0 ** dag[0, 1] * holds(dag) for dag in dags])
    before = np.tensordot(prior / prior.sum(), dags.astype(float), axes=1)
    np.testing.assert_allclose(found["edges"], edges, atol=1e-9)
    np.testing.assert_allclose(found["before_data"], before, atol=1e-9)
    expected = (log_z - math.log(prior.sum())) - (log_z_without - math.log(len(dags)))
    assert found["log_bayes_factor"] == pytest.approx(expected, abs=1e-8)


def test_without_knowledge_there_is_nothing_to_tell():
    assert effect() is None
    assert effect(max_parents=2) is None  # part of the model


def test_a_limit_of_the_model_holds_in_both():
    edges, _ = enumerated(VALUES, lambda dag: dag.sum(axis=0).max() <= 1)
    np.testing.assert_allclose(effect(max_parents=1, roots=["age"])["edges"], edges, atol=1e-9)


def test_data_against_the_knowledge_are_a_doubt():
    edges = np.zeros((2, 2))
    assert KnowledgeEffect(edges, edges, -math.log(AGAINST) + 0.01).doubts() == []
    (doubt,) = KnowledgeEffect(edges, edges, -math.log(1000.0)).doubts()
    assert "1,000 times less probable" in doubt.warning
