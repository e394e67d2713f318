import csv

import baselines
import pytest

pytestmark = pytest.mark.slow


def test_every_method_is_measured_beside_both_posteriors(tmp_path):
    out = tmp_path / "baselines.csv"
    baselines.main(
        ["--skip-wine", "--columns", "4", "--rows", "30", "--seconds", "1", "--seeds", "1", "--out", str(out)]
    )
    rows = {row["method"]: row for row in csv.DictReader(out.open(encoding="utf-8"))}
    assert rows.keys() == set(baselines.METHODS)
    for method in ("mcmc", "structure_mcmc"):
        assert float(rows[method]["largest_edge_error"]) < 0.1
    orders = rows["order_mcmc"]
    assert float(orders["largest_error_to_order_modular"]) < float(orders["largest_edge_error"])
    assert rows["bootstrap"]["converged"] == orders["converged"] == ""
