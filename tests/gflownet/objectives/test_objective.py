from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from flow_cases import Lattice
from sampler_cases import score_table

from dag_gfn.gflownet.objectives import OBJECTIVES
from dag_gfn.gflownet.objectives.objective import NEEDS, FlowTerms


def test_final_reward_and_log_ratio_by_a_plain_loop():
    lattice = Lattice(score_table(3, required=[(2, 1)]))
    forward, backward = lattice.logits()
    log_p, log_pb = lattice.log_p(forward), lattice.log_pb(backward)
    terms = lattice.terms(log_p, log_pb)
    for row, (states, actions) in enumerate(zip(lattice.state, lattice.action, strict=True)):
        states, actions = states[states >= 0].tolist(), actions[actions >= 0].tolist()
        ratio = sum(float(log_p[step]) for step in zip(states, actions, strict=True))
        ratio -= sum(float(log_pb[step]) for step in zip(states[1:], actions[:-1], strict=True))
        ratio -= float(lattice.log_reward[states[-1]])
        assert float(terms.log_ratio[row]) == pytest.approx(ratio, abs=1e-12)
        assert float(terms.final_log_reward[row]) == pytest.approx(
            float(lattice.log_reward[states[-1]]), abs=1e-12
        )


@pytest.mark.parametrize("name", OBJECTIVES)
def test_every_objective_learns_from_one_short_trajectory_or_from_stops_alone_without_harm(name):
    lattice = Lattice(score_table(2))
    forward, _ = lattice.logits(requires_grad=True)
    for rows in ([0], [0, 0], [1], [0, 1, 2]):
        terms = lattice.all_terms(lattice.log_p(forward), rows=torch.tensor(rows))
        (gradient,) = torch.autograd.grad(OBJECTIVES[name]()(terms), forward)
        assert gradient.isfinite().all()


def test_what_each_objective_is_said_to_need():
    """The one place where the table of objectives is written a second time."""
    needs = {name: objective.needs for name, objective in OBJECTIVES.items()}
    assert all(of_one <= NEEDS for of_one in needs.values())
    every_state_terminal = {name for name in needs if "every_state_terminal" in needs[name]}
    assert every_state_terminal == {"modified_db", "flow_matching"}
    single_steps = {name for name in needs if "whole_trajectories" not in needs[name]}
    assert single_steps == {"modified_db", "detailed_balance", "forward_looking_db", "flow_matching"}
    assert {name for name, objective in OBJECTIVES.items() if objective.learns_backward} == {
        "wake_sleep",
        "reverse_wake_sleep",
    }


SINGLE_STEPS = [name for name in OBJECTIVES if "whole_trajectories" not in OBJECTIVES[name].needs]


@pytest.mark.parametrize("name", SINGLE_STEPS)
def test_a_single_step_is_a_row_of_its_own(name, terms):
    """Cut into rows of one step, trajectories give the loss and the gradient that they give when whole."""
    cut = FlowTerms(
        **{
            field.name: value if value is None or value.ndim == 0 else value[terms.mask][:, None]
            for field in fields(terms)
            for value in [getattr(terms, field.name)]
        }
    )
    objective = OBJECTIVES[name]()
    torch.testing.assert_close(objective(cut), objective(terms))


def test_the_records_shapes_are_checked(terms):
    with pytest.raises(Exception, match="log_reward"):
        replace(terms, log_reward=terms.log_reward[:-1])


def test_the_terms_are_those_of_the_definition_on_two_nodes():
    """The cases that the other tests lean on: no edge, 0 -> 1 and 1 -> 0."""
    lattice = Lattice(score_table(2))
    assert lattice.state.tolist() == [[0, -1], [0, 2], [0, 1]]
    log_p, log_flow, log_z = lattice.exact(lattice.uniform_log_pb)
    reward = lattice.log_reward.exp().numpy()
    np.testing.assert_allclose(np.exp(log_z), reward.sum(), rtol=1e-12)
    np.testing.assert_allclose(log_flow[1:].exp(), reward[1:], rtol=1e-12)
    np.testing.assert_allclose(log_p[0, [4, 2, 1]].exp(), reward / reward.sum(), rtol=1e-12)
