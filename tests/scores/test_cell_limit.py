"""Families of more table cells than rows."""

import itertools
import math

import numpy as np
import pytest
from score_data import discrete

from dag_gfn.graphs.subsets import parent_sets, unpack
from dag_gfn.scores import Constraints, ScoreTable, make_score
from dag_gfn.scores.cell_limit import CellLimit

STATES = (2, 3, 4, 5)


def table_of(rng, n, states=STATES, intervened=None):
    return discrete(rng.integers(0, states, size=(n, len(states))), states, intervened)


def expected(node, parents, rows, states=STATES, required=()):
    """The rule by its definition, one family at a time."""
    cells = states[node] * math.prod(states[p] for p in parents)
    return not parents or cells <= rows or set(parents) == set(required) or rows == 0


def members(mask):
    return [i for i in range(len(STATES)) if mask >> i & 1]


@pytest.mark.parametrize("n", [8, 12, 30, 119])
def test_a_family_needs_as_many_rows_as_cells(n, rng):
    limit = CellLimit.of(table_of(rng, n), np.zeros(4, dtype=np.int64))
    for node in range(4):
        sets = parent_sets(node, 4)
        assert limit.allow(node, sets).tolist() == [expected(node, members(s), n) for s in sets.tolist()]


def test_with_rows_for_every_table_there_is_no_limit(rng):
    assert CellLimit.of(table_of(rng, 120), np.zeros(4, dtype=np.int64)) is None
    constraints = Constraints.none(4).without_sparse_families(table_of(rng, 120))
    assert constraints.is_empty()


def test_rows_that_count_for_the_column_decide(rng):
    intervened = np.zeros((60, 4), dtype=bool)
    intervened[:50, 0] = True
    intervened[:, 1] = True
    limit = CellLimit.of(table_of(rng, 60, intervened=intervened), np.zeros(4, dtype=np.int64))
    for node, rows in enumerate((10, 0, 60, 60)):
        sets = parent_sets(node, 4)
        assert limit.allow(node, sets).tolist() == [expected(node, members(s), rows) for s in sets.tolist()]


def test_required_parents_alone_are_always_allowed(rng):
    data = table_of(rng, 12)
    constraints = Constraints.from_names(data.names, required=[("x2", "x3"), ("x1", "x3")])
    allowed = constraints.without_sparse_families(data).allow(3, parent_sets(3, 4))
    assert parent_sets(3, 4)[allowed].tolist() == [0b110]
    # Without the limit the superset is allowed, too.
    assert parent_sets(3, 4)[constraints.allow(3, parent_sets(3, 4))].tolist() == [0b110, 0b111]


@pytest.mark.parametrize("storage", ["complete", "lazy"])
@pytest.mark.parametrize("score", ["bdeu", "bde", "bic"])
def test_both_kinds_of_table_leave_the_same_families_out(storage, score, rng):
    data = table_of(rng, 25)
    constraints = Constraints.from_names(data.names, forbidden=[("x0", "x1")], max_parents=2)
    free = ScoreTable.build(make_score(score, data), constraints=constraints)
    held = ScoreTable.build(
        make_score(score, data), constraints=constraints.without_sparse_families(data), storage=storage
    )
    for node in range(4):
        sets = parent_sets(node, 4)
        fits = np.array([expected(node, members(s), 25) for s in sets.tolist()])
        values = np.where(fits, free.scores_of(node, sets), -np.inf)
        np.testing.assert_allclose(held.scores_of(node, sets), values, rtol=1e-12)
        np.testing.assert_allclose(held.local_scores(np.full(8, node), sets), values, rtol=1e-12)
        np.testing.assert_allclose(held.scores_within(node, 15 & ~(1 << node)), values, rtol=1e-12)


def test_the_note_names_columns_and_sizes(rng):
    # 24 rows: 2 * 3 * 4 and all smaller tables fit; column 3 has 5 states.
    limit = CellLimit.of(table_of(rng, 24), np.zeros(4, dtype=np.int64))
    by_definition = []
    for node in range(4):
        others = [i for i in range(4) if i != node]
        fits = {k: [expected(node, p, 24) for p in itertools.combinations(others, k)] for k in (1, 2, 3)}
        some = min((k for k in fits if not all(fits[k])), default=4)
        every = min((k for k in fits if not any(fits[k])), default=4)
        by_definition.append((some, every))
    assert limit.sizes_left_out() == by_definition
    said = limit.describe(("a", "b", "c", "d"))
    assert "'a', 'b' and 'c' (some sets of 2 or more parents and all of 3 or more)" in said
    assert "--sparse-families keep" in said
    assert "\n" not in said


def test_downward_closed_above_required_parents(rng):
    """What samplers rely on: an allowed set stays allowed when a parent that is not required leaves."""
    data = table_of(rng, 30)
    constraints = Constraints.from_names(data.names, required=[("x3", "x2")]).without_sparse_families(data)
    for node in range(4):
        allowed = {s for s in parent_sets(node, 4).tolist() if constraints.allow(node, np.array([s]))[0]}
        required = int(constraints.required[node])
        for s in allowed:
            leaving = np.flatnonzero(unpack(np.array(s & ~required), 4))
            assert all(s & ~(1 << int(i)) in allowed for i in leaving)
