"""Short operations that Ctrl-C and other signals do not interrupt."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Delay signals that have a handler in Python until the block has ended; then handle the first of them.

    Python calls handlers of signals in the main thread only. In another thread this does nothing.

    Examples
    --------
    >>> import signal
    >>> from dag_gfn.files import uninterrupted
    >>> try:
    ...     with uninterrupted():
    ...         signal.raise_signal(signal.SIGINT)  # Ctrl-C
    ...         print("the block goes on")
    ... except KeyboardInterrupt:
    ...     print("then it is interrupted")
    the block goes on
    then it is interrupted
    """
    waiting: list[tuple[int, FrameType | None]] = []
    handlers: dict[int, Callable[[int, FrameType | None], object]] = {}
    if threading.current_thread() is threading.main_thread():
        for number in _SIGNALS:
            handler = signal.getsignal(number)
            if callable(handler):
                handlers[number] = handler
    for number in handlers:
        signal.signal(number, lambda number, frame: waiting.append((number, frame)))
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    if waiting:
        handlers[waiting[0][0]](*waiting[0])
