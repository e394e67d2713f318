"""The perceptrons for hypergrids."""

import pytest
import torch
from sampler_cases import seeded

from dag_gfn.gflownet.env.hypergrid import Hypergrid
from dag_gfn.gflownet.policies.conformance import check_backward_policy, check_policy, check_state_flow
from dag_gfn.gflownet.policies.grid_mlp import GridBackward, GridMLP, GridStateFlow
from dag_gfn.gflownet.policies.initial_weights import DrawnFrom


def made(kind, *size, **options):
    with DrawnFrom(seeded()):
        return kind(*size, hidden_size=16, **options)


@pytest.mark.parametrize(("dimensions", "side"), [(1, 2), (2, 5), (4, 3)])
def test_they_conform(dimensions, side):
    environment = Hypergrid(dimensions, side)
    seen = environment.observe(environment.cells())
    check_policy(made(GridMLP, dimensions, side), seen)
    check_backward_policy(made(GridBackward, dimensions, side), seen, seen.cell > 0)
    check_state_flow(made(GridStateFlow, dimensions, side), seen)


def test_the_corner_of_nothing_to_undo_has_no_nan():
    environment = Hypergrid(2, 5)
    seen = environment.observe(environment.initial_state(2))
    assert made(GridBackward, 2, 5)(seen).isfinite().all()


def test_every_cell_has_inputs_of_its_own():
    network, environment = made(GridMLP, 2, 3), Hypergrid(2, 3)
    inputs = []
    network.body.register_forward_hook(lambda module, given, output: inputs.append(given[0]))
    network(environment.observe(environment.cells()))
    assert inputs[0].shape == (9, 6)
    assert torch.equal(inputs[0].unique(dim=0).sum(1), torch.full((9,), 2.0))
    assert inputs[0][5].tolist() == [0, 1, 0, 0, 0, 1]  # cell (1, 2)


@pytest.mark.parametrize("kind", [GridMLP, GridStateFlow])
def test_training_begins_near_zero(kind):
    environment = Hypergrid(3, 6)
    with torch.no_grad():
        assert made(kind, 3, 6)(environment.observe(environment.cells())).abs().max() < 0.1
