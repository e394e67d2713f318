"""Methods within a time budget, by a clock that is told how long work takes."""

import pytest
from sampler_cases import score_table

from dag_gfn.budget import TimeBudget
from dag_gfn.errors import NotTractable
from dag_gfn.exact.dag_dp import Estimate
from dag_gfn.exact.posterior import fit_exact
from dag_gfn.fitting import methods
from dag_gfn.fitting.methods import Run
from dag_gfn.fitting.training_options import TrainingOptions


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def run_within(seconds, clock, d=5):
    return Run(
        score_table(d),
        seed=0,
        num_samples=50,
        iterations=None,
        budget=TimeBudget(seconds, clock=clock),
        exact_check=False,
        progress=False,
        notes=[],
        told=[],
    )


def slow_exact(clock, seconds_each):
    """Return an exact fit whose ten steps take so long each, by a clock."""

    def fit(table, *, progress, **options):
        for done in range(1, 11):
            clock.now += seconds_each
            progress("summing over graphs", done / 10)
        return fit_exact(table, **options)

    return fit


@pytest.mark.parametrize("automatic", [True, False])
def test_an_exact_fit_that_would_end_too_late_is_ended_at_once(automatic, monkeypatch):
    clock = Clock()
    monkeypatch.setattr(methods, "fit_exact", slow_exact(clock, 7.0))
    with pytest.raises(
        NotTractable, match=r"cannot be cut to a time budget of 60 seconds.*70 seconds.*--time-budget"
    ):
        methods.exact(run_within(60, clock), order_modular=False, automatic=automatic)
    assert clock.now == 14.0


def test_an_exact_fit_may_take_a_tenth_more(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(methods, "fit_exact", slow_exact(clock, 6.5))
    posterior = methods.exact(run_within(60, clock), order_modular=False, automatic=False)
    assert posterior is not None
    assert clock.now == 65.0


def test_an_exact_fit_that_is_expected_to_take_longer_is_not_begun(monkeypatch):
    clock, begun = Clock(), []
    monkeypatch.setattr(methods, "fit_exact", lambda *given, **named: begun.append(given))
    monkeypatch.setattr(methods, "fit_estimate", lambda d, *given, **named: Estimate(500.0, 1_000))
    with pytest.raises(NotTractable, match="expected to take about"):
        methods.exact(run_within(60, clock), order_modular=False, automatic=False)
    assert not begun


def test_chains_leave_time_for_what_comes_after_them_and_a_search_that_is_cut_is_noted(monkeypatch):
    clock, seen = Clock(), {}
    real = methods.fit_mcmc

    def fit(table, *, budget, **options):
        seen["chains"] = budget.remaining()
        clock.now = 99.0
        return real(table, budget=TimeBudget(), **options | {"iterations": 2_000})

    def search(*given, budget, **options):
        seen["search"] = budget.remaining()
        clock.now += 30.0
        return found(*given, budget=budget, **options)

    found = methods.best_graphs
    monkeypatch.setattr(methods, "fit_mcmc", fit)
    monkeypatch.setattr(methods, "best_graphs", search)
    run = run_within(100, clock, d=6)
    methods.mcmc(run)
    assert seen == {"chains": 94.2, "search": 5.0}
    assert run.notes == ["to end in time, the search for the most probable graphs stops early"]


def test_phases_of_the_budget_are_shown_while_a_method_runs(monkeypatch):
    clock, shown = Clock(), []

    class Bar:
        def __init__(self, **options):
            pass

        def __enter__(self):
            return lambda name, share: shown.append(name)

        def __exit__(self, *error):
            pass

    monkeypatch.setattr(methods, "ShareProgress", Bar)
    run = run_within(None, clock, d=4)
    run.iterations = 2_000
    methods.mcmc(run)
    order = list(dict.fromkeys(shown))
    for name in ("parent sets", "sampling root layerings", "R-hat of the chains", "draws"):
        assert name in order
    assert order[-1] == "searching for the most probable graphs"
    assert run.budget.on_phase is None


def test_what_an_interrupt_cuts_is_not_said_to_be_for_time():
    run = run_within(None, Clock(), d=6)
    run.budget.hurry()
    run.budget.cuts.append("the search stops early")
    run.note_cuts()
    assert run.notes == ["after the interrupt, the search stops early"]


def test_a_training_for_which_no_time_is_left_takes_a_step():
    options = TrainingOptions(environment="layers", policy="mlp")
    found = methods.gflownet(run_within(0.0, Clock(), d=3), options, None)
    assert found.diagnostics.iterations >= 1
