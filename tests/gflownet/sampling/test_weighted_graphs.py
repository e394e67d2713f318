"""Estimates from weighted draws, against sums over all DAGs."""

import math

import numpy as np
import oracles
import pytest
from sampler_cases import log_reward, score_table

from dag_gfn.errors import ConstraintError, NotConvergedWarning, OptionError
from dag_gfn.gflownet.sampling.weighted_graphs import (
    condition_on,
    conditional_posterior,
    entropy_of,
    evidence_of,
    named,
)
from dag_gfn.graphs.graph import parent_masks
from dag_gfn.posterior.sampler import WeightedGraphs


def every_dag_once(table, *, with_edge=None):
    """Return all DAGs as if drawn once each from the uniform distribution over them, by the oracle's scores."""
    dags = [dag for dag in oracles.all_dags(table.d) if with_edge is None or dag[with_edge]]
    log_scores = np.array([log_reward(table)(dag) for dag in dags])
    adjacency = np.array(dags, dtype=bool)
    return WeightedGraphs(adjacency, log_scores, log_scores + math.log(len(dags)))


def exact(table, holds=lambda dag: True):
    """Return log Σ R(G) and the normalised probabilities of the DAGs with a property, by plain sums."""
    pairs = [(dag, log_reward(table)(dag)) for dag in oracles.all_dags(table.d) if holds(dag)]
    largest = max(score for _, score in pairs)
    total = sum(math.exp(score - largest) for _, score in pairs)
    return largest + math.log(total), [(dag, math.exp(score - largest) / total) for dag, score in pairs]


def test_evidence_is_the_mean_weight():
    table = score_table(3)
    drawn = every_dag_once(table)
    log_z, shares = exact(table)
    estimate = evidence_of(drawn)
    assert estimate.log_z == pytest.approx(log_z, abs=1e-9)
    assert estimate.log_z_lower == pytest.approx(drawn.log_weights.mean(), abs=1e-9)
    assert estimate.ess == pytest.approx(1 / (len(shares) * sum(p * p for _, p in shares)), rel=1e-9)


def test_entropy_is_that_of_the_posterior():
    table = score_table(3)
    _, shares = exact(table)
    assert entropy_of(every_dag_once(table)) == pytest.approx(
        -sum(p * math.log(p) for _, p in shares), abs=1e-9
    )


def test_the_entropy_of_one_graph_is_not_below_zero():
    one = WeightedGraphs(np.zeros((3, 2, 2), dtype=bool), np.full(3, 0.1), np.full(3, 0.1 - 1e-12))
    assert entropy_of(one) == 0.0


def test_draws_without_weight_count_for_the_evidence_and_not_for_the_mean_score():
    dead = WeightedGraphs(
        np.zeros((4, 2, 2), dtype=bool),
        np.array([1.0, 1.0, -np.inf, -np.inf]),
        np.array([math.log(2)] * 2 + [-np.inf] * 2),
    )
    assert evidence_of(dead).log_z == pytest.approx(0.0)
    assert evidence_of(dead).ess == pytest.approx(0.5)


def test_a_condition_holds_the_required_and_the_given_edges():
    table = score_table(4, required=[(0, 1)])
    a, b, c, d = table.names
    condition, narrower = condition_on(table, [(c, d), (b, d)], [(b, c)], [[a], [c]])
    assert parent_masks(condition.required).tolist() == [0, 0b0001, 0, 0b0110]
    assert parent_masks(condition.forbidden).tolist() == [0b0100, 0, 0b0010, 0]
    assert narrower.log_reward(np.array([[0, 0b0001, 0, 0b0110]])) == table.log_reward(
        np.array([[0, 0b0001, 0, 0b0110]])
    )
    assert narrower.log_reward(np.array([[0, 0b0001, 0, 0b0010]])) == -np.inf
    assert table.constraints.required.tolist() == [0, 0b0001, 0, 0]  # is left as it was


def test_edges_that_cannot_be_are_refused():
    table = score_table(3, required=[(0, 1)], forbidden=[(2, 1)], max_parents=2)
    a, b, c = table.names
    with pytest.raises(OptionError, match="no variable is called 'z'"):
        condition_on(table, [(a, "z")])
    with pytest.raises(ConstraintError, match="close a cycle"):
        condition_on(table, [(b, c), (c, a)])
    with pytest.raises(ConstraintError, match="do not allow"):
        condition_on(table, [(c, b)])
    with pytest.raises(ConstraintError, match="to be there and not"):
        condition_on(table, absent=[(a, b)])


def test_the_posterior_given_an_edge_is_that_of_the_graphs_that_have_it():
    table = score_table(3)
    drawn = every_dag_once(table, with_edge=(0, 2))
    log_z, shares = exact(table, holds=lambda dag: dag[0, 2])
    many = WeightedGraphs(*(np.repeat(part, 40, axis=0) for part in vars(drawn).values()))
    posterior = conditional_posterior(table, many, "an edge")
    assert posterior.log_evidence == pytest.approx(log_z, abs=1e-9)
    expected = sum(p * dag for dag, p in shares)
    np.testing.assert_allclose(posterior.edge_marginals().to_numpy(), expected, atol=1e-9)
    assert posterior.info["diagnostics"]["num_samples"] == 40 * len(shares)


def test_a_heavy_tail_is_said():
    table, rng = score_table(3), np.random.default_rng(0)
    drawn = every_dag_once(table, with_edge=(0, 2))
    rows = rng.integers(len(drawn.log_weights), size=400)
    heavy = WeightedGraphs(
        drawn.adjacency[rows], drawn.log_scores[rows], 2.0 * rng.exponential(size=400)
    )  # shape 2
    with pytest.warns(
        NotConvergedWarning,
        match=r"given 1 edge, 400 draws are worth .*, and their weights have a tail of shape",
    ):
        conditional_posterior(table, heavy, named([(table.names[0], table.names[2])]))


def test_draws_that_do_not_comply_count_for_the_evidence():
    table = score_table(3)
    drawn = every_dag_once(table, with_edge=(0, 2))
    log_z, shares = exact(table, holds=lambda dag: dag[0, 2])
    many = WeightedGraphs(*(np.repeat(part, 40, axis=0) for part in vars(drawn).values()))
    posterior = conditional_posterior(table, many, "an edge", tried=80 * len(shares))
    assert posterior.log_evidence == pytest.approx(log_z - math.log(2), abs=1e-9)
    assert posterior.info["diagnostics"]["log_z_lower"] is None
    assert posterior.effective_samples == pytest.approx(
        conditional_posterior(table, many, "an edge").effective_samples
    )


def test_draws_that_are_worth_few_are_said():
    table = score_table(3)
    every = every_dag_once(table)
    uneven = WeightedGraphs(every.adjacency, every.log_scores, np.where(np.arange(25) < 5, 0.0, -50.0))
    with pytest.warns(NotConvergedWarning, match="given 2 tiers, 25 draws are worth 5,"):
        conditional_posterior(table, uneven, named([], [], [["a"], ["b"]]))
