import pytest

from dag_gfn.budget import ForeseenEnd, TimeBudget, allowed_seconds


class Clock:
    """Time that passes when told to."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now

    def work(self, seconds_each, sizes=None):
        def do(size):
            self.now += size * seconds_each
            if sizes is not None:
                sizes.append(size)

        return do


def test_without_a_limit_nothing_is_measured_and_nothing_cut():
    clock, sizes = Clock(), []
    budget = TimeBudget(clock=clock)
    assert budget.remaining() is budget.share(0.5) is None
    assert budget.affordable(5_000, clock.work(9.0, sizes), share=0.5, least=10, what="draws") == 5_000
    assert sizes == budget.cuts == []


def test_the_time_that_is_left():
    clock = Clock()
    budget = TimeBudget(10, clock=clock)
    assert budget.share(0.4) == 4.0
    clock.now += 7
    assert (budget.elapsed(), budget.remaining(), budget.share(0.4)) == (7.0, 3.0, 3.0)
    clock.now += 7
    assert budget.remaining() == budget.share(0.4) == 0.0


def test_phases_are_recorded_also_where_they_fail():
    clock = Clock()
    budget = TimeBudget(clock=clock)
    with budget.phase("draws"):
        clock.now += 2

    def fails():
        with budget.phase("draws"):
            clock.now += 3
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fails()
    assert budget.phases == {"draws": 5.0}


@pytest.mark.parametrize(
    ("seconds_each", "expected"),
    [(1e-3, 20_000), (0.005, 9_855), (1.0, 100)],
)
def test_work_is_cut_to_what_fits(seconds_each, expected):
    clock = Clock()
    budget = TimeBudget(100, clock=clock)
    number = budget.affordable(20_000, clock.work(seconds_each), share=0.5, least=100, what="draws")
    assert number == pytest.approx(expected, rel=0.03)
    assert number == 100 or number * seconds_each <= 50
    assert budget.cuts == ([] if number == 20_000 else [f"{number:,} draws instead of 20,000"])


def test_pieces_that_have_much_in_common_are_tried_in_larger_numbers():
    clock = Clock()
    budget = TimeBudget(100, clock=clock)

    def work(size):
        clock.now += 0.3 + size * 1e-4  # 32 would speak for three minutes, all take 2.3 s

    assert budget.affordable(20_000, work, share=0.5, least=100, what="draws") == 20_000


def test_a_budget_that_is_used_up_leaves_the_least():
    clock, sizes = Clock(), []
    budget = TimeBudget(1, clock=clock)
    budget.hurry()
    assert budget.affordable(20_000, clock.work(1.0, sizes), share=0.5, least=100, what="draws") == 100
    assert budget.affordable(60, clock.work(1.0, sizes), share=0.5, least=100, what="draws") == 60
    assert sizes == []


def test_what_comes_after_has_its_time_set_aside():
    clock = Clock()
    budget = TimeBudget(100, clock=clock)
    clock.now += 20
    with budget.reserved(0.05), budget.reserved(0.1):
        assert budget.remaining() == 65.0
        clock.now += 70
        assert budget.is_over()
    assert budget.remaining() == 10.0
    assert not budget.is_over()
    assert TimeBudget(clock=clock).remaining() is None
    with TimeBudget(clock=clock).reserved(0.5):
        pass


def test_a_part_ends_by_itself():
    clock = Clock()
    budget = TimeBudget(100, clock=clock)
    clock.now += 20
    part = budget.part(of_left=0.5)
    assert part.remaining() == 40.0
    clock.now += 39
    assert not part.is_over()
    clock.now += 1
    assert part.is_over()
    clock.now += 50
    assert budget.part(least=0.02).remaining() == 2.0
    assert not TimeBudget(clock=clock).part(of_left=0.5).is_over()


@pytest.mark.parametrize(("total", "end"), [(5, 10), (20, 25), (50, 55), (200, 220)])
def test_a_tenth_more_and_at_least_five_seconds_are_allowed(total, end):
    clock = Clock()
    budget = TimeBudget(total, clock=clock)
    clock.now += end
    assert allowed_seconds(total) == end
    assert not budget.is_overrun()
    clock.now += 0.01
    assert budget.is_overrun()
    assert not TimeBudget(clock=clock).is_overrun()


def test_hurry_never_makes_a_budget_longer():
    clock = Clock()
    budget = TimeBudget(100, clock=clock)
    clock.now += 95
    budget.hurry(10)
    assert budget.remaining() == 5.0
    budget.hurry(1)
    assert budget.remaining() == 1.0
    endless = TimeBudget(clock=clock)
    endless.hurry(10)
    assert endless.remaining() == 10.0


def test_phases_are_told_when_they_begin():
    told, budget = [], TimeBudget(clock=Clock())
    with budget.phase("before"):
        pass
    budget.on_phase = lambda name, share: told.append((name, share))
    with budget.phase("judging", shown="R-hat"), budget.phase("draws"):
        pass
    assert told == [("R-hat", 0.0), ("draws", 0.0)]


def test_the_end_of_work_is_foreseen_from_its_progress():
    clock = Clock()
    end = ForeseenEnd(TimeBudget(100, clock=clock))
    clock.now += 10
    assert end("solving", 0.1) == 10.0
    clock.now += 1
    assert end("solving", 0.12) == 11.0  # too little is done
    clock.now += 9
    assert end("solving", 0.3) == pytest.approx(20 + 0.7 * 10 / 0.2)
    assert end("drawing", 0.0) == 20.0  # every part has a speed of its own
    clock.now += 5
    assert end("drawing", 0.5) == pytest.approx(30.0)
    assert end("solving", 1.0) == 25.0


def test_compilation_is_recorded_beside_the_time_of_the_fit(monkeypatch):
    compiled = [3.0]
    monkeypatch.setattr("dag_gfn.budget.compilation_seconds", lambda: compiled[0])
    seconds = iter([0.0, 0.0, 4.0, 6.0, 6.0])
    budget = TimeBudget(10, clock=lambda: next(seconds))
    with budget.phase("training"):
        pass
    assert budget.timing() == {"total_seconds": 6.0, "phases": {"training": 4.0}}
    compiled[0] += 40.0
    assert budget.timing()["compilation_seconds"] == 40.0
