import numpy as np

import dag_gfn
from dag_gfn.data import sufficient_statistics
from dag_gfn.scores.stacked_statistics import pair_statistics, stacked_statistics


def test_numbers_of_each_table_are_stacked_and_others_are_not(rng):
    data = [dag_gfn.from_array(rng.normal(size=(9, 3))) for _ in range(4)]
    each = [sufficient_statistics(one) for one in data]
    stacked = stacked_statistics(each, np.log(np.full(4, 0.25)), np.arange(4.0))
    for name in ("column_means", "scatter"):
        np.testing.assert_array_equal(stacked[name], [one[name] for one in each])
    np.testing.assert_array_equal(stacked["num_rows"], each[0]["num_rows"])
    np.testing.assert_array_equal(stacked["table_log_evidence"], np.arange(4.0))


def test_counts_of_each_table_are_those_of_its_own_rows(rng):
    tables = [rng.integers(2, size=(20, 3)) for _ in range(3)]
    each = [sufficient_statistics(dag_gfn.from_array(t, discrete="all")) for t in tables]
    stacked = stacked_statistics(each, np.log(np.full(3, 1 / 3)))
    assert "table_log_evidence" not in stacked
    for table, counts in zip(tables, stacked["counts"], strict=True):
        for row, count in zip(stacked["rows"], counts, strict=True):
            assert count == (table == row).all(axis=1).sum()


def test_pairs_are_packed_like_the_graphs_of_a_posterior(rng):
    graphs = np.triu(rng.random((7, 4, 4)) < 0.5, 1)
    pairs = pair_statistics(graphs, np.arange(7), rng.normal(size=7))
    np.testing.assert_array_equal(
        np.unpackbits(pairs["pair_graphs"], axis=1, count=16).reshape(-1, 4, 4), graphs
    )
    assert np.isclose(np.exp(pairs["pair_log_weights"]).sum(), 1.0)
