"""The base class of discrete scores, by a subclass whose sums are written here: log-likelihoods by counting."""

from collections import Counter

import numpy as np
import pytest
from score_data import dependent_codes, discrete, families, score_family

from dag_gfn.graphs.subsets import parent_sets
from dag_gfn.scores.contingency_tables import MAXIMUM_LIKELIHOOD
from dag_gfn.scores.count_score import CountScore

STATES = (2, 3, 2, 4)


class LogLikelihood(CountScore):
    name, equivalent_sample_size = "log_likelihood", MAXIMUM_LIKELIHOOD
    honours_interventions = True


def log_likelihood(codes, node, parents):
    """Return the log-likelihood of a column given its parents, at the observed frequencies."""
    families_seen = Counter(map(tuple, codes[:, [*parents, node]].tolist()))
    parents_seen = Counter(map(tuple, codes[:, list(parents)].tolist()))
    return sum(c * np.log(c / parents_seen[cell[:-1]]) for cell, c in families_seen.items())


@pytest.fixture
def codes(rng):
    return dependent_codes(rng, 40, STATES)


def test_a_local_score_is_the_difference_of_two_sums(codes):
    score = LogLikelihood(discrete(codes, STATES))
    assert len(score.tables) == 1
    for node, parents in families(4):
        expected = log_likelihood(codes, node, parents)
        assert score_family(score, node, parents) == pytest.approx(expected, abs=1e-10)


def test_each_node_has_the_rows_in_which_it_was_not_set(codes, rng):
    intervened = rng.random(codes.shape) < 0.4
    intervened[:, 2] = True
    score = LogLikelihood(discrete(codes, STATES, intervened))
    assert len(score.tables) == 4
    for node, parents in families(4):
        expected = log_likelihood(codes[~intervened[:, node]], node, parents)
        assert score_family(score, node, parents) == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("share", [0.0, 0.4])
def test_the_complete_table_holds_every_local_score(codes, share, rng):
    intervened = rng.random(codes.shape) < share
    score = LogLikelihood(discrete(codes, STATES, intervened if share else None))
    table = score.complete_table()
    assert table.shape == (4, 8)
    for node, row in enumerate(table):
        np.testing.assert_allclose(row, score.local_scores(node, parent_sets(node, 4)), atol=1e-10)


def test_more_rows_make_families_slower(codes):
    few, many = (LogLikelihood(discrete(np.tile(codes, (k, 1)), STATES)) for k in (5, 10))  # 200 and 400 rows
    assert few.families_per_second == pytest.approx(2 * many.families_per_second)
