"""The progress of long work: a bar on a terminal, plain lines in a log."""

import contextlib
import math
import sys
import time
from collections.abc import Mapping
from functools import partial
from types import TracebackType
from typing import Any, Protocol, TypeVar, runtime_checkable

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from dag_gfn.budget import TimeBudget
from dag_gfn.compilation import watch_compilation
from dag_gfn.errors import printable

P = TypeVar("P", bound="_BarOrLines")


@runtime_checkable
class Report(Protocol):
    """The figures of training that are shown; see `dag_gfn.gflownet.training.loop.TrainingReport`."""

    @property
    def iteration(self) -> int: ...

    @property
    def planned_iterations(self) -> int: ...

    @property
    def loss(self) -> float: ...

    @property
    def epsilon(self) -> float: ...

    @property
    def seconds(self) -> float: ...

    @property
    def metrics(self) -> Mapping[str, float]: ...


def describe(report: Report) -> str:
    """Return loss, exploration and the monitor's figures in one line.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from dag_gfn.fitting.progress import describe
    >>> report = SimpleNamespace(
    ...     iteration=3, planned_iterations=9, seconds=1.0, loss=0.25, epsilon=0.1, metrics={"ess": 0.5}
    ... )
    >>> describe(report)
    'loss 0.25  exploration 0.1  ess 0.5'
    """
    figures = {"loss": report.loss, "exploration": report.epsilon, **report.metrics}
    return "  ".join(f"{name} {value:.3g}" for name, value in figures.items())


class _Forgiving:
    """A stream that cannot fail: long work goes on where nobody reads stderr any more."""

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
    """Return where notes and progress go: stderr, or nowhere if it is closed.

    Examples
    --------
    >>> from dag_gfn.fitting.progress import log_console
    >>> log_console().quiet
    False
    """
    if sys.stderr is None:
        return Console(quiet=True)
    return Console(file=_Forgiving(sys.stderr))  # type: ignore[arg-type]  # rich uses less of IO than it asks for


def announce(text: str, *, shown: bool = True, console: Console | None = None) -> None:
    """Print one line on stderr; names in it are printed as they are.

    Examples
    --------
    >>> import io
    >>> from rich.console import Console
    >>> from dag_gfn.fitting.progress import announce
    >>> log = io.StringIO()
    >>> announce("column [a] is left out", console=Console(file=log))
    >>> log.getvalue()
    'note: column [a] is left out\\n'
    """
    if shown:
        console = log_console() if console is None else console
        console.print(f"note: {printable(text)}", markup=False, highlight=False, emoji=False, soft_wrap=True)


def budget_of_fit(seconds: float | int | None, *, shown: bool) -> TimeBudget:
    """Return the time budget of a fit that begins now; compilation is no part of it, and is told where it takes long.

    Parameters
    ----------
    seconds : float or None
        None for no limit.
    shown : bool
        Whether the user is told.

    Examples
    --------
    >>> from dag_gfn.fitting.progress import budget_of_fit
    >>> budget_of_fit(5, shown=False).remaining() <= 5
    True
    """
    watch_compilation(partial(announce, shown=shown))
    return TimeBudget(seconds)


class _BarOrLines:
    """A bar on a terminal, lines in a log; a context manager that shows the bar while it is entered.

    Parameters
    ----------
    console : rich.console.Console, optional
        Standard error unless given.
    shown : bool
        False shows nothing.
    line_seconds : float
        Where there is no terminal, the least seconds between lines.
    """

    def __init__(
        self, console: Console | None = None, *, shown: bool = True, line_seconds: float | int = 10.0
    ):
        self.console = log_console() if console is None else console
        self.shown, self.line_seconds = shown, line_seconds
        self.bar: Progress | None = None

    def _make_bar(self) -> Progress:
        """Return the bar of a terminal, not yet started."""
        return Progress(console=self.console, transient=True)

    def __enter__(self: P) -> P:
        if self.shown and self.console.is_terminal:
            self.bar = self._make_bar()
            self.bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.bar is not None:
            self.bar.stop()

    def _line(self, text: str) -> None:
        self.console.print(text, highlight=False, soft_wrap=True)


class TrainingProgress(_BarOrLines):
    """Shows a fit on stderr: one bar for the phase that runs, training among them; it is called with each report.

    Examples
    --------
    >>> import io
    >>> from rich.console import Console
    >>> from dag_gfn.fitting.progress import TrainingProgress
    >>> log = io.StringIO()
    >>> with TrainingProgress(Console(file=log), line_seconds=0) as show:
    ...     show.phase("draws", 0.0)
    ...     show.phase("draws", 0.5)
    >>> log.getvalue()
    'draws: 50% done\\n'
    """

    def __init__(
        self, console: Console | None = None, *, shown: bool = True, line_seconds: float | int = 10.0
    ):
        super().__init__(console, shown=shown, line_seconds=line_seconds)
        self.last_line = time.monotonic()
        self.finished = False
        self.stage, self.entered = "preparing", self.last_line

    def _make_bar(self) -> Progress:
        bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[done]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[figures]}"),
            console=self.console,
        )
        bar.add_task(self.stage, total=None, done="", figures="")
        return bar

    def _update(
        self,
        bar: Progress,
        stage: str,
        completed: float | int,
        total: float | int,
        done: str,
        figures: str = "",
    ) -> None:
        """Let the bar show a stage; a new one has a clock of its own."""
        (task,) = bar.task_ids
        if self.stage != stage:
            self.stage = stage
            bar.reset(task, description=stage, total=None)
        bar.update(task, completed=completed, total=total, done=done, figures=figures)

    def phase(self, name: str, share: float | int) -> None:
        """Show that `share`, in [0, 1], of a phase before or after training is done."""
        if self.bar is not None:
            self._update(self.bar, name, share, 1.0, f"{share:.0%}")
        elif self.stage != name:
            self.stage, self.entered = name, time.monotonic()
        elif self.shown and time.monotonic() - max(self.last_line, self.entered) >= self.line_seconds:
            self.last_line = time.monotonic()
            self._line(f"{name}: {share:.0%} done")

    def __call__(self, report: Report) -> None:
        """Show one report."""
        done = f"{report.iteration}/{report.planned_iterations}"
        if self.bar is not None:
            self._update(
                self.bar,
                "training",
                report.iteration,
                report.planned_iterations,
                done,
                describe(report),
            )
            return
        due = time.monotonic() - self.last_line >= self.line_seconds
        at_end = report.iteration >= report.planned_iterations
        if self.shown and (due or (at_end and not self.finished)):
            self.last_line, self.finished = time.monotonic(), at_end
            self._line(f"training {done}  {report.seconds:.0f} s  {describe(report)}")


class ShareProgress(_BarOrLines):
    """Shows on stderr which share of each part of a computation is done; it is called with each step.

    Where there is no terminal, it says what is being done, once, if that takes longer than `line_seconds`.

    Examples
    --------
    >>> import io
    >>> from rich.console import Console
    >>> from dag_gfn.fitting.progress import ShareProgress
    >>> log = io.StringIO()
    >>> with ShareProgress(Console(file=log), line_seconds=0) as show:
    ...     show("sampling", 0.5)
    ...     show("sampling", 0.9)
    >>> log.getvalue()
    'sampling: 50% done\\n'
    """

    def __init__(
        self, console: Console | None = None, *, shown: bool = True, line_seconds: float | int = 10.0
    ):
        super().__init__(console, shown=shown, line_seconds=line_seconds)
        self.tasks: dict[str, TaskID] = {}
        self.started: dict[str, float] = {}

    def __call__(self, name: str, share: float | int) -> None:
        """Show that `share`, in [0, 1], of the part called `name` is done."""
        now = time.monotonic()
        if self.bar is not None:
            if name not in self.tasks:
                self.tasks[name] = self.bar.add_task(name, total=1.0)
            self.bar.update(self.tasks[name], completed=share)
        elif self.shown and now - self.started.setdefault(name, now) >= self.line_seconds:
            self.started[name] = math.inf
            self._line(f"{name}: {share:.0%} done")


class AnnouncedShare:
    """Shows on stderr how far one computation is, having said first what it takes if that is long.

    A context manager; it is called with the share that is done and the seconds that all should take.

    Examples
    --------
    >>> from dag_gfn.fitting.progress import AnnouncedShare
    >>> with AnnouncedShare("effects") as show:
    ...     show(0.5, 2.0)
    >>> show.told
    False
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
