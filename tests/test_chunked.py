import pytest

from dag_gfn.chunked import run_chunks


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
