"""What flows into a state, against sums over all graphs."""

import pytest
import torch
from flow_cases import CONSTRAINTS as LATTICES
from flow_cases import Lattice, LookUp
from sampler_cases import score_table, states_of

from dag_gfn.gflownet.env.edge_addition import EdgeAddition
from dag_gfn.gflownet.sampling.inflow import log_inflow


@pytest.mark.parametrize(("d", "constraints"), LATTICES, ids=str)
def test_inflow_by_brute_force(d, constraints):
    table = score_table(d, **constraints)
    lattice, environment = Lattice(table), EdgeAddition(table)
    forward, _ = lattice.logits(requires_grad=True)
    log_p = lattice.log_p(forward)
    seen = environment.observe(states_of(environment, lattice.dags))
    found = log_inflow(environment, LookUp(lattice, forward), seen)
    expected = lattice.inflow(log_p)
    assert found[0] == -torch.inf
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)
    one, other = (
        torch.autograd.grad(x[1:].square().sum(), forward, retain_graph=True)[0] for x in (found, expected)
    )
    torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def test_inflow_of_rewards_far_apart():
    """In single precision, without overflow, where flows differ by more than it could hold otherwise."""
    table = score_table(3, rows=400)
    environment, lattice = EdgeAddition(table), Lattice(table)
    assert len(lattice.dags) == 25
    assert lattice.log_reward.max() > 100
    log_p = lattice.log_p(lattice.logits()[0])
    seen = environment.observe(states_of(environment, lattice.dags))
    found = log_inflow(environment, LookUp(lattice, log_p.float()), seen)
    torch.testing.assert_close(found.double(), lattice.inflow(log_p), rtol=1e-5, atol=1e-3)
