"""BDeu against the Dirichlet-multinomial product, pgmpy and high precision."""

import warnings

import numpy as np
import oracles
import pandas as pd
import pytest
from score_data import dependent_codes, discrete, families, score_family

from dag_gfn.scores import BDeu, make_score

STATES = (2, 3, 4, 3)


@pytest.mark.parametrize("equivalent_sample_size", [1, 0.01, 10.0])
def test_equals_the_dirichlet_multinomial_product(equivalent_sample_size, rng):
    """Regression: families with r = 3 and configurations that were never seen."""
    codes = np.minimum(dependent_codes(rng, 25, STATES), 2)  # state 3 of the third column is never seen
    score = BDeu(discrete(codes, STATES), equivalent_sample_size=equivalent_sample_size)
    for node, parents in families(4):
        expected = oracles.bdeu(codes, STATES, node, parents, equivalent_sample_size)
        assert score_family(score, node, parents) == pytest.approx(expected, rel=1e-10, abs=1e-10)


def test_equals_pgmpy(rng):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pgmpy's own imports may warn
        from pgmpy.structure_score import BDeu as PgmpyBDeu
    codes = dependent_codes(rng, 50, STATES)
    codes[:4, 2] = np.arange(4)
    frame = pd.DataFrame({f"x{i}": [f"s{c}" for c in codes[:, i]] for i in range(4)}, dtype="category")
    reference = PgmpyBDeu(frame, equivalent_sample_size=3)
    score = BDeu(discrete(codes, STATES), equivalent_sample_size=3)
    for node, parents in families(4):
        expected = reference.local_score(f"x{node}", tuple(f"x{p}" for p in parents))
        assert score_family(score, node, parents) == pytest.approx(expected, rel=1e-10)


def test_bde_is_bdeu_with_the_users_sample_size(rng):
    data = discrete(dependent_codes(rng, 30, STATES), STATES)
    default = make_score("bdeu", data).complete_table()
    np.testing.assert_array_equal(make_score("bde", data).complete_table(), default)
    five = make_score("bde", data, equivalent_sample_size=5).complete_table()
    np.testing.assert_array_equal(make_score("bdeu", data, equivalent_sample_size=5).complete_table(), five)
    assert not np.allclose(five, default)


def test_float64_accuracy_at_100_000_rows(rng):
    codes = dependent_codes(rng, 100_000, (2, 3, 3))
    score = BDeu(discrete(codes, (2, 3, 3)))
    for node, parents in [(0, []), (1, [0]), (2, [0, 1])]:
        expected = oracles.bdeu(codes, (2, 3, 3), node, parents)
        assert score_family(score, node, parents) == pytest.approx(expected, rel=1e-12, abs=1e-8)


def test_rows_in_which_a_node_was_set_do_not_count_for_it(rng):
    codes = dependent_codes(rng, 40, STATES)
    intervened = rng.random((40, 4)) < 0.3
    intervened[:, 3] = True
    score = BDeu(discrete(codes, STATES, intervened))
    for node, parents in families(4):
        expected = oracles.bdeu(codes[~intervened[:, node]], STATES, node, parents)
        assert score_family(score, node, parents) == pytest.approx(expected, rel=1e-10, abs=1e-10)
    assert score_family(score, 3, [0, 2]) == 0


def test_pseudo_counts_too_small_for_a_float_keep_the_score_finite(rng):
    """62 binary parents and an equivalent sample size of 1e-308: the pseudo-count underflows."""
    score = BDeu(discrete(rng.integers(0, 2, size=(20, 63)), (2,) * 63), equivalent_sample_size=1e-308)
    masks = np.array([0, 1, (1 << 62) - 1], dtype=np.int64)
    assert np.isfinite(score.local_scores(62, masks)).all()
