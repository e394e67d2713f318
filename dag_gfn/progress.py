"""How long work is shown: a bar on a terminal, plain lines in a log."""

import sys
import time
from types import TracebackType
from typing import Protocol, runtime_checkable

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn


@runtime_checkable
class Report(Protocol):
    """What training tells; see `dag_gfn.training.TrainingReport`."""

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


class TrainingProgress:
    """Shows training on stderr; a context manager that is called with each report.

    Parameters
    ----------
    console : rich.console.Console, optional
    line_seconds : float
        Where there is no terminal, seconds between lines.
    """

    def __init__(self, console: Console | None = None, *, line_seconds: float | int = 10.0):
        self.console = Console(file=sys.stderr) if console is None else console
        self.line_seconds = line_seconds
        self.last_line = time.monotonic()
        self.finished = False
        self.bar: Progress | None = None

    def __enter__(self) -> "TrainingProgress":
        if self.console.is_terminal:
            self.bar = Progress(
                TextColumn("training"),
                BarColumn(),
                TextColumn("{task.completed}/{task.total}"),
                TimeElapsedColumn(),
                TextColumn("left"),
                TimeRemainingColumn(),
                TextColumn("{task.fields[figures]}"),
                console=self.console,
            )
            self.bar.start()
            self.task = self.bar.add_task("training", total=None, figures="")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.bar is not None:
            self.bar.stop()

    def __call__(self, report: Report) -> None:
        """Show one report."""
        if self.bar is not None:
            self.bar.update(
                self.task,
                completed=report.iteration,
                total=report.planned_iterations,
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
