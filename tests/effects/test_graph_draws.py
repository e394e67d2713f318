import numpy as np
import pytest

from dag_gfn.effects.graph_draws import draw_graphs, equivalence_classes, no_path
from dag_gfn.errors import OptionError
from dag_gfn.posterior import GraphPosterior

NAMES = ("a", "b", "c")


def dag(*edges):
    adjacency = np.zeros((3, 3), dtype=bool)
    for i, j in edges:
        adjacency[i, j] = True
    return adjacency


def test_classes_join_graphs_that_data_cannot_tell_apart():
    chain, fork, collider = dag((0, 1), (1, 2)), dag((1, 0), (1, 2)), dag((0, 1), (2, 1))
    graphs = np.stack([chain, collider, fork, chain, dag()])
    classes = list(equivalence_classes(graphs, NAMES, top=2))
    assert classes[0].edges == "a — b, b — c"
    assert classes[0].probability == pytest.approx(0.6)
    np.testing.assert_array_equal(classes[0].draws, [True, False, True, True, False])
    assert len(classes) == 2
    assert {"a → b, c → b", ""} == {found.edges for found in equivalence_classes(graphs, NAMES, top=9)} - {
        "a — b, b — c"
    }


def test_graphs_are_drawn_by_weight(rng):
    posterior = GraphPosterior.from_samples(NAMES, np.stack([dag((0, 1), (1, 2)), dag(), dag(), dag()]))
    share = draw_graphs(posterior, 4_000, rng)[:, 0, 1].mean()
    assert share == pytest.approx(0.25, abs=5 * np.sqrt(0.25 * 0.75 / 4_000))
    np.testing.assert_allclose(no_path(posterior)[0], [1.0, 0.75, 0.75])


@pytest.mark.parametrize("num_draws", [0, -3])
def test_a_number_of_draws_is_positive_and_whole(num_draws, rng):
    posterior = GraphPosterior.from_samples(NAMES, dag()[None])
    with pytest.raises(OptionError, match=f"must be positive and whole, not {num_draws}"):
        draw_graphs(posterior, num_draws, rng)
