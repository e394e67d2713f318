import math

import numpy as np
import pytest
from exact_tables import random_table

from dag_gfn.exact.dag_recursion import DagRecursion
from dag_gfn.exact.inclusion_exclusion import DENSE, add_terms, fold, make_layout, prepare_set, subtract_terms


def terms_of(inside, recursion):
    """Return {X: term} of one set as the compiled functions lay them out, in units of the largest root's."""
    layout = make_layout(recursion.d)
    prepare_set(inside, recursion.d, recursion.arrays, layout)
    members, dense, low_members, scale, possible = (int(x) for x in layout.sizes[:5])
    assert possible
    low, sums = 1 << low_members, np.zeros(len(recursion.mantissa))
    layout.low_sums[:] = 0.0
    for h in range(1 << (members - dense - low_members)):
        part = h, np.int32(-scale), 1.0
        before = sums.copy()
        subtract_terms(*part, recursion.arrays, layout, sums)
        found, earlier = before - sums, layout.low_sums.copy()
        total, magnitude = add_terms(*part, -0.5, recursion.arrays, layout)
        assert total == pytest.approx(found.sum(), rel=1e-12, abs=1e-12 * magnitude)
        assert magnitude == pytest.approx(np.abs(found).sum(), rel=1e-12)
        for x in range(low):
            at = int(layout.high_masks[h]) + int(layout.low_masks[x])
            here = slice(x * DENSE, (x + 1) * DENSE)
            np.testing.assert_allclose(
                layout.low_sums[here] - earlier[here],
                -0.5 * found[at : at + DENSE],
                rtol=1e-9,
                atol=1e-12 * magnitude,
            )
    return {int(x): float(sums[x]) for x in np.flatnonzero(sums)}, scale


@pytest.mark.parametrize("scale_of_scores", [2.0, 300.0])
@pytest.mark.parametrize("d", [3, 5, 10, 11])
def test_terms_are_those_of_the_formula(d, scale_of_scores, rng):
    """On dense, low and high parts: minus beta(X) times minus the weights of U - X, given V - U."""
    recursion = DagRecursion(random_table(d, seed=d, scale=scale_of_scores).complete)
    recursion.solve(with_sources=False)
    for inside in {(1 << d) - 1, *(int(x) for x in rng.integers(1, 1 << d, size=6))}:
        found, scale = terms_of(inside, recursion)
        outside = (1 << d) - 1 ^ inside
        expected = {}
        for x in range(1 << d):
            if x & ~inside == 0 and x != inside:
                value, power = -recursion.mantissa[x], int(recursion.exponent[x]) - scale
                for v in range(d):
                    if (inside ^ x) >> v & 1:
                        index = outside & (1 << v) - 1 | outside >> v + 1 << v
                        value *= -recursion.set_mantissa[v, index]
                        power += int(recursion.set_exponent[v, index])
                expected[x] = math.ldexp(value, power)
        del found[inside]  # beta(U) itself, once it is known
        assert found.keys() <= expected.keys()
        assert found.keys() >= {x for x, term in expected.items() if abs(term) > 2.0**-220}
        terms = [found.get(x, 0.0) for x in expected]
        assert terms == pytest.approx(list(expected.values()), rel=1e-12, abs=2.0**-220)
        total = math.ldexp(recursion.mantissa[inside], int(recursion.exponent[inside]) - scale)
        assert sum(expected.values()) == pytest.approx(total, rel=1e-9)


@pytest.mark.parametrize(("scale_of_scores", "alone"), [(2.0, False), (300.0, True)])
def test_terms_have_powers_of_their_own_where_a_block_spans_too_much(scale_of_scores, alone):
    d = 8
    recursion = DagRecursion(random_table(d, seed=d, scale=scale_of_scores).complete)
    recursion.solve(with_sources=False)
    layout, arrays, most = make_layout(d), recursion.arrays, []
    for inside in range(1, 1 << d):
        prepare_set(inside, d, arrays, layout)
        for part in range(1 << int(layout.sizes[2])):
            block = int(arrays.block_exponent[int(layout.low_masks[part]) >> 4])
            most.append(block + int(layout.low_exponents[part]) + int(layout.sizes[5]) - int(layout.sizes[3]))
    assert (max(most) > 60) == alone


def test_blocks_hold_what_the_sets_do():
    recursion = DagRecursion(random_table(7, seed=1, scale=20.0).complete)
    recursion.solve(with_sources=False)
    arrays = recursion.arrays
    sets = np.arange(1 << 7)
    powers = arrays.block_exponent[sets >> 4] + arrays.dense_exponent[sets & 15] - arrays.exponent
    np.testing.assert_array_equal(np.ldexp(arrays.block_mantissa, powers), arrays.mantissa)


def test_folding_sums_over_a_member():
    sums = np.array([2.0, -1.0, 5.0, 1.5])
    assert fold(sums, 2) == 1.0  # of those without the highest member
    assert sums[:2].tolist() == [7.0, 0.5]
