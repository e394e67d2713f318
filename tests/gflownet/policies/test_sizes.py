"""Sizes that are read from a network build one with the same weights."""

import numpy as np
import pytest
import torch

from dag_gfn.gflownet.env.root_layers import RootLayers
from dag_gfn.gflownet.policies.edge_mlp import EdgeMLP, MLPBackward, MLPStateFlow
from dag_gfn.gflownet.policies.edge_transformer import EdgeTransformer
from dag_gfn.gflownet.policies.family_network import FamilyNetwork
from dag_gfn.gflownet.policies.layer_mlp import LayerMLP
from dag_gfn.gflownet.policies.layer_transformer import LayerTransformer
from dag_gfn.gflownet.policies.sizes import sizes_of
from dag_gfn.layerings.layer_weights import LayerWeights


def made(kind, **sizes):
    if kind in (LayerMLP, LayerTransformer):
        environment = RootLayers(LayerWeights.of(np.zeros((3, 4))))
        return kind(environment.log_all, environment.log_without, **sizes)
    return kind(3, **sizes)


@pytest.mark.parametrize("kind", [EdgeMLP, MLPBackward, MLPStateFlow, LayerMLP])
@pytest.mark.parametrize("sizes", [{}, {"hidden_size": 24, "num_layers": 3}])
def test_perceptrons(kind, sizes):
    network = made(kind, **sizes)
    assert sizes_of(network).items() >= sizes.items()
    made(kind, **sizes_of(network)).load_state_dict(network.state_dict())


@pytest.mark.parametrize("sizes", [{}, {"hidden_size": 24, "num_layers": 3, "width": 8, "num_sets": 5}])
def test_networks_with_parent_sets(sizes):
    assert sizes_of(FamilyNetwork(3, **sizes)).items() >= sizes.items()


@pytest.mark.parametrize("kind", [EdgeTransformer, LayerTransformer])
@pytest.mark.parametrize("sizes", [{}, {"width": 24, "num_layers": 3, "num_heads": 2}])
def test_transformers(kind, sizes):
    network = made(kind, **sizes)
    assert sizes_of(network).items() >= sizes.items()
    made(kind, **sizes_of(network)).load_state_dict(network.state_dict())


def test_other_networks_are_not_known():
    with pytest.raises(TypeError, match="the sizes of a Linear are not known"):
        sizes_of(torch.nn.Linear(2, 2))
