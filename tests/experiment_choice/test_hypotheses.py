import numpy as np

from dag_gfn.exact.enumeration import enumerate_dags
from dag_gfn.experiment_choice.hypotheses import Hypotheses, outcome_classes
from dag_gfn.graphs import graph
from dag_gfn.posterior import GraphPosterior

GRAPHS = graph.adjacency_from_masks(enumerate_dags(4).astype(np.int64), 4)


def test_classes_are_those_of_independences_and_setting(rng):
    """Graphs are in one class if they have the same d-separations once the edges into the node are gone."""
    chosen = GRAPHS[rng.choice(len(GRAPHS), size=150, replace=False)]
    for target in (0, 3):
        cut = chosen.copy()
        cut[:, :, target] = False
        separations = np.stack(
            [
                graph.d_separated(cut, a, b, [c for c in range(4) if given >> c & 1])
                for a in range(4)
                for b in range(a + 1, 4)
                for given in range(16)
                if not given >> a & 1 and not given >> b & 1
            ],
            axis=1,
        )
        _, expected = np.unique(separations, axis=0, return_inverse=True)
        pairs = np.stack([expected.reshape(-1), outcome_classes(chosen, (target,))])
        assert len(np.unique(pairs, axis=1).T) == expected.max() + 1 == pairs[1].max() + 1


def test_draws_are_counted():
    draws = np.zeros((4, 2, 2), dtype=bool)
    draws[1:, 0, 1] = True
    found = Hypotheses.of(GraphPosterior.from_samples(("a", "b"), draws), 1000, np.random.default_rng(0))
    assert found.num_draws == 1000
    assert len(found.graphs) == 2
    assert abs(found.weights[found.graphs[:, 0, 1]].item() - 0.75) < 0.06


def test_outcomes_are_spread_by_weight():
    known = Hypotheses(GRAPHS[:3], np.array([0.5, 0.3, 0.2]), None)
    counts = np.bincount(known.spread(100, np.random.default_rng(0)))
    assert np.abs(counts - [50, 30, 20]).max() <= 1
