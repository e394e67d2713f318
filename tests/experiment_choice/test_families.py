import numpy as np

from dag_gfn.exact.enumeration import enumerate_dags
from dag_gfn.experiment_choice.families import Families
from dag_gfn.graphs import graph


def test_every_graph_has_its_families():
    masks = enumerate_dags(3).astype(np.int64)
    families = Families.of(graph.adjacency_from_masks(masks, 3))
    assert len(families) == 12  # 3 nodes with 4 parent sets each
    assert (families.parents[families.of_graph] == masks).all()
    assert (families.nodes[families.of_graph] == np.arange(3)).all()


def test_sums_over_families(rng):
    families = Families.of(graph.adjacency_from_masks(enumerate_dags(3).astype(np.int64), 3))
    values = rng.normal(size=(2, len(families)))
    expected = np.array([[row[of_graph].sum() for of_graph in families.of_graph] for row in values])
    assert np.allclose(families.of_graphs(values), expected)
