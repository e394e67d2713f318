import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dag_gfn.effects.variable_elimination import Factor, elimination_order, sum_product

CARDINALITIES = (2, 3, 2, 4, 2)


@given(
    scopes=st.lists(
        st.lists(st.integers(0, 4), min_size=1, max_size=3, unique=True).map(tuple), min_size=1, max_size=5
    ),
    seed=st.integers(0, 1000),
)
def test_equals_the_sum_over_all_cells(scopes, seed):
    rng, batch = np.random.default_rng(seed), 3
    scopes = [*scopes, (0, 3)]
    factors = [Factor(s, rng.random((batch, *(CARDINALITIES[v] for v in s)))) for s in scopes]
    kept = (3, 0)
    order, largest = elimination_order(scopes, kept, CARDINALITIES)
    found = sum_product(factors, order, kept)
    present = sorted(set().union(*scopes))
    expected = np.zeros((batch, CARDINALITIES[3], CARDINALITIES[0]))
    for cell in np.ndindex(*(CARDINALITIES[v] for v in present)):
        state = dict(zip(present, cell, strict=True))
        product = np.ones(batch)
        for scope, table in factors:
            product = product * table[(slice(None), *(state[v] for v in scope))]
        expected[:, state[3], state[0]] += product
    np.testing.assert_allclose(found, expected)
    assert largest <= np.prod(CARDINALITIES)


def test_a_chain_is_summed_without_large_tables():
    scopes = [(i, i + 1) for i in range(30)]
    order, largest = elimination_order(scopes, (0, 30), (3,) * 31)
    assert sorted(order) == list(range(1, 30))
    assert largest == 27


def test_a_variable_of_no_factor_keeps_an_axis_of_length_one():
    found = sum_product([Factor((1,), np.array([[0.2, 0.8]]))], [], (0, 1))
    np.testing.assert_array_equal(found, [[[0.2, 0.8]]])
