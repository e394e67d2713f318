"""What an untrained model over edges has, by what its objective needs."""

import pytest
import torch
from sampler_cases import score_table

from dag_gfn.exact.enumeration import exact_posterior
from dag_gfn.gflownet.edges.model import build_edge_model
from dag_gfn.gflownet.env.edge_addition import EdgeAddition
from dag_gfn.gflownet.objectives import OBJECTIVES
from dag_gfn.gflownet.policies.initial_weights import DrawnFrom


def built(objective, table=None, **options):
    environment = EdgeAddition(score_table(3) if table is None else table)
    with DrawnFrom(torch.Generator().manual_seed(0)):
        return environment, build_edge_model(environment, OBJECTIVES[objective](), **options)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_model_has_what_its_objective_needs(objective):
    needs, learns = OBJECTIVES[objective].needs, OBJECTIVES[objective].learns_backward
    environment, model = built(objective)
    assert (model.log_z is not None) == ("log_z" in needs)
    assert (model.state_flow is not None) == ("log_flow" in needs)
    assert (model.backward is not None) == learns
    assert model(environment.observe(environment.initial_state(2))).shape == (2, 10)


@pytest.mark.parametrize(("backward", "learned"), [("learned", True), ("uniform", False)])
def test_the_user_chooses_the_backward_policy(backward, learned):
    assert (built("wake_sleep", backward=backward)[1].backward is not None) == learned
    assert (built("modified_db", backward=backward)[1].backward is not None) == learned


def test_log_z_starts_near_the_evidence():
    """Within what 512 weights of the untrained policy leave open, and relative to the reward of the empty graph."""
    table = score_table(3)
    environment, model = built("trajectory_balance", table)
    first = float(environment.initial_state(1).log_reward[0])
    assert float(model.log_z.detach()) + first == pytest.approx(exact_posterior(table).log_evidence, abs=0.5)
