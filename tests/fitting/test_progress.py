import io
import time
from dataclasses import dataclass, field

import pytest
from rich.console import Console

from dag_gfn.fitting.progress import (
    AnnouncedShare,
    Report,
    ShareProgress,
    TrainingProgress,
    announce,
    describe,
)


@dataclass
class Told:
    """What training would tell."""

    iteration: int
    planned_iterations: int = 100
    loss: float = 1.25
    epsilon: float = 0.5
    seconds: float = 2.0
    metrics: dict[str, float] = field(default_factory=dict)


class Clock:
    """Time that passes when told to."""

    def __init__(self, monkeypatch):
        self.now = 1000.0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)


def log():
    text = io.StringIO()
    return text, Console(file=text, width=40)


def terminal():
    text = io.StringIO()
    return text, Console(file=text, width=120, force_terminal=True)


def test_the_stand_in_is_a_report():
    assert isinstance(Told(1), Report)


def test_figures_in_one_line():
    assert describe(Told(1, metrics={"ess": 0.25, "jsd": 1e-6})) == (
        "loss 1.25  exploration 0.5  ess 0.25  jsd 1e-06"
    )


def test_a_log_gets_a_line_now_and_then_and_at_the_end(monkeypatch):
    clock = Clock(monkeypatch)
    text, console = log()
    with TrainingProgress(console, line_seconds=10) as show:
        for iteration in range(1, 100):
            clock.now += 0.25  # 24.75 s in all
            show(Told(iteration))
        show(Told(100))
        show(Told(100))
    lines = text.getvalue().splitlines()
    assert [line.split()[1] for line in lines] == ["40/100", "80/100", "100/100"]
    assert all("loss 1.25" in line for line in lines)
    assert "\x1b" not in text.getvalue()
    assert "\r" not in text.getvalue()


def test_a_long_line_is_not_wrapped_in_a_log():
    text, console = log()
    with TrainingProgress(console) as show:
        show(Told(100, metrics={f"figure{k}": 0.1 for k in range(20)}))
    assert text.getvalue().count("\n") == 1


def test_a_terminal_gets_a_bar():
    text, console = terminal()
    with TrainingProgress(console) as show:
        show(Told(50))
        show(Told(100))
    assert "100/100" in text.getvalue()
    assert "━" in text.getvalue()


def test_the_search_before_training_has_a_bar_of_its_own():
    text, console = terminal()
    with TrainingProgress(console) as show:
        assert [(task.description, task.total) for task in show.bar.tasks] == [("preparing", None)]
        show.phase("likely graphs", 0.0)
        show.phase("likely graphs", 0.25)
        assert [(task.description, task.completed) for task in show.bar.tasks] == [("likely graphs", 0.25)]
        show.bar.refresh()
        show(Told(50))
        assert [(task.description, task.completed) for task in show.bar.tasks] == [("training", 50)]
    assert "25%" in text.getvalue()
    assert "50/100" in text.getvalue()


def test_phases_that_take_long_have_lines_in_a_log(monkeypatch):
    clock = Clock(monkeypatch)
    text, console = log()
    with TrainingProgress(console, line_seconds=10) as show:
        for name, seconds in (("likely graphs", 5), ("corrections", 25), ("edges", 5)):
            for step in range(101):
                show.phase(name, step / 100)
                clock.now += seconds / 100
    assert text.getvalue().splitlines() == ["corrections: 40% done", "corrections: 80% done"]


def test_every_phase_has_the_bar_to_itself():
    _, console = terminal()
    with TrainingProgress(console) as show:
        show(Told(100))
        show.phase("draws", 0.5)
        assert [(task.description, task.completed, task.fields["figures"]) for task in show.bar.tasks] == [
            ("draws", 0.5, "")
        ]


def test_the_bar_is_put_away_when_training_fails():
    _, console = terminal()
    show = TrainingProgress(console)
    with pytest.raises(KeyboardInterrupt), show:  # noqa: PT012
        show(Told(1))
        raise KeyboardInterrupt
    assert not show.bar.live.is_started


def test_shares_in_a_log_are_told_once_and_only_where_it_takes_long(monkeypatch):
    clock = Clock(monkeypatch)
    text, console = log()
    with ShareProgress(console, line_seconds=10) as show:
        for step in range(100):
            clock.now += 0.05
            show("quick", step / 100)
        for step in range(100):
            clock.now += 0.5
            show("slow", step / 100)
    assert [line.split(":")[0] for line in text.getvalue().splitlines()] == ["slow"]


def test_shares_on_a_terminal():
    text, console = terminal()
    with ShareProgress(console) as show:
        show("sampling", 0.5)
        show("sampling", 1.0)
    assert "sampling" in text.getvalue()


@pytest.mark.parametrize("place", [log, terminal])
def test_shares_not_to_be_shown(place):
    text, console = place()
    with ShareProgress(console, shown=False, line_seconds=0) as show:
        show("sampling", 0.5)
    assert text.getvalue() == ""


@pytest.mark.parametrize("place", [log, terminal])
def test_announcements_are_one_line_with_names_as_they_are(place):
    text, console = place()
    announce("[red]x[/red] :heart: " * 5, console=console)
    announce("nothing", shown=False, console=console)
    assert text.getvalue() == "note: " + "[red]x[/red] :heart: " * 5 + "\n"


def test_long_work_is_announced_and_short_work_is_not(capsys):
    with AnnouncedShare("effect") as show:
        show(0.0, 3.0)
        show(1.0, 3.0)
    assert capsys.readouterr().err == ""
    with AnnouncedShare("effect") as show:
        show(0.0, 1234.5)
        show(0.5, 1234.5)
    assert capsys.readouterr().err == "note: effect: this should take about 1,234 seconds\n"
