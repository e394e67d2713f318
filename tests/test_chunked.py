import contextlib
import os
import threading

import numpy as np  # noqa: F401  its linear algebra is what is looked at
import pytest
from threadpoolctl import threadpool_info

from dag_gfn.chunked import free_threads, on_one_core, run_chunks, workers


@pytest.mark.parametrize("parallel", [False, True])
def test_results_in_order_and_progress_to_the_end(parallel):
    shares = []
    results = run_chunks(lambda x: x * x, range(40), parallel=parallel, progress=shares.append)
    assert results == [x * x for x in range(40)]
    assert shares == pytest.approx([(k + 1) / 40 for k in range(40)])


def test_nothing_to_do():
    assert run_chunks(abs, []) == []


@pytest.mark.parametrize("parallel", [False, True])
def test_an_interruption_drops_the_chunks_that_have_not_begun(parallel):
    begun = []

    def interrupt(share):
        raise KeyboardInterrupt

    def work(chunk):
        begun.append(chunk)
        for _ in range(10_000):
            pass

    with pytest.raises(KeyboardInterrupt):
        run_chunks(work, range(10_000), parallel=parallel, progress=interrupt)
    assert len(begun) < 10_000


def test_an_error_in_a_chunk_is_raised():
    def work(chunk):
        raise ValueError(f"chunk {chunk}")

    with pytest.raises(ValueError, match="chunk 0"):
        run_chunks(work, range(4))


@pytest.mark.parametrize(("number", "alone"), [(1, False), (2, True)])
def test_workers_share_no_core_with_threads_of_their_own(number, alone):
    def threads_of(_):
        met = threading.Barrier(2, timeout=0.3)

        def work(chunk):
            with contextlib.suppress(threading.BrokenBarrierError):
                met.wait()  # both chunks at once, if each has a thread
            return threading.get_ident()

        return threading.get_ident(), run_chunks(work, range(2))

    with workers(number) as pool:
        for own, found in pool.map(threads_of, range(2)):
            assert (set(found) == {own}) == alone


def test_linear_algebra_takes_one_thread_beside_workers():
    def threads():
        return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}

    before = threads()
    with workers(2):
        assert threads() == {1}
    assert threads() == before


def test_on_one_core_nothing_takes_threads_of_its_own():
    def used():
        with workers(4) as pool:
            inner = pool.submit(lambda: set(run_chunks(lambda _: threading.get_ident(), range(4)))).result()
        return len(inner), len(set(run_chunks(lambda _: threading.get_ident(), range(4))))

    with on_one_core():
        assert used() == (1, 1)
        assert free_threads() == 1
        with on_one_core():
            pass
        assert free_threads() == 1  # the inner block does not free the outer one
    assert free_threads() == (os.cpu_count() or 1)
