"""Sums over marginal tables against a counter, and against the walk over distinct rows."""

from collections import Counter
from math import lgamma, log, prod

import numpy as np
import pytest
from score_data import dependent_codes

from dag_gfn.scores import contingency_tables, marginal_tables
from dag_gfn.scores.contingency_tables import MAXIMUM_LIKELIHOOD, ContingencyTables
from dag_gfn.scores.marginal_tables import all_marginal_sums, marginal_tables_pay


@pytest.mark.parametrize("equivalent_sample_size", [1.0, 1e-3, MAXIMUM_LIKELIHOOD])
def test_marginal_tables_equal_a_counter_and_the_refined_partitions(equivalent_sample_size, rng, monkeypatch):
    states = (2, 3, 2, 4, 2)
    codes = dependent_codes(rng, 3000, states)
    table = ContingencyTables(codes, states)
    assert marginal_tables_pay(table.cardinalities, 3000, 96)
    shape_of_counts = np.zeros(states, dtype=np.int32)
    np.add.at(shape_of_counts, tuple(codes.T), 1)
    monkeypatch.setattr(marginal_tables, "CHUNK", 7)
    found = all_marginal_sums(shape_of_counts, equivalent_sample_size)
    for mask in range(1 << 5):
        members = [i for i in range(5) if mask >> i & 1]
        cells = Counter(tuple(row) for row in codes[:, members].tolist()).values()
        a = equivalent_sample_size / prod(states[m] for m in members)
        expected = sum(lgamma(a + c) - lgamma(a) if a else c * log(c) for c in cells)
        assert found[mask] == pytest.approx(expected, rel=1e-11, abs=1e-11)
    for pays in (True, False):
        monkeypatch.setattr(contingency_tables, "marginal_tables_pay", lambda *_, pays=pays: pays)
        np.testing.assert_allclose(table.all_cell_sums(equivalent_sample_size), found, rtol=1e-12, atol=1e-11)


def test_marginal_tables_are_for_long_tables_with_few_joint_states():
    ten = np.full(10, 4)
    assert marginal_tables_pay(ten, 1_000_000, 600_000)
    assert not marginal_tables_pay(ten, 1_000_000, 2_000)
    assert not marginal_tables_pay(np.full(20, 4), 1_000_000, 1_000_000)  # 4^20 cells
    assert not marginal_tables_pay(ten, 1 << 31, 600_000)  # counts of four bytes
