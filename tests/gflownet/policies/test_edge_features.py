"""What a network that adds edges reads."""

import torch
from sampler_cases import score_table, seeded

from dag_gfn.gflownet.env.edge_addition import EdgeAddition
from dag_gfn.gflownet.policies.edge_features import (
    EDGE_FEATURES,
    GRAPH_FEATURES,
    NODE_FEATURES,
    EdgeFeatures,
)
from dag_gfn.gflownet.policies.edge_observation import EdgeObservation
from dag_gfn.gflownet.policies.uniform import UniformPolicy
from dag_gfn.gflownet.sampling.rollouts import rollout


def seen(d=4):
    return rollout(EdgeAddition(score_table(d)), UniformPolicy(), 16, generator=seeded()).observation


def random_probabilities(observation):
    b, d, _ = observation.legal.shape
    return torch.rand(b, d, d, generator=seeded()), torch.rand(b, d, generator=seeded(1))


def test_features_are_finite_and_of_the_shapes_that_are_said():
    observation = seen()
    features = EdgeFeatures.of(observation, *random_probabilities(observation))
    b = len(observation)
    assert features.edges.shape == (b, 4, 4, EDGE_FEATURES)
    assert features.nodes.shape == (b, 4, NODE_FEATURES)
    assert features.graph.shape == (b, GRAPH_FEATURES)
    assert features.flat().shape == (b, 16 * EDGE_FEATURES + 8 + GRAPH_FEATURES)
    for part in (features.base, features.edges, features.nodes, features.graph):
        assert part.isfinite().all()
        assert part.abs().max() < 20


def test_a_permutation_of_the_nodes_permutes_them():
    observation, order = seen(), [2, 0, 3, 1]
    further, complete = random_probabilities(observation)
    features = EdgeFeatures.of(observation, further, complete)
    swapped = [each[:, order][:, :, order] for each in (*observation.tensors, further)]
    other = EdgeFeatures.of(EdgeObservation(*swapped[:3]), swapped[3], complete[:, order])
    torch.testing.assert_close(other.base, features.base[:, order][:, :, order])
    torch.testing.assert_close(other.edges, features.edges[:, order][:, :, order])
    torch.testing.assert_close(other.nodes, features.nodes[:, order])
    torch.testing.assert_close(other.graph, features.graph)


def test_what_is_illegal_is_not_expected():
    observation = seen()
    further, complete = random_probabilities(observation)
    features = EdgeFeatures.of(observation, further, complete)
    beyond = EdgeFeatures.of(observation, further.where(observation.legal, 0.9), complete)
    torch.testing.assert_close(beyond.nodes, features.nodes)
    torch.testing.assert_close(beyond.graph, features.graph)
