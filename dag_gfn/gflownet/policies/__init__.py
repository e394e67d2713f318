"""Policies map what is seen of a state to logits of the actions; here are the networks that `--policy` names.

To add one: a file with its class, an entry below, and `conformance.check_policy` in its test.
"""

from dag_gfn.gflownet.policies.edge_mlp import EdgeMLP
from dag_gfn.gflownet.policies.edge_observation import EdgeObservation
from dag_gfn.gflownet.policies.edge_transformer import EdgeTransformer
from dag_gfn.gflownet.policies.family_network import FamilyNetwork
from dag_gfn.gflownet.policies.layer_mlp import LayerMLP
from dag_gfn.gflownet.policies.layer_observation import LayerObservation
from dag_gfn.gflownet.policies.layer_transformer import LayerTransformer
from dag_gfn.gflownet.policies.policy import Observation, Policy
from dag_gfn.gflownet.policies.uniform import UniformPolicy

EDGE_POLICIES = {"mlp": EdgeMLP, "transformer": EdgeTransformer}
"""Networks that add edges, by name; each is built from the number of nodes."""

EDGE_NETWORKS = {**EDGE_POLICIES, "families": FamilyNetwork}
"""The same with the one that takes the place of the perceptron where chains have shown likely parent sets."""

LAYER_POLICIES = {"mlp": LayerMLP, "transformer": LayerTransformer}
"""Networks that build root layerings, by name; each is built from `log_all` and `log_without` of the environment."""

__all__ = [
    "EDGE_NETWORKS",
    "EDGE_POLICIES",
    "LAYER_POLICIES",
    "EdgeMLP",
    "EdgeObservation",
    "EdgeTransformer",
    "FamilyNetwork",
    "LayerMLP",
    "LayerObservation",
    "LayerTransformer",
    "Observation",
    "Policy",
    "UniformPolicy",
]
