"""Families of more table cells than rows."""

import itertools
import math

import numpy as np
import pytest
from score_data import discrete, unrelated

import dag_gfn
from dag_gfn.data import from_array
from dag_gfn.errors import DataWarning
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
    limit = CellLimit.of(table_of(rng, n), np.zeros((4, 4), dtype=bool))
    for node in range(4):
        sets = parent_sets(node, 4)
        assert limit.allow(node, sets).tolist() == [expected(node, members(s), n) for s in sets.tolist()]


def test_with_rows_for_every_table_there_is_no_limit(rng):
    assert CellLimit.of(table_of(rng, 120), np.zeros((4, 4), dtype=bool)) is None
    constraints = Constraints.none(4).without_sparse_families(table_of(rng, 120))
    assert constraints.is_empty()


def test_rows_that_count_for_the_column_decide(rng):
    intervened = np.zeros((60, 4), dtype=bool)
    intervened[:50, 0] = True
    intervened[:, 1] = True
    limit = CellLimit.of(table_of(rng, 60, intervened=intervened), np.zeros((4, 4), dtype=bool))
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
    limit = CellLimit.of(table_of(rng, 24), np.zeros((4, 4), dtype=bool))
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


def test_noise_in_many_states_is_not_linked():
    posterior = dag_gfn.fit(unrelated(6, 8, 500), num_samples=500, progress=False)
    assert posterior.marginal("linked").values.max() < 0.01
    assert posterior.info["constraints"]["sparse_families"] == "drop"
    assert any("all sets of 2 or more parents" in note for note in posterior.info["notes"])
    assert not posterior.info["doubts"]


@pytest.mark.parametrize(
    "method",
    [
        {"method": "mcmc", "iterations": 1000},
        {"method": "gflownet", "iterations": 20},
        {"method": "gflownet", "environment": "edges", "iterations": 20},
    ],
)
@pytest.mark.filterwarnings(
    "ignore::dag_gfn.errors.NotConvergedWarning"
)  # which graphs are drawn is the matter
def test_every_method_honours_the_limit(method):
    """Three parents of a column need 4^4 = 256 cells, two 64; there are 100 rows, and one pair is really linked."""
    rng = np.random.default_rng(1)
    codes = rng.integers(0, 4, size=(100, 4))
    codes[:, 3] = np.where(rng.random(100) < 0.9, codes[:, 0], codes[:, 3])
    data = from_array(codes.astype(float), discrete="all")
    posterior = dag_gfn.fit(
        data, **method, required=[("x1", "x2")], num_samples=500, progress=False, exact_check=True
    )
    assert posterior.graphs.sum(axis=1).max() <= 2
    assert np.isfinite(posterior.log_scores).all()
    assert posterior.marginal("edge").values[1, 2] == pytest.approx(1.0)


def test_required_parents_beyond_the_limit_do_not_make_a_fit_impossible():
    data = unrelated(4, 5, 30)
    required = [(source, "x3") for source in ("x0", "x1", "x2")]  # 625 cells for 30 rows
    with pytest.warns(DataWarning, match="'x3'"):
        posterior = dag_gfn.fit(data, required=required, num_samples=100, progress=False, method="exact")
    np.testing.assert_allclose(posterior.marginal("edge").values[:3, 3], 1.0)
