import math

import pytest
import torch
from flow_cases import CONSTRAINTS, Lattice, assert_same_gradients, gradients
from sampler_cases import score_table

from dag_gfn.gflownet.objectives.reverse_kl import PublishedOffPolicyKL, ReverseKL, forward_weights

UNCLIPPED = math.inf
UNBIASED = ("none", "batch", "running")
"""Baselines that are constant over a batch of all trajectories, weighted by their probabilities."""


class Case:
    """All trajectories once, which `behaviour` zero makes a batch drawn uniformly: weights are probabilities."""

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
        """KL(P_F || P_B R / Z) summed over all trajectories, with its own gradient."""
        terms = self.terms()
        log_pf, joint = terms.log_pf.sum(1), terms.log_pb.sum(1) + terms.final_log_reward
        return (log_pf.exp() * (log_pf - joint + joint.detach().logsumexp(0))).sum()


@pytest.mark.parametrize("kind", UNBIASED)
@pytest.mark.parametrize(("d", "constraints"), CONSTRAINTS, ids=str)
def test_the_expected_gradient_is_that_of_the_divergence(d, constraints, kind):
    case = Case(d, constraints)
    surrogate = ReverseKL(control_variate=kind, largest_weight=UNCLIPPED)(case.terms())
    assert_same_gradients(surrogate, case.divergence, case.forward, case.backward)


@pytest.mark.parametrize("learned_backward", [False, True])
def test_no_gradient_at_the_exact_policy(learned_backward):
    lattice = Lattice(score_table(3))
    log_pb = lattice.log_pb(lattice.logits(4)[1]) if learned_backward else lattice.uniform_log_pb
    exact = lattice.exact(log_pb)[0].clamp_min(-1e30).requires_grad_()
    log_p = lattice.log_p(exact)
    for objective in (ReverseKL(), PublishedOffPolicyKL()):
        terms = lattice.all_terms(log_p, log_pb)
        (gradient,) = gradients(objective(terms), exact)
        assert gradient.abs().max() < 1e-12  # of each trajectory by itself: costs are all alike


def multiplicities():
    """How often each of the 67 trajectories over three nodes is in a batch."""
    count = torch.randint(1, 4, (67,), generator=torch.Generator().manual_seed(8))
    return count, torch.arange(67).repeat_interleave(count)


def test_off_policy_weights_give_the_on_policy_expectation():
    """In a batch whose frequencies are just those of the mixture; log π may be off by a constant."""
    case = Case(3, {})
    count, rows = multiplicities()
    behaviour = (count.double() / count.sum()).log()
    terms = case.terms(behaviour[rows] + 3.0, rows)
    weight = forward_weights(terms, UNCLIPPED)
    probability = case.terms().log_pf.sum(1).exp().detach()
    torch.testing.assert_close(weight, (probability / count)[rows])
    unnormalised = (terms.log_pf.sum(1) - behaviour[rows]).exp().detach() / len(rows)
    torch.testing.assert_close(weight, unnormalised)  # as Σ π (P_F / π) = 1
    assert_same_gradients(
        ReverseKL(control_variate="batch", largest_weight=UNCLIPPED)(terms),
        case.divergence,
        case.forward,
        case.backward,
    )
    biased = ReverseKL(control_variate="batch", largest_weight=UNCLIPPED)(
        case.terms(torch.zeros(len(rows)).double(), rows)
    )
    off, exact = gradients(biased, case.forward)[0], gradients(case.divergence, case.forward)[0]
    assert (off - exact).abs().max() > 1e-3  # had the mixture been forgotten


def test_no_trajectory_counts_more_than_the_limit():
    case = Case(3, {})
    terms = case.terms(torch.linspace(0, 20, 67, dtype=torch.float64))
    assert forward_weights(terms, UNCLIPPED).max() > 10 / 67
    clipped = forward_weights(terms, 2.0)
    raw = forward_weights(terms, UNCLIPPED).clamp_max(2 / 67)
    torch.testing.assert_close(clipped, raw / raw.sum())


def test_on_policy_all_count_alike():
    lattice = Lattice(score_table(3))
    terms = lattice.all_terms(lattice.log_p(lattice.logits()[0]))
    torch.testing.assert_close(forward_weights(terms, 10.0), torch.full((67,), 1 / 67, dtype=torch.float64))


def test_the_published_estimator_has_the_raw_ratios_for_weights():
    case = Case(3, {})
    count, rows = multiplicities()
    branch = (count.double() / count.sum()).log()
    for kind in ("none", "batch", "running"):
        surrogate = PublishedOffPolicyKL(control_variate=kind)(case.terms(branch[rows], rows))
        assert_same_gradients(surrogate, case.divergence, case.forward, case.backward)
    # neither normalised nor clipped: a constant in log π scales the gradient
    scaled = PublishedOffPolicyKL(control_variate="batch")(case.terms(branch[rows] - 3.0, rows))
    assert_same_gradients(scaled, case.divergence, case.forward, case.backward, factor=math.exp(3.0))


def test_the_published_estimator_does_not_overflow():
    case = Case(2, {})
    terms = case.terms(torch.full((3,), -1e4, dtype=torch.float64))
    (gradient,) = gradients(PublishedOffPolicyKL()(terms), case.forward)
    assert gradient.float().isfinite().all()
