"""The method that auto takes, by columns and time."""

import pytest

from dag_gfn.fitting.method_choice import method_for


@pytest.mark.parametrize(
    ("d", "time_budget", "name"),
    [(3, None, "exact"), (12, None, "exact"), (12, 1e-3, "gflownet"), (21, 1e9, "gflownet")],
)
def test_exact_where_it_is_quick(d, time_budget, name):
    assert method_for(d, 20_000, time_budget).name == name


def test_the_reason_names_the_limit():
    assert "0.001 seconds" in method_for(12, 20_000, 1e-3).reason
