"""What is recorded of missing cells, against counts by hand."""

from dataclasses import replace

import numpy as np
import pytest

import dag_gfn

NAN = np.nan


@pytest.fixture(scope="module")
def posterior():
    values = np.random.default_rng(1).normal(size=(40, 3))
    whole = dag_gfn.from_array(values.copy(), ["a", "b", "c"])
    values[:4, 0] = NAN
    values[2:6, 1] = NAN  # two rows with a and b, two with b alone
    return dag_gfn.fit(replace(whole, values=values), num_completed=24, progress=False)


def test_cells_rows_and_columns_are_counted(posterior):
    record = posterior.info["missing"]
    assert (record["cells"], record["all_cells"]) == (8, 120)
    assert (record["rows"], record["all_rows"]) == (6, 40)
    assert record["columns"] == {"a": 4, "b": 4}


def test_patterns_are_sets_of_columns_that_are_missing_together(posterior):
    record = posterior.info["missing"]
    assert record["num_patterns"] == 3
    assert sorted((each["rows"], each["columns"]) for each in record["patterns"]) == [
        (2, ["a"]),
        (2, ["a", "b"]),
        (2, ["b"]),
    ]


def test_the_spread_between_tables_is_part_of_the_variance(posterior):
    edges = posterior.info["missing"]["edges"]
    deviation, share = np.array(edges["standard_deviation"]), np.array(edges["share_of_variance"])
    p = posterior.marginal("edge").values
    apart = ~np.eye(3, dtype=bool)
    p = p[apart]
    np.testing.assert_allclose(share[apart], deviation[apart] ** 2 / (p * (1 - p)), rtol=1e-6)
    assert (share[apart] > 0).all()
    assert (share <= 1).all()
