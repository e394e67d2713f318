from dataclasses import replace

import pytest
import torch
from sampler_cases import score_table, seeded

from dag_gfn.env.edge_addition import EdgeAddition
from dag_gfn.objectives.conformance import check_objective
from dag_gfn.objectives.modified_db import ModifiedDetailedBalance
from dag_gfn.objectives.objective import FlowTerms, Objective
from dag_gfn.policies.uniform import UniformPolicy
from dag_gfn.sampling import evaluate, rollout


@pytest.fixture
def terms():
    trajectories = rollout(EdgeAddition(score_table(3)), UniformPolicy(), 12, generator=seeded())
    return evaluate(UniformPolicy(), trajectories)


class Broken:
    name = "broken"
    needs_every_state_terminal = True


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


class GradientOfPadding(Broken):
    def __call__(self, terms):
        return terms.log_pf.sum()


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
        (GradientOfPadding, "padding has a gradient"),
        (Overwrites, "changes delta_log_reward"),
        (NotANumber, "the loss is nan"),
    ],
)
def test_what_is_broken_is_named(terms, broken, message):
    assert isinstance(broken(), Objective)
    with pytest.raises(AssertionError, match=message):
        check_objective(broken(), terms)


def test_a_single_transition_is_a_row_of_one_step(terms):
    """Cut into rows of one step, the transitions give the loss that they give along their trajectories."""
    flat = {
        name: getattr(terms, name)[terms.mask][:, None]
        for name in FlowTerms.__dataclass_fields__
        if name != "log_reward"
    }
    cut = FlowTerms(**flat, log_reward=torch.zeros(len(flat["mask"]), dtype=torch.float64))
    objective = ModifiedDetailedBalance()
    torch.testing.assert_close(objective(cut), objective(terms))


def test_the_records_shapes_are_checked(terms):
    with pytest.raises(Exception, match="log_reward"):
        replace(terms, log_reward=terms.log_reward[:-1])
