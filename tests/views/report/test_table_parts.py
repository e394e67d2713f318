import numpy as np
import pytest

from dag_gfn.posterior import GraphPosterior
from dag_gfn.views.report.table_parts import column_rows, known_parts, missing_cells

ROLES = [
    {"name": "age", "role": "continuous", "reason": "", "missing": 5, "levels": 0, "surprise": 0},
    {
        "name": "job",
        "role": "category",
        "reason": "2 rare levels pooled",
        "missing": 0,
        "levels": 3,
        "surprise": 1,
    },
    {
        "name": "id",
        "role": "left out",
        "reason": "numbers the rows",
        "missing": 0,
        "levels": 0,
        "surprise": 2,
    },
]


def test_the_most_surprising_columns_come_first():
    rows = column_rows({"roles": ROLES, "n": 50})
    assert [row.name for row in rows] == ["id", "job", "age"]
    assert rows[1].role == "category, 3 levels"
    assert rows[2].share == 0.1
    assert column_rows({}) == []
    assert column_rows({"roles": ROLES})[2].share is None


def test_missing_cells_by_column_and_pattern():
    missing = {
        "cells": 12,
        "rows": 10,
        "all_rows": 40,
        "columns": {"a": 2, "b": 10},
        "patterns": [{"columns": ["b"], "rows": 8}, {"columns": ["a", "b"], "rows": 2}],
        "num_patterns": 5,
        "route": "augmentation",
    }
    posterior = GraphPosterior.from_samples(
        ("a", "b"), np.zeros((3, 2, 2), dtype=bool), info={"missing": missing}
    )
    found = missing_cells(posterior)
    assert found.columns == [("b", 10, 0.25), ("a", 2, 0.05)]
    assert found.patterns == [("b", 8), ("a, b", 2)]
    assert found.more_patterns == 3
    assert found.edges == []
    assert "in turn" in found.route


def test_what_was_known_and_changed():
    info = {
        "knowledge": {"roots": ["a"], "forbidden": [["b", "*"]]},
        "without_knowledge": {
            "edges": [[0.0, 0.5], [0.5, 0.0]],
            "before_data": [[0.0, 0.5], [0.0, 0.0]],
            "log_bayes_factor": 0.0,
        },
    }
    graphs = np.zeros((10, 2, 2), dtype=bool)
    graphs[:9, 0, 1] = True
    known = known_parts(GraphPosterior.from_samples(("a", "b"), graphs, info=info))
    assert known.statements == ["forbidden edges: b → *", "roots (no parents): a"]
    assert [edge.source for edge in known.changes] == ["b", "a"]
    assert [edge.probability for edge in known.changes] == pytest.approx([0.0, 0.9])
    assert len(known.sentences) == 2
    assert known_parts(GraphPosterior.from_samples(("a", "b"), graphs)) is None
