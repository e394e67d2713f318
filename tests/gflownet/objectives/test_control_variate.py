import itertools

import numpy as np
import pytest
import torch
from flow_cases import Lattice, gradients
from sampler_cases import score_table

from dag_gfn.errors import OptionError
from dag_gfn.gflownet.objectives.control_variate import CONTROL_VARIATES, ControlVariate
from dag_gfn.gflownet.objectives.forward_kl import ForwardKL
from dag_gfn.gflownet.objectives.reverse_kl import PublishedOffPolicyKL, ReverseKL
from dag_gfn.gflownet.objectives.wake_sleep import ReverseWakeSleep

COST = torch.tensor([1.0, 4.0, -2.0], dtype=torch.float64)
WEIGHT = torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64)


def test_nothing_and_the_weighted_mean():
    torch.testing.assert_close(ControlVariate("none")(COST, WEIGHT), COST)
    torch.testing.assert_close(ControlVariate("batch")(COST, WEIGHT), COST - (0.5 + 1.2 - 0.4))


def test_leave_one_out_by_a_plain_loop():
    expected = []
    for k in range(3):
        others = [m for m in range(3) if m != k]
        mean = np.average(COST[others], weights=WEIGHT[others])
        expected.append(float(COST[k]) - mean)
    torch.testing.assert_close(ControlVariate("leave_one_out")(COST, WEIGHT), torch.tensor(expected).double())


def test_one_trajectory_alone_has_no_others():
    one = torch.ones(1)
    assert ControlVariate("leave_one_out")(7 * one, one).tolist() == [0.0]
    assert ControlVariate("batch")(7 * one, one).tolist() == [0.0]


def test_the_running_mean_is_that_of_the_batches_before():
    baseline = ControlVariate("running", momentum=0.75)
    even = torch.full((2,), 0.5)
    assert baseline(torch.tensor([1.0, 3.0]), even).tolist() == [-1.0, 1.0]  # the first has none before it
    assert baseline(torch.tensor([10.0, 10.0]), even).tolist() == [8.0, 8.0]  # less 2
    assert baseline(torch.tensor([0.0, 1.0]), even).tolist() == [-4.0, -3.0]  # less 0.75 * 2 + 0.25 * 10


@pytest.mark.parametrize("kind", CONTROL_VARIATES)
def test_no_gradient_goes_through(kind):
    cost = COST.clone().requires_grad_()
    assert not ControlVariate(kind)(cost, WEIGHT).requires_grad


def test_an_unknown_kind_is_named():
    for objective in (ReverseKL, ForwardKL, ReverseWakeSleep, PublishedOffPolicyKL):
        with pytest.raises(OptionError, match="unknown control variate 'magic': choose none, batch"):
            objective(control_variate="magic")


class Pairs:
    """All tuples of independent on-policy trajectories, to take expectations over batches with."""

    def __init__(self, size):
        few = [(0, 1), (0, 2), (1, 2), (2, 0)]
        self.lattice = Lattice(score_table(3, forbidden=few) if size == 2 else score_table(2))
        self.batches = list(itertools.product(range(len(self.lattice.state)), repeat=size))
        self.forward, _ = self.lattice.logits(requires_grad=True)
        self.log_p = self.lattice.log_p(self.forward)
        terms = self.lattice.terms(self.log_p)
        self.probability = terms.log_pf.sum(1).exp().detach()
        reverse_kl = (self.probability * terms.log_ratio.detach() * terms.log_pf.sum(1)).sum()
        self.exact = gradients(reverse_kl, self.forward)[0]

    def gradients(self, objective):
        """Return (probability, gradient) of every batch, for a new objective each time."""
        for batch in self.batches:
            rows = torch.tensor(batch)
            loss = objective()(self.lattice.all_terms(self.log_p, rows=rows))
            yield self.probability[rows].prod(), gradients(loss, self.forward)[0]

    def expected(self, objective):
        return sum(probability * gradient for probability, gradient in self.gradients(objective))


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("objective", [ReverseKL, PublishedOffPolicyKL])
def test_the_expected_gradient_stays_as_it_is_or_shrinks_by_the_share_of_one(objective, size):
    pairs = Pairs(size)
    assert pairs.exact.abs().max() > 1e-2
    for kind in ("none", "leave_one_out"):
        torch.testing.assert_close(
            pairs.expected(lambda kind=kind: objective(control_variate=kind)), pairs.exact
        )
    shrunk = pairs.expected(lambda: objective(control_variate="batch"))
    torch.testing.assert_close(shrunk, (1 - 1 / size) * pairs.exact)


def test_a_running_mean_of_earlier_batches_leaves_the_expected_gradient_as_it_is():
    pairs = Pairs(2)

    def warmed_up():
        objective = ReverseKL(control_variate="running")
        objective._baseline(torch.tensor([3.0]).double(), torch.ones(1).double())
        return objective

    torch.testing.assert_close(pairs.expected(warmed_up), pairs.exact)


def test_leaving_one_out_lowers_the_variance():
    pairs = Pairs(2)
    second_moment = {
        kind: sum(
            float(probability * gradient.square().sum())
            for probability, gradient in pairs.gradients(lambda kind=kind: ReverseKL(control_variate=kind))
        )
        for kind in ("none", "leave_one_out")
    }
    assert second_moment["leave_one_out"] < second_moment["none"]
