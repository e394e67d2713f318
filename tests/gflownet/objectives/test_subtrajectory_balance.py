import math

import pytest
import torch
from flow_cases import CONSTRAINTS, Lattice
from sampler_cases import score_table

from dag_gfn.gflownet.objectives.detailed_balance import detailed_balance_residual, stop_residual
from dag_gfn.gflownet.objectives.subtrajectory_balance import SubtrajectoryBalance, subtrajectory_residuals
from dag_gfn.gflownet.objectives.trajectory_balance import TrajectoryBalance


@pytest.fixture
def terms():
    lattice = Lattice(score_table(3))
    forward, backward = lattice.logits()
    log_flow = lattice.log_reward + torch.linspace(-2, 2, len(lattice.dags), dtype=torch.float64)
    return lattice.terms(
        lattice.log_p(forward), lattice.log_pb(backward), log_flow=log_flow, log_z=log_flow[0]
    )


@pytest.mark.parametrize("learned_backward", [False, True])
@pytest.mark.parametrize(("d", "constraints"), CONSTRAINTS, ids=str)
def test_zero_at_the_exact_flows(d, constraints, learned_backward):
    lattice = Lattice(score_table(d, **constraints))
    log_pb = lattice.log_pb(lattice.logits(4)[1]) if learned_backward else lattice.uniform_log_pb
    log_p, log_flow, _ = lattice.exact(log_pb)
    terms = lattice.terms(log_p, log_pb, log_flow=log_flow)
    residual, pairs = subtrajectory_residuals(terms)
    assert residual[pairs].abs().max() < 1e-12
    assert SubtrajectoryBalance(huber_delta=math.inf)(terms) < 1e-24
    log_flow[-1] += 0.1
    assert SubtrajectoryBalance()(lattice.terms(log_p, log_pb, log_flow=log_flow)) > 1e-6


def test_all_residuals_by_a_plain_loop(terms):
    residual, pairs = subtrajectory_residuals(terms)
    for row in range(len(terms.mask)):
        length = int(terms.mask[row].sum())
        flow = [*terms.log_flow[row, :length].tolist(), float(terms.log_reward[row, length - 1])]
        assert pairs[row].sum() == length * (length + 1) // 2
        for m in range(length):
            for n in range(m + 1, length + 1):
                assert pairs[row, m, n]
                along = sum(float(terms.log_pf[row, t] - terms.log_pb[row, t]) for t in range(m, n))
                assert float(residual[row, m, n]) == pytest.approx(flow[m] + along - flow[n], abs=1e-9)


@pytest.mark.parametrize("lambda_", [0.3, 0.9, 1.0, 2.0])
def test_loss_by_a_plain_loop(terms, lambda_):
    residual, pairs = subtrajectory_residuals(terms)
    losses = []
    for row in range(len(terms.mask)):
        weighted = [
            (lambda_ ** (n - m), float(residual[row, m, n]) ** 2) for m, n in pairs[row].nonzero().tolist()
        ]
        losses.append(sum(w * r for w, r in weighted) / sum(w for w, _ in weighted))
    found = SubtrajectoryBalance(lambda_, math.inf)(terms)
    assert float(found) == pytest.approx(sum(losses) / len(losses), rel=1e-9)


def test_single_steps_are_detailed_balance(terms):
    """In the limit of a small lambda; with the stop where the trajectory ends."""
    residual, _ = subtrajectory_residuals(terms)
    single = residual.diagonal(offset=1, dim1=1, dim2=2)
    steps = detailed_balance_residual(terms.log_flow, terms.log_pf, terms.log_flow_next, terms.log_pb)
    stops = stop_residual(terms.log_flow, terms.log_stop, terms.log_reward)
    balance = torch.where(terms.stops, stops, steps)
    torch.testing.assert_close(single[terms.mask], balance[terms.mask])
    per_row = balance.square().where(terms.mask, 0.0).sum(1) / terms.mask.sum(1)
    torch.testing.assert_close(SubtrajectoryBalance(1e-30, math.inf)(terms), per_row.mean())


def test_whole_trajectories_are_trajectory_balance(terms):
    """In the limit of a large lambda; log Z is the flow of the first state."""
    for delta in (1.0, math.inf):
        torch.testing.assert_close(SubtrajectoryBalance(1e30, delta)(terms), TrajectoryBalance(delta)(terms))


def test_in_single_precision_no_lambda_overflows(terms):
    lattice = Lattice(score_table(3))
    single = lattice.terms(lattice.log_p(lattice.logits()[0]).float(), log_flow=lattice.log_reward.float())
    for lambda_ in (1e-300, 1.0, 1e300):
        assert SubtrajectoryBalance(lambda_)(single).isfinite()


def test_sign_of_every_term():
    lattice = Lattice(score_table(2))
    lattice.log_reward = torch.zeros(3, dtype=torch.float64)
    zeros = torch.zeros(3, 5, dtype=torch.float64)
    row = torch.tensor([1])  # one edge and the stop

    def derivative(name):
        terms = lattice.terms(zeros, zeros[:, :-1], log_flow=zeros[:, 0], rows=row)
        leaf = getattr(terms, name)
        leaf.requires_grad_()
        residual, _ = subtrajectory_residuals(terms)
        return torch.autograd.grad(residual[0, 0, 1], leaf)[0][0].tolist()

    assert derivative("log_flow") == [1.0, -1.0]
    assert derivative("log_pf") == [1.0, 0.0]
    assert derivative("log_pb") == [-1.0, 0.0]
