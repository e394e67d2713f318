import numpy as np
import pytest

from dag_gfn.data import simulate
from dag_gfn.errors import OptionError


@pytest.mark.parametrize(("graph", "num_edges"), [("er", 3), ("sf", 2)])
def test_sample_with_its_true_graph(graph, num_edges, rng):
    data = simulate(3, 20, graph=graph, rng=rng)
    assert (data.n, data.d, data.kind, data.is_standardized) == (20, 3, "continuous", False)
    assert data.true_graph.sum() == num_edges


def test_noise_variance_is_that_of_a_root(rng):
    n = 20_000
    data = simulate(5, n, noise_variance=0.01, rng=rng)
    roots = ~data.true_graph.any(axis=0)
    variances = (data.values[:, roots] ** 2).mean(axis=0)
    assert (np.abs(variances / 0.01 - 1) < 4.5 * np.sqrt(2 / n)).all()


def test_same_seed_same_bytes():
    first, again, other = (simulate(6, 10, rng=np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert first.values.tobytes() == again.values.tobytes()
    assert first.true_graph.tobytes() == again.true_graph.tobytes()
    assert first.values.tobytes() != other.values.tobytes()


def test_misuse(rng):
    with pytest.raises(OptionError, match=r"one of er, sf .* not 'ba'"):
        simulate(5, 10, graph="ba", rng=rng)
    with pytest.raises(TypeError, match="rng"):
        simulate(5, 10)
