import numpy as np
import oracles
import pytest
from sampler_cases import log_reward, score_table

from dag_gfn.errors import ConstraintError, OptionError
from dag_gfn.exact.enumeration import exact_posterior
from dag_gfn.exact.policy_marginal import PolicyMarginal
from dag_gfn.exact.reference import exact_reference
from dag_gfn.gflownet import fit_gflownet
from dag_gfn.graph import adjacency_from_masks
from dag_gfn.train_config import default_config, make_objective
from dag_gfn.trained import TrainedGFlowNet, WeightedGraphs


def trained(table, iterations=150, objective="modified_db", **options):
    config = default_config(table.d, iterations=iterations)
    fitted = fit_gflownet(
        table, seed=0, config=config, num_samples=10, objective=make_objective(objective), **options
    )
    return TrainedGFlowNet(table, fitted.training.policy)


@pytest.fixture(scope="module")
def table():
    return score_table(3)


@pytest.fixture(scope="module")
def sampler(table):
    return trained(table)


@pytest.fixture(scope="module")
def backward_sampler(table):
    return trained(table, objective="wake_sleep")


@pytest.fixture(scope="module")
def flow_sampler(table):
    return trained(table, objective="flow_matching")


@pytest.mark.parametrize("which", ["sampler", "backward_sampler", "flow_sampler"])
def test_the_evidence_and_the_entropy(table, which, request):
    sampler = request.getfixturevalue(which)
    truth = exact_posterior(table)
    estimate = sampler.log_evidence(num_samples=4000, seed=1)
    assert abs(estimate.log_z - truth.log_evidence) <= 4 * estimate.standard_error + 1e-4
    p = np.exp(truth.log_probabilities)
    entropy = -(p * truth.log_probabilities).sum()
    assert sampler.entropy(num_samples=4000, seed=1) == pytest.approx(entropy, abs=0.1)
    draws = exact_reference(table).draw(500, np.random.default_rng(0))
    upper = sampler.upper_bound(draws, seed=1)
    assert truth.log_evidence - 0.02 <= upper <= truth.log_evidence + 0.3


@pytest.mark.parametrize("which", ["sampler", "backward_sampler", "flow_sampler"])
def test_probabilities_of_given_graphs(table, which, request):
    sampler = request.getfixturevalue(which)
    marginal = PolicyMarginal(table)
    mean, error = sampler.log_probability(
        adjacency_from_masks(marginal.masks.astype(np.int64), 3), num_trajectories=200, seed=0
    )
    truth = marginal.log_probabilities(sampler.model)
    assert (np.abs(mean - truth) <= 5 * error + 2e-3).all()


@pytest.mark.parametrize("which", ["sampler", "backward_sampler", "flow_sampler"])
@pytest.mark.parametrize("edges", [[("x0", "x1")], [("x2", "x0"), ("x0", "x1")], []])
def test_given_edges_is_the_conditional_posterior(table, which, edges, request):
    names = table.names
    edges = [(names[int(a[1])], names[int(b[1])]) for a, b in edges]
    conditional = request.getfixturevalue(which).given_edges(edges, num_samples=6000, seed=3)
    wanted = [(names.index(a), names.index(b)) for a, b in edges]
    reward = log_reward(table)
    having = [dag for dag in oracles.all_dags(3) if all(dag[i, j] for i, j in wanted)]
    log_r = np.array([reward(dag) for dag in having])
    p = np.exp(log_r - log_r.max())
    p /= p.sum()
    truth = sum(weight * dag for weight, dag in zip(p, having, strict=True))
    marginal = conditional.marginal("edge")
    assert (np.abs(marginal.values - truth) <= 5 * marginal.standard_error + 1e-9).all()
    assert all(conditional.graphs[:, i, j].all() for i, j in wanted)
    diagnostics = conditional.info["diagnostics"]
    evidence = np.log(np.exp(log_r - log_r.max()).sum()) + log_r.max()
    assert abs(conditional.log_evidence - evidence) <= 4 * diagnostics["standard_error"] + 1e-4
    assert 0.2 < diagnostics["ess"] <= 1 + 1e-9


def test_given_edges_that_cannot_be():
    table = score_table(3, forbidden=[(0, 1)], required=[(1, 2)])
    sampler, names = trained(table, iterations=2), table.names
    with pytest.raises(OptionError, match="no variable is called 'nobody'"):
        sampler.given_edges([("nobody", names[0])], seed=0)
    with pytest.raises(ConstraintError, match="close a cycle"):
        sampler.given_edges([(names[2], names[1])], seed=0)
    with pytest.raises(ConstraintError, match="do not allow"):
        sampler.given_edges([(names[0], names[1])], seed=0)
    given = sampler.given_edges([(names[0], names[2])], num_samples=50, seed=0)
    assert given.graphs[:, 1, 2].all()
    assert given.graphs[:, 0, 2].all()


def test_the_seed_decides(sampler):
    one, two, other = (sampler.sample(40, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.adjacency, two.adjacency)
    assert not np.array_equal(one.adjacency, other.adjacency)
    np.testing.assert_array_equal(one.log_weights, two.log_weights)


def test_graphs_without_weight_and_score_do_not_count():
    adjacency = np.zeros((3, 2, 2), dtype=bool)
    weighted = WeightedGraphs(adjacency, np.array([0.0, 0.0, -np.inf]), np.array([1.0, 1.0, -np.inf]))
    assert weighted.entropy() == pytest.approx(1 + np.log(2 / 3))
