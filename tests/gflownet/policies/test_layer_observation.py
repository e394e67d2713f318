"""Observations of root layerings."""

from dataclasses import fields

import pytest
import torch
from exact_tables import random_table
from sampler_cases import score_table, seeded

from dag_gfn.gflownet.env.root_layers import RootLayers
from dag_gfn.gflownet.policies.layer_observation import LayerObservation
from dag_gfn.gflownet.policies.uniform import UniformPolicy
from dag_gfn.gflownet.sampling.rollouts import rollout
from dag_gfn.layerings.layer_weights import LayerWeights


def seen(table, walks):
    environment = RootLayers(LayerWeights.of(table.complete))
    return rollout(environment, UniformPolicy(), walks, generator=seeded()).observation


@pytest.mark.parametrize(
    "table",
    [score_table(2), score_table(5, required=[(4, 0)]), random_table(4, seed=3, forbidden=0.4)],
    ids=["two", "five", "gaps"],
)
def test_all_that_is_seen_of_a_layering_is_determined_by_three_sets(table):
    observation = seen(table, walks=100)
    place, which = observation.distinct()
    sets = torch.cat([observation.placed, observation.last, observation.open], dim=1).numpy()
    assert len(place) == len({row.tobytes() for row in sets}) < len(observation)
    for field in fields(observation):
        values = getattr(observation, field.name)
        assert torch.equal(values[place][which], values), field.name


def test_three_sets_of_many_nodes_are_all_taken_as_distinct():
    nobody, shares = torch.zeros(3, 22, dtype=torch.bool), torch.zeros(3, 22)
    observation = LayerObservation(
        torch.ones(3, 24, dtype=torch.bool), nobody, nobody, nobody, shares, shares, shares, shares
    )
    assert [rows.tolist() for rows in observation.distinct()] == [[0, 1, 2]] * 2
