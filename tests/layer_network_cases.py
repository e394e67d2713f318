"""Networks for root layerings, and the states that random walks visit."""

import torch
from exact_tables import peaked_table, random_table
from sampler_cases import score_table, seeded

from dag_gfn.gflownet.env.root_layers import RootLayers
from dag_gfn.gflownet.policies.layer_mlp import LayerMLP
from dag_gfn.gflownet.policies.layer_transformer import LayerTransformer
from dag_gfn.gflownet.policies.uniform import UniformPolicy
from dag_gfn.gflownet.sampling.rollouts import rollout
from dag_gfn.layerings.layer_weights import LayerWeights

CASES = {
    name: LayerWeights.of(table.complete)
    for name, table in {
        "two": score_table(2),
        "three": score_table(3),
        "five": score_table(5),
        "constrained": score_table(5, required=[(4, 0)], forbidden=[(1, 2), (2, 1)], max_parents=2),
        "no parents": score_table(3, max_parents=0),
        "gaps": random_table(4, seed=3, forbidden=0.4),
        "peaked": peaked_table(5, seed=0, nats=400.0),
    }.items()
} | {"parents outside": LayerWeights.build(score_table(5), num_candidates=2, outside=True)}


def mlp(environment):
    return LayerMLP(environment.log_all, environment.log_without, hidden_size=32)


def transformer(environment):
    return LayerTransformer(environment.log_all, environment.log_without, width=16, num_heads=2)


def case(build, name, walks=24):
    """Return the environment, an untrained network for it, and trajectories of random walks."""
    environment = RootLayers(CASES[name])
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = build(environment)
    return environment, network, rollout(environment, UniformPolicy(), walks, generator=seeded())


def moved(network, seed=1):
    """Return it with weights that are no longer those at first."""
    generator = seeded(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += 0.1 * torch.randn(parameter.shape, generator=generator)
    return network
