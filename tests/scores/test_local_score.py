"""What holds for every local score: the two routes agree, and equivalent DAGs score equally."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from score_data import (
    continuous,
    correlated,
    dependent_codes,
    discrete,
    graph_score,
    random_dag,
    reverse_covered_edges,
)

from dag_gfn.errors import DagGfnError, DataError, OptionError
from dag_gfn.graphs.subsets import parent_sets, subsets_within
from dag_gfn.scores import LocalScore, make_score
from dag_gfn.scores.local_score import require_positive
from dag_gfn.scores.registry import SCORE_CLASSES, scores_of_kind

STATES = (2, 3, 2, 4, 3)


def data_of(kind, rng, n=60):
    if kind == "continuous":
        return continuous(correlated(rng, n, 5))
    return discrete(dependent_codes(rng, n, STATES), STATES)


ALL = [(score.kind, score.name) for score in SCORE_CLASSES]


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_complete_table_equals_local_scores_on_every_set(kind, name, rng):
    score = make_score(name, data_of(kind, rng))
    table = score.complete_table()
    assert table.shape == (5, 16)
    for node in range(5):
        np.testing.assert_allclose(
            table[node], score.local_scores(node, parent_sets(node, 5)), rtol=1e-12, atol=1e-10
        )
    np.testing.assert_allclose(LocalScore.complete_table(score), table, rtol=1e-12, atol=1e-10)


@pytest.mark.parametrize(("kind", "name"), ALL)
@pytest.mark.parametrize("node", [0, 2, 4])
def test_scores_within_candidates_equal_local_scores(kind, name, node, rng):
    score = make_score(name, data_of(kind, rng))
    assert score.families_per_second > 0
    for candidates in (0, 0b01010 & ~(1 << node), 0b11111 & ~(1 << node)):
        np.testing.assert_allclose(
            score.scores_within(node, candidates),
            score.local_scores(node, subsets_within(candidates)),
            rtol=1e-12,
            atol=1e-10,
        )


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_the_order_of_parent_sets_does_not_matter(kind, name, rng):
    score = make_score(name, data_of(kind, rng))
    sets = rng.permutation(np.repeat(parent_sets(1, 5), 3))
    one_by_one = np.concatenate([score.local_scores(1, sets[k : k + 1]) for k in range(len(sets))])
    np.testing.assert_array_equal(score.local_scores(1, sets), one_by_one)


@pytest.mark.parametrize("kind", ["continuous", "discrete"])
def test_complete_table_equals_local_scores_with_interventions(kind, rng):
    data = data_of(kind, rng)
    intervened = rng.random((60, 5)) < 0.2
    intervened[:, 4] = True
    score = make_score(None, type(data)(**{**data.__dict__, "intervened": intervened}))
    table = score.complete_table()
    for node in range(5):
        np.testing.assert_allclose(
            table[node], score.local_scores(node, parent_sets(node, 5)), rtol=1e-12, atol=1e-10
        )
        np.testing.assert_allclose(
            score.scores_within(node, 31 & ~(1 << node)), table[node], rtol=1e-12, atol=1e-10
        )
    np.testing.assert_allclose(table[4], 0, atol=1e-10)  # no row left: nothing was observed


@pytest.mark.parametrize(
    ("kind", "name"), [pair for pair in ALL if pair[1] not in ("linear_gaussian", "additive")]
)
@given(seed=st.integers(0, 2**32 - 1), density=st.floats(0.2, 1))
@settings(max_examples=15)
def test_markov_equivalent_dags_score_equally(kind, name, seed, density):
    rng = np.random.default_rng(seed)
    score = make_score(name, data_of(kind, rng))
    adjacency = random_dag(rng, 5, density)
    equivalent = reverse_covered_edges(adjacency, rng, steps=6)
    # Columns that nearly follow from one another magnify rounding, by the reciprocal of the smallest eigenvalue.
    magnified = 1.0
    if kind == "continuous":
        magnified = 1.0 / max(np.linalg.eigvalsh(np.corrcoef(score.data.values.T))[0], 1e-12)
    tolerance = max(1e-9, 0.5 * score.data.n * 10 * np.finfo(float).eps * magnified)
    assert graph_score(score, equivalent) == pytest.approx(
        graph_score(score, adjacency), rel=1e-11, abs=tolerance
    )


@pytest.mark.parametrize(
    ("kind", "name"), [("discrete", "bge"), ("discrete", "linear_gaussian"), ("continuous", "bdeu")]
)
def test_a_score_refuses_the_other_kind(kind, name, rng):
    with pytest.raises(OptionError, match=f"'{name}' is for .* choose one of {scores_of_kind(kind)[0]}"):
        make_score(name, data_of(kind, rng))


@pytest.mark.parametrize(
    ("kind", "name"), [("discrete", "bic"), ("continuous", "bic"), ("continuous", "linear_gaussian")]
)
def test_scores_without_interventions_refuse_them_by_name(kind, name, rng):
    data = data_of(kind, rng)
    intervened = np.zeros((60, 5), dtype=bool)
    make_score(name, type(data)(**{**data.__dict__, "intervened": intervened}))
    intervened[[3, 5], 1] = True
    with pytest.raises(OptionError, match=f"'{name}' does not honour interventions, and 2 of 60 rows"):
        make_score(name, type(data)(**{**data.__dict__, "intervened": intervened}))


def test_errors_share_a_base():
    assert issubclass(OptionError, DagGfnError)
    assert issubclass(DataError, DagGfnError)


@pytest.mark.parametrize("value", [10**30, 2, 0.5, np.float64(3)])
def test_positive_numbers_of_any_size_pass(value):
    require_positive(alpha_mu=value)  # numpy alone cannot say whether 10**30 is finite
