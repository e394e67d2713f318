"""DAGs of layerings, taken apart edge by edge."""

import numpy as np
from sampler_cases import score_table, seeded

from dag_gfn.exact.enumeration import enumerate_dags
from dag_gfn.gflownet.chains import Guides
from dag_gfn.gflownet.edges.guides import DAGS_OF_A_LAYERING, guiding_dags, trajectories_to
from dag_gfn.gflownet.env.edge_addition import EdgeAddition
from dag_gfn.graphs.graph import adjacency_from_masks
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.layerings.layered_dags import layering_of


def test_dags_have_the_layerings_that_they_come_from():
    weights = LayerWeights.build(score_table(4))
    layer_of = np.array([[0, 1, 1, 2], [0, 0, 0, 1], [2, 1, 0, 0]])
    dags = guiding_dags(weights, Guides(layer_of, 0.0), rng=np.random.default_rng(0))
    found, times = np.unique(layering_of(dags), axis=0, return_counts=True)
    assert found.tolist() == np.unique(layer_of, axis=0).tolist()
    assert times.tolist() == [DAGS_OF_A_LAYERING] * 3


def test_trajectories_end_in_the_dags_with_support():
    table = score_table(3, forbidden=[(0, 1)])
    dags = adjacency_from_masks(enumerate_dags(3).astype(np.int64), 3)
    (walks,) = trajectories_to(EdgeAddition(table), dags, generator=seeded()).batches
    assert sorted(walks.ends.parents.tolist()) == sorted(
        masks.tolist() for masks in enumerate_dags(3) if not masks[1] & 1
    )
    stops = walks.pad(walks.action == 9).sum(1)
    assert (stops == 1).all()
