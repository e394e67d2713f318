"""Where an untrained model over root layerings starts from."""

import pytest
import torch
from sampler_cases import score_table

from dag_gfn.gflownet.env.root_layers import RootLayers
from dag_gfn.gflownet.layers.model import build_layer_model
from dag_gfn.gflownet.training.config import make_objective
from dag_gfn.layerings.layer_weights import LayerWeights


def test_without_guides_the_flow_starts_from_independent_nodes():
    environment = RootLayers(LayerWeights.build(score_table(4)))
    model = build_layer_model(environment, make_objective("trajectory_balance"), None)
    assert model.shared_flow
    assert model.log_z is not None
    first = environment.observe(environment.initial_state(1))
    flow = model.log_flow(first, torch.zeros(1)).detach()
    assert float(flow) == pytest.approx(float(model.log_z.detach()))
    plain = build_layer_model(environment, make_objective("subtrajectory_balance"), None)
    assert plain.backward is None
