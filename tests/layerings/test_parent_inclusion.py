"""Probabilities of parents by chains, against sums over all parent sets."""

import math

import numpy as np
import pytest
from sampler_cases import score_table

from dag_gfn.graphs.subsets import parent_sets, unpack
from dag_gfn.layerings.parent_inclusion import parent_inclusion

CASES = [
    {},
    {"rows": 60, "seed": 3},
    {"max_parents": 2, "seed": 1},
    {"required": [(2, 0), (5, 0)], "forbidden": [(1, 0)], "seed": 2},
]


def exact(table, node):
    """Return what `ParentInclusion` estimates, by the sets within every set of predecessors."""
    d = table.d
    sets = parent_sets(node, d)
    weight = np.exp(table.complete[node] - table.complete[node].max())
    required = int(table.constraints.required[node])
    alone = np.average(unpack(sets, d), axis=0, weights=weight)
    in_orders, total = np.zeros(d), np.zeros(d)
    for before in sets.tolist():
        share = math.factorial(before.bit_count()) * math.factorial(d - 1 - before.bit_count())
        within = sets & ~(before | required) == 0
        chances = np.average(unpack(sets[within], d), axis=0, weights=weight[within])
        possible = unpack(np.array(before | required), d)
        in_orders += share * chances * possible
        total += share * possible
    return alone, in_orders / np.where(total > 0, total, 1)


@pytest.mark.parametrize("options", CASES, ids=str)
def test_probabilities_of_parents(options, rng, monkeypatch):
    monkeypatch.setattr("dag_gfn.layerings.parent_inclusion._ORDERS", (4096, 4096))
    table = score_table(7, **options)
    sets = parent_sets(0, 7)
    found = parent_inclusion(table, 0, sets, table.scores_of(0, sets), rng=rng)
    alone, in_orders = exact(table, 0)
    np.testing.assert_allclose(found.alone, alone, atol=1e-12)
    np.testing.assert_allclose(found.in_orders, in_orders, atol=0.03)
    assert (found.alone[alone == 0] == 0).all()
    assert found.alone[0] == found.in_orders[0] == 0


def test_impossible_sets_have_no_share(rng):
    table = score_table(7, max_parents=1)
    sets = np.array([0b0000110, 0b0001010])
    found = parent_inclusion(table, 0, sets, table.scores_of(0, sets), rng=rng)
    assert not found.alone.any()
    assert not found.in_orders.any()
