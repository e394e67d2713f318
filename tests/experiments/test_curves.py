import curves
import numpy as np


def test_the_median_is_taken_at_equal_iterations():
    at = [1, 10, 100]
    histories = [{"iteration": at, "jsd": [1e-1 * k, 1e-2 * k, 1e-3 * k]} for k in (1, 2, 30)]
    where, jsd = curves.median_curve(histories, "iteration")
    np.testing.assert_allclose(where, at)
    np.testing.assert_allclose(jsd, [0.2, 0.02, 0.002])


def test_between_records_a_power_law_is_followed_and_only_where_all_runs_were():
    histories = [
        {"seconds": [1.0, 100.0], "jsd": [1.0, 1e-2]},  # 1 / seconds
        {"seconds": [2.0, 10.0, 50.0], "jsd": [1 / 2, 1 / 10, 1 / 50]},
    ]
    where, jsd = curves.median_curve(histories, "seconds")
    np.testing.assert_allclose(where, [2, 10, 50])
    np.testing.assert_allclose(jsd, 1 / where)


def test_runs_without_a_range_in_common_give_no_curve():
    apart = [{"seconds": [1.0, 2.0], "jsd": [0.1, 0.1]}, {"seconds": [3.0], "jsd": [0.1]}]
    assert curves.median_curve(apart, "seconds")[0].size == 0
    assert curves.median_curve([{"seconds": [], "jsd": []}], "seconds")[0].size == 0


def test_a_divergence_of_zero_can_be_drawn():
    _, jsd = curves.median_curve([{"seconds": [1.0, 2.0], "jsd": [0.1, 0.0]}], "seconds")
    np.testing.assert_allclose(jsd, [0.1, curves.SMALLEST])


def test_histories_are_of_the_runs_asked_for():
    records = [
        {"parameters": {"nodes": 3, "seed": 0}, "result": {"history": "this"}},
        {"parameters": {"nodes": 4, "seed": 0}, "result": {"history": "another"}},
        {"parameters": {"nodes": 3, "seed": 1}, "error": "ValueError: no"},
    ]
    assert curves.histories(records, nodes=3) == ["this"]
