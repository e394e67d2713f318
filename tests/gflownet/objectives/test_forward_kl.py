import math

import pytest
import torch
from flow_cases import CONSTRAINTS, Lattice, assert_same_gradients, gradients
from sampler_cases import score_table

from dag_gfn.gflownet.objectives.forward_kl import ForwardKL, posterior_weights


class Case:
    """All trajectories, each once; the uniform mixture is the behaviour where no other is given."""

    def __init__(self, d, constraints):
        self.lattice = Lattice(score_table(d, **constraints))
        self.forward, self.backward = self.lattice.logits(requires_grad=True)
        self.log_p, self.log_pb = self.lattice.log_p(self.forward), self.lattice.log_pb(self.backward)

    def terms(self, behaviour=None, rows=None):
        n = len(self.lattice.state) if rows is None else len(rows)
        behaviour = torch.zeros(n, dtype=torch.float64) if behaviour is None else behaviour
        return self.lattice.terms(self.log_p, self.log_pb, behaviour=behaviour, rows=rows)

    @property
    def divergence(self):
        """KL(P_B R / Z || P_F) summed over all trajectories, with its own gradient; Z does not change with P_B."""
        terms = self.terms()
        joint = terms.log_pb.sum(1) + terms.final_log_reward
        log_q = joint - joint.detach().logsumexp(0)
        return (log_q.exp() * (log_q - terms.log_pf.sum(1))).sum()


@pytest.mark.parametrize("kind", ["none", "batch", "running"])
@pytest.mark.parametrize(("d", "constraints"), CONSTRAINTS, ids=str)
def test_the_expected_gradient_is_that_of_the_divergence(d, constraints, kind):
    case = Case(d, constraints)
    surrogate = ForwardKL(control_variate=kind)(case.terms())
    assert_same_gradients(surrogate, case.divergence, case.forward, case.backward)


def test_leaving_one_out_changes_the_backward_policys_gradient_alone():
    """Where weights are those of a batch of all trajectories, the others' mean is not constant."""
    case = Case(3, {})
    surrogate = ForwardKL(control_variate="leave_one_out")(case.terms())
    assert_same_gradients(surrogate, case.divergence, case.forward)


def test_weights_by_hand_on_two_nodes():
    case = Case(2, {})
    case.lattice.log_reward = torch.tensor([1.0, 2.0, 5.0], dtype=torch.float64).log()
    weight = posterior_weights(case.terms(), math.inf)
    expected = torch.tensor([1.0, *case.lattice.log_reward[case.lattice.state[1:, 1]].exp()]).double() / 8
    torch.testing.assert_close(weight, expected)
    behaviour = torch.tensor([1.0, 4.0, 10.0], dtype=torch.float64).log()
    weight = posterior_weights(case.terms(behaviour), math.inf)
    torch.testing.assert_close(weight, (expected / behaviour.exp()) / (expected / behaviour.exp()).sum())


def test_on_policy_weights_follow_from_the_cost():
    case = Case(3, {})
    log_pf = case.terms().log_pf.sum(1)
    terms = case.terms(behaviour=log_pf)
    torch.testing.assert_close(posterior_weights(terms, math.inf), (-terms.log_ratio.detach()).softmax(0))


def test_off_policy_weights_give_the_expectation_under_the_posterior():
    case = Case(3, {})
    count = torch.randint(1, 4, (67,), generator=torch.Generator().manual_seed(8))
    rows = torch.arange(67).repeat_interleave(count)
    behaviour = (count.double() / count.sum()).log()[rows] - 7.0
    surrogate = ForwardKL(control_variate="batch")(case.terms(behaviour, rows))
    assert_same_gradients(surrogate, case.divergence, case.forward, case.backward)


@pytest.mark.parametrize("learned_backward", [False, True])
def test_no_gradient_at_the_exact_policy(learned_backward):
    lattice = Lattice(score_table(3))
    log_pb = lattice.log_pb(lattice.logits(4)[1]) if learned_backward else lattice.uniform_log_pb
    exact = lattice.exact(log_pb)[0].clamp_min(-1e30).requires_grad_()
    terms = lattice.terms(lattice.log_p(exact), log_pb, behaviour=torch.zeros(67, dtype=torch.float64))
    (gradient,) = gradients(ForwardKL()(terms), exact)
    assert gradient.abs().max() < 1e-12
