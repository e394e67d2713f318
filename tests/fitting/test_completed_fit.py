"""Fits of tables with missing cells, against sums over all completions and against fits of complete tables."""

import math
import warnings
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from completion_cases import chain_data, exact_mixture
from missing_cells import numbers

import dag_gfn
from dag_gfn.fitting import completed, completed_fit
from dag_gfn.fitting.completed_fit import affordable_method, planned_tables
from dag_gfn.gflownet.layers import fit as layers
from dag_gfn.posterior.diagnostics import MixtureDiagnostics

pytestmark = [
    pytest.mark.filterwarnings("ignore::dag_gfn.errors.DataWarning"),
    pytest.mark.filterwarnings("ignore::dag_gfn.errors.NotConvergedWarning"),
]


@pytest.fixture(autouse=True)
def _short_chains(monkeypatch):
    """Let the chains that complete tables be short: their length is tested where they are."""
    for name, options in (
        ("augmented_tables", {"burn_in": 20, "first_round": 100, "max_sweeps": 100}),
        ("weighted_tables", {"burn_in": 20, "spacing": 4}),
        ("complete_discrete", {"burn_in": 20, "max_sweeps": 100}),
    ):
        monkeypatch.setattr(completed, name, partial(getattr(completed, name), **options))


def quiet_fit(data, **options):
    return dag_gfn.fit(data, progress=False, **options)


def test_a_mixture_is_the_sum_over_all_completions():
    data = chain_data(12, 4, 1)
    posterior = quiet_fit(data, num_completed=100, sparse_families="keep")
    _, _, exact = exact_mixture(data)
    edge = posterior.marginal("edge")
    assert edge.source == "mixture"
    assert posterior.covers_all_dags
    off = np.abs(edge.values - exact)
    assert (off <= 4.5 * edge.standard_error + 1e-9).all()
    assert edge.standard_error.max() < 0.05
    assert posterior.info["diagnostics"]["distinct_tables"] <= 16  # equal tables are fitted once


@pytest.mark.slow
def test_more_than_five_columns_agree_with_the_enumeration(monkeypatch):
    """The path by draws and recursions, on columns few enough to list all DAGs, has the same marginals."""
    data = numbers(4, 40, 0.1)
    listed = quiet_fit(data, num_completed=24)
    monkeypatch.setattr(completed_fit, "MAX_ENUMERATED", 1)
    drawn = quiet_fit(data, num_completed=24)
    for feature in ("edge", "path"):
        one, other = listed.marginal(feature), drawn.marginal(feature)
        np.testing.assert_allclose(one.values, other.values, atol=1e-9)
        np.testing.assert_allclose(one.standard_error, other.standard_error, atol=1e-9)
    assert drawn.top_graphs(1)[0].graph["probability"] == pytest.approx(
        listed.top_graphs(1)[0].graph["probability"]
    )
    np.testing.assert_allclose(
        listed.marginals["parent_sets"].values, drawn.marginals["parent_sets"].values, atol=1e-9
    )


def test_one_table_repeated_is_the_fit_of_that_table(monkeypatch, rng):
    """Completed tables that are all the same give what the plain fit gives."""
    whole = dag_gfn.simulate(3, 60, rng=rng)
    data = replace(whole, values=np.where(np.arange(60)[:, None] == [[5, -1, -1]], np.nan, whole.values))

    def same(data, score, prior, constraints, **options):
        from dag_gfn.completion.completed_tables import CompletedTables
        from dag_gfn.scores import BGe

        values = data.values.copy()
        values[5, 0] = 0.25
        made = BGe(replace(data, values=values))
        return CompletedTables(
            [made] * 4, np.log(np.full(4, 0.25)), np.arange(4), np.ones(4, int), "weighted"
        )

    monkeypatch.setattr(completed_fit, "complete", same)
    mixed = quiet_fit(data, standardize=False)
    values = whole.values.copy()
    values[5, 0] = 0.25
    plain = quiet_fit(replace(whole, values=values), standardize=False)
    np.testing.assert_allclose(mixed.marginal("edge").values, plain.marginal("edge").values, atol=1e-12)
    np.testing.assert_allclose(mixed.log_scores, plain.log_scores - plain.log_evidence, atol=1e-9)
    assert mixed.log_evidence is None
    assert mixed.marginal("edge").standard_error.max() < 1e-12
    ours, theirs = mixed.top_classes(3), plain.top_classes(3)
    assert [c.graph["probability"] for c in ours] == pytest.approx([c.graph["probability"] for c in theirs])


def same_posterior(one, other):
    np.testing.assert_array_equal(one.graphs, other.graphs)
    np.testing.assert_array_equal(one.log_weights, other.log_weights)
    for name, marginal in one.marginals.items():
        np.testing.assert_array_equal(marginal.values, other.marginals[name].values)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["exact", "mcmc"])
def test_the_same_seed_gives_the_same_result_with_any_number_of_jobs(method):
    options = {"method": method, "num_completed": 4, "num_samples": 200}
    if method == "mcmc":
        options["iterations"] = 2_000
    data = numbers(6, 40, 0.1)
    one = quiet_fit(data, n_jobs=1, **options)
    same_posterior(one, quiet_fit(data, n_jobs=3, **options))


@pytest.mark.slow
def test_another_seed_gives_other_tables():
    data = numbers(3, 40, 0.2)
    one, other = (quiet_fit(data, num_completed=8, seed=seed).marginal("edge").values for seed in (0, 1))
    assert not np.array_equal(one, other)
    assert np.abs(one - other).max() < 0.3


@pytest.mark.slow
def test_chains_on_each_table_agree_with_exact_posteriors():
    data = numbers(4, 60, 0.1)
    exact = quiet_fit(data, num_completed=40, seed=1).marginal("edge")
    posterior = quiet_fit(data, method="mcmc", num_completed=4, num_samples=1_000, iterations=20_000)
    edge = posterior.marginal("edge")
    error = np.hypot(exact.standard_error, edge.standard_error)
    assert (np.abs(exact.values - edge.values) <= 5 * error + 0.01).all()
    assert posterior.log_evidence is None
    assert np.isnan(posterior.log_scores).all()  # no table's evidence is known
    assert posterior.top_graphs(1)[0].graph["probability"] == pytest.approx(float(posterior.weights[0]))


@pytest.mark.slow
def test_a_gflownet_is_trained_on_from_table_to_table(monkeypatch):
    starts, fit_layers = [], layers.fit_layers

    def watched(table, request, **others):
        starts.append((request.start is not None, request.config.iterations))
        return fit_layers(table, request, **others)

    monkeypatch.setattr(layers, "fit_layers", watched)
    quiet_fit(numbers(3, 60, 0.1), method="gflownet", num_completed=4, num_samples=100, iterations=40)
    assert starts == [(False, 40), (True, 40), (True, 40), (True, 40)]
    starts.clear()
    monkeypatch.setattr("dag_gfn.fitting.methods._FURTHER_STEPS", 0.01)
    quiet_fit(numbers(3, 60, 0.1), method="gflownet", num_completed=4, num_samples=100, time_budget=20)
    assert [begun for begun, _ in starts] == [False, True, True, True]
    assert [steps for _, steps in starts[1:]] == [math.ceil(0.01 * starts[0][1])] * 3


@pytest.mark.slow
def test_a_gflownet_over_completed_tables_is_near_the_exact_mixture():
    data = numbers(3, 60, 0.1)
    exact = quiet_fit(data, num_completed=40).marginal("edge")
    posterior = quiet_fit(data, method="gflownet", iterations=60, num_completed=4, num_samples=400)
    assert posterior.info["environment"] == "layers"
    assert posterior.info["diagnostics"]["distinct_tables"] == 4
    assert np.abs(posterior.marginal("edge").values - exact.values).max() < 0.25


@pytest.mark.slow
def test_the_record_says_what_was_missing_and_what_depends_on_it():
    data = numbers(3, 60, 0.2)
    posterior = quiet_fit(data, num_completed=24)
    missing = posterior.info["missing"]
    assert missing["cells"] == int(data.missing.sum())
    assert sum(pattern["rows"] for pattern in missing["patterns"]) == missing["rows"]
    deviation = np.array(missing["edges"]["standard_deviation"])
    assert deviation.shape == (3, 3)
    assert deviation.max() > 0
    assert isinstance(posterior.diagnostics, MixtureDiagnostics)
    assert posterior.info["log_evidence"] is None


@pytest.mark.slow
def test_required_and_forbidden_edges_hold_in_every_table():
    data = numbers(6, 60, 0.1)
    posterior = quiet_fit(data, num_completed=8, required=[("x0", "x1")], forbidden=[("x2", "x3")])
    edge = posterior.marginal("edge").values
    assert edge[0, 1] == pytest.approx(1.0)
    assert edge[2, 3] == 0.0
    assert posterior.graphs[:, 0, 1].all()


@pytest.mark.slow
def test_saved_and_loaded_it_answers_the_same(tmp_path):
    for d in (3, 6):
        posterior = quiet_fit(numbers(d, 50, 0.15), num_completed=8, num_samples=500)
        posterior.save(tmp_path / str(d))
        loaded = dag_gfn.load(tmp_path / str(d))
        same_posterior(posterior, loaded)
        assert loaded.info == posterior.info
        for query in ("edge(x0, x1)", "path(x0, x1) & !edge(x1, x2)"):
            mine, theirs = posterior.probability(query), loaded.probability(query)
            assert (mine.value, mine.standard_error) == (theirs.value, theirs.standard_error)
        given = loaded.given("edge(x0, x1) | edge(x1, x0)")
        assert given.log_evidence is None
        top = given.top_graphs(1)[0].graph["probability"]
        assert 0 < top <= 1
        assert top >= loaded.top_graphs(1)[0].graph["probability"] - 1e-9


@pytest.mark.slow
def test_probabilities_of_graphs_given_a_query_sum_to_one():
    posterior = quiet_fit(numbers(3, 50, 0.15), num_completed=8)
    given = posterior.given("edge(x0, x1)")
    assert sum(g.graph["probability"] for g in given.top_graphs(25)) == pytest.approx(1.0)


@pytest.mark.slow
def test_few_tables_are_no_result_to_rely_on():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        posterior = quiet_fit(numbers(4, 30, 0.3), num_completed=4)
    assert posterior.info["diagnostics"]["converged"] is False
    assert any("num_completed" in str(warning.message) for warning in caught)


def test_time_that_is_over_leaves_the_first_tables(monkeypatch):
    data = numbers(6, 40, 0.1)
    posterior = quiet_fit(data, method="exact", num_completed=40, time_budget=1e-3)
    assert posterior.info["missing"]["tables"] < 40
    assert any("of 40 completed tables" in note for note in posterior.info["notes"])


@pytest.mark.slow
def test_ctrl_c_keeps_the_tables_that_are_done(monkeypatch):
    done = []
    original = completed_fit.fit_exact

    def interrupting(table, **options):
        done.append(1)
        if len(done) == 9:
            raise KeyboardInterrupt
        return original(table, **options)

    monkeypatch.setattr(completed_fit, "fit_exact", interrupting)
    posterior = quiet_fit(numbers(6, 40, 0.1), num_completed=40, n_jobs=1)
    assert posterior.info["interrupted"]
    assert 8 <= posterior.info["missing"]["tables"] < 40


def test_the_number_of_tables_is_what_is_affordable():
    assert planned_tables("exact", 4, 20_000, None) == 200
    assert planned_tables("exact", 20, 20_000, None) == 24
    assert 24 < planned_tables("exact", 18, 20_000, None) < 200
    assert affordable_method(8, 20_000, None) == "exact"
    assert affordable_method(20, 20_000, None) == "mcmc"
    assert affordable_method(40, 20_000, None) == "mcmc"


def test_the_order_modular_posterior_is_refused():
    with pytest.raises(dag_gfn.errors.OptionError, match="order_modular"):
        quiet_fit(numbers(3, 40, 0.1), order_modular=True)
