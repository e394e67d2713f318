"""Policies: from what is seen of a state to logits of the actions."""

from dag_gfn.gflownet.policies.mlp import MLPPolicy
from dag_gfn.gflownet.policies.policy import EdgeObservation, Observation, Policy
from dag_gfn.gflownet.policies.transformer import TransformerPolicy
from dag_gfn.gflownet.policies.uniform import UniformPolicy

POLICIES = {"mlp": MLPPolicy, "transformer": TransformerPolicy}
"""Networks for adding edges, by name."""

__all__ = [
    "POLICIES",
    "EdgeObservation",
    "MLPPolicy",
    "Observation",
    "Policy",
    "TransformerPolicy",
    "UniformPolicy",
]
