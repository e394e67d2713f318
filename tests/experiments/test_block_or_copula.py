import json

import block_or_copula
import numpy as np
import pandas as pd
import pytest


@pytest.mark.slow
def test_a_smoke_run_writes_the_table(tmp_path):
    block_or_copula.main(["--smoke", "--out", str(tmp_path)])
    records = [json.loads(file.read_text()) for file in (tmp_path / "runs").iterdir()]
    assert not any("error" in record for record in records)
    assert {record["parameters"]["score"] for record in records} >= {
        "block",
        "bge of codes",
        "bdeu of states",
    }
    page = (tmp_path / "tables.md").read_text()
    assert "| acting | block | auroc |" in page
    assert "| thresholded | block | rmse |" in page


def test_tables_are_what_the_truths_say():
    rng = np.random.default_rng(0)
    graph = block_or_copula.random_graph(rng)
    acting = block_or_copula.acting_categories(graph, rng)
    assert sum(not pd.api.types.is_numeric_dtype(dtype) for dtype in acting.dtypes) == 4
    cut = block_or_copula.thresholded(block_or_copula.linear_traits(graph, rng), rng)
    assert all(column.cat.ordered and 2 <= column.cat.codes.nunique() <= 4 for _, column in cut.items())


def test_before_any_run_there_is_no_table(tmp_path):
    block_or_copula.main(["--table-only", "--out", str(tmp_path)])
    assert "No run has been done yet." in (tmp_path / "tables.md").read_text()
