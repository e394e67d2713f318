import math
from dataclasses import replace

import pytest
import torch
from flow_cases import CONSTRAINTS, Lattice
from sampler_cases import score_table

from dag_gfn.gflownet.objectives.detailed_balance import (
    DetailedBalance,
    ForwardLookingDetailedBalance,
    detailed_balance_residual,
    stop_residual,
)
from dag_gfn.gflownet.objectives.modified_db import modified_db_residual

BOTH = [DetailedBalance, ForwardLookingDetailedBalance]


def exact_terms(d, constraints, *, learned_backward):
    lattice = Lattice(score_table(d, **constraints))
    log_pb = lattice.log_pb(lattice.logits(4)[1]) if learned_backward else lattice.uniform_log_pb
    log_p, log_flow, _ = lattice.exact(log_pb)
    return lattice.terms(log_p, log_pb, log_flow=log_flow)


@pytest.mark.parametrize("learned_backward", [False, True])
@pytest.mark.parametrize(("d", "constraints"), CONSTRAINTS, ids=str)
def test_zero_at_the_exact_flows(d, constraints, learned_backward):
    terms = exact_terms(d, constraints, learned_backward=learned_backward)
    moves = terms.mask & ~terms.stops
    steps = detailed_balance_residual(terms.log_flow, terms.log_pf, terms.log_flow_next, terms.log_pb)
    assert steps[moves].abs().max() < 1e-12
    assert stop_residual(terms.log_flow, terms.log_stop, terms.log_reward)[terms.mask].abs().max() < 1e-12
    for objective in BOTH:
        assert objective(math.inf)(terms) < 1e-24
        assert objective()(replace(terms, log_flow=terms.log_flow + 0.1 * terms.mask)) > 1e-4


def test_two_nodes_by_hand():
    """Rewards 2, 3, 5 of no edge, 0 -> 1 and 1 -> 0: log F are 10, 3, 5."""
    for reward in (3.0, 5.0):
        step = (math.log(10), math.log(reward / 10), math.log(reward), 0.0)
        assert float(detailed_balance_residual(*map(torch.tensor, step))) == pytest.approx(0, abs=1e-6)
    assert float(stop_residual(*torch.tensor([10.0, 0.2, 2.0]).log())) == pytest.approx(0, abs=1e-6)
    assert float(stop_residual(*torch.tensor([3.0, 1.0, 3.0]).log())) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("residual", "signs"), [(detailed_balance_residual, [1, 1, -1, -1]), (stop_residual, [1, 1, -1])]
)
def test_sign_of_every_term(residual, signs):
    for place, sign in enumerate(signs):
        moved = torch.zeros(len(signs))
        moved[place] = 1.0
        assert float(residual(*moved)) == sign


def test_flows_from_the_stops_make_it_modified_detailed_balance():
    lattice = Lattice(score_table(3))
    log_p, log_pb = lattice.log_p(lattice.logits()[0]), lattice.log_pb(lattice.logits()[1])
    terms = lattice.terms(log_p, log_pb, log_flow=lattice.log_reward - log_p[:, -1])
    moves = terms.mask & ~terms.stops
    steps = detailed_balance_residual(terms.log_flow, terms.log_pf, terms.log_flow_next, terms.log_pb)
    modified = modified_db_residual(
        terms.log_pf, terms.log_pb, terms.log_stop, terms.log_stop_next, terms.delta_log_reward
    )
    assert modified[moves].abs().max() > 0.1
    torch.testing.assert_close(steps[moves], -modified[moves])
    assert stop_residual(terms.log_flow, terms.log_stop, terms.log_reward)[terms.mask].abs().max() < 1e-12


@pytest.mark.parametrize("objective", BOTH)
def test_loss_by_a_plain_loop(objective):
    lattice = Lattice(score_table(3))
    log_flow = lattice.log_reward + torch.linspace(-3, 3, len(lattice.dags), dtype=torch.float64)
    terms = lattice.terms(lattice.log_p(lattice.logits()[0]), log_flow=log_flow)
    terms = replace(terms, can_stop=terms.mask & (torch.arange(terms.mask.shape[1]) != 1))
    steps, stops = [], []

    def huber(r):
        return r**2 / 2 if abs(r) < 0.7 else 0.7 * (abs(r) - 0.35)

    for row in range(len(terms.mask)):
        for t in range(int(terms.mask[row].sum())):
            at = (row, t)
            if not terms.stops[at]:
                flows = terms.log_flow[at] + terms.log_pf[at] - terms.log_flow[row, t + 1] - terms.log_pb[at]
                steps.append(huber(float(flows)))
            if t != 1:  # as if the second state were unfinished
                stops.append(huber(float(terms.log_flow[at] + terms.log_stop[at] - terms.log_reward[at])))
    expected = sum(steps) / len(steps) + sum(stops) / len(stops)
    assert float(objective(0.7)(terms)) == pytest.approx(expected, rel=1e-9)


def test_only_what_the_network_gives_differs_between_the_two():
    assert ForwardLookingDetailedBalance.needs - DetailedBalance.needs == {"forward_looking_flow"}
