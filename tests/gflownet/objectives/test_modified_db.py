import math

import numpy as np
import oracles
import pytest
import torch
from flow_cases import CONSTRAINTS, Lattice
from sampler_cases import exact_policy, log_reward, score_table, seeded

from dag_gfn.gflownet.env.edge_addition import EdgeAddition
from dag_gfn.gflownet.objectives.modified_db import ModifiedDetailedBalance, modified_db_residual
from dag_gfn.gflownet.objectives.objective import FlowTerms
from dag_gfn.gflownet.policies.uniform import UniformPolicy
from dag_gfn.gflownet.sampling.evaluation import evaluate
from dag_gfn.gflownet.sampling.rollouts import rollout


def one_step(log_pf, log_pb, log_stop, log_stop_next, delta):
    return (
        torch.tensor([[float(x)]], dtype=torch.float64)
        for x in (log_pf, log_pb, log_stop, log_stop_next, delta)
    )


def terms_of(residuals, stops=None):
    """Return terms whose residuals are the given ones: all in delta_log_reward."""
    delta = torch.tensor(residuals, dtype=torch.float64)
    zeros = torch.zeros_like(delta)
    stops = torch.zeros_like(delta, dtype=torch.bool) if stops is None else torch.tensor(stops)
    mask = torch.ones_like(stops)
    return FlowTerms(mask, stops, mask, zeros, zeros, zeros, zeros, delta, zeros)


def test_two_nodes_by_hand():
    """Rewards 2, 3, 5 of no edge, 0 -> 1 and 1 -> 0: stop with 2/10, add with 3/10 and 5/10."""
    for reward in (3.0, 5.0):
        exact = one_step(math.log(reward / 10), 0.0, math.log(0.2), 0.0, math.log(reward / 2))
        assert float(modified_db_residual(*exact)) == pytest.approx(0, abs=1e-15)
        uniform = one_step(math.log(1 / 3), 0.0, math.log(1 / 3), 0.0, math.log(reward / 2))
        assert float(modified_db_residual(*uniform)) == pytest.approx(math.log(reward / 2), abs=1e-15)


def test_sign_of_every_term():
    """Each raises or lowers the backward flow over the forward flow as the formula says."""
    base = [0.0] * 5
    for place, sign in enumerate([-1, 1, 1, -1, 1]):
        moved = base.copy()
        moved[place] = 1.0
        assert float(modified_db_residual(*one_step(*moved))) == sign


@pytest.mark.parametrize("d", [2, 3, 4])
def test_zero_on_every_edge_of_the_lattice_at_the_exact_policy(d):
    """All numbers from the oracle, in float64: no part of the environment is used."""
    reward = log_reward(score_table(d))
    policy = oracles.exact_policy(d, reward)
    columns = []
    for dag in oracles.all_dags(d):
        here = np.log(policy[dag.tobytes()][-1])
        for larger, i, j in oracles.one_edge_apart(dag, policy, add=True):
            columns.append(
                (
                    np.log(policy[dag.tobytes()][i * d + j]),
                    -np.log(larger.sum()),
                    here,
                    np.log(policy[larger.tobytes()][-1]),
                    reward(larger) - reward(dag),
                )
            )
    residual = modified_db_residual(*torch.tensor(columns).T)
    assert len(residual) == sum(dag.sum() for dag in oracles.all_dags(d))
    assert residual.abs().max() < 1e-9


@pytest.mark.parametrize(("d", "constraints"), CONSTRAINTS, ids=str)
def test_zero_along_trajectories_at_the_exact_policy(d, constraints):
    table = score_table(d, **constraints)
    trajectories = rollout(EdgeAddition(table), UniformPolicy(), 200, generator=seeded())
    objective = ModifiedDetailedBalance()
    assert objective(evaluate(exact_policy(table), trajectories)) < 1e-11  # float32 terms: (1e-6)²
    assert objective(evaluate(UniformPolicy(), trajectories)) > 1e-3


@pytest.mark.parametrize(("d", "constraints"), CONSTRAINTS, ids=str)
def test_zero_with_any_backward_policy(d, constraints):
    lattice = Lattice(score_table(d, **constraints))
    for log_pb in (lattice.uniform_log_pb, lattice.log_pb(lattice.logits(3)[1])):
        terms = lattice.terms(lattice.exact(log_pb)[0], log_pb)
        assert ModifiedDetailedBalance(float("inf"))(terms) < 1e-24


def test_huber_loss_by_hand():
    objective = ModifiedDetailedBalance()
    assert float(objective(terms_of([[0.5]]))) == pytest.approx(0.125)
    assert float(objective(terms_of([[-3.0]]))) == pytest.approx(2.5)
    assert float(objective(terms_of([[0.5, -3.0]]))) == pytest.approx((0.125 + 2.5) / 2)
    assert float(ModifiedDetailedBalance(huber_delta=2.0)(terms_of([[-3.0]]))) == pytest.approx(
        2.0 * (3.0 - 1.0)
    )


def test_stops_do_not_count():
    with_stop = terms_of([[0.5, 7.0]], stops=[[False, True]])
    assert float(ModifiedDetailedBalance()(with_stop)) == pytest.approx(0.125)
    only_stops = terms_of([[7.0], [7.0]], stops=[[True], [True]])
    assert float(ModifiedDetailedBalance()(only_stops)) == 0.0
