"""What is added to the evidence of normal scores, so that it is one of the numbers."""

import numpy as np
import pytest

import dag_gfn
from dag_gfn.data.normal_scores import with_normal_margins
from dag_gfn.model_choice.margins import log_jacobian, without_comparison, without_shape
from dag_gfn.model_choice.polya_tree import log_bend, normal_log_marginal
from dag_gfn.scores import BGe


def test_without_edges_the_evidence_is_that_of_the_margins_alone(rng):
    data = dag_gfn.from_array(np.exp(rng.normal(size=(60, 3)))).standardize()
    score = BGe(with_normal_margins(data).standardize())
    empty = sum(score.local_scores(j, np.array([0]))[0] for j in range(3))
    margins = sum(normal_log_marginal(column) + log_bend(column) for column in data.values.T.copy())
    np.testing.assert_allclose(empty + log_jacobian(data, score), margins)


def test_rows_in_which_a_column_was_set_do_not_count_for_it(rng):
    from dataclasses import replace

    table = dag_gfn.from_array(rng.normal(size=(50, 2))).standardize()
    mask = np.zeros((50, 2), bool)
    mask[:20, 0] = True
    data = replace(table, intervened=mask)
    score = BGe(with_normal_margins(data).standardize())
    empty = sum(score.local_scores(j, np.array([0]))[0] for j in range(2))
    columns = [data.values[20:, 0].copy(), data.values[:, 1].copy()]
    margins = sum(normal_log_marginal(column) + log_bend(column) for column in columns)
    np.testing.assert_allclose(empty + log_jacobian(data, score), margins)


def test_columns_of_few_values_have_no_shape(rng):
    table = np.column_stack([rng.normal(size=100), rng.integers(0, 2, size=100)])
    data = dag_gfn.from_array(table, ["size", "sex"])
    assert without_shape(data) == ["sex"]
    assert without_comparison(data) == ""


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (dag_gfn.from_array(np.arange(40.0).reshape(20, 2) % 7), "distinct values"),
        (dag_gfn.from_covariance(np.eye(2) + 0.2, 50, names=["a", "b"]), "ranks"),
        (dag_gfn.load_example("asia"), "numbers"),
    ],
)
def test_tables_without_margins_say_why(table, reason):
    assert reason in without_comparison(table)
