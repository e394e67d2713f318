"""Frequencies in simulated rows against sums over all joint states."""

import itertools

import numpy as np
import pytest

from dag_gfn.effects.row_simulation import SIMULATED_ROWS, simulated_frequencies
from dag_gfn.parameters.family_tables import FamilyTables


def family(shape, counts, pseudo_count=0.5):
    """A table with these counts, most of its cells without data."""
    cells = np.flatnonzero(counts)
    return FamilyTables(shape, pseudo_count, cells, np.asarray(counts, dtype=np.float64)[cells])


CONFOUNDED = {  # 2 -> 3, 0 -> 3, 2 -> 1, 3 -> 1, with x = 0 and y = 1; causes are not listed first
    1: (family((2, 3, 2), [0, 9, 4, 0, 0, 0, 7, 1, 0, 0, 2, 2]), (2, 3)),
    3: (family((2, 2, 3), [5, 0, 1, 0, 0, 8, 0, 0, 0, 3, 3, 0]), (2, 0)),
    2: (family((2,), [3, 8]), ()),
}


def summed(tables, r=(2, 2, 2, 3)):
    """P(y = b | do(x = a)) by adding up all joint states; tables[v] is indexed by the parents, then v."""
    total = np.zeros((r[0], r[1]))
    for x, y, u, w in itertools.product(*map(range, r)):
        total[x, y] += tables[2][u] * tables[3][u, x, w] * tables[1][u, w, y]
    return total


def test_frequencies_are_those_of_the_summed_factorisation(rng):
    exact = summed({v: tables.expected() for v, (tables, _) in CONFOUNDED.items()})
    found = simulated_frequencies(CONFOUNDED, 0, 1, (2, 2), rng, expected=True)
    np.testing.assert_allclose(found.sum(axis=1), 1.0)
    standard_error = np.sqrt(exact * (1 - exact) / SIMULATED_ROWS)
    assert (np.abs(found - exact) < 5 * standard_error).all()


def test_draws_vary_about_their_mean(rng):
    """The nodes' tables are independent, and the sum is linear in each: its mean is the sum of the mean tables."""
    exact = summed({v: tables.expected() for v, (tables, _) in CONFOUNDED.items()})
    draws = np.stack(
        [simulated_frequencies(CONFOUNDED, 0, 1, (2, 2), rng, expected=False) for _ in range(200)]
    )
    assert draws.std(axis=0).min() > 0.02  # far more than sampling rows makes
    assert (np.abs(draws.mean(axis=0) - exact) < 5 * draws.std(axis=0) / np.sqrt(len(draws))).all()


def test_what_does_not_depend_on_x_needs_one_state_of_it(rng):
    tables = {1: (family((3,), [2, 0, 4]), ())}
    found = simulated_frequencies(tables, 0, 1, (1, 3), rng, expected=True)
    expected = np.array([[2.5, 0.5, 4.5]]) / 7.5
    np.testing.assert_allclose(found, expected, atol=5 * np.sqrt(0.25 / SIMULATED_ROWS))


@pytest.mark.parametrize("expected", [True, False])
def test_certain_tables_are_followed_exactly(expected, rng):
    copies = FamilyTables((3, 3), 1e-300, np.array([0, 4, 8]), np.full(3, 5.0))  # each state copied
    found = simulated_frequencies(
        {1: (copies, (0,)), 2: (copies, (1,))}, 0, 2, (3, 3), rng, expected=expected
    )
    np.testing.assert_array_equal(found, np.eye(3))


def test_tables_of_any_size(rng):
    """40 binary parents: 2^41 cells, of which two have data."""
    coins = {v: (family((2,), [1, 1]), ()) for v in range(2, 41)}
    large = FamilyTables((2,) * 41, 1e-3, np.array([0, (1 << 41) - 1]), np.array([1.0, 1.0]))
    found = simulated_frequencies({**coins, 1: (large, (0, *coins))}, 0, 1, (2, 2), rng, expected=True)
    np.testing.assert_allclose(found, 0.5, atol=5 * np.sqrt(0.25 / SIMULATED_ROWS))


def test_the_same_seed_gives_the_same_frequencies():
    one, other = (
        simulated_frequencies(CONFOUNDED, 0, 1, (2, 2), np.random.default_rng(7), expected=False)
        for _ in range(2)
    )
    np.testing.assert_array_equal(one, other)
