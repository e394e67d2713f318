import math

import numpy as np
import pytest
from exact_tables import random_table

from dag_gfn.exact.dag_recursion import DagRecursion
from dag_gfn.exact.inclusion_exclusion import DENSE, add_terms, fold, make_layout, prepare_set


def terms_of(inside, recursion):
    """Return {X: term} of one set as the compiled functions lay them out, in units of the largest root's."""
    layout = make_layout(recursion.d)
    prepare_set(inside, recursion.d, recursion.arrays, layout)
    members, dense, low_members, scale, possible = (int(x) for x in layout.sizes[:5])
    assert possible
    low, sums = 1 << low_members, np.zeros(len(recursion.mantissa))
    layout.low_sums[:] = 0.0
    for h in range(1 << (members - dense - low_members)):
        part, earlier = (h, np.int32(-scale), 1.0), layout.low_sums.copy()
        total, magnitude = add_terms(*part, -0.5, recursion.arrays, layout)
        found = -2.0 * (layout.low_sums - earlier)[: low * DENSE]
        assert total == pytest.approx(found.sum(), rel=1e-12, abs=1e-12 * magnitude)
        layout.low_sums[:] = 0.0  # again, without what went before: bit by bit the terms themselves
        assert add_terms(*part, 1.0, recursion.arrays, layout) == (total, magnitude)
        terms = layout.low_sums[: low * DENSE].copy()
        assert magnitude == pytest.approx(np.abs(terms).sum(), rel=1e-12)
        np.testing.assert_allclose(found, terms, rtol=1e-9, atol=1e-12 * magnitude)
        for x in range(low):
            at = int(layout.high_masks[h]) + int(layout.low_masks[x])
            sums[at : at + DENSE] -= terms[x * DENSE : (x + 1) * DENSE]
        layout.low_sums[: low * DENSE] = earlier[: low * DENSE] + terms
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


def test_folding_sums_over_a_member():
    sums = np.array([2.0, -1.0, 5.0, 1.5])
    assert fold(sums, 2) == 1.0  # of those without the highest member
    assert sums[:2].tolist() == [7.0, 0.5]
    assert fold(sums, 1, 2) == 5.0  # the same from a place on
    assert sums.tolist() == [7.0, 0.5, 6.5, 1.5]
