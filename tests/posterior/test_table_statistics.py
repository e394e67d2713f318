import numpy as np

from dag_gfn.posterior.table_statistics import num_tables, statistics_of_table


def test_what_differs_between_tables_is_taken_from_one_and_the_rest_is_shared():
    both = {
        "means": np.arange(2.0),
        "scatter": np.arange(8.0).reshape(2, 2, 2),
        "table_log_weights": np.log([0.5, 0.5]),
    }
    one = statistics_of_table(both, 1)
    assert num_tables(both) == 2
    assert sorted(one) == ["means", "scatter"]
    np.testing.assert_array_equal(one["scatter"], both["scatter"][1])
    np.testing.assert_array_equal(one["means"], both["means"])


def test_a_table_without_missing_cells_is_its_own():
    alone = {"means": np.zeros(2), "scatter": np.eye(2)}
    assert num_tables(alone) == 1
    assert statistics_of_table(alone, 0) == alone
