import numpy as np
import pytest
import torch
from sampler_cases import score_table, seeded
from torch import nn

from dag_gfn.gflownet.edges.model import build_edge_model
from dag_gfn.gflownet.env.edge_addition import EdgeAddition
from dag_gfn.gflownet.env.root_layers import RootLayers
from dag_gfn.gflownet.layers.model import build_layer_model
from dag_gfn.gflownet.policies.initial_weights import DrawnFrom
from dag_gfn.gflownet.training.config import make_objective
from dag_gfn.layerings.layer_weights import LayerWeights

BUILDERS = {
    f"{policy} on {environment}": (environment, policy)
    for environment in ("edges", "layers")
    for policy in ("mlp", "transformer")
}


@pytest.fixture(params=BUILDERS.values(), ids=BUILDERS)
def build(request):
    """Return a function that builds a network with all that an objective may need."""
    environment, policy = request.param
    table = score_table(3)
    if environment == "edges":
        objective = make_objective("detailed_balance")
        return lambda: build_edge_model(EdgeAddition(table), objective, policy=policy, backward="learned")
    objective, layers = make_objective("trajectory_balance"), RootLayers(LayerWeights.build(table))
    return lambda: build_layer_model(layers, objective, None, policy=policy)


def weights_of(model):
    return np.concatenate([parameter.detach().numpy().ravel() for parameter in model.parameters()])


def test_weights_are_those_of_a_global_generator_in_the_same_state(build):
    with torch.random.fork_rng():
        torch.manual_seed(7)
        expected = weights_of(build())
    before = torch.get_rng_state()
    with DrawnFrom(seeded(7)):
        found = weights_of(build())
        assert torch.equal(torch.get_rng_state(), before)  # not even for a moment
    np.testing.assert_array_equal(found, expected)
    with DrawnFrom(seeded(8)):
        assert (weights_of(build()) != expected).any()


def test_a_generator_that_was_given_is_used():
    with DrawnFrom(seeded(1)):
        found = torch.rand(3, generator=seeded(2))
        layer = nn.Linear(2, 2)
        nn.init.normal_(layer.weight, generator=seeded(3))
    assert torch.equal(found, torch.rand(3, generator=seeded(2)))
    assert torch.equal(layer.weight, nn.init.normal_(torch.empty(2, 2), generator=seeded(3)))
