"""Short pieces of work that Ctrl-C does not tear apart."""

import contextlib
import signal
import threading
from collections.abc import Iterator

_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Let signals that Python code handles wait until the block is done, and handle the first of them then.

    Only the main thread is given signals, so that in another one there is nothing to do.
    """
    waiting: list[tuple] = []
    handlers = {}
    if threading.current_thread() is threading.main_thread():
        handlers = {number: signal.getsignal(number) for number in _SIGNALS}
        handlers = {number: handler for number, handler in handlers.items() if callable(handler)}
    for number in handlers:
        signal.signal(number, lambda *given: waiting.append(given))
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    if waiting:
        handlers[waiting[0][0]](*waiting[0])
