"""Sums over the terms of all sets, against the same formulas in fractions, for every number of low nodes."""

from fractions import Fraction
from functools import cache

import numpy as np
import pytest
from exact_tables import peaked_table, random_table

from dag_gfn.exact.backward_sums import spread_batches
from dag_gfn.exact.batch_terms import COLUMN_BITS, low_nodes, make_work
from dag_gfn.exact.dag_recursion import DagRecursion
from dag_gfn.exact.forward_sums import solve_batches


def as_fraction(mantissa, exponent):
    """Return m 2^e; the exponent of zero is far from all others, and its power of two would take gigabits."""
    return Fraction(mantissa) * Fraction(2) ** int(exponent) if mantissa else Fraction(0)


@cache
def in_fractions(table):
    """Return {(U, X): term}, beta, {(v, S): sole source} and pi, from the weights of sets alone."""
    recursion, d = DagRecursion(table.complete), table.d
    everything = (1 << d) - 1
    subsets = range(1 << d)

    def weight(v, within):
        index = within & (1 << v) - 1 | within >> v + 1 << v
        return as_fraction(recursion.set_mantissa[v, index], recursion.set_exponent[v, index])

    terms, beta = {}, [Fraction(1)] * (1 << d)
    for u in subsets:
        if u:
            own = {v: weight(v, everything ^ u) for v in range(d) if u >> v & 1}
            product = {0: Fraction(1)}
            for roots in range(1, u + 1):
                if roots & ~u == 0:
                    v = roots.bit_length() - 1
                    product[roots] = -own[v] * product[roots ^ 1 << v]
                    terms[u, u ^ roots] = beta[u ^ roots] * product[roots]
            beta[u] = -sum(terms[u, u ^ roots] for roots in product if roots)
    closed = [Fraction(0)] * (1 << d)
    closed[0] = Fraction(1)
    sole = {}
    for (u, x), term in sorted(terms.items(), key=lambda item: -item[0][0]):  # larger U first
        if beta[u]:
            closed[everything ^ x] -= closed[everything ^ u] * term / beta[u]
            for v in range(d):
                if u >> v & 1 and not x >> v & 1:
                    sole[v, everything ^ u] = sole.get((v, everything ^ u), 0) - term / beta[u]
    return terms, beta, sole, closed


def highs_by_size(d, low):
    highs = np.arange(1 << d - low, dtype=np.int64)
    return [highs[np.bitwise_count(highs) == size] << low for size in range(d - low + 1)]


TABLES = [
    random_table(7, seed=1, scale=2.0),
    random_table(6, seed=2, scale=300.0, forbidden=0.2),
    random_table(7, seed=3, scale=0.0),
    peaked_table(7, seed=4, nats=40.0),
    peaked_table(6, seed=5, nats=3000.0),
    random_table(2, seed=6),
    random_table(1, seed=7),
]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: f"{table.d} nodes")
def test_sums_are_those_of_the_formula_however_many_nodes_are_low(table):
    d = table.d
    terms, beta, sole, closed = in_fractions(table)
    magnitude = [Fraction(0)] * (1 << d)
    for (u, _), term in terms.items():
        magnitude[u] += abs(term)
    for low in {1, 2, low_nodes(d), d}:
        if low > d:
            continue
        recursion = DagRecursion(table.complete)
        recursion.mantissa[0], recursion.exponent[0] = 1.0, 0
        found = np.zeros((d, 1 << (d - 1)))
        sizes = highs_by_size(d, low)
        for batches in sizes:
            solve_batches(batches, low, recursion.arrays, recursion.cancellation, found)
        probabilities, sums = np.zeros(1 << d), np.zeros((2, 1 << d))
        for size, batches in enumerate(reversed(sizes)):
            spread_batches(batches, low, recursion.arrays, probabilities, sums, size % 2)
        for u in range(1, 1 << d):
            own = as_fraction(recursion.mantissa[u], recursion.exponent[u])
            assert abs(own - beta[u]) <= Fraction(1e-14) * magnitude[u]
            if beta[u]:
                assert recursion.cancellation[u] == pytest.approx(float(magnitude[u] / beta[u]), rel=1e-11)
        for (v, s), share in sole.items():
            index = s & (1 << v) - 1 | s >> v + 1 << v
            assert found[v, index] == pytest.approx(float(share), abs=1e-11)
        np.testing.assert_allclose(probabilities, [float(p) for p in closed], rtol=0, atol=1e-11)


@pytest.mark.parametrize("table", TABLES[:5], ids=lambda table: f"{table.d} nodes")
def test_no_term_is_larger_than_that_of_a_larger_set(table):
    """On this rests that rows are left out whose largest set has a negligible term."""
    terms = in_fractions(table)[0]
    for (u, x), term in terms.items():
        for v in range(table.d):
            larger = x | 1 << v
            if u >> v & 1 and larger not in (x, u):
                assert abs(term) <= abs(terms[u, larger]) * (1 + Fraction(1e-12))  # weights are rounded


def test_rows_within_a_row_ascend_and_the_largest_is_the_row():
    work = make_work(9, 4)
    for row in range(16):
        within = work.rows_within[work.starts[row] : work.starts[row + 1]].tolist()
        assert within == [x for x in range(16) if x & ~row == 0]
    assert work.odd.tolist() == [row.bit_count() % 2 for row in range(16)]


@pytest.mark.parametrize("d", range(1, 23))
def test_low_nodes_leave_some_for_columns(d):
    low = low_nodes(d)
    assert 1 <= low <= d
    assert d < 13 or d - low > COLUMN_BITS
