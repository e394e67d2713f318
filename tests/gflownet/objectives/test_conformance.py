import pytest
import torch

from dag_gfn.gflownet.objectives import OBJECTIVES
from dag_gfn.gflownet.objectives.conformance import check_objective
from dag_gfn.gflownet.objectives.objective import Objective


class Broken:
    name = "broken"
    needs = frozenset()
    learns_backward = False


class PerTrajectory(Broken):
    def __call__(self, terms):
        return terms.log_pf.sum(1)


class CountsPadding(Broken):
    def __call__(self, terms):
        return terms.log_pf.square().mean()


class FirstRowOnly(Broken):
    def __call__(self, terms):
        return terms.log_pf[0].sum() + 0 * terms.log_pf.sum()


class NoGradient(Broken):
    def __call__(self, terms):
        return terms.log_pf.detach().sum() + 0 * terms.log_pf.sum()


class GradientOfPaddingOnly(Broken):
    def __call__(self, terms):
        return (terms.log_pf * ~terms.mask).sum()


class NeedsTheMoon(Broken):
    needs = frozenset({"moon"})

    def __call__(self, terms):
        return terms.log_pf.sum()


class NeedsAList(NeedsTheMoon):
    needs = ("log_z",)


class LeavesThePolicyAlone(Broken):
    needs = frozenset({"log_z"})

    def __call__(self, terms):
        return terms.log_z.square()


class InfiniteGradient(Broken):
    def __call__(self, terms):
        return (terms.log_pf * terms.mask * 0).sqrt().sum()


class Overwrites(Broken):
    def __call__(self, terms):
        terms.delta_log_reward.zero_()
        return terms.log_pf.sum()


class NotANumber(Broken):
    def __call__(self, terms):
        return terms.log_pf.sum() * torch.nan


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (PerTrajectory, "the loss has shape"),
        (CountsPadding, "more padding changes the loss"),
        (FirstRowOnly, "order of trajectories"),
        (NoGradient, "zero everywhere"),
        (GradientOfPaddingOnly, "zero everywhere"),
        (NeedsTheMoon, r"needs has \['moon'\]"),
        (NeedsAList, "no frozenset"),
        (LeavesThePolicyAlone, "does not depend on the forward policy"),
        (InfiniteGradient, "the gradient of log_pf is not finite"),
        (Overwrites, "changes delta_log_reward"),
        (NotANumber, "the loss is nan"),
    ],
)
def test_what_is_broken_is_named(terms, broken, message):
    assert isinstance(broken(), Objective)
    with pytest.raises(AssertionError, match=message):
        check_objective(broken(), terms)


class ReadsWhatItDidNotAskFor(Broken):
    def __call__(self, terms):
        return terms.log_pf.sum() + terms.log_z


def test_what_was_not_asked_for_is_not_there(terms):
    with pytest.raises(TypeError, match="NoneType"):
        check_objective(ReadsWhatItDidNotAskFor(), terms)


class CountsItsCalls(Broken):
    calls = 0

    def __call__(self, terms):
        self.calls += 1
        return self.calls * (terms.log_pf * terms.mask).sum()


def test_what_an_objective_remembers_is_left_alone(terms):
    objective = CountsItsCalls()
    check_objective(objective, terms)
    assert objective.calls == 0


@pytest.mark.parametrize("name", OBJECTIVES)
def test_every_objective_conforms(name, terms):
    objective = OBJECTIVES[name]()
    assert isinstance(objective, Objective)
    assert objective.name == name
    check_objective(objective, terms)
    for kind in ("none", "batch", "leave_one_out", "running"):
        if hasattr(objective, "control_variate"):
            check_objective(OBJECTIVES[name](control_variate=kind), terms)
    if hasattr(objective, "huber_delta"):
        check_objective(OBJECTIVES[name](huber_delta=float("inf")), terms)
