"""Questions to samplers that are made by hand: the policies are tables, so that nothing hangs on a training."""

import numpy as np
import oracles
import pytest
import torch
from flow_cases import Lattice, LookUp
from sampler_cases import log_reward, request_of, score_table

from dag_gfn.errors import ConstraintError, NotConvergedWarning, OptionError
from dag_gfn.exact.enumeration import exact_posterior
from dag_gfn.exact.reference import exact_reference
from dag_gfn.gflownet.edges.fit import fit_edges
from dag_gfn.gflownet.edges.marginal import EdgeMarginal
from dag_gfn.gflownet.edges.sampler import EdgeSampler
from dag_gfn.gflownet.env.edge_addition import EdgeAddition
from dag_gfn.gflownet.policies.flow_model import FlowModel
from dag_gfn.gflownet.sampling.inflow import FlowBackward
from dag_gfn.gflownet.sampling.weighted_graphs import entropy_of
from dag_gfn.gflownet.training.config import default_config
from dag_gfn.graphs.graph import adjacency_from_masks
from dag_gfn.posterior.sampler import WeightedGraphs
from dag_gfn.posterior.sampler_conformance import check_sampler

KINDS = ["uniform", "learned", "flows"]
"""Of the backward policy, beside a forward policy that is off by factors of about 1.3."""


class TabularBackward(LookUp):
    def __init__(self, lattice, logits, kept=None):
        present = lattice.removable if kept is None else lattice.removable & ~kept
        masked = logits.masked_fill(~present, -torch.inf)
        some = present.any(1, keepdim=True)
        super().__init__(lattice, masked.where(some, 0.0).log_softmax(1))
        self.logits = logits

    def keeping(self, required):
        return TabularBackward(self.lattice, self.logits, required.flatten())


def made_by_hand(table, backward="uniform", *, noise=0.25, spread=1.0):
    """Return a sampler that would be exact without noise in its forward policy.

    The logits of a learned backward policy have the given spread.
    """
    lattice, environment = Lattice(table), EdgeAddition(table)
    _, logits = lattice.logits(seed=1)
    learned = TabularBackward(lattice, spread * logits)
    log_p, _, log_z = lattice.exact(learned.table if backward == "learned" else lattice.uniform_log_pb)
    disturbed = lattice.log_p(log_p.clamp_min(-1e300) + noise * lattice.logits(seed=2)[0])
    policy = LookUp(lattice, disturbed.clamp_min(-1e300))
    goes_back = {"uniform": None, "learned": learned, "flows": FlowBackward(environment, policy)}[backward]
    return EdgeSampler(table, FlowModel(policy, backward=goes_back, log_z=log_z))


@pytest.fixture(scope="module")
def table():
    return score_table(3)


@pytest.fixture(scope="module", params=KINDS)
def sampler(table, request):
    return made_by_hand(table, request.param)


@pytest.mark.parametrize("backward", KINDS)
def test_the_exact_sampler_knows_the_evidence(table, backward):
    exact = made_by_hand(table, backward, noise=0.0)
    truth = exact_posterior(table).log_evidence
    estimate = exact.log_z(num_samples=200, seed=1)
    assert (estimate.log_z, estimate.log_z_lower) == pytest.approx((truth, truth), abs=1e-5)
    assert estimate.ess == pytest.approx(1, abs=1e-6)
    draws = exact_reference(table).draw(100, np.random.default_rng(0))
    assert exact.log_z_upper(draws, seed=1) == pytest.approx(truth, abs=1e-5)


def test_the_evidence_and_the_entropy(table, sampler):
    truth = exact_posterior(table)
    estimate = sampler.log_z(num_samples=4000, seed=1)
    assert abs(estimate.log_z - truth.log_evidence) <= 4 * estimate.standard_error
    assert estimate.log_z_lower < truth.log_evidence
    p = np.exp(truth.log_probabilities)
    entropy = -(p * truth.log_probabilities).sum()
    drawn = sampler.sample(4000, seed=1)
    w = np.exp(drawn.log_weights - truth.log_evidence)
    # H = log Z - Σ w log R / Σ w, by the delta method
    error = np.std(w * (truth.log_evidence - drawn.log_scores - entropy) + w) / np.sqrt(len(w))
    assert abs(sampler.entropy(num_samples=4000, seed=1) - entropy) <= 4 * error
    draws = exact_reference(table).draw(2000, np.random.default_rng(0))
    upper = sampler.log_z_upper(draws, seed=1)
    assert truth.log_evidence < upper < truth.log_evidence + 0.3


def all_graphs_of(table):
    marginal = EdgeMarginal(table)
    return marginal, adjacency_from_masks(marginal.masks.astype(np.int64), table.d)


def test_probabilities_of_given_graphs(table, sampler):
    marginal, graphs = all_graphs_of(table)
    mean, error = sampler.log_probability(graphs, num_trajectories=200, seed=0)
    truth = marginal.log_probabilities(sampler.model)
    assert (np.abs(mean - truth) <= 5 * error + 1e-6).all()
    assert np.isfinite(error).mean() > 0.8
    assert error[np.isfinite(error)].max() < 0.3


def test_a_backward_policy_that_hardly_knows_the_ways_of_the_forward_one(table):
    """Along its own trajectories nothing is amiss: they all tell of the same, too small a probability."""
    marginal, graphs = all_graphs_of(table)
    forward = made_by_hand(table).model.policy
    elsewhere = made_by_hand(table, "learned", spread=20.0).model.backward
    sampler = EdgeSampler(table, FlowModel(forward, backward=elsewhere, log_z=0.0))
    mean, error = sampler.log_probability(graphs, num_trajectories=200, seed=0)
    truth = marginal.log_probabilities(sampler.model)
    assert (np.abs(mean - truth) <= 5 * error + 1e-6).all()
    assert np.isfinite(error).mean() > 0.7
    several_ways = elsewhere.lattice.removable.sum(1) > 1
    goes_one_way = (elsewhere.table.exp() > 0.99).any(1)
    assert goes_one_way[several_ways].float().mean() > 0.6


def test_errors_that_few_trajectories_do_not_tell(table):
    _, graphs = all_graphs_of(table)
    sampler = made_by_hand(table)
    assert np.isnan(sampler.log_probability(graphs, num_trajectories=1, seed=0)[1]).all()
    # a way to some graphs that nearly all their probability comes by, and few backward trajectories go
    peaked = made_by_hand(table, noise=12.0)
    _, error = peaked.log_probability(graphs, num_trajectories=30, seed=0)
    one_way = graphs.sum((1, 2)) <= 1
    assert (error[one_way] < 1e-6).all()
    assert np.isinf(error).any()


@pytest.mark.parametrize("edges", [[(0, 1)], [(2, 0), (0, 1)], []])
def test_given_edges_is_the_conditional_posterior(table, sampler, edges):
    named = [(table.names[i], table.names[j]) for i, j in edges]
    conditional = sampler.given(named, num_samples=6000, seed=3)
    reward = log_reward(table)
    having = [dag for dag in oracles.all_dags(3) if all(dag[i, j] for i, j in edges)]
    log_r = np.array([reward(dag) for dag in having])
    p = np.exp(log_r - log_r.max())
    p /= p.sum()
    truth = sum(weight * dag for weight, dag in zip(p, having, strict=True))
    marginal = conditional.marginal("edge")
    assert (np.abs(marginal.values - truth) <= 5 * marginal.standard_error + 1e-9).all()
    assert all(conditional.graphs[:, i, j].all() for i, j in edges)
    diagnostics = conditional.info["diagnostics"]
    evidence = np.log(np.exp(log_r - log_r.max()).sum()) + log_r.max()
    assert abs(conditional.log_evidence - evidence) <= 4 * diagnostics["standard_error"] + 1e-9
    assert 0.2 < diagnostics["ess"] <= 1 + 1e-9
    assert diagnostics["pareto_k"] <= 0.7


def test_given_edges_with_weights_that_tell_little_warn(table):
    with pytest.warns(NotConvergedWarning, match="given nothing, 2,000 draws are worth"):
        given = made_by_hand(table, noise=4.0).given([], num_samples=2000, seed=0)
    assert given.info["diagnostics"]["pareto_k"] > 0.7
    with pytest.warns(NotConvergedWarning, match="given 1 edge, 20 draws are worth"):
        given = made_by_hand(table).given([table.names[:2]], num_samples=20, seed=0)
    assert given.info["diagnostics"]["pareto_k"] is None


def test_given_edges_that_cannot_be():
    table = score_table(3, forbidden=[(0, 1)], required=[(1, 2)])
    sampler, names = made_by_hand(table), table.names
    with pytest.raises(OptionError, match="no variable is called 'nobody'"):
        sampler.given([("nobody", names[0])], seed=0)
    with pytest.raises(ConstraintError, match="close a cycle"):
        sampler.given([(names[2], names[1])], seed=0)
    with pytest.raises(ConstraintError, match="do not allow"):
        sampler.given([(names[0], names[1])], seed=0)
    given = sampler.given([(names[0], names[2])], num_samples=50, seed=0)
    assert given.graphs[:, 1, 2].all()
    assert given.graphs[:, 0, 2].all()


@pytest.mark.parametrize("objective", ["modified_db", "wake_sleep", "flow_matching"])
def test_what_a_training_leaves_answers_too(table, objective):
    """Whatever it has learned: the weights make up for it, and say how much they had to."""
    request = request_of(default_config(3, iterations=5), num_samples=10, objective=objective)
    fitted = fit_edges(table, request)
    sampler = EdgeSampler(table, fitted.training.policy)
    assert (sampler.model.backward is None) == (objective == "modified_db")
    marginal, graphs = all_graphs_of(table)
    mean, _ = sampler.log_probability(graphs, num_trajectories=2, seed=0)
    one_way = graphs.sum((1, 2)) <= 1
    truth = marginal.log_probabilities(sampler.model)
    np.testing.assert_allclose(mean[one_way], truth[one_way], atol=1e-5)
    assert len(sampler.sample(20, seed=0).adjacency) == 20


def test_the_seed_decides(sampler):
    one, two, other = (sampler.sample(40, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.adjacency, two.adjacency)
    assert not np.array_equal(one.adjacency, other.adjacency)
    np.testing.assert_array_equal(one.log_weights, two.log_weights)


def test_graphs_without_weight_and_score_do_not_count():
    adjacency = np.zeros((3, 2, 2), dtype=bool)
    weighted = WeightedGraphs(adjacency, np.array([0.0, 0.0, -np.inf]), np.array([1.0, 1.0, -np.inf]))
    assert entropy_of(weighted) == pytest.approx(1 + np.log(2 / 3))


@pytest.mark.parametrize("backward", KINDS)
def test_the_protocol_is_kept(table, backward):
    _, graphs = all_graphs_of(table)
    log_scores = np.array([log_reward(table)(dag) for dag in graphs])
    check_sampler(made_by_hand(table, backward), table.names, graphs, log_scores, seed=1)


def test_a_training_keeps_the_protocol():
    table = score_table(4, rows=6)
    fitted = fit_edges(table, request_of(default_config(4, iterations=60), num_samples=10))
    graphs = np.array(oracles.all_dags(4))
    log_scores = np.array([log_reward(table)(dag) for dag in graphs])
    check_sampler(
        EdgeSampler(table, fitted.training.policy), table.names, graphs, log_scores, seed=1, num_samples=2000
    )
