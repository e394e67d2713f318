"""One command of dag-gfn, run in this process or in its own, and all that came of it."""

import contextlib
import gc
import io
import os
import signal
import subprocess
import sys
import threading
import traceback
import warnings
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import dag_gfn
from dag_gfn.cli import main

SECONDS = 60
"""Of CPU time, after which a command is stopped: which is a fault, whatever else the machine does."""
WAITING = 5
"""Times as long a command may take by the clock: beyond that it waits for something."""
UNFORESEEN = "this is a fault of dag_gfn"
"""In the one line that the program prints where nobody foresaw an exception."""


@dataclass(frozen=True)
class Outcome:
    """What a command did.

    Attributes
    ----------
    arguments : list of str
    code : int or None
        The exit code; None where an exception escaped or the command was stopped.
    out, err : str
        What it printed.
    escaped : str
        The traceback of an exception that escaped.
    warned : tuple of str
        Warnings of Python, as a person would see them on stderr.
    grown : int
        Bytes that the process held at its peak beyond what it held before.
    """

    arguments: list[str]
    code: int | None
    out: str
    err: str
    escaped: str = ""
    warned: tuple[str, ...] = ()
    grown: int = 0


class TooSlow(BaseException):
    """A command was stopped; no `except Exception` catches it."""


def run_here(arguments: list[str], *, seconds: float = SECONDS) -> Outcome:
    """Run the command in this process, which saves the seconds that Python and its libraries take to start."""
    out, err = io.StringIO(), io.StringIO()
    code, escaped = None, ""
    before = _held()
    with warnings.catch_warnings(record=True) as seen:
        _default_filters()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), _stopped_after(seconds):
            try:
                code = main(arguments)
                if code == 2 and UNFORESEEN in err.getvalue():
                    main([*arguments, "--debug"])  # once more, for the traceback
            except TooSlow:
                escaped = f"TooSlow: not done after {seconds:g} seconds of CPU time"
            except SystemExit as error:
                code = error.code if isinstance(error.code, int) else 1
            except BaseException:
                escaped = traceback.format_exc()
    warned = tuple(f"{item.category.__name__}: {item.message}" for item in seen)
    grown = _peak() - before
    if grown > 2e8:
        gc.collect()
    return Outcome(arguments, code, out.getvalue(), err.getvalue(), escaped, warned, max(grown, 0))


def run_apart(arguments: list[str], *, seconds: float = SECONDS * WAITING) -> Outcome:
    """Run the command as a person does, in a process of its own; `seconds` are by the clock."""
    try:
        done = subprocess.run(
            command_line(arguments),
            capture_output=True,
            timeout=seconds,
            stdin=subprocess.DEVNULL,
            env=environment(),
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Outcome(arguments, None, "", "", f"TooSlow: not done after {seconds:g} seconds")
    out, err = (text.decode("utf-8", errors="replace") for text in (done.stdout, done.stderr))
    if "Traceback (most recent call last)" in err:
        return Outcome(arguments, None, out, "", err)
    return Outcome(arguments, done.returncode, out, err)


def command_line(arguments: list[str]) -> list[str]:
    """Return the command with the interpreter that runs this one."""
    return [sys.executable, "-m", "dag_gfn", *arguments]


def environment() -> dict[str, str]:
    """Return the environment in which a process finds this package, and works on one thread."""
    root = str(Path(dag_gfn.__file__).parents[1])
    paths = [root, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
    }


def _default_filters() -> None:
    """Show the warnings that a person sees, each time: Python hides these four unless asked."""
    warnings.resetwarnings()
    warnings.simplefilter("always")
    hidden = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)
    for category in hidden:
        warnings.simplefilter("ignore", category)


@contextlib.contextmanager
def _stopped_after(seconds: float):
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise TooSlow

    clocks = ((signal.ITIMER_PROF, signal.SIGPROF, 1), (signal.ITIMER_REAL, signal.SIGALRM, WAITING))
    previous = [signal.signal(number, stop) for _, number, _ in clocks]
    for timer, _, times in clocks:
        signal.setitimer(timer, seconds * times)
    try:
        yield
    finally:
        for (timer, number, _), handler in zip(clocks, previous, strict=True):
            signal.setitimer(timer, 0)
            signal.signal(number, handler)


def _held() -> int:
    """Return the bytes that this process holds, and begin its peak anew; 0 where the system does not say."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def _peak() -> int:
    return _status("VmHWM")


def _status(name: str) -> int:
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1]) * 1024
    return 0
