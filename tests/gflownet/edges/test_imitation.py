"""The imitation loss, against all orders of the edges of each graph."""

from itertools import permutations

import numpy as np
import pytest
import torch
from flow_cases import Lattice
from sampler_cases import score_table, seeded

from dag_gfn.gflownet.edges.imitation import StateImitation
from dag_gfn.gflownet.env.dag_state import closure
from dag_gfn.gflownet.env.edge_addition import EdgeAddition
from dag_gfn.gflownet.policies.edge_mlp import EdgeMLP
from dag_gfn.gflownet.policies.masking import masked_log_softmax
from dag_gfn.graphs.graph import parent_masks


def with_edges(d, *edges):
    masks = [0] * d
    for i, j in edges:
        masks[j] |= 1 << i
    return masks


@torch.no_grad()
def walk(environment, policy, required, order):
    """Return -log P_F of the trajectory that adds the edges in this order, one state at a time."""
    total, present = 0.0, list(required)
    for edge in [*order, None]:
        masks = torch.tensor([with_edges(environment.num_nodes, *present)])
        observation = environment.observe(environment.state_of(masks, closure(masks)))
        log_p = masked_log_softmax(policy(observation), observation.legal_actions)[0]
        action = environment.stop_action if edge is None else edge[0] * environment.num_nodes + edge[1]
        total -= float(log_p[action])
        present += [] if edge is None else [edge]
    return total


@pytest.mark.parametrize("required", [(), ((0, 1),)])
def test_it_is_the_mean_over_all_orders_of_the_edges(required):
    torch.manual_seed(0)
    environment, policy = EdgeAddition(score_table(4, required=required)), EdgeMLP(4)
    graphs = [((0, 1), (1, 2), (0, 3)), ((0, 1),), ((0, 1), (3, 2))]
    expected = np.mean(
        [
            np.mean(
                [
                    walk(environment, policy, required, order)
                    for order in permutations([edge for edge in edges if edge not in required])
                ]
            )
            for edges in graphs
        ]
    )
    parents = torch.tensor([with_edges(4, *edges) for edges in graphs])
    imitation = StateImitation(environment, parents, num_states=4_000)
    with torch.no_grad():
        found = [float(imitation.loss(policy, generator=seeded(k))) for k in range(5)]
    assert np.mean(found) == pytest.approx(expected, abs=5 * np.std(found, ddof=1) / 5**0.5 + 1e-3)


def test_the_exact_policy_has_the_smallest_loss():
    table = score_table(3)
    lattice, environment = Lattice(table), EdgeAddition(table)
    exact = lattice.model(lattice.exact(lattice.uniform_log_pb)[0])
    chosen = torch.multinomial(lattice.log_reward.exp(), 4000, replacement=True, generator=seeded())
    parents = torch.from_numpy(parent_masks(lattice.dags))[chosen]
    imitation = StateImitation(environment, parents, num_states=20_000)

    def loss(policy):
        with torch.no_grad():
            return float(imitation.loss(policy, generator=seeded()))

    def perturbed(observation):
        return exact(observation) + 0.5 * observation.legal_actions.cumsum(1).remainder(2)

    assert loss(exact) < loss(perturbed)


def test_graphs_without_support_are_left_out():
    environment = EdgeAddition(score_table(3, forbidden=[(0, 1)]))
    graphs = torch.tensor([with_edges(3, (0, 1)), with_edges(3, (1, 2))])
    assert StateImitation(environment, graphs, num_states=5).parents.tolist() == [with_edges(3, (1, 2))]
    with pytest.raises(ValueError, match="no graph has support"):
        StateImitation(environment, graphs[:1], num_states=5)


def test_the_generator_decides():
    environment, graphs = EdgeAddition(score_table(3)), torch.tensor([with_edges(3, (0, 1), (1, 2))])
    imitation = StateImitation(environment, graphs, num_states=50)
    torch.manual_seed(0)
    policy = EdgeMLP(3)
    with torch.no_grad():
        losses = [float(imitation.loss(policy, generator=seeded(k))) for k in (0, 0, 1)]
    assert losses[0] == losses[1] != losses[2]
