import numpy as np
import pytest

from dag_gfn.views.missing_cells import dependent_edges, has_missing, missing_sentences

NAMES = ("a", "b", "c")
PROBABILITY = np.array([[0.0, 0.6, 0.1], [0.3, 0.0, 0.0], [0.1, 0.0, 0.0]])
MISSING = {
    "cells": 1203,
    "all_cells": 9000,
    "rows": 1100,
    "all_rows": 3000,
    "columns": {"b": 3, "c": 1200},
    "tables": 40,
    "effective_tables": 7.52,
    "route": "weighted",
    "edges": {"standard_deviation": [[0.0, 0.2, 0.06], [0.25, 0.0, 0.01], [0.0, 0.0, 0.0]]},
}


def test_edges_that_depend_on_missing_cells_most_first():
    found = dependent_edges({"missing": MISSING}, NAMES, PROBABILITY)
    assert [(edge.source, edge.target) for edge in found] == [("b", "a"), ("a", "b"), ("a", "c")]
    assert found[1].probability == pytest.approx(0.6)


def test_sentences_count_cells_rows_columns_and_tables():
    told = missing_sentences({"missing": MISSING}, NAMES, PROBABILITY)
    assert told[0] == "1,203 of 9,000 cells are missing, in 1,100 of 3,000 rows: c 1,200 and b 3."
    assert told[1] == "The posterior averages 40 completed tables, worth about 7.5 independent ones."
    assert "b → a 0.30 (± 0.25 between tables)" in told[2]


def test_many_tables_are_worth_whole_ones():
    told = missing_sentences({"missing": {**MISSING, "effective_tables": 37.6}}, NAMES, PROBABILITY)
    assert "worth about 38 independent ones" in told[1]


def test_where_no_edge_depends_on_them_that_is_said():
    settled = {**MISSING, "edges": {"standard_deviation": np.full((3, 3), 0.01).tolist()}}
    assert missing_sentences({"missing": settled}, NAMES, PROBABILITY)[-1].startswith("No edge's probability")


def test_complete_tables_have_no_sentence():
    for info in ({}, {"missing": None}, {"missing": {"cells": 0, "rows": 0, "columns": {}}}):
        assert not has_missing(info)
        assert missing_sentences(info, NAMES, PROBABILITY) == []
