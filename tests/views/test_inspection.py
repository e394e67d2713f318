"""Sentences about a table before a fit."""

from dag_gfn.views.inspection import method_sentences, missing_sentence, rows_sentence


def test_columns_with_most_missing_cells_are_named_first():
    missing = {f"x{j}": j for j in range(1, 12)}
    told = missing_sentence({"rows": 50, "complete_rows": 20, "missing": missing})
    assert told.startswith("Missing cells: 11 of 'x11', 10 of 'x10'")
    assert "fewer in each of 3 more; 20 of 50 rows are complete" in told


def test_nothing_is_missing():
    assert (
        missing_sentence({"rows": 5, "complete_rows": 5, "missing": {}}) == "No variable has a missing cell."
    )


def test_rows_without_weights():
    assert rows_sentence({"rows": 1200, "total_weight": 1200.0}) == "1,200 rows."


def test_a_method_of_unknown_cost():
    method = {"name": "gflownet", "reason": "many columns", "cost": ""}
    assert method_sentences({"method": method, "drawn": "", "tables": 1}) == [
        "The method would be gflownet: many columns."
    ]
