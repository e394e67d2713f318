"""Which models are compared, and why the others are not."""

from dataclasses import replace

import numpy as np
import pytest

import dag_gfn
from dag_gfn.model_choice.candidates import COMPARABLE, candidates, takes_options
from dag_gfn.scores.registry import SCORE_CLASSES, scores_of_kind


def labels(data, **asked):
    return [each.label for each in candidates(data, asked).compared]


@pytest.mark.parametrize("example", ["wine", "asia"])
def test_every_score_is_compared_or_has_a_reason(example):
    data = dag_gfn.load_example(example)
    found = candidates(data)
    named = {each.score for each in found.compared} | {label.split(",")[0] for label, _ in found.others}
    assert named == set(scores_of_kind(data.kind))
    assert all(reason for _, reason in found.others)


def test_scores_that_compare_take_the_tables_they_are_listed_for():
    for kind, names in COMPARABLE.items():
        for score in SCORE_CLASSES:
            if score.name in names:
                assert kind in score.kinds()


def test_what_is_asked_for_leaves_models_out():
    wine, asia = dag_gfn.load_example("wine"), dag_gfn.load_example("asia")
    assert labels(wine, score="bge") == ["bge", "bge, normal scores"]
    assert labels(wine, score="bge", margins="normal_scores") == ["bge, normal scores"]
    assert labels(asia, equivalent_sample_size=3.0) == ["bdeu"]
    assert len(labels(asia)) == 5


def test_groups_are_scored_as_blocks(rng):
    data = dag_gfn.from_array(rng.normal(size=(50, 3)), ["a", "b", "c"])
    found = candidates(replace(data, groups=(("ab", ("a", "b")),)))
    assert found.compared[0].label == "block"
    assert "group" in dict(found.others)["block, normal scores"]


def test_a_covariance_matrix_has_no_normal_scores():
    found = candidates(dag_gfn.from_covariance(np.eye(2) + 0.2, 50, names=["a", "b"]), {"score": "bge"})
    assert [each.label for each in found.compared] == ["bge"]


def test_options_of_other_scores_are_left_out():
    values = {"alpha_mu": 2.0, "equivalent_sample_size": 3.0}
    assert takes_options("bdeu", "discrete", values) == {"alpha_mu": None, "equivalent_sample_size": 3.0}
