import math

import pytest
import torch
from flow_cases import CONSTRAINTS, Lattice, assert_same_gradients, gradients
from sampler_cases import score_table

from dag_gfn.gflownet.objectives.trajectory_balance import LogPartitionVariance, TrajectoryBalance

SQUARES = math.inf
"""As the delta of the Huber loss."""


@pytest.mark.parametrize("learned_backward", [False, True])
@pytest.mark.parametrize(("d", "constraints"), CONSTRAINTS, ids=str)
def test_zero_at_the_exact_policy(d, constraints, learned_backward):
    lattice = Lattice(score_table(d, **constraints))
    log_pb = lattice.log_pb(lattice.logits(4)[1]) if learned_backward else lattice.uniform_log_pb
    log_p, _, log_z = lattice.exact(log_pb)
    terms = lattice.terms(log_p, log_pb, log_z=log_z)
    torch.testing.assert_close(terms.log_ratio, torch.full_like(terms.log_ratio, -log_z))
    assert TrajectoryBalance(SQUARES)(terms) < 1e-24
    assert LogPartitionVariance(SQUARES)(terms) < 1e-24
    assert TrajectoryBalance()(lattice.terms(log_p, log_pb, log_z=log_z + 0.1)) == pytest.approx(0.01)
    if learned_backward:  # the other backward policy goes with another forward policy, of the same graphs
        assert TrajectoryBalance()(lattice.terms(log_p, log_z=log_z)) > 1e-3 or d == 2


def test_by_hand_on_two_nodes():
    """P_F 0.25 each of two edges and stopping 0.5, rewards 1, 2 and 4, log Z = 1."""
    lattice = Lattice(score_table(2))
    lattice.log_reward = torch.tensor([1.0, 2.0, 4.0], dtype=torch.float64).log()
    logits = torch.tensor(
        [[0.0, 0.25, 0.25, 0.0, 0.5], *[[0.0, 0.0, 0.0, 0.0, 1.0]] * 2], dtype=torch.float64
    ).log()
    terms = lattice.terms(lattice.log_p(logits), log_z=1.0)
    ratios = [
        math.log(0.5),
        *(math.log(0.25 / reward) for reward in lattice.log_reward[lattice.state[1:, 1]].exp()),
    ]
    torch.testing.assert_close(terms.log_ratio, torch.tensor(ratios).double())
    assert float(TrajectoryBalance(SQUARES)(terms)) == pytest.approx(sum((1 + c) ** 2 for c in ratios) / 3)
    mean = sum(ratios) / 3
    assert float(LogPartitionVariance(SQUARES)(terms)) == pytest.approx(
        sum((c - mean) ** 2 for c in ratios) / 3
    )


def test_beyond_delta_the_loss_is_linear():
    lattice = Lattice(score_table(2))
    log_p, _, log_z = lattice.exact(lattice.uniform_log_pb)
    assert float(TrajectoryBalance(0.5)(lattice.terms(log_p, log_z=log_z + 0.3))) == pytest.approx(0.09)
    assert float(TrajectoryBalance(0.5)(lattice.terms(log_p, log_z=log_z - 3.0))) == pytest.approx(3.0 - 0.25)


def test_sign_of_every_term():
    lattice = Lattice(score_table(2))
    lattice.log_reward = torch.zeros(3, dtype=torch.float64)
    row = torch.tensor([1])  # one edge and the stop
    zeros = torch.zeros(3, 5, dtype=torch.float64)

    def derivative(name):
        terms = lattice.terms(zeros, zeros[:, :-1], log_z=0.5, rows=row)
        leaf = getattr(terms, name)
        leaf.requires_grad_()
        TrajectoryBalance(SQUARES)(terms).backward()
        return leaf.grad.flatten().tolist()

    assert derivative("log_z") == [1.0]  # 2 r, r = 1/2
    assert derivative("log_pf") == [1.0, 1.0]
    assert derivative("log_pb") == [-1.0, -1.0]
    assert derivative("delta_log_reward") == [-1.0, -1.0]


@pytest.mark.parametrize("constraints", [(2, {}), (3, {}), (3, {"required": [(0, 2)]})], ids=str)
def test_its_expected_gradient_is_twice_that_of_the_reverse_divergence(constraints):
    """On-policy and with respect to the forward policy; by all trajectories, each with its probability."""
    d, options = constraints
    lattice = Lattice(score_table(d, **options))
    forward, backward = lattice.logits(requires_grad=True)
    log_p, log_pb = lattice.log_p(forward), lattice.log_pb(backward.detach())
    log_z = lattice.exact(log_pb)[2]
    for z in (log_z, log_z - 1.3):  # whatever log Z is: it is a baseline
        expected = 0.0
        for row in range(len(lattice.state)):
            terms = lattice.terms(log_p, log_pb, log_z=z, rows=torch.tensor([row]))
            expected = expected + terms.log_pf.sum().exp().detach() * TrajectoryBalance(SQUARES)(terms)
        terms = lattice.terms(log_p, log_pb)
        divergence = (terms.log_pf.sum(1).exp() * (terms.log_ratio + log_z)).sum()
        assert_same_gradients(expected, divergence, forward, factor=2.0)


@pytest.mark.parametrize("rows", [[0, 5, 9, 30, 30, 66], [1, 2], list(range(67))], ids=len)
def test_variance_is_trajectory_balance_at_the_batchs_best_log_z(rows):
    lattice = Lattice(score_table(3))
    forward, backward = lattice.logits(requires_grad=True)
    log_p, log_pb = lattice.log_p(forward), lattice.log_pb(backward)
    plain = lattice.terms(log_p, log_pb, rows=torch.tensor(rows))
    best = -plain.log_ratio.mean().detach()
    (slope,) = gradients(
        TrajectoryBalance(SQUARES)(
            lattice.terms(log_p, log_pb, rows=torch.tensor(rows), log_z=(z := best.clone().requires_grad_()))
        ),
        z,
    )
    assert abs(float(slope)) < 1e-12
    balance = TrajectoryBalance(SQUARES)(lattice.terms(log_p, log_pb, log_z=best, rows=torch.tensor(rows)))
    variance = LogPartitionVariance(SQUARES)(plain)
    assert variance.item() == pytest.approx(balance.item())
    assert_same_gradients(variance, balance, forward, backward)
    # and that of the variance itself, its mean included
    assert_same_gradients(variance, plain.log_ratio.var(correction=0), forward, backward)
