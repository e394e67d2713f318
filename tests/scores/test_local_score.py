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
from dag_gfn.scores import SCORES, BDe, BGe, LocalScore, make_score
from dag_gfn.scores.local_score import DEFAULT_SCORES, SCORES_OF_KIND

STATES = (2, 3, 2, 4, 3)


def data_of(kind, rng, n=60):
    if kind == "continuous":
        return continuous(correlated(rng, n, 5))
    return discrete(dependent_codes(rng, n, STATES), STATES)


ALL = [(kind, name) for kind, names in SCORES_OF_KIND.items() for name in names]


def test_every_score_belongs_to_a_kind():
    assert {name for _, name in ALL} == set(SCORES)


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


@pytest.mark.parametrize(("kind", "name"), [pair for pair in ALL if pair[1] != "linear_gaussian"])
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


def test_the_kind_of_the_columns_chooses_the_score(rng):
    for kind, name in DEFAULT_SCORES.items():
        assert make_score(None, data_of(kind, rng)).name == name


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_a_score_carries_the_name_it_was_asked_for(kind, name, rng):
    assert make_score(name, data_of(kind, rng)).name == name


@pytest.mark.parametrize(
    ("kind", "name"), [("discrete", "bge"), ("discrete", "linear_gaussian"), ("continuous", "bdeu")]
)
def test_a_score_refuses_the_other_kind(kind, name, rng):
    with pytest.raises(OptionError, match=f"'{name}' is for .* choose one of {SCORES_OF_KIND[kind][0]}"):
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


@pytest.mark.parametrize(
    ("kind", "name", "option", "owner"),
    [
        ("continuous", "bge", "equivalent_sample_size", "bdeu"),
        ("continuous", "bic", "noise_variance", "linear_gaussian"),
        ("continuous", "linear_gaussian", "mean_obs", "bge"),
        ("discrete", "bdeu", "alpha_w", "bge"),
        ("discrete", "bdeu", "alpha_mu", "bge"),
        ("discrete", "bic", "weight_variance", "linear_gaussian"),
    ],
)
def test_options_of_another_score_are_refused(kind, name, option, owner, rng):
    with pytest.raises(OptionError, match=f"'{option}' belongs to the score '{owner}'"):
        make_score(name, data_of(kind, rng), **{option: 0.0})


@pytest.mark.parametrize(
    ("kind", "name", "option"),
    [
        ("continuous", "bge", "alpha_mu"),
        ("continuous", "bge", "alpha_w"),
        ("continuous", "linear_gaussian", "noise_variance"),
        ("continuous", "linear_gaussian", "weight_variance"),
        ("discrete", "bdeu", "equivalent_sample_size"),
        ("discrete", "bde", "equivalent_sample_size"),
    ],
)
@pytest.mark.parametrize("value", [0, -1.0, float("nan"), float("inf")])
def test_options_must_be_positive(kind, name, option, value, rng):
    with pytest.raises(OptionError, match=f"{option} must be"):
        make_score(name, data_of(kind, rng), **{option: value})


def test_unknown_names_and_keywords_are_refused(rng):
    with pytest.raises(OptionError, match="unknown score 'bgee': choose one of bge, bdeu"):
        make_score("bgee", data_of("continuous", rng))
    with pytest.raises(TypeError):
        BGe(data_of("continuous", rng), alpha=1.0)
    with pytest.raises(TypeError):
        BDe(data_of("discrete", rng), ess=1.0)


def test_errors_share_a_base():
    assert issubclass(OptionError, DagGfnError)
    assert issubclass(DataError, DagGfnError)
