import json

import pytest
from cli_cases import fails, refuse

from dag_gfn.cli import main


def test_a_posterior_equals_itself(fitted, capsys):
    assert main(["compare", "out", "out", "--json"]) == 0
    same = json.loads(capsys.readouterr().out, parse_constant=refuse)
    for name in ("edge_rmse", "edge_max_error", "path_rmse", "jsd", "tv"):
        assert same[name] == pytest.approx(0, abs=1e-12)
    assert main(["compare", "out", "out"]) == 0
    assert "edge_rmse" in capsys.readouterr().out


def test_compare_needs_the_same_variables(fitted, capsys):
    assert main(["fit", "ok.csv", "--columns", "a,b", "--method", "exact", "--out", "two", "--quiet"]) == 0
    assert "'c'" in fails(capsys, "compare", "out", "two")
