import threading

import pytest

from dag_gfn.fitting.table_runs import run_tables


@pytest.mark.parametrize("n_jobs", [1, 3, None])
def test_every_table_is_worked_on_once(n_jobs):
    told = []
    runs = run_tables(lambda table, stop: 10 * table, 7, n_jobs=n_jobs, on_done=told.append)
    assert runs.results == {table: 10 * table for table in range(7)}
    assert told == [1, 2, 3, 4, 5, 6, 7]
    assert not runs.interrupted


def test_no_table_begins_after_time_is_over_but_the_least():
    runs = run_tables(lambda table, stop: table, 9, n_jobs=1, least=4, is_over=lambda: True)
    assert sorted(runs.results) == [0, 1, 2, 3]


def test_ctrl_c_keeps_what_is_done_and_lets_the_present_table_end():
    stopped = threading.Event()

    def work(table, stop):
        if table == 3:
            assert stop.wait(60)  # at work when Ctrl-C comes
            stopped.set()
        return table

    def on_done(done):
        if done == 3:
            raise KeyboardInterrupt

    runs = run_tables(work, 50, n_jobs=1, on_done=on_done)
    assert runs.interrupted
    assert set(runs.results) in ({0, 1, 2}, {0, 1, 2, 3})
    assert len(runs.results) < 50


def test_ctrl_c_before_anything_is_done_is_not_swallowed():
    def work(table, stop):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_tables(work, 5, n_jobs=1)


def test_an_error_of_one_table_is_raised():
    def work(table, stop):
        raise ValueError("table 0")

    with pytest.raises(ValueError, match="table 0"):
        run_tables(work, 3, n_jobs=2)
