import signal
import threading

import pytest

from dag_gfn.files import uninterrupted


@pytest.fixture
def polite(monkeypatch):
    """SIGTERM as the program treats it."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_waits_until_the_work_is_done(polite, number):
    done = []

    def work():
        with uninterrupted():
            signal.raise_signal(number)
            signal.raise_signal(number)
            done.append("all of it")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["all of it"]
    assert signal.getsignal(signal.SIGTERM) is signal.default_int_handler
    with pytest.raises(KeyboardInterrupt):  # and the next one is not kept
        signal.raise_signal(number)


def test_an_error_in_the_work_is_what_is_told(polite):
    def work():
        with uninterrupted():
            signal.raise_signal(signal.SIGTERM)
            raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        work()


def test_other_threads_are_given_no_signals():
    done = []

    def work():
        with uninterrupted():
            done.append(threading.current_thread().name)

    thread = threading.Thread(target=work, name="other")
    thread.start()
    thread.join()
    assert done == ["other"]
