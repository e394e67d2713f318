import itertools

import numpy as np
import pytest

from dag_gfn.data import DiscreteSimulator
from dag_gfn.errors import OptionError

COLLIDER = np.array([[0, 0, 0], [1, 0, 1], [1, 0, 0]], dtype=bool)  # 1 → 2, 1 → 0 ← 2
CARDINALITIES = (3, 2, 4)


def joint(network):
    """The joint distribution by the product over nodes, one cell at a time."""
    shape = tuple(len(labels) for labels in network.states)
    cells = np.zeros(shape)
    for codes in itertools.product(*map(range, shape)):
        cells[codes] = np.prod(
            [
                table[(*(codes[i] for i in np.flatnonzero(network.adjacency[:, j])), codes[j])]
                for j, table in enumerate(network.tables)
            ]
        )
    return cells


def test_random_tables_are_distributions_of_the_right_shape(rng):
    network = DiscreteSimulator.random(COLLIDER, cardinalities=CARDINALITIES, rng=rng)
    assert [table.shape for table in network.tables] == [(2, 4, 3), (2,), (2, 4)]
    for table in network.tables:
        np.testing.assert_allclose(table.sum(axis=-1), 1)
    assert joint(network).sum() == pytest.approx(1)


def test_frequencies_agree_with_the_joint_within_their_error(rng):
    n = 40_000
    network = DiscreteSimulator.random(COLLIDER, cardinalities=CARDINALITIES, rng=rng)
    data = network.sample(n, rng=rng)
    counts = np.zeros(CARDINALITIES)
    np.add.at(counts, tuple(data.values.astype(int).T), 1)
    p = joint(network)
    assert (np.abs(counts / n - p) <= 4.5 * np.sqrt(p * (1 - p) / n) + 1 / n).all()


def test_concentration_sets_the_spread_of_the_tables(rng):
    """Each entry of a symmetric Dirichlet over r states has variance (r - 1) / (r^2 (r a + 1))."""
    empty, r = np.zeros((300, 300), dtype=bool), 4
    for concentration in (0.1, 10.0):
        network = DiscreteSimulator.random(
            empty, cardinalities=[r] * 300, concentration=concentration, rng=rng
        )
        first = np.array([table[0] for table in network.tables])
        squares = (first - 1 / r) ** 2
        expected = (r - 1) / (r**2 * (r * concentration + 1))
        assert abs(squares.mean() - expected) < 4.5 * squares.std() / np.sqrt(first.size)


def test_certain_states_and_unseen_ones(rng):
    certain = np.array([[0.0, 1.0], [1.0, 0.0]])
    network = DiscreteSimulator(
        np.array([[False, True], [False, False]]),
        (np.array([0.0, 1.0]), certain),
        (("n", "y"), ("n", "y")),
        ("a", "b"),
    )
    data = network.sample(50, rng=rng)
    np.testing.assert_array_equal(data.values, np.tile([1.0, 0.0], (50, 1)))
    assert data.cardinalities == (2, 2)
    np.testing.assert_array_equal(data.true_graph, network.adjacency)


def test_same_seed_same_bytes_and_calls_differ():
    network = DiscreteSimulator.random(COLLIDER, cardinalities=CARDINALITIES, rng=np.random.default_rng(0))
    rng = np.random.default_rng(1)
    first, second = (network.sample(30, rng=rng).values.tobytes() for _ in range(2))
    assert first == network.sample(30, rng=np.random.default_rng(1)).values.tobytes()
    assert first != second


def test_misuse(rng):
    with pytest.raises(OptionError, match="3 cardinalities of at least 2"):
        DiscreteSimulator.random(COLLIDER, cardinalities=(2, 2), rng=rng)
    with pytest.raises(OptionError, match="3 cardinalities of at least 2"):
        DiscreteSimulator.random(COLLIDER, cardinalities=(2, 1, 2), rng=rng)
    with pytest.raises(OptionError, match="positive, not 0"):
        DiscreteSimulator.random(COLLIDER, cardinalities=CARDINALITIES, concentration=0.0, rng=rng)
    with pytest.raises(TypeError, match="rng"):
        DiscreteSimulator.random(COLLIDER, cardinalities=CARDINALITIES)
