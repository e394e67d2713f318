import numpy as np
import pytest
from sampler_cases import score_table

from dag_gfn.budget import TimeBudget
from dag_gfn.exact.reference import exact_reference, reference_bytes, reference_seconds
from dag_gfn.fitting.exact_check import (
    REFERENCE_MEMORY,
    affordable,
    divergence_from,
    exact_check_reference,
    exact_comparison,
)
from dag_gfn.posterior import GraphPosterior


def test_the_exact_posterior_is_at_no_distance_from_itself():
    table = score_table(4)
    reference = exact_reference(table)
    assert divergence_from(reference)(reference.log_probabilities) == {"jsd": pytest.approx(0, abs=1e-12)}
    draws = reference.draw(50, np.random.default_rng(0))
    posterior = GraphPosterior.from_samples(table.names, draws, log_evidence=reference.log_evidence + 0.25)
    check = exact_comparison(posterior, reference, reference.log_probabilities)
    for name in ("jsd", "tv", "kl", "graph_rmse"):
        assert getattr(check.divergence, name) == pytest.approx(0, abs=1e-9), name
    assert check.log_evidence_gap == pytest.approx(0.25)
    edges = draws.mean(axis=0) - reference.features["edge"]
    assert check.edge_max_error == pytest.approx(np.abs(edges).max())
    assert check.edge_rmse == pytest.approx(np.sqrt((edges[~np.eye(4, dtype=bool)] ** 2).mean()))


@pytest.mark.parametrize("d", [4, 6])
def test_draws_of_the_reference_have_its_edges(d):
    reference = exact_reference(score_table(d))
    n = 4000
    share = reference.draw(n, np.random.default_rng(0)).mean(axis=0)
    edge = reference.features["edge"]
    assert (np.abs(share - edge) <= 5 * np.sqrt(edge * (1 - edge) / n) + 1e-9).all()


def test_a_reference_is_made_where_it_is_quick_or_asked_for():
    table = score_table(6)
    assert affordable(table, 10)
    assert not affordable(table, 1e-9)
    assert not affordable(score_table(6, storage="lazy"), 10)
    assert exact_check_reference(table, False, TimeBudget(), shown=False) is None
    assert exact_check_reference(table, None, TimeBudget(), shown=False) is not None
    assert exact_check_reference(table, True, TimeBudget(1e-9), shown=False) is not None


@pytest.mark.parametrize(("asked", "seconds_each", "left_out"), [(True, 13.0, True), (True, 7.0, False)])
def test_a_check_that_takes_too_much_of_the_time_budget_is_left_out(
    asked, seconds_each, left_out, monkeypatch
):
    now = [0.0]
    reached = []

    def slow(table, *, progress):
        for done in range(1, 11):
            now[0] += seconds_each
            reached.append(done)
            progress(done / 10)
        return exact_reference(table)

    monkeypatch.setattr("dag_gfn.fitting.exact_check.exact_reference", slow)
    budget = TimeBudget(200, clock=lambda: now[0])  # 120 seconds of it at most
    reference = exact_check_reference(score_table(4), asked, budget, shown=False)
    assert (reference is None) == left_out
    assert budget.cuts == (["the exact check is left out"] if left_out else [])
    assert reached[-1] == (2 if left_out else 10)  # foreseen, rather than waited for


@pytest.mark.parametrize(("d", "quick"), [(20, True), (21, False)])
def test_twenty_columns_are_checked_where_there_is_a_minute(d, quick, monkeypatch):
    monkeypatch.setattr("dag_gfn.exact.dag_dp.os.cpu_count", lambda: 2)
    assert (reference_seconds(d) <= 0.2 * 60) == quick
    assert reference_bytes(20) < REFERENCE_MEMORY


def test_progress_of_the_check_covers_all_of_its_work():
    shares = []
    exact_reference(score_table(11), progress=shares.append)
    assert shares == sorted(shares)
    assert sum(share > 0.5 for share in shares) > 5  # the probabilities, after the sums
    assert shares[-1] == pytest.approx(1.0)
