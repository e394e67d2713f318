"""The time that a whole fit may take, and what its phases took."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_SLACK = 0.03  # of the budget, that work may take beyond it rather than be cut to the least
_TRIED = (32, 256)  # pieces of work that are timed
_TRIAL_SHARE = 0.2  # of the time that is left, at most, for a second and larger trial


class TimeBudget:
    """A clock that starts when it is made.

    Without a limit nothing depends on the clock, and results are the same on any machine.

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
    """

    def __init__(
        self, total: float | int | None = None, *, clock: Callable[[], float | int] = time.perf_counter
    ):
        self.total = total
        self._slack = 0.0 if total is None else _SLACK * total
        self.clock = clock
        self.started = clock()
        self.phases: dict[str, float] = {}
        self.cuts: list[str] = []

    def elapsed(self) -> float:
        """Return the seconds since the start."""
        return float(self.clock() - self.started)

    def remaining(self) -> float | None:
        """Return the seconds that are left, at least 0; None without a limit."""
        return None if self.total is None else max(self.total - self.elapsed(), 0.0)

    def share(self, part: float | int) -> float | None:
        """Return this part of the whole budget in seconds, at most what is left; None without a limit."""
        return None if self.total is None else min(part * self.total, self.remaining())

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Add what is done inside to the seconds of a phase."""
        began = self.clock()
        try:
            yield
        finally:
            self.phases[name] = self.phases.get(name, 0.0) + float(self.clock() - began)

    def hurry(self, seconds: float | int = 0.0) -> None:
        """Let the budget end in so many seconds: what is still to come is cut to that."""
        self.total, self._slack = self.elapsed() + seconds, 0.0

    def seconds_of(self, wanted: int, work: Callable[[int], None], *, allowed: float | int) -> float:
        """Return about how many seconds so many pieces of work take, by trying a few.

        Parameters
        ----------
        wanted : int
        work : callable
            Does a given number of pieces, at most 256.
        allowed : float
            Seconds that the work should not exceed: a second and larger trial, that knows what pieces have in common,
            is made only where the first does not say that it will not.
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

    def _timed(self, work: Callable[[int], None], size: int) -> float:
        began = self.clock()
        work(size)
        return float(self.clock() - began)

    def affordable(
        self, wanted: int, work: Callable[[int], None], *, share: float | int, least: int, what: str
    ) -> int:
        """Return how many pieces of work fit into a share of the time that is left, and note it if not all do.

        Parameters
        ----------
        wanted : int
        work : callable
            Does a given number of pieces; it is tried on a few.
        share : float
            Of the time that is left, in (0, 1].
        least : int
            That are done in any case.
        what : str
            What the pieces are, for the note.
        """
        if self.total is None or wanted <= max(least, _TRIED[-1]):
            return wanted
        number, left = least, max(self.remaining(), self._slack)
        if left > 0:
            seconds = self.seconds_of(wanted, work, allowed=share * left)
            left = max(self.remaining(), self._slack)
            number = wanted if seconds <= share * left else max(int(wanted * share * left / seconds), least)
        if number < wanted:
            self.cuts.append(f"{number:,} {what} instead of {wanted:,}")
        return min(number, wanted)
