"""What a model misses is found, and a model that holds is left in peace."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import dag_gfn
from dag_gfn.criticism import criticise
from dag_gfn.criticism.criticism import MAX_ROWS, _stretches

EDGE = np.array([[[False, True], [False, False]]])
REVERSED = EDGE.transpose(0, 2, 1)


def found(x, y, graphs=EDGE, score="bge"):
    data = dag_gfn.from_array(np.column_stack([x, y]), ["x", "y"]).standardize()
    return criticise(data, graphs, np.full(len(graphs), 1 / len(graphs)), score=score)


def kinds(criticism):
    return {(finding.kind, finding.column) for finding in criticism.findings}


@pytest.mark.parametrize(
    ("kind", "make"),
    [
        ("bend", lambda x, e, rng: x + x**2 + e),
        ("spread", lambda x, e, rng: 2 * x + e * np.exp(x)),
        ("skewness", lambda x, e, rng: x + rng.exponential(size=len(x))),
        ("tails", lambda x, e, rng: x + rng.standard_t(2, size=len(x))),
        ("neighbours", lambda x, e, rng: x + np.convolve(e, np.ones(4))[: len(x)]),
    ],
)
def test_each_kind_of_break_is_found(kind, make, rng):
    x, e = rng.normal(size=400), rng.normal(size=400)
    assert (kind, "y") in kinds(found(x, make(x, e, rng)))


def test_a_relation_without_a_correlation_is_found_without_an_edge(rng):
    x = rng.normal(size=300)
    empty = np.zeros((1, 2, 2), dtype=bool)
    assert ("bend", "y") in kinds(found(x, x**2 + rng.normal(size=300), empty))


def test_the_effect_of_a_column_is_no_bend_of_its_cause(rng):
    """With the edge the wrong way round, or none, normal data still break nothing."""
    x = rng.normal(size=500)
    y = x + 0.3 * rng.normal(size=500)
    for graphs in (EDGE, REVERSED, np.zeros((1, 2, 2), dtype=bool)):
        assert not found(x, y, graphs).findings


def test_curves_are_no_break_of_curves(rng):
    x = rng.normal(size=400)
    y = x + 0.5 * x**2 + rng.normal(size=400)
    assert ("bend", "y") in kinds(found(x, y))
    assert not found(x, y, score="additive").findings


@pytest.mark.parametrize(("n", "d"), [(50, 3), (300, 6)])
def test_few_tables_of_the_model_itself_get_a_complaint(n, d):
    """At most 5 % may; of 60 tables 8 or more would have a probability of 1 % then."""
    complaints = 0
    for seed in range(100, 160):
        data = dag_gfn.simulate(d, n, rng=np.random.default_rng(seed)).standardize()
        complaints += bool(criticise(data, data.true_graph[None], np.ones(1), score="bge").findings)
    assert complaints < 8


def test_small_breaks_of_long_tables_are_not_told(rng):
    x = rng.normal(size=4000)
    assert not found(x, x + 0.05 * x**2 + rng.normal(size=4000)).findings


def test_long_tables_are_looked_at_in_stretches():
    rows, follows = _stretches(100_000)
    assert len(rows) <= MAX_ROWS
    assert (np.diff(rows)[follows[1:]] == 1).all()
    assert rows[-1] == 99_999


def test_pairs_of_categories_without_a_link_are_found(rng):
    a = rng.integers(0, 3, size=500)
    b = np.where(rng.random(500) < 0.5, a, rng.integers(0, 3, size=500))
    data = dag_gfn.from_array(np.column_stack([a, b]), ["a", "b"], discrete="all")
    empty = np.zeros((1, 2, 2), dtype=bool)
    assert ("pair", "b") in kinds(criticise(data, empty, np.ones(1), score="bdeu"))
    assert not criticise(data, EDGE, np.ones(1), score="bdeu").findings


def test_neighbouring_categories_are_found(rng):
    a = np.repeat(rng.integers(0, 2, size=80), 5)
    data = dag_gfn.from_array(np.column_stack([a, rng.integers(0, 2, size=400)]), ["a", "b"], discrete="all")
    assert kinds(criticise(data, np.zeros((1, 2, 2), dtype=bool), np.ones(1), score="bdeu")) == {
        ("neighbours", "a")
    }


def test_numbers_beside_categories_are_checked(rng):
    sex = rng.integers(0, 2, size=300)
    x = rng.normal(size=300) + sex
    frame = pd.DataFrame({"sex": np.array(["f", "m"])[sex], "x": x, "y": x**2 + rng.normal(size=300)})
    data = dag_gfn.from_frame(frame).standardize()
    graphs = np.zeros((1, 3, 3), dtype=bool)
    graphs[0, 0, 1] = graphs[0, 1, 2] = True
    assert ("bend", "y") in kinds(criticise(data, graphs, np.ones(1), score="block"))


def test_rows_that_were_set_do_not_count():
    rng = np.random.default_rng(1)
    x = rng.normal(size=400)
    y = x + rng.normal(size=400)
    y[:100] = 50.0  # set
    data = dag_gfn.from_array(np.column_stack([x, y]), ["x", "y"])
    mask = np.zeros((400, 2), dtype=bool)
    mask[:100, 1] = True
    without = criticise(data, EDGE, np.ones(1), score="bge").findings
    assert any(each.column == "y" and each.grade == "strong" for each in without)
    seen = criticise(replace(data, intervened=mask), EDGE, np.ones(1), score="bge").findings
    assert all(each.grade == "slight" for each in seen)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (dag_gfn.from_covariance(np.eye(2) + 0.2, 50, names=["a", "b"]), "covariance"),
        (dag_gfn.from_array(np.random.default_rng(0).normal(size=(12, 2))), "12 rows"),
        (
            replace(
                dag_gfn.from_array(np.random.default_rng(0).normal(size=(50, 2))),
                weights=np.arange(1.0, 51.0),
            ),
            "weights",
        ),
    ],
)
def test_what_cannot_be_checked_says_why(data, reason):
    assert reason in criticise(data, EDGE, np.ones(1), score="bge").skipped


def test_rows_with_missing_cells_are_left_out(rng):
    values = rng.normal(size=(100, 2))
    values[:60, 0] = np.nan
    data = replace(dag_gfn.from_array(rng.normal(size=(100, 2))), values=values)
    assert criticise(data, EDGE, np.ones(1), score="bge").rows == 40
