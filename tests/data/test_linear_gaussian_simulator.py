import numpy as np
import pytest

from dag_gfn.data import LinearGaussianSimulator, erdos_renyi_dag
from dag_gfn.errors import DataError, OptionError

CHAIN = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0]], dtype=bool)  # 2 → 1 → 0 and 2 → 0


def test_covariance_of_a_chain_by_hand():
    weights = np.array([[0, 0, 0], [2.0, 0, 0], [-1.0, 3.0, 0]])
    network = LinearGaussianSimulator(CHAIN, weights, np.array([1.0, 2.0, 4.0]), ("a", "b", "c"))
    # c = e_c, b = 3c + e_b, a = 2b - c + e_a = 5c + 2e_b + e_a
    expected = [
        [25 * 4 + 4 * 2 + 1, 15 * 4 + 2 * 2, 5 * 4],
        [15 * 4 + 2 * 2, 9 * 4 + 2, 3 * 4],
        [5 * 4, 3 * 4, 4],
    ]
    np.testing.assert_allclose(network.covariance(), expected)


def test_sample_covariance_agrees_within_its_error(rng):
    n = 50_000
    network = LinearGaussianSimulator.random(
        erdos_renyi_dag(6, edges_per_node=2, rng=rng), rng=rng, noise_variance=0.1
    )
    data = network.sample(n, rng=rng)
    sigma = network.covariance()
    # Known mean 0: var(s_ij) = (sigma_ij^2 + sigma_ii sigma_jj) / n.
    error = np.sqrt((sigma**2 + np.outer(np.diag(sigma), np.diag(sigma))) / n)
    assert (np.abs(data.values.T @ data.values / n - sigma) < 4.5 * error).all()
    assert (np.abs(data.values.mean(axis=0)) < 4.5 * np.sqrt(np.diag(sigma) / n)).all()
    assert not data.is_standardized


def test_random_weights_lie_on_edges_and_have_the_asked_scale(rng):
    adjacency = np.triu(np.ones((60, 60), dtype=bool), k=1)
    network = LinearGaussianSimulator.random(adjacency, rng=rng, weight_scale=3.0, noise_variance=0.01)
    assert ((network.weights != 0) == adjacency).all()
    drawn = network.weights[adjacency]
    assert abs(drawn.std() / 3 - 1) < 4 / np.sqrt(2 * drawn.size)
    assert (network.noise_variance == 0.01).all()


def test_dataset_carries_truth_and_names(rng):
    data = LinearGaussianSimulator.random(CHAIN, rng=rng, names=["a", "b", "c"]).sample(10, rng=rng)
    assert (data.n, data.names, data.kind) == (10, ("a", "b", "c"), "continuous")
    np.testing.assert_array_equal(data.true_graph, CHAIN)
    assert LinearGaussianSimulator.random(CHAIN, rng=rng).names == ("x0", "x1", "x2")


def test_same_seed_same_bytes_and_calls_differ():
    network = LinearGaussianSimulator.random(CHAIN, rng=np.random.default_rng(0))
    rng = np.random.default_rng(1)
    first, second = (network.sample(5, rng=rng).values.tobytes() for _ in range(2))
    assert first == network.sample(5, rng=np.random.default_rng(1)).values.tobytes()
    assert first != second


def test_misuse(rng):
    with pytest.raises(OptionError, match="positive, not 0"):
        LinearGaussianSimulator.random(CHAIN, rng=rng, noise_variance=0.0)
    with pytest.raises(TypeError, match="rng"):
        LinearGaussianSimulator.random(CHAIN)
    with pytest.raises(DataError, match="1 row"):
        LinearGaussianSimulator.random(CHAIN, rng=rng).sample(1, rng=rng)
