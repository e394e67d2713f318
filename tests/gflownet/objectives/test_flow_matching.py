import math
from dataclasses import replace

import pytest
import torch
from flow_cases import CONSTRAINTS, Lattice
from sampler_cases import score_table

from dag_gfn.gflownet.objectives.flow_matching import FlowMatching, flow_matching_residual


@pytest.mark.parametrize(("d", "constraints"), CONSTRAINTS, ids=str)
def test_zero_at_the_exact_policy_whatever_its_backward_policy(d, constraints):
    lattice = Lattice(score_table(d, **constraints))
    for log_pb in (lattice.uniform_log_pb, lattice.log_pb(lattice.logits(4)[1])):
        log_p, log_flow, _ = lattice.exact(log_pb)
        assert (lattice.inflow(log_p)[1:] - log_flow[1:]).abs().max() < 1e-12  # no other inflow than its own
        terms = lattice.terms(log_p, inflow=True)
        assert FlowMatching(math.inf)(terms) < 1e-24
    assert FlowMatching()(lattice.terms(lattice.log_p(lattice.logits()[0]), inflow=True)) > 1e-3


def test_two_nodes_by_hand():
    """Rewards 2 and 3 of no edge and 0 -> 1: stop with 0.4, add with 0.6; the inflow is 2 * 0.6 / 0.4."""
    inflow = torch.tensor(2 * 0.6 / 0.4)
    assert float(
        flow_matching_residual(inflow.log(), torch.tensor(0.0), torch.tensor(3.0).log())
    ) == pytest.approx(0, abs=1e-6)


def test_the_outflow_is_summed_edge_by_edge():
    lattice = Lattice(score_table(3))
    log_p = lattice.log_p(lattice.logits()[0])
    terms = lattice.terms(log_p, inflow=True)
    residual = flow_matching_residual(terms.log_inflow, terms.log_stop, terms.log_reward)
    for row in range(0, len(lattice.state), 5):
        for t in range(1, int(terms.mask[row].sum())):
            k = int(lattice.state[row, t])
            edges = log_p[k, :-1].exp() / log_p[k, -1].exp()
            outflow = lattice.log_reward[k].exp() * (1 + edges.sum())
            assert float(residual[row, t]) == pytest.approx(
                float(terms.log_inflow[row, t] - outflow.log()), abs=1e-9
            )


def test_sign_of_every_term():
    for place, sign in enumerate([1, 1, -1]):
        moved = torch.zeros(3)
        moved[place] = 1.0
        assert float(flow_matching_residual(*moved)) == sign


def test_the_first_state_does_not_count():
    lattice = Lattice(score_table(3))
    log_p = lattice.log_p(lattice.logits()[0])
    terms = lattice.terms(log_p, inflow=True)
    assert (terms.log_inflow[:, 0] == -torch.inf).all()
    counted = terms.mask.clone()
    counted[:, 0] = False
    residual = (terms.log_inflow + terms.log_stop - terms.log_reward)[counted]
    assert float(FlowMatching(math.inf)(terms)) == pytest.approx(float((residual**2).mean() / 2))
    assert float(FlowMatching()(lattice.terms(log_p, inflow=True, rows=torch.tensor([0])))) == 0.0


def test_the_gradient_is_finite_where_there_is_no_inflow():
    lattice = Lattice(score_table(2))
    terms = lattice.terms(lattice.log_p(lattice.logits()[0]), inflow=True)
    log_inflow = terms.log_inflow.clone().requires_grad_()
    FlowMatching()(replace(terms, log_inflow=log_inflow)).backward()
    assert log_inflow.grad.isfinite().all()
    assert not log_inflow.grad[:, 0].any()
    assert log_inflow.grad[:, 1].any()
