"""The time that a whole fit may take, and what its phases took."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from dag_gfn.compilation import compilation_seconds, working_seconds

_MOST_OVER = 0.1  # of the budget, that a fit may take beyond it
_LEAST_OVER = 5.0  # seconds of the same, at least
_SLACK = 0.03  # of the budget, that work may take beyond it rather than be cut to the least
_LEAST = 0.001  # seconds of a budget, also where nothing is left for it: shares of it are taken
_TELLING = 0.05  # of a computation, by which the time of the rest is foreseen
_TRIED = (32, 256)  # pieces of work that are timed
_TRIAL_SHARE = 0.2  # of the time that is left, at most, for a second and larger trial


def allowed_seconds(total: float | int) -> float:
    """Return when a fit with a time budget has to have ended, in seconds: 10 % beyond it, and at least 5 seconds.

    Examples
    --------
    >>> from dag_gfn.budget import allowed_seconds
    >>> allowed_seconds(20), allowed_seconds(100)
    (25.0, 110.0)
    """
    return total + max(_MOST_OVER * total, _LEAST_OVER)


class TimeBudget:
    """A clock that starts when it is made, and stands still while functions are compiled for the first time.

    Without a limit nothing depends on the clock, and results are the same on any machine. Work that can be cut asks
    for its share of what is left, and says in `cuts` what was left out. Work at the end of a fit has its time set
    aside in `reserved`.

    Parameters
    ----------
    total : float, optional
        Seconds; no limit unless given.
    clock : callable, optional
        Returns seconds.

    Attributes
    ----------
    phases : dict of str to float
        Seconds that each phase has taken, those that are over.
    cuts : list of str
        What was cut to fit, a sentence each.
    hurried : bool
        Whether Ctrl-C has shortened the budget.
    on_phase : callable, optional
        Called with the name of each phase that begins and the share of it that is done, 0. None unless set.

    Examples
    --------
    >>> from dag_gfn.budget import TimeBudget
    >>> seconds = iter([0.0, 4.0, 4.0, 7.0, 7.0])  # what a clock may tell
    >>> budget = TimeBudget(10, clock=lambda: next(seconds))
    >>> with budget.reserved(0.1):
    ...     print(budget.remaining())
    5.0
    >>> with budget.phase("training"):
    ...     pass
    >>> budget.phases, budget.remaining()
    ({'training': 3.0}, 3.0)
    """

    def __init__(
        self, total: float | int | None = None, *, clock: Callable[[], float | int] = working_seconds
    ):
        self.total = total if total is None else max(total, _LEAST)
        self._slack = 0.0 if self.total is None else _SLACK * self.total
        self._reserved = 0.0
        self.clock = clock
        self.started = clock()
        self._compiled_before = compilation_seconds()
        self.phases: dict[str, float] = {}
        self.cuts: list[str] = []
        self.hurried = False
        self.on_phase: Callable[[str, float], None] | None = None

    def elapsed(self) -> float:
        """Return the seconds since the start."""
        return float(self.clock() - self.started)

    def timing(self) -> dict[str, Any]:
        """Return what is recorded of the time: seconds of the whole and of each phase, and of compilation beside."""
        compiled = compilation_seconds() - self._compiled_before
        beside = {"compilation_seconds": compiled} if compiled > 0 else {}
        return {"total_seconds": self.elapsed(), "phases": self.phases, **beside}

    def remaining(self) -> float | None:
        """Return the seconds that are left and not reserved, at least 0; None without a limit."""
        return None if self.total is None else max(self.total - self._reserved - self.elapsed(), 0.0)

    def is_over(self) -> bool:
        """Return whether no time is left."""
        return self.remaining() == 0.0

    def is_overrun(self) -> bool:
        """Return whether the fit takes longer than a budget allows (`allowed_seconds`)."""
        return self.total is not None and self.elapsed() > allowed_seconds(self.total)

    def share(self, part: float | int) -> float | None:
        """Return this part of the whole budget in seconds, at most what is left; None without a limit."""
        left = self.remaining()
        return None if self.total is None or left is None else min(part * self.total, left)

    def part(self, *, of_left: float | int = 1.0, least: float | int = 0.0) -> "TimeBudget":
        """Return a budget from now on of a part of what is left, without limit where this one has none.

        Parameters
        ----------
        of_left : float
            The part, in (0, 1].
        least : float
            The least part of the whole budget, in [0, 1), also where less is left.
        """
        left = self.remaining()
        if self.total is None or left is None:
            return TimeBudget(clock=self.clock)
        return TimeBudget(max(of_left * left, least * self.total), clock=self.clock)

    @contextmanager
    def reserved(self, part: float | int) -> Iterator[None]:
        """Reserve a part of the whole budget for later work: within the block, that much less time is left."""
        seconds = 0.0 if self.total is None else part * self.total
        self._reserved += seconds
        try:
            yield
        finally:
            self._reserved -= seconds

    @contextmanager
    def phase(self, name: str, *, shown: str | None = None) -> Iterator[None]:
        """Add the time of the block to the seconds of a phase; `shown` is another name of it for the progress bar."""
        began = self.clock()
        if self.on_phase is not None:
            self.on_phase(name if shown is None else shown, 0.0)
        try:
            yield
        finally:
            self.phases[name] = self.phases.get(name, 0.0) + float(self.clock() - began)

    def hurry(self, seconds: float | int = 0.0) -> None:
        """Shorten the budget so that it ends in at most this many seconds."""
        self.hurried = True
        end = self.elapsed() + seconds
        self.total, self._slack = end if self.total is None else min(self.total, end), 0.0

    def seconds_of(self, wanted: int, work: Callable[[int], object], *, allowed: float | int) -> float:
        """Return an estimate of the seconds that the wanted pieces of work take, from a trial of a few.

        Parameters
        ----------
        wanted : int
        work : callable
            Does a given number of pieces, at most 256.
        allowed : float
            Seconds that the work should not exceed. A second, larger trial separates the fixed cost from that of each
            piece. It is made only where the first trial suggests that the work takes longer than this.
        """
        work(1)  # loads, or compiles, what it needs
        few, many = _TRIED
        of_few = self._timed(work, few)
        seconds = of_few * wanted / few
        if seconds <= allowed or of_few * many / few > _TRIAL_SHARE * allowed:
            return seconds
        of_many = self._timed(work, many)
        each = (of_many - of_few) / (many - few)
        return of_many + max(each, 0.0) * (wanted - many)

    def _timed(self, work: Callable[[int], object], size: int) -> float:
        began = self.clock()
        work(size)
        return float(self.clock() - began)

    def affordable(
        self,
        wanted: int,
        work: Callable[[int], object],
        *,
        share: float | int,
        least: int,
        what: str,
        asked: int | None = None,
    ) -> int:
        """Return how many pieces of work fit into a share of the time that is left, and note it if not all do.

        Parameters
        ----------
        wanted : int
        work : callable
            Does a given number of pieces; it is tried on a few.
        share : float
            Share of the time that is left, in (0, 1].
        least : int
            Pieces that are done in any case.
        what : str
            What the pieces are, for the note.
        asked : int, optional
            Pieces that were asked for, where more than these are wanted: with fewer there is a note.
        """
        remaining = self.remaining()
        if remaining is None or wanted <= max(least, _TRIED[-1]):
            return wanted
        number, left = least, max(remaining, self._slack)
        if left > 0:
            seconds = self.seconds_of(wanted, work, allowed=share * left)
            left = max(self.remaining() or 0.0, self._slack)
            number = wanted if seconds <= share * left else max(int(wanted * share * left / seconds), least)
        asked = wanted if asked is None else asked
        if number < asked:
            self.cuts.append(f"{number:,} {what} instead of {asked:,}")
        return min(number, wanted)


class ForeseenEnd:
    """Estimates when a computation that reports its progress will end.

    Parameters
    ----------
    budget : TimeBudget
        Whose clock is used.

    Examples
    --------
    >>> from dag_gfn.budget import ForeseenEnd, TimeBudget
    >>> seconds = iter([0.0, 2.0, 4.0])  # what a clock may tell
    >>> end = ForeseenEnd(TimeBudget(10, clock=lambda: next(seconds)))
    >>> end("summing", 0.0), end("summing", 0.25)
    (2.0, 10.0)
    """

    def __init__(self, budget: TimeBudget):
        self.budget = budget
        self._began: dict[str, tuple[float, float]] = {}

    def __call__(self, name: str, share: float | int) -> float:
        """Return when the part called `name`, of which a share in [0, 1] is done, will end.

        In seconds since the budget began. Before a twentieth is done there is no estimate, but the time now.
        """
        now = self.budget.elapsed()
        began, share_then = self._began.setdefault(name, (now, float(share)))
        done = share - share_then
        return now if done < _TELLING else now + (now - began) * (1.0 - share) / done
