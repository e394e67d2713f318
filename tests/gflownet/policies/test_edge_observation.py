import torch
from sampler_cases import score_table

from dag_gfn.gflownet.env.edge_addition import EdgeAddition
from dag_gfn.gflownet.policies.edge_observation import EdgeObservation, with_stop
from dag_gfn.gflownet.policies.policy import Observation


def of(*adjacencies):
    adjacency = torch.stack(adjacencies)
    return EdgeObservation(adjacency, ~adjacency, torch.zeros(adjacency.shape))


def graph_of(d, *edges):
    adjacency = torch.zeros(d, d, dtype=torch.bool)
    for i, j in edges:
        adjacency[i, j] = True
    return adjacency


def test_legal_actions_are_the_legal_edges_and_the_stop():
    environment = EdgeAddition(score_table(3))
    seen = environment.observe(environment.initial_state(2))
    assert torch.equal(seen.legal_actions, with_stop(seen.legal))
    assert seen.legal_actions[0].tolist() == [False, True, True, True, False, True, True, True, False, True]
    assert isinstance(seen, Observation)


def test_equal_graphs_are_found_up_to_seven_nodes():
    one, two = graph_of(7, (0, 1)), graph_of(7, (5, 6))
    place, which = of(one, two, one).distinct()
    assert len(place) == 2
    assert which[0] == which[2] != which[1]
    assert torch.equal(of(one, two, one).adjacency[place][which], torch.stack([one, two, one]))


def test_larger_graphs_all_count_as_distinct():
    one = graph_of(8, (0, 1))
    assert [rows.tolist() for rows in of(one, one).distinct()] == [[0, 1], [0, 1]]
