"""Observations of root layerings."""

from dataclasses import fields

import pytest
import torch
from exact_tables import random_table
from sampler_cases import score_table, seeded

from dag_gfn.env.root_layers import RootLayers
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.policies.uniform import UniformPolicy
from dag_gfn.sampling import rollout


def seen(table, walks):
    weights = LayerWeights.of(table.complete) if table.complete is not None else LayerWeights.build(table)
    return rollout(RootLayers(weights), UniformPolicy(), walks, generator=seeded()).observation


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
    observation = seen(score_table(22, rows=30, max_parents=2), walks=3)
    place, which = observation.distinct()
    assert torch.equal(place, torch.arange(len(observation)))
    assert torch.equal(which, place)
