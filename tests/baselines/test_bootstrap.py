import io
from dataclasses import replace

import numpy as np
import pytest
from oracles import is_dag
from rich.console import Console
from sampler_cases import score_table

import dag_gfn
from dag_gfn.baselines.bootstrap import NO_POSTERIOR, Resampling, fit_bootstrap
from dag_gfn.baselines.hill_climbing import hill_climb
from dag_gfn.budget import TimeBudget
from dag_gfn.data.resampling import resampled
from dag_gfn.errors import DataError, OptionError
from dag_gfn.graphs import graph
from dag_gfn.random_streams import RandomStreams
from dag_gfn.scores import BGe, Constraints, ScoreTable, make_prior
from dag_gfn.views.report import report_html
from dag_gfn.views.terminal import print_posterior

pytestmark = pytest.mark.filterwarnings("ignore::dag_gfn.DataWarning")


def resampling(d=4, **known):
    table = score_table(d, rows=60, **known)
    return table, Resampling(table._local_score.data, BGe, table.graph_prior, table.constraints)


def fitted(d=4, *, num_resamples=30, seed=0, known=None, **options):
    table, again = resampling(d, **(known or {}))
    return fit_bootstrap(table, again, seed=seed, num_resamples=num_resamples, **options)


def test_frequencies_are_those_of_the_graphs_on_each_resample():
    table, again = resampling()
    graphs = []
    for index in range(30):
        drawn = ScoreTable.build(BGe(resampled(again.data, 5, index)))
        rng = RandomStreams(5).generator(f"point estimate {index}")
        graphs.append(graph.adjacency_from_masks(hill_climb(drawn, rng=rng), 4))
    posterior = fitted(seed=5).posterior
    np.testing.assert_allclose(posterior.marginal("edge").values, np.mean(graphs, axis=0))
    np.testing.assert_allclose(posterior.log_scores, table.log_reward_of(posterior.graphs))
    assert posterior.effective_samples == 30


def test_classes_are_half_and_half():
    a = np.random.default_rng(0).normal(size=60)
    data = dag_gfn.from_array(np.column_stack([a, a + np.random.default_rng(1).normal(size=60)]))
    again = Resampling(data, BGe, make_prior("uniform", 2), Constraints.none(2))
    table = ScoreTable.build(BGe(data))
    result = fit_bootstrap(table, again, seed=0, num_resamples=200, point_estimator="ges")
    edge = result.posterior.marginal("edge").values
    assert edge[0, 1] + edge[1, 0] > 0.9
    assert abs(edge[0, 1] - edge[1, 0]) < 4 / np.sqrt(200)


@pytest.mark.parametrize("point_estimator", ["hill_climbing", "pc"])
def test_what_is_known_is_respected(point_estimator):
    if point_estimator == "pc":
        pytest.importorskip("causallearn")
    known = {"required": [(3, 0)], "forbidden": [(0, 1), (1, 2)], "max_parents": 2, "seed": 1}
    graphs = fitted(known=known, point_estimator=point_estimator).posterior.graphs
    assert graphs[:, 3, 0].all()
    assert not graphs[:, [0, 1], [1, 2]].any()
    assert graphs.sum(axis=1).max() <= 2
    assert is_dag(graphs[0])


@pytest.mark.parametrize("known", [{"required": [(0, 1)]}, {"forbidden": [(0, 1)]}])
def test_classes_know_no_directions(known):
    with pytest.raises(OptionError, match="--point-estimator hill_climbing"):
        fitted(known=known, point_estimator="ges")


def test_classes_need_an_equivalent_score():
    data = dag_gfn.simulate(3, 40, rng=np.random.default_rng(0))
    with pytest.raises(OptionError, match="equivalent graphs different values"):
        dag_gfn.fit(data, method="bootstrap", point_estimator="ges", score="linear_gaussian", progress=False)


def test_a_time_budget_keeps_what_is_done():
    clock = [0.0]

    def on_report(report):
        clock[0] += 1.0

    budget = TimeBudget(7, clock=lambda: clock[0])
    result = fitted(budget=budget, on_report=on_report)
    assert result.diagnostics.resamples == 7
    assert result.diagnostics.cut_short_by_time_budget
    assert budget.cuts == ["7 of 30 resamples are drawn"]


def test_an_interrupt_keeps_what_is_done():
    def interrupt(report):
        if report.iteration == 5:
            raise KeyboardInterrupt

    result = fitted(on_report=interrupt)
    assert result.interrupted
    assert result.diagnostics.resamples == 5
    np.testing.assert_array_equal(
        result.posterior.marginal("edge").values, fitted(num_resamples=5).posterior.marginal("edge").values
    )


def test_an_interrupt_before_the_first_graph_is_one(monkeypatch):
    def interrupt(*given, **named):
        raise KeyboardInterrupt

    monkeypatch.setattr("dag_gfn.baselines.bootstrap.hill_climb", interrupt)
    with pytest.raises(KeyboardInterrupt):
        fitted()


def test_resamples_without_a_graph_are_counted(monkeypatch):
    calls = []

    def fails_twice(table, *, rng):
        calls.append(1)
        if len(calls) in (2, 3):
            raise DataError("collinear")
        return hill_climb(table, rng=rng)

    monkeypatch.setattr("dag_gfn.baselines.bootstrap.hill_climb", fails_twice)
    found = fitted(num_resamples=10).diagnostics
    assert (found.resamples, found.resamples_without_graph) == (8, 2)


def test_no_graph_on_any_resample(monkeypatch):
    def fails(table, *, rng):
        raise DataError("collinear")

    monkeypatch.setattr("dag_gfn.baselines.bootstrap.hill_climb", fails)
    with pytest.raises(DataError, match=r"finds no graph on any resample.*collinear"):
        fitted()


# --- through fit ---


@pytest.fixture(scope="module")
def data():
    return dag_gfn.simulate(4, 80, rng=np.random.default_rng(3))


@pytest.fixture(scope="module")
def posterior(data):
    return dag_gfn.fit(data, method="bootstrap", num_resamples=25, exact_check=True, progress=False)


def test_the_verdict_never_says_that_a_bootstrap_is_a_posterior(posterior):
    record = posterior.record
    assert record.converged is None
    assert {claim.word for _, claim in record.claims.rows()} == {"not shown"}
    assert record.exact_check.edge_max_error is not None  # even where it is near to the exact posterior
    assert NO_POSTERIOR in posterior.info["warnings"]
    assert posterior.log_evidence is None


def test_everybody_who_sees_it_is_told(posterior):
    console = Console(file=io.StringIO(), width=500)
    print_posterior(posterior, console)
    for text in (console.file.getvalue(), report_html(posterior)):
        assert "not posterior probabilities" in text
        assert "Posterior over" not in text
        assert "A posterior distribution over" not in text


def test_it_is_saved_and_loaded(posterior, tmp_path):
    posterior.save(tmp_path / "out")
    loaded = dag_gfn.load(tmp_path / "out")
    assert loaded.diagnostics == posterior.diagnostics
    assert loaded.diagnostics.point_estimator == "hill_climbing"
    assert loaded.info == posterior.info
    np.testing.assert_array_equal(loaded.graphs, posterior.graphs)


def test_graphs_are_ranked_by_how_often_they_are_found(posterior):
    probabilities = [dag.graph["probability"] for dag in posterior.top_graphs(5)]
    np.testing.assert_allclose(probabilities, posterior.weights[:5])


def test_the_seed_decides(data, posterior):
    again, other = (
        dag_gfn.fit(data, method="bootstrap", num_resamples=25, seed=seed, progress=False) for seed in (0, 1)
    )
    np.testing.assert_array_equal(again.graphs, posterior.graphs)
    assert (again.marginal("edge").values != other.marginal("edge").values).any()


def test_what_has_no_rows_to_draw(data):
    fit = {"method": "bootstrap", "progress": False}
    with pytest.raises(OptionError, match="complete rows"):
        dag_gfn.fit(
            replace(data, values=np.where(data.values == data.values.max(), np.nan, data.values)), **fit
        )
    with pytest.raises(OptionError, match="covariance matrix has none"):
        dag_gfn.fit(dag_gfn.from_covariance(np.eye(3), 50), **fit)
    with pytest.raises(OptionError, match="at most 63 columns"):
        dag_gfn.fit(np.random.default_rng(0).normal(size=(20, 64)), **fit)
    families = dag_gfn.scores.FamilyList.of(("a", "b"), [{0: -2.0, 2: -9.0}, {0: -3.0, 1: -1.5}])
    with pytest.raises(OptionError, match="draws rows of one table"):
        dag_gfn.fit(families, **fit)


def test_options_of_the_bootstrap_are_noted_where_they_are_ignored(data):
    notes = dag_gfn.fit(data, method="exact", num_resamples=7, progress=False).info["notes"]
    assert "method 'exact' resamples no rows and ignores num_resamples" in notes


def test_categories(tmp_path):
    table = dag_gfn.load_example("asia").of_rows(np.arange(300))
    posterior = dag_gfn.fit(table, method="bootstrap", num_resamples=5, progress=False)
    assert posterior.record.num_samples == 5
