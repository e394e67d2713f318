"""How long work is shown: a bar on a terminal, plain lines in a log."""

import contextlib
import math
import sys
import time
from types import TracebackType
from typing import Any, Protocol, runtime_checkable

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from dag_gfn.errors import printable


@runtime_checkable
class Report(Protocol):
    """What training tells; see `dag_gfn.gflownet.training.loop.TrainingReport`."""

    iteration: int
    planned_iterations: int
    loss: float
    epsilon: float
    seconds: float
    metrics: dict[str, float]


def describe(report: Report) -> str:
    """Return loss, exploration and the monitor's figures in one line."""
    figures = {"loss": report.loss, "exploration": report.epsilon, **report.metrics}
    return "  ".join(f"{name} {value:.3g}" for name, value in figures.items())


class _Forgiving:
    """A stream that cannot fail: long work is not to end because nobody reads what it says on stderr any more."""

    def __init__(self, stream: Any):
        self._stream = stream

    def write(self, text: str) -> int:
        with contextlib.suppress(
            OSError, ValueError
        ):  # a broken pipe, a terminal that is gone; a closed file
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def log_console() -> Console:
    """Return where notes and progress go: stderr, or nowhere if it is closed."""
    return Console(file=_Forgiving(sys.stderr)) if sys.stderr is not None else Console(quiet=True)


def announce(text: str, *, shown: bool = True, console: Console | None = None) -> None:
    """Say on stderr, in one line, what is going to be done, names in it as they are."""
    if shown:
        console = log_console() if console is None else console
        console.print(f"note: {printable(text)}", markup=False, highlight=False, emoji=False, soft_wrap=True)


class TrainingProgress:
    """Shows a fit on stderr, training and what comes before and after it; a context manager, called with each report.

    Parameters
    ----------
    console : rich.console.Console, optional
    line_seconds : float
        Where there is no terminal, seconds between lines.
    """

    def __init__(self, console: Console | None = None, *, line_seconds: float | int = 10.0):
        self.console = log_console() if console is None else console
        self.line_seconds = line_seconds
        self.last_line = time.monotonic()
        self.finished = False
        self.bar: Progress | None = None
        self.task: TaskID | None = None
        self.stage, self.entered = "preparing", self.last_line

    def __enter__(self) -> "TrainingProgress":
        if self.console.is_terminal:
            self.bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.fields[done]}"),
                TimeElapsedColumn(),
                TextColumn("left"),
                TimeRemainingColumn(),
                TextColumn("{task.fields[figures]}"),
                console=self.console,
            )
            self.task = self.bar.add_task(self.stage, total=None, done="", figures="")
            self.bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.bar is not None:
            self.bar.stop()

    def _enter(self, stage: str) -> None:
        """Let the bar be of another stage, with a clock of its own."""
        if self.stage != stage:
            self.stage = stage
            self.bar.reset(self.task, description=stage, total=None)

    def phase(self, name: str, share: float | int) -> None:
        """Show that `share`, in [0, 1], of a phase before or after training is done."""
        if self.bar is not None:
            self._enter(name)
            self.bar.update(self.task, completed=share, total=1.0, done=f"{share:.0%}", figures="")
            return
        if self.stage != name:
            self.stage, self.entered = name, time.monotonic()
        elif time.monotonic() - max(self.last_line, self.entered) >= self.line_seconds:
            self.last_line = time.monotonic()
            self.console.print(f"{name}: {share:.0%} done", highlight=False)

    def __call__(self, report: Report) -> None:
        """Show one report."""
        if self.bar is not None:
            self._enter("training")
            self.bar.update(
                self.task,
                completed=report.iteration,
                total=report.planned_iterations,
                done=f"{report.iteration}/{report.planned_iterations}",
                figures=describe(report),
            )
            return
        due = time.monotonic() - self.last_line >= self.line_seconds
        if due or (report.iteration >= report.planned_iterations and not self.finished):
            self.last_line = time.monotonic()
            self.finished = report.iteration >= report.planned_iterations
            self.console.print(
                f"training {report.iteration}/{report.planned_iterations}  {report.seconds:.0f} s  "
                + describe(report),
                highlight=False,
                soft_wrap=True,
            )


class ShareProgress:
    """Shows on stderr which share of a computation is done; a context manager that is called with each step.

    Where there is no terminal, it says what is being done, once, if that takes longer than `line_seconds`.
    """

    def __init__(
        self, console: Console | None = None, *, shown: bool = True, line_seconds: float | int = 10.0
    ):
        self.console = log_console() if console is None else console
        self.shown, self.line_seconds = shown, line_seconds
        self.tasks: dict[str, TaskID] = {}
        self.started: dict[str, float] = {}
        self.bar: Progress | None = None

    def __enter__(self) -> "ShareProgress":
        if self.shown and self.console.is_terminal:
            self.bar = Progress(console=self.console, transient=True)
            self.bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.bar is not None:
            self.bar.stop()

    def __call__(self, name: str, share: float | int) -> None:
        """Show that `share`, in [0, 1], of the part called `name` is done."""
        if not self.shown:
            return
        if self.bar is not None:
            if name not in self.tasks:
                self.tasks[name] = self.bar.add_task(name, total=1.0)
            self.bar.update(self.tasks[name], completed=share)
        elif time.monotonic() - self.started.setdefault(name, time.monotonic()) >= self.line_seconds:
            self.started[name] = math.inf
            self.console.print(f"{name}: {share:.0%} done", highlight=False)


class AnnouncedShare:
    """Shows on stderr how far one computation is, having said first what it takes if that is long.

    A context manager; it is called with the share that is done and the seconds that all should take.
    """

    def __init__(self, name: str, *, announced_seconds: float | int = 10.0):
        self.name, self.announced_seconds = name, announced_seconds
        self.told = False
        self.share = ShareProgress()

    def __enter__(self) -> "AnnouncedShare":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.share.__exit__(kind, error, trace)

    def __call__(self, share: float | int, seconds: float | int) -> None:
        """Show that `share`, in [0, 1], is done of what should take so many seconds."""
        if seconds < self.announced_seconds:
            return
        if not self.told:
            self.told = True
            announce(f"{self.name}: this should take about {seconds:,.0f} seconds")
            self.share.__enter__()
        self.share(self.name, share)
