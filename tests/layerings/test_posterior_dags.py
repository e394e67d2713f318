"""DAGs of layerings as draws from the posterior, where a correction is reliable, unreliable or not needed."""

from dataclasses import replace

import numpy as np
import pytest
from sampler_cases import score_table

from dag_gfn.budget import TimeBudget
from dag_gfn.errors import NotTractable
from dag_gfn.graphs.graph import parent_masks
from dag_gfn.layerings import outside_parents
from dag_gfn.layerings.corrected_dags import correct_dags
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.layerings.layered_dags import draw_dags, layering_of
from dag_gfn.layerings.posterior_dags import LEAST_DRAWS, affordable_dags, corrected_number, posterior_dags
from dag_gfn.posterior import Marginal
from dag_gfn.scores import ScoreTable


@pytest.fixture(scope="module")
def table():
    return score_table(4, rows=12, seed=1)


@pytest.fixture(scope="module")
def weights(table):
    built = LayerWeights.build(table, num_candidates=1, outside=True)
    assert built.has_outside
    return built


@pytest.fixture
def layer_of(rng):
    """Some layerings of four nodes in two layers."""
    numbers = rng.integers(0, 2, (400, 4))
    return numbers[(numbers.min(axis=1) == 0) & (numbers.max(axis=1) == 1)]


@pytest.fixture
def nothing_of_weight(monkeypatch):
    real = outside_parents.correct_parents

    def impossible(*arguments, **options):
        draws = real(*arguments, **options)
        return replace(draws, log_correction=np.full(len(draws.parents), -np.inf))

    monkeypatch.setattr(outside_parents, "correct_parents", impossible)


EDGE = Marginal(np.full((4, 4), 0.25) - 0.25 * np.eye(4), "rao_blackwell")


def dags_of(table, weights, layer_of, rng):
    return posterior_dags(weights, table, layer_of, np.zeros(len(layer_of)), EDGE, 40.0, rng=rng)


@pytest.mark.usefixtures("nothing_of_weight")
def test_where_nothing_corrected_has_weight_draws_are_by_the_odds(table, weights, layer_of, rng):
    layer_of = layer_of[:50]
    assert correct_dags(weights, table, layer_of, rng=rng) is None
    dags = dags_of(table, weights, layer_of, rng)
    assert dags.correction.corrected is False
    assert dags.correction.corrected_effective_samples == 0
    assert dags.effective_samples == 40
    assert dags.edge is EDGE
    np.testing.assert_array_equal(layering_of(dags.adjacency), layer_of)
    np.testing.assert_array_equal(dags.log_scores, table.log_reward(parent_masks(dags.adjacency)))
    np.testing.assert_array_equal(dags.log_share, 0.0)


@pytest.mark.usefixtures("nothing_of_weight")
def test_no_possible_dag_is_an_error_that_says_what_to_do(table, weights, layer_of, monkeypatch, rng):
    monkeypatch.setattr(ScoreTable, "log_reward", lambda self, parents: np.full(len(parents), -np.inf))
    with pytest.raises(NotTractable, match=r"none of 50 graphs .*--max-parents.*--prior fair.*--columns"):
        dags_of(table, weights, layer_of[:50], rng)


def test_a_reliable_correction_gives_weights_edges_and_their_worth(table, weights, layer_of):
    layer_of = np.tile(layer_of, (8, 1))
    share, worth = np.zeros(len(layer_of)), len(layer_of) / 1.5
    dags = posterior_dags(weights, table, layer_of, share, EDGE, worth, rng=np.random.default_rng(3))
    same = correct_dags(weights, table, layer_of, independent=worth, rng=np.random.default_rng(3))
    assert same.reliable
    assert dags.correction == same.correction()
    np.testing.assert_array_equal(dags.adjacency, same.adjacency)
    np.testing.assert_array_equal(dags.log_share, same.log_share)
    np.testing.assert_array_equal(dags.edge.values, same.edge.values)
    assert dags.effective_samples == same.effective_samples


def test_without_parents_outside_the_candidates_draws_are_as_they_are(table, layer_of):
    weights = LayerWeights.build(table)
    share = -np.arange(len(layer_of), dtype=float)
    dags = posterior_dags(weights, table, layer_of, share, EDGE, 7.0, rng=np.random.default_rng(3))
    drawn = draw_dags(weights, layer_of.astype(np.int16), rng=np.random.default_rng(3))
    assert dags.correction is None
    assert dags.effective_samples == 7.0
    np.testing.assert_array_equal(dags.adjacency, drawn)
    np.testing.assert_array_equal(dags.log_share, share)


def test_graphs_are_thinned_by_their_weights(table, weights, layer_of):
    layer_of = np.tile(layer_of, (8, 1))
    share, rng = np.zeros(len(layer_of)), np.random.default_rng(3)
    dags = posterior_dags(weights, table, layer_of, share, EDGE, 2_000.0, rng=rng)
    few = dags.thinned(500, rng=rng)
    assert few.adjacency.shape == (500, 4, 4)
    assert (few.log_share == 0).all()
    assert few.edge is dags.edge
    assert few.effective_samples == pytest.approx(1 / (1 / dags.effective_samples + 1 / 500))
    expected = np.tensordot(np.exp(dags.log_share), dags.adjacency, axes=1)
    assert np.abs(few.adjacency.mean(axis=0) - expected).max() < 0.05
    np.testing.assert_allclose(few.log_scores, table.log_reward(parent_masks(few.adjacency)))
    assert dags.thinned(10**6, rng=rng) is dags
    heavy = replace(dags, log_share=np.where(np.arange(len(share)) == 7, 0.0, -np.inf))
    assert (heavy.thinned(9, rng=rng).adjacency == dags.adjacency[7]).all()


def test_more_layerings_than_graphs_are_wanted_are_corrected(weights, table):
    assert corrected_number(weights, 100, 5_000) == 5_000
    assert corrected_number(weights, 100, 10**6) == 10_000
    assert corrected_number(weights, 20_000, 5_000) == 20_000
    assert corrected_number(LayerWeights.build(table), 100, 5_000) == 100


def test_as_many_dags_as_the_time_allows(table, weights, layer_of):
    assert affordable_dags(weights, table, layer_of, 5_000, TimeBudget(None)) == 5_000


def seconds_each():
    """Return a clock by which whatever is tried takes a second."""
    ticks = iter(range(10**6))
    return lambda: next(ticks)


@pytest.mark.parametrize(
    ("seconds", "least", "most"), [(20.0, LEAST_DRAWS + 1, 4_999), (2.0, LEAST_DRAWS, LEAST_DRAWS)]
)
def test_fewer_dags_in_less_time_but_not_too_few(table, weights, layer_of, seconds, least, most):
    budget = TimeBudget(seconds, clock=seconds_each())
    assert least <= affordable_dags(weights, table, layer_of, 5_000, budget) <= most
