import math

import pytest
import torch
from flow_cases import CONSTRAINTS, Lattice, assert_same_gradients, gradients
from sampler_cases import score_table

from dag_gfn.gflownet.objectives.forward_kl import ForwardKL
from dag_gfn.gflownet.objectives.reverse_kl import ReverseKL
from dag_gfn.gflownet.objectives.wake_sleep import ReverseWakeSleep, WakeSleep


class Case:
    """All trajectories, each once, as if drawn uniformly; and both divergences by summing over them."""

    def __init__(self, d, constraints):
        lattice = Lattice(score_table(d, **constraints))
        self.forward, self.backward = lattice.logits(requires_grad=True)
        behaviour = torch.zeros(len(lattice.state), dtype=torch.float64)
        self.terms = lattice.terms(
            lattice.log_p(self.forward), lattice.log_pb(self.backward), behaviour=behaviour
        )
        log_pf, joint = self.terms.log_pf.sum(1), self.terms.log_pb.sum(1) + self.terms.final_log_reward
        log_q = joint - joint.detach().logsumexp(0)
        self.reverse = (log_pf.exp() * (log_pf - log_q)).sum()
        self.of_forward = (log_q.exp() * (log_q - log_pf)).sum()


@pytest.mark.parametrize(("d", "constraints"), CONSTRAINTS, ids=str)
def test_wake_sleep(d, constraints):
    """The forward policy takes the gradient of the forward divergence, the backward policy of the reverse one."""
    case = Case(d, constraints)
    surrogate = WakeSleep()(case.terms)
    assert_same_gradients(surrogate, case.of_forward, case.forward)
    assert_backward(surrogate, case.reverse, case)


@pytest.mark.parametrize("kind", ["none", "batch", "running"])
@pytest.mark.parametrize(("d", "constraints"), CONSTRAINTS, ids=str)
def test_reverse_wake_sleep(d, constraints, kind):
    case = Case(d, constraints)
    surrogate = ReverseWakeSleep(control_variate=kind, largest_weight=math.inf)(case.terms)
    assert_same_gradients(surrogate, case.reverse, case.forward)
    assert_backward(surrogate, case.of_forward, case)


def assert_backward(surrogate, divergence, case):
    found, expected = gradients(surrogate, case.backward)[0], gradients(divergence, case.backward)[0]
    torch.testing.assert_close(found, expected, rtol=1e-8, atol=1e-10)
    orders = case.terms.mask.sum(1).max() > 2  # else there is but one way to undo a graph
    assert bool(expected.abs().max() > 1e-4) == bool(orders)


@pytest.fixture
def uniform():
    """Thirty trajectories with some behaviour of their own, under the uniform backward policy."""
    lattice = Lattice(score_table(3))
    forward, _ = lattice.logits(requires_grad=True)
    rows = torch.randint(67, (30,), generator=torch.Generator().manual_seed(2))
    behaviour = torch.linspace(-4, 0, 30, dtype=torch.float64)
    return forward, lattice.terms(lattice.log_p(forward), behaviour=behaviour, rows=rows)


def test_with_a_uniform_backward_policy_wake_sleep_is_the_forward_divergence(uniform):
    forward, terms = uniform
    assert_same_gradients(WakeSleep()(terms), ForwardKL()(terms), forward)


@pytest.mark.parametrize("largest", [3.0, math.inf])
@pytest.mark.parametrize("kind", ["none", "batch", "leave_one_out", "running"])
def test_with_a_uniform_backward_policy_reverse_wake_sleep_is_the_reverse_divergence(uniform, kind, largest):
    forward, terms = uniform
    assert_same_gradients(ReverseWakeSleep(kind, largest)(terms), ReverseKL(kind, largest)(terms), forward)


@pytest.mark.parametrize("objective", [WakeSleep(), ReverseWakeSleep()])
def test_no_gradient_where_both_policies_agree(objective):
    lattice = Lattice(score_table(3))
    backward = lattice.logits(4)[1].requires_grad_()
    log_pb = lattice.log_pb(backward)
    exact = lattice.exact(log_pb.detach())[0].clamp_min(-1e30).requires_grad_()
    terms = lattice.terms(lattice.log_p(exact), log_pb, behaviour=torch.zeros(67, dtype=torch.float64))
    for gradient in gradients(objective(terms), exact, backward):
        assert gradient.abs().max() < 1e-10
