import torch
from sampler_cases import exact_policy, score_table

from dag_gfn.gflownet.env.edge_addition import EdgeAddition
from dag_gfn.gflownet.policies.policy import Observation, Policy
from dag_gfn.gflownet.policies.uniform import UniformPolicy


def test_networks_and_functions_are_policies():
    assert isinstance(UniformPolicy(), Policy)
    assert isinstance(exact_policy(score_table(2)), Policy)


def test_rows_of_observations_and_back():
    environment = EdgeAddition(score_table(3))
    state = environment.step(environment.initial_state(5), torch.tensor([1, 2, 3, 5, 9]))
    whole = environment.observe(state)
    assert len(whole) == 5
    parts = [whole[:2], whole[torch.tensor([2])], whole[torch.tensor([3, 4])]]
    assert [len(part) for part in parts] == [2, 1, 2]
    joined = Observation.concatenate(parts)
    for name in ("adjacency", "legal", "gains"):
        assert torch.equal(getattr(joined, name), getattr(whole, name))
