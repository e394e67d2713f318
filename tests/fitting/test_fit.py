"""The one entry point: what it accepts, what it returns, what it leaves alone."""

import json
import os
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
import torch

import dag_gfn
from dag_gfn import (
    ConstraintError,
    DataError,
    DataWarning,
    NotConvergedWarning,
    NotTractable,
    OptionError,
    fit,
    from_frame,
    load,
)
from dag_gfn.data.dataset import Dataset
from dag_gfn.fitting import methods
from dag_gfn.fitting.progress import TrainingProgress
from dag_gfn.gflownet.training.checkpoint import load_checkpoint
from dag_gfn.gflownet.training.report import TrainingReport

pytestmark = pytest.mark.usefixtures("short_chains")

CHECK_MODULE = sys.modules["dag_gfn.fitting.exact_check"]


def table(columns="abc", rows=40, seed=0):
    """A chain of linear-Gaussian columns."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(rows, len(columns)))
    for j in range(1, len(columns)):
        values[:, j] += 0.5 * values[:, j - 1]
    return pd.DataFrame(values, columns=list(columns))


def quick(data=None, **options):
    """Fit a GFlowNet for too short a time, which it will warn of."""
    options = {"method": "gflownet", "iterations": 20, "num_samples": 300, "progress": False} | options
    if (
        options["method"] == "gflownet"
    ):  # it is judged twice while it trains: ten times take longer than training
        options = {"train_options": {"monitor_every": 0.5}} | options
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotConvergedWarning)
        return fit(table() if data is None else data, **options)


# --- what it accepts ---


def test_all_kinds_of_data_give_the_same(tmp_path):
    frame = table()
    frame.to_csv(tmp_path / "table.csv", index=False)
    kinds = [frame, from_frame(frame), tmp_path / "table.csv", os.fspath(tmp_path / "table.csv")]
    evidence = [fit(data, method="exact", progress=False).log_evidence for data in [*kinds, frame.to_numpy()]]
    assert evidence == pytest.approx([evidence[0]] * 5, abs=1e-9)
    assert fit(frame.to_numpy(), method="exact", progress=False).names == ("x0", "x1", "x2")
    assert fit(tmp_path / "table.csv", method="exact", progress=False).names == ("a", "b", "c")


def test_the_callers_data_are_not_changed():
    frame = table()
    before = frame.copy()
    data = from_frame(frame)
    quick(frame)
    quick(data)
    pd.testing.assert_frame_equal(frame, before)
    np.testing.assert_array_equal(data.values, before.to_numpy())


@pytest.mark.parametrize("option", ["iteration", "n_samples", "Seed"])
def test_an_unknown_keyword_is_not_swallowed(option):
    with pytest.raises(TypeError, match=option):
        fit(table(), **{option: 1})


@pytest.mark.parametrize("option", ["drop", "discrete", "interventions"])
def test_a_keyword_of_reading_says_where_it_belongs(option):
    with pytest.raises(TypeError, match=rf"from_frame\(frame, {option}="):
        fit(table(), **{option: ["a"]})


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"method": "magic"}, OptionError, "unknown method 'magic'"),
        ({"method": "magic"}, OptionError, "unknown method .magic.: choose auto, exact"),
        (
            {"method": "gflownet", "environment": "layers", "objective": "modified_db"},
            OptionError,
            "'modified_db' needs every state to be a finished object",
        ),
        (
            {"method": "gflownet", "environment": "layers", "backward": "learned"},
            OptionError,
            "no backward policy to learn",
        ),
        ({"method": "gflownet", "environment": "edges", "reweight": True}, OptionError, "reweight"),
        ({"objective": "magic"}, OptionError, "choose modified_db, detailed_balance"),
        ({"backward": "magic"}, OptionError, "choose uniform, learned"),
        ({"method": "gflownet", "objective_options": {"magic": 1}}, OptionError, "it has huber_delta"),
        ({"method": "gflownet", "train_options": {"magic": 1}}, OptionError, "no option 'magic'"),
        ({"method": "gflownet", "train_options": {"batch_size": "many"}}, OptionError, "'many'"),
        ({"objective": "magic"}, OptionError, "unknown objective"),
        ({"environment": "magic"}, OptionError, "unknown environment"),
        ({"policy": "magic"}, OptionError, "unknown policy"),
        ({"behaviour": "magic"}, OptionError, "unknown behaviour"),
        ({"score": "magic"}, OptionError, "unknown score"),
        ({"score": "bdeu"}, OptionError, "discrete"),
        ({"prior": "magic"}, OptionError, "prior 'magic'"),
        ({"iterations": 0}, OptionError, "iterations must be positive"),
        ({"iterations": -3}, OptionError, "iterations must be positive"),
        ({"num_samples": 0}, OptionError, "num_samples must be positive"),
        ({"time_budget": 0}, OptionError, "time_budget must be positive"),
        ({"time_budget": float("nan")}, OptionError, "time_budget must be positive"),
        ({"seed": -1}, OptionError, "seed"),
        ({"seed": 2**64}, OptionError, "seed"),
        ({"method": "gflownet", "device": "magic"}, OptionError, "device 'magic'"),
        ({"method": "gflownet", "device": "meta", "iterations": 3}, OptionError, "device 'meta'"),
        ({"noise_variance": 1.0}, OptionError, "'noise_variance' belongs to"),
        ({"beta": 2.0}, OptionError, "beta"),
        ({"required": [("a", "nope")]}, ConstraintError, "'nope'"),
        ({"required": [("a", "b"), ("b", "a")]}, ConstraintError, "cycle"),
        (
            {"required": [("a", "b")], "forbidden": [("a", "b")]},
            ConstraintError,
            "both required and forbidden",
        ),
        ({"max_parents": -1}, ConstraintError, "max_parents"),
    ],
)
def test_errors_say_what_is_wrong(options, error, said):
    with pytest.raises(error, match=said):
        fit(table(), progress=False, **options)


def test_data_errors_pass_through():
    two = table().iloc[:, :2]
    two.columns = ["a", "b"]
    with pytest.raises(DataError, match=r"'b' \(constant"):
        fit(two.assign(b=1.0))
    with pytest.raises(DataError, match=r"'b' \(no value"):
        fit(two.assign(b=np.nan))
    with pytest.raises(DataError, match="no file"):
        fit("nowhere.csv")


# --- what it returns ---

KEYS = {
    "method",
    "environment",
    "objective",
    "score",
    "prior",
    "constraints",
    "names",
    "n",
    "d",
    "standardized",
    "seed",
    "version",
    "log_evidence",
    "interrupted",
    "timing",
    "warnings",
    "diagnostics",
}


def test_info_has_what_is_promised():
    info = quick(seed=3).info
    assert info.keys() >= KEYS | {"exact_check", "behaviour", "policy"}
    told = {
        "method": "gflownet",
        "environment": "layers",
        "objective": "subtrajectory_balance",
        "score": "bge",
        "seed": 3,
    }
    assert {key: info[key] for key in told} == told
    assert (info["names"], info["n"], info["d"], info["standardized"]) == (["a", "b", "c"], 40, 3, True)
    assert (info["version"], info["interrupted"]) == (dag_gfn.__version__, False)
    assert info["diagnostics"].keys() >= {"ess", "log_z_lower", "log_z_upper", "converged", "iterations"}
    json.dumps(info, allow_nan=False)
    assert fit(table(), method="exact", progress=False).info.keys() >= KEYS


@pytest.mark.parametrize("environment", ["edges", "layers"])
def test_the_exact_check_of_few_columns_is_over_all_dags(environment):
    posterior = quick(iterations=5, environment=environment)
    check = posterior.info["exact_check"]
    exact = fit(table(), method="exact", progress=False)
    apart = dag_gfn.compare_posteriors(posterior, exact)
    for ours, theirs in (
        ("jsd", "jsd"),
        ("tv", "tv"),
        ("edge_rmse", "edge_rmse"),
        ("edge_max_error", "edge_max_error"),
    ):
        assert check[ours] == pytest.approx(apart[theirs], abs=1e-9)
    own, true = dag_gfn.posterior.metrics.align(posterior, exact)
    assert check["graph_rmse"] == pytest.approx(np.sqrt(np.mean((own - true) ** 2)), abs=1e-12)
    assert check["path_rmse"] == pytest.approx(apart["path_rmse"], abs=1e-9)
    assert check["path_max_error"] == pytest.approx(apart["path_max_error"], abs=1e-9)
    assert check["log_evidence_gap"] == pytest.approx(posterior.log_evidence - exact.log_evidence)
    assert 0 < check["jsd"] < np.log(2)


def test_the_exact_check_beyond_is_of_edges_and_paths():
    posterior = quick(table("abcdef"), environment="edges", iterations=2, num_samples=50)
    check = posterior.info["exact_check"]
    assert check.keys() >= {"edge_rmse", "edge_max_error", "path_rmse", "path_max_error"}
    assert ("log_evidence_gap" in check) == (posterior.log_evidence is not None)
    assert not check.keys() & {"jsd", "tv"}
    assert posterior.marginal("edge").source == "samples"
    error = posterior.marginal("edge").values - np.array(posterior.info["exact_edges"])
    assert np.abs(error).max() == pytest.approx(check["edge_max_error"])
    exact = fit(table("abcdef"), method="exact", progress=False)
    np.testing.assert_allclose(posterior.info["exact_edges"], exact.edge_marginals())


@pytest.mark.parametrize("columns", ["abc", "abcdef"])
def test_no_exact_check_where_it_is_not_wanted(columns):
    posterior = quick(table(columns), exact_check=False, iterations=2, num_samples=50)
    assert "exact_check" not in posterior.info
    assert "jsd" not in posterior.info["training"]["history"][-1]


def test_what_is_saved_is_what_is_loaded(tmp_path):
    posterior = quick()
    posterior.save(tmp_path / "out")
    loaded = load(tmp_path / "out")
    assert loaded.info == posterior.info
    assert loaded.names == posterior.names
    np.testing.assert_array_equal(loaded.graphs, posterior.graphs)
    np.testing.assert_array_equal(loaded.log_weights, posterior.log_weights)
    np.testing.assert_array_equal(loaded.log_scores, posterior.log_scores)
    pd.testing.assert_frame_equal(loaded.edge_marginals(), posterior.edge_marginals())
    assert loaded.statistics.keys() == posterior.statistics.keys()
    for name, statistic in posterior.statistics.items():
        np.testing.assert_array_equal(loaded.statistics[name], statistic)


def test_the_statistics_tell_the_original_units():
    frame = table() * 7 + 3
    statistics = quick(frame).statistics
    np.testing.assert_allclose(statistics["means"], frame.mean())
    np.testing.assert_allclose(statistics["scales"], frame.std(ddof=0))


def test_standardizing_can_be_declined():
    frame = table() * 5
    raw = fit(frame, method="exact", standardize=False, progress=False)
    scaled = fit(frame, method="exact", progress=False)
    assert (raw.info["standardized"], scaled.info["standardized"]) == (False, True)
    assert raw.log_evidence != pytest.approx(scaled.log_evidence)


# --- the same seed ---


@pytest.mark.parametrize("columns", ["abc", "abcdef"])
def test_the_same_seed_gives_the_same_but_for_wall_times(columns, tmp_path):
    runs = {}
    for name, seed in (("one", 1), ("two", 1), ("other", 2)):
        quick(table(columns), seed=seed, iterations=5, num_samples=100).save(tmp_path / name)
        runs[name] = {
            file: (tmp_path / name / file).read_bytes()
            for file in ("edges.csv", "graphs.csv", "posterior.npz")
        }
        info = json.loads((tmp_path / name / "posterior.json").read_text())
        del info["timing"]
        runs[name]["info"] = info
    assert runs["one"] == runs["two"]
    assert runs["one"]["edges.csv"] != runs["other"]["edges.csv"]


def test_the_callers_random_streams_and_threads_are_left_alone():
    torch.manual_seed(5)
    np.random.seed(5)  # noqa: NPY002
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    numpy_before = np.random.get_state()[1].copy()  # noqa: NPY002
    torch.set_num_threads(2)
    try:
        one = quick()
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(torch.get_rng_state(), before)
    np.testing.assert_array_equal(np.random.get_state()[1], numpy_before)  # noqa: NPY002
    torch.manual_seed(6)
    pd.testing.assert_frame_equal(quick().edge_marginals(), one.edge_marginals())


# --- does it sample the posterior? ---


def test_a_short_training_on_three_columns_is_close_to_exact():
    exact = fit(table(), method="exact", progress=False)
    posterior = fit(table(), method="gflownet", iterations=150, num_samples=1_000, seed=0, progress=False)
    assert np.abs(posterior.edge_marginals() - exact.edge_marginals()).to_numpy().max() < 0.05
    assert posterior.info["diagnostics"]["converged"] is True
    assert posterior.log_evidence == pytest.approx(exact.log_evidence, abs=0.1)


@pytest.mark.parametrize(
    ("method", "columns"), [("exact", "abcd"), ("gflownet", "abcd"), ("gflownet", "abcdefg")]
)
def test_prior_knowledge_is_honoured_in_every_graph(method, columns):
    posterior = quick(
        table(columns),
        method=method,
        required=[("a", "b")],
        forbidden=[("b", "c"), ("c", "b")],
        max_parents=2,
        iterations=5,
    )
    edge = posterior.edge_marginals()
    assert edge.loc["a", "b"] == pytest.approx(1, abs=1e-12)
    assert edge.loc["b", "a"] == edge.loc["b", "c"] == edge.loc["c", "b"] == 0
    assert posterior.graphs[:, 0, 1].all()
    assert posterior.graphs.sum(axis=1).max() <= 2
    constraints = posterior.info["constraints"]
    assert constraints["required"] == [["a", "b"]]
    assert sorted(constraints["forbidden"]) == [["b", "c"], ["c", "b"]]
    assert constraints["max_parents"] == 2


def mixed_table(rows=200, seed=0, groups=()):
    """A category of three levels and one of two act on numbers, of which the second acts on the third."""
    rng = np.random.default_rng(seed)
    job, sex = rng.integers(0, 3, rows), rng.integers(0, 2, rows)
    age = rng.normal(size=rows)
    pay = np.array([-1.0, 0.0, 1.0])[job] + 0.7 * age + rng.normal(size=rows)
    debt = pay + sex + rng.normal(size=rows)
    return Dataset(
        values=np.column_stack([job, sex, age, pay, debt]),
        names=("job", "sex", "age", "pay", "debt"),
        kinds=("discrete", "discrete", "continuous", "continuous", "continuous"),
        cardinalities=(3, 2, 0, 0, 0),
        states=(("a", "b", "c"), ("f", "m"), (), (), ()),
        means=np.zeros(5),
        scales=np.ones(5),
        groups=groups,
    )


@pytest.mark.parametrize(
    "options",
    [
        {"method": "exact"},
        {"method": "mcmc", "iterations": 1000},
        {"method": "gflownet", "iterations": 5},
        {"method": "gflownet", "iterations": 5, "environment": "edges"},
    ],
    ids=lambda options: options.get("environment", options["method"]),
)
def test_mixed_tables_have_the_block_score_and_honour_prior_knowledge(options):
    posterior = quick(mixed_table(), required=[("age", "debt")], forbidden=[("debt", "pay")], **options)
    info, edge = posterior.info, posterior.edge_marginals()
    assert (info["score"], info["kind"], info["standardized"]) == ("block", "mixed", True)
    assert info["score_options"] == {"alpha_mu": 1.0, "alpha_w": 8.0}
    assert info["constraints"]["sparse_families"] is None
    assert edge.loc["age", "debt"] == pytest.approx(1, abs=1e-12)
    assert edge.loc["debt", "pay"] == 0
    if options["method"] == "exact":
        assert edge.loc["job", "pay"] + edge.loc["pay", "job"] > 0.99


def test_the_nodes_of_a_fit_are_groups(tmp_path):
    data = mixed_table(groups=(("person", ("sex", "age")),))
    posterior = quick(data, method="exact", required=[("person", "debt")])
    assert posterior.names == ("job", "person", "pay", "debt")
    assert posterior.info["score"] == "block"
    assert posterior.edge_marginals().loc["person", "debt"] == pytest.approx(1, abs=1e-12)
    posterior.save(tmp_path / "run")
    assert load(tmp_path / "run").statistics["block_widths"].tolist() == [2, 2, 1, 1]
    with pytest.raises(OptionError, match="score 'bdeu' is for discrete columns"):
        quick(data, score="bdeu")
    with pytest.raises(ConstraintError, match="'age'"):
        quick(data, required=[("age", "debt")])


def test_too_few_rows_for_the_columns_of_likely_parents_are_said():
    with pytest.warns(DataWarning) as found:
        posterior = quick(
            mixed_table(rows=11),
            method="exact",
            required=[("job", "pay"), ("debt", "pay"), ("age", "pay"), ("sex", "pay")],
        )
    assert any("own more columns than half of the rows" in str(each.message) for each in found)
    assert "wide_families" in [doubt["code"] for doubt in posterior.info["doubts"]]


def test_constraints_that_leave_a_single_graph():
    posterior = quick(required=[("a", "b"), ("b", "c"), ("a", "c")])
    assert len(posterior) == 1
    assert posterior.info["diagnostics"]["ess"] == pytest.approx(1)
    assert quick(max_parents=0).graphs.sum() == 0


def test_discrete_columns():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"u": rng.choice(["x", "y"], 80), "v": rng.choice(["p", "q", "r"], 80)})
    posterior = quick(frame)
    assert (posterior.info["score"], posterior.info["kind"], posterior.info["standardized"]) == (
        "bdeu",
        "discrete",
        False,
    )
    assert posterior.statistics["counts"].sum() == 80


@pytest.mark.filterwarnings("ignore:given all other columns, the variance is larger than")
@pytest.mark.parametrize("score", ["bge", "bic", "linear_gaussian"])
@pytest.mark.parametrize("prior", ["uniform", "edge", "erdos_renyi", "fair"])
def test_scores_and_priors(score, prior):
    info = fit(table(), method="exact", score=score, prior=prior, progress=False).info
    assert (info["score"], info["prior"]) == (score, prior)


def test_a_score_and_a_prior_that_are_trained_on():
    info = quick(score="bic", prior="fair", iterations=3).info
    assert (info["score"], info["prior"]) == ("bic", "fair")


# --- how it goes ---


def test_too_short_a_training_is_said():
    with pytest.warns(NotConvergedWarning, match=r"after 1 iterations.*iterations"):
        posterior = fit(
            table("abcde") * 9,
            method="gflownet",
            iterations=1,
            behaviour="on",
            progress=False,
            standardize=False,
        )
    assert posterior.info["diagnostics"]["converged"] is False
    assert any("not converged" in warning for warning in posterior.info["warnings"])


def test_odd_data_are_said():
    frame = table().assign(c=np.repeat([0, 1], 20))
    with pytest.warns(DataWarning, match="'c'"):
        posterior = fit(frame, method="exact", progress=False)
    assert any("'c'" in warning for warning in posterior.info["warnings"])


def test_a_time_budget_ends_training_and_is_recorded():
    posterior = quick(iterations=1_000_000, time_budget=0.3)
    assert posterior.info["diagnostics"]["cut_short_by_time_budget"] is True
    assert 0 < posterior.info["diagnostics"]["iterations"] < 1_000_000


def test_auto_is_exact_where_that_is_affordable():
    assert fit(table(), progress=False).info["method"] == "exact"
    assert quick(method="auto", time_budget=1e-6, iterations=2).info["method"] == "gflownet"


def test_an_interrupt_while_training_returns_what_there_is():
    reports = []

    def interrupt_once(report):
        reports.append(report)
        if len(reports) == 1:
            raise KeyboardInterrupt

    posterior = quick(progress=interrupt_once, iterations=100_000)
    assert posterior.info["interrupted"] is True
    assert posterior.info["diagnostics"]["iterations"] < 100_000
    assert posterior.weights.sum() == pytest.approx(1)


def test_progress_can_be_taken_over_or_turned_off(capsys):
    reports = []
    quick(progress=reports.append)
    assert reports[-1].iteration == reports[-1].planned_iterations == 20
    quick(progress=False)
    assert capsys.readouterr() == ("", "")
    quick(progress=True)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "training 20/20" in captured.err


def test_training_can_go_on_from_a_checkpoint(tmp_path):
    path, loaded = tmp_path / "checkpoint.safetensors", []

    often_saved = {"checkpoint": path, "train_options": {"checkpoint_seconds": 0.0}}

    def loading(*arguments):
        loaded.append(load_checkpoint(*arguments))
        return loaded[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dag_gfn.gflownet.training.loop.load_checkpoint", loading)
        quick(iterations=20, **often_saved)
        assert not loaded
        posterior = quick(iterations=30, **often_saved)
    assert loaded[0]["iteration"] == 20
    assert posterior.info["diagnostics"]["iterations"] == 20  # the plan is that of the training that goes on


def test_hyperparameters_are_recorded_with_their_defaults():
    data = dag_gfn.simulate(3, 40, rng=np.random.default_rng(0))
    info = dag_gfn.fit(data, method="exact", alpha_mu=2.0, prior="edge", progress=False).info
    assert info["score_options"] == {"alpha_mu": 2.0, "alpha_w": 5.0, "mean_obs": [0.0, 0.0, 0.0]}
    assert info["prior_options"] == {"beta": 0.5}


def test_the_score_with_known_noise_keeps_the_units_of_the_columns():
    data = dag_gfn.simulate(3, 200, rng=np.random.default_rng(0))
    shifted = dag_gfn.from_frame(data.to_frame() + 7.0)
    centred, moved = (
        dag_gfn.fit(table, method="exact", score="linear_gaussian", progress=False)
        for table in (data, shifted)
    )
    assert not centred.info["standardized"]
    np.testing.assert_allclose(centred.edge_marginals(), moved.edge_marginals(), atol=1e-9)


def test_a_policys_own_distribution_is_not_called_exact():
    data = dag_gfn.simulate(3, 40, rng=np.random.default_rng(0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        posterior = dag_gfn.fit(data, method="gflownet", iterations=5, progress=False)
    assert posterior.marginal("edge").source == "policy"
    assert posterior.standard_errors("edge").isna().all(axis=None)


# --- exact posteriors ---


@pytest.mark.parametrize("method", ["exact", "auto"])
@pytest.mark.parametrize("columns", ["abc", "abcdef"])
def test_the_order_modular_posterior_says_that_it_is_biased(method, columns, tmp_path):
    posterior = fit(table(columns), method=method, order_modular=True, num_samples=500, progress=False)
    assert posterior.info["method"] == "exact"
    assert posterior.info["order_modular"] is True
    assert any("order-modular" in warning for warning in posterior.info["warnings"])
    assert posterior.marginal("edge").source == "exact"
    usual = fit(table(columns), method="exact", num_samples=500, progress=False)
    assert usual.info["order_modular"] is False
    assert not any("order-modular" in warning for warning in usual.info["warnings"])
    apart = dag_gfn.compare_posteriors(posterior, usual)
    assert apart["edge_max_error"] > 0.001
    assert (apart["jsd"] is None) == (columns == "abcdef")
    posterior.save(tmp_path / "out")
    assert load(tmp_path / "out").info == posterior.info


def test_auto_stays_with_the_order_modular_posterior_whatever_it_costs():
    info = fit(table(), order_modular=True, time_budget=1e-6, iterations=3, progress=False).info
    assert (info["method"], info["notes"]) == ("exact", [])


def test_no_other_method_is_order_modular():
    with pytest.raises(OptionError, match=r"order_modular.*'gflownet'.*method='exact'"):
        fit(table(), method="gflownet", order_modular=True)


def refusing(calls):
    def refuse(*arguments, **options):
        calls.append(arguments)
        raise NotTractable("double precision does not suffice for this table")

    return refuse


def test_auto_trains_where_double_precision_does_not_suffice(monkeypatch, capsys):
    calls = []
    monkeypatch.setattr(methods, "fit_exact", refusing(calls))
    monkeypatch.setattr(CHECK_MODULE, "exact_reference", refusing(calls))
    posterior = quick(method="auto", iterations=2, progress=True)
    assert posterior.info["method"] == "gflownet"
    assert posterior.info["objective"] == "subtrajectory_balance"
    assert posterior.info["log_evidence_source"] == "importance weights"
    assert "exact_check" not in posterior.info
    (note,) = (text for text in posterior.info["notes"] if "double precision" in text)
    assert "GFlowNet takes the place of the exact posterior" in note
    assert len(calls) == 1  # the same recursion is not tried again for a check
    assert capsys.readouterr().err.count(f"note: {note}") == 1


def test_an_exact_posterior_that_was_asked_for_is_not_replaced(monkeypatch):
    monkeypatch.setattr(methods, "fit_exact", refusing([]))
    monkeypatch.setattr(methods, "fit_order_modular", refusing([]))
    for options in ({"method": "exact"}, {"method": "auto", "order_modular": True}):
        with pytest.raises(NotTractable, match="double precision"):
            fit(table(), progress=False, **options)


def test_a_check_that_was_asked_for_may_fail_the_fit(monkeypatch):
    monkeypatch.setattr(CHECK_MODULE, "exact_reference", refusing([]))
    assert "exact_check" not in quick(iterations=2).info
    with pytest.raises(NotTractable, match="double precision"):
        quick(iterations=2, exact_check=True)


@pytest.mark.slow
def test_long_work_is_announced(monkeypatch, capsys):
    def told(**options):
        quick(table("abcdef"), **{"num_samples": 20, "iterations": 2} | options)
        return [line for line in capsys.readouterr().err.splitlines() if line.startswith("note:")]

    assert told(method="exact", progress=True) == []
    monkeypatch.setattr(methods, "ANNOUNCED_SECONDS", 0.0)
    monkeypatch.setattr(CHECK_MODULE, "ANNOUNCED_SECONDS", 0.0)
    (line,) = told(method="exact", progress=True)
    assert "the exact posterior of 6 columns takes about" in line
    assert "GB of memory" in line
    (line,) = told(method="auto", iterations=None, progress=True)
    assert "which auto chose as affordable" in line
    chosen, check, cuts = told(method="auto", exact_check=True, time_budget=1e-6, progress=True)
    assert "to end in time" in cuts
    assert "a GFlowNet is trained, since the exact posterior of 6 columns would take about" in chosen
    assert "beyond the 1e-06 seconds" in chosen
    assert "the exact probabilities to check against take about" in check
    assert told(method="exact", progress=False) == []
    assert told(method="auto", time_budget=1e-6, progress=False) == []


def test_the_exact_check_shows_its_progress_and_can_be_interrupted(monkeypatch):
    told = []

    class Interrupting:
        def __init__(self, *, shown):
            told.append(shown)

        def __enter__(self):
            return self

        def __exit__(self, *error):
            pass

        def __call__(self, name, share):
            told.append(name)
            raise KeyboardInterrupt

    monkeypatch.setattr(CHECK_MODULE, "ShareProgress", Interrupting)
    with pytest.raises(KeyboardInterrupt):
        quick(table("abcdef"))
    assert told == [False, "exact check"]


# --- by root layers ---


def layers(data=None, **options):
    return quick(table("abcdef") if data is None else data, **{"iterations": 10} | options)


@pytest.mark.parametrize(
    ("columns", "options", "environment", "objective", "backward"),
    [
        ("abcdefg", {}, "layers", "subtrajectory_balance", None),
        ("abcdefg", {"objective": "modified_db"}, "edges", "modified_db", "uniform"),
        ("abc", {}, "layers", "subtrajectory_balance", None),
        ("abc", {"objective": "trajectory_balance"}, "layers", "trajectory_balance", None),
        ("abc", {"objective": "wake_sleep"}, "layers", "wake_sleep", None),
        ("abc", {"objective": "modified_db"}, "edges", "modified_db", "uniform"),
        ("abc", {"objective": "flow_matching"}, "edges", "flow_matching", "uniform"),
        ("abc", {"backward": "learned"}, "edges", "modified_db", "learned"),
        ("abc", {"environment": "edges"}, "edges", "modified_db", "uniform"),
    ],
)
def test_graphs_are_built_by_layers_unless_something_asks_for_edges(
    columns, options, environment, objective, backward
):
    info = quick(table(columns), iterations=2, num_samples=50, exact_check=False, **options).info
    assert (info["environment"], info["objective"], info["backward"]) == (environment, objective, backward)


@pytest.mark.parametrize("columns", ["ab", "abc", "abcde"])
def test_few_columns_by_layers_converge_and_are_shown_to(columns):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        posterior = fit(
            table(columns), method="gflownet", iterations=150, num_samples=1_000, seed=0, progress=False
        )
    info = posterior.info
    assert info["diagnostics"]["converged"] is True
    assert info["diagnostics"]["estimate"] == "raw"
    assert info["all_dags"] is True
    assert posterior.marginal("edge").source == "policy"
    assert 0 <= info["exact_check"]["jsd"] < 0.01
    assert info["training"]["history"][-1]["jsd"] == pytest.approx(info["exact_check"]["jsd"], abs=1e-9)


@pytest.mark.parametrize("columns", ["ab", "abc"])
def test_few_columns_by_layers_are_judged_without_an_exact_check(columns):
    posterior = quick(table(columns), exact_check=False, iterations=150, num_samples=1_000)
    assert posterior.info["diagnostics"]["converged"] is True


def test_weighted_draws_have_no_divergence_of_their_own():
    posterior = quick(reweight=True)
    assert "jsd" not in posterior.info["exact_check"]
    assert not posterior.info.get("all_dags")
    assert posterior.marginal("edge").source == "rao_blackwell"


def test_layers_keep_the_promises_of_a_posterior(tmp_path):
    posterior = layers(seed=3)
    info = posterior.info
    assert info.keys() >= KEYS | {"exact_check", "behaviour", "policy"}
    assert info["diagnostics"].keys() >= {"ess", "log_z_lower", "log_z_upper", "converged", "iterations"}
    assert info["exact_check"].keys() >= {"edge_max_error", "log_evidence_gap"}
    assert posterior.marginal("edge").source == "rao_blackwell"
    posterior.save(tmp_path / "out")
    assert load(tmp_path / "out").info == info


def test_layers_give_the_same_bytes_with_the_same_seed(tmp_path):
    files = {}
    for name, seed in (("one", 1), ("two", 1), ("other", 2)):
        layers(seed=seed).save(tmp_path / name)
        files[name] = [(tmp_path / name / file).read_bytes() for file in ("edges.csv", "graphs.csv")]
    assert files["one"] == files["two"]
    assert files["one"][0] != files["other"][0]


def test_layers_of_two_columns_and_of_discrete_ones():
    assert layers(table("ab")).weights.sum() == pytest.approx(1)
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"u": rng.choice(["x", "y"], 80), "v": rng.choice(["p", "q", "r"], 80)})
    assert layers(frame).info["score"] == "bdeu"


@pytest.mark.parametrize("reweight", [True, False])
def test_layers_honour_prior_knowledge(reweight):
    knowledge = {"required": [("a", "b")], "forbidden": [("b", "c"), ("c", "b")], "max_parents": 2}
    posterior = layers(table("abcd"), reweight=reweight, **knowledge)
    edge = posterior.edge_marginals()
    assert edge.loc["a", "b"] == pytest.approx(1, abs=2e-6)
    assert edge.loc["b", "a"] == edge.loc["b", "c"] == edge.loc["c", "b"] == 0
    assert posterior.graphs[:, 0, 1].all()
    assert posterior.graphs.sum(axis=1).max() <= 2
    assert posterior.info["diagnostics"]["estimate"] == ("reweighted" if reweight else "raw")


@pytest.mark.parametrize("environment", ["edges", "layers"])
def test_a_transformer_serves_both_environments(environment):
    fits = [quick(environment=environment, policy=policy) for policy in ("mlp", "transformer")]
    assert [posterior.info["policy"] for posterior in fits] == ["mlp", "transformer"]
    ess = [posterior.info["diagnostics"]["ess"] for posterior in fits]
    assert ess[0] != ess[1]
    assert fits[1].weights.sum() == pytest.approx(1)


def test_layers_on_policy_ask_no_chains():
    assert "guide_seconds" not in layers(behaviour="on").info["timing"]


# --- by Markov chain Monte Carlo ---


def mcmc(data=None, **options):
    return quick(data, **{"method": "mcmc", "iterations": 5_000} | options)


def test_mcmc_is_near_the_exact_posterior_and_checked_against_it():
    posterior = mcmc(table("abcdef"), iterations=50_000, num_samples=2_000)
    info, diagnostics = posterior.info, posterior.info["diagnostics"]
    assert info.keys() >= KEYS
    assert (info["method"], info["environment"], info["log_evidence"]) == ("mcmc", None, None)
    assert diagnostics["converged"] is True
    assert diagnostics.keys() >= {"max_r_hat", "min_effective_draws", "iterations", "effective_samples"}
    exact = fit(table("abcdef"), method="exact", progress=False).edge_marginals()
    error = np.abs(posterior.edge_marginals() - exact).to_numpy().max()
    assert info["exact_check"]["edge_max_error"] == pytest.approx(error, abs=1e-9)
    assert error < 0.05
    assert posterior.marginal("edge").source == "rao_blackwell"
    assert posterior.edge_table()["standard_error"].between(0, 0.05).all()


def test_mcmc_without_a_check_goes_by_its_chains():
    assert mcmc(exact_check=False, iterations=50_000).info["diagnostics"]["converged"] is True
    with pytest.warns(NotConvergedWarning, match=r"MCMC has not converged after 30 iterations: .*R-hat.*Run"):
        posterior = fit(table("abcdef"), method="mcmc", iterations=30, exact_check=False, progress=False)
    assert posterior.info["diagnostics"]["converged"] is False


def test_mcmc_gives_the_same_bytes_with_the_same_seed(tmp_path):
    files = {}
    for name, seed in (("one", 1), ("two", 1), ("other", 2)):
        mcmc(table("abcdef"), seed=seed).save(tmp_path / name)
        files[name] = [(tmp_path / name / file).read_bytes() for file in ("edges.csv", "graphs.csv")]
    assert files["one"] == files["two"]
    assert files["one"][0] != files["other"][0]


def test_mcmc_can_be_interrupted_and_capped(capsys):
    def interrupt(report):
        raise KeyboardInterrupt

    posterior = mcmc(progress=interrupt, iterations=10**12)
    assert posterior.info["interrupted"] is True
    posterior = mcmc(iterations=10**12, time_budget=0.01)
    assert posterior.info["diagnostics"]["cut_short_by_time_budget"] is True
    assert 0 < posterior.info["diagnostics"]["iterations"] < 10**12
    assert capsys.readouterr() == ("", "")


def test_chains_before_training_are_announced_where_they_take_long(monkeypatch, capsys):
    quick(table("abc"), environment="layers", iterations=2, progress=True)
    assert "Markov chains" not in capsys.readouterr().err
    monkeypatch.setattr(methods, "_QUICK_GUIDES", 2)
    quick(table("abc"), environment="layers", iterations=2, progress=True)
    assert capsys.readouterr().err.count("before training, Markov chains look for") == 1
    quick(table("abc"), environment="layers", iterations=2, progress=False)
    assert capsys.readouterr().err == ""


def test_only_the_bar_is_told_of_the_chains_before_training(monkeypatch):
    shares, reports = [], []
    monkeypatch.setattr(
        TrainingProgress,
        "phase",
        lambda self, name, share: shares.append(share) if name == "likely graphs" else None,
    )
    quick(table("abc"), environment="layers", iterations=2, progress=reports.append)
    assert shares == []
    assert reports
    assert {type(report) for report in reports} == {TrainingReport}
    quick(table("abc"), environment="layers", iterations=2, progress=True)
    assert shares[-1] > 0.9


@pytest.fixture
def few_candidates(monkeypatch):
    """Beyond complete tables, eight candidate parents of each column in the place of twenty: small tables."""
    monkeypatch.setattr("dag_gfn.layerings.layer_weights.default_size", lambda table, seconds: 8)


@pytest.mark.slow
@pytest.mark.usefixtures("few_candidates")
def test_mcmc_beyond_complete_tables_takes_candidate_parents():
    data = dag_gfn.simulate(22, 100, rng=np.random.default_rng(0))
    posterior = mcmc(data, iterations=10_000, num_samples=200)
    diagnostics = posterior.info["diagnostics"]
    assert diagnostics["candidates"] == 8
    assert 0 < diagnostics["covered"] < 0.99
    assert diagnostics["corrected_effective_samples"] > 1
    assert "beyond each column's 8 candidates" in posterior.info["warnings"][-1]
    assert ((posterior.marginal("edge").values > 0).sum(axis=0) > 8).any()
    assert dag_gfn.posterior.metrics.auroc(posterior.marginal("edge").values, data.true_graph) > 0.8


@pytest.mark.slow
@pytest.mark.usefixtures("few_candidates")
def test_mcmc_beyond_complete_tables_honours_constraints():
    data = dag_gfn.simulate(22, 60, rng=np.random.default_rng(1))
    required, forbidden = [("x21", "x0"), ("x3", "x7")], [("x1", "x2"), ("x2", "x1"), ("x19", "x20")]
    posterior = mcmc(data, required=required, forbidden=forbidden, max_parents=2, num_samples=200)
    edge = posterior.marginal("edge").values
    assert posterior.graphs[:, 21, 0].all()
    assert posterior.graphs[:, 3, 7].all()
    assert edge[21, 0] == edge[3, 7] == 1
    assert not posterior.graphs[:, [1, 2, 19], [2, 1, 20]].any()
    assert posterior.graphs.sum(axis=1).max() == 2
    assert np.isfinite(posterior.log_scores).all()


def test_options_of_training_that_is_not_done_are_named_and_checked():
    posterior = fit(
        table(), method="exact", objective="trajectory_balance", backward="learned", progress=False
    )
    (note,) = posterior.info["notes"]
    assert "ignores objective, backward" in note
    assert posterior.info["objective"] is None
    with pytest.raises(OptionError, match="no option 'bogus'"):
        fit(table(), method="exact", train_options={"bogus": 1}, progress=False)
    with pytest.raises(OptionError, match="it has huber_delta"):
        fit(table(), method="mcmc", objective_options={"bogus": 1}, progress=False)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"exploration": 5}, "exploration"),
        ({"exploration": [1, 0, 0]}, "until"),
        ({"exploration": [2, 0, 0.5]}, "start"),
        ({"batch_size": 1.5}, "batch_size"),
        ({"warmup": 1}, "warmup must be a share"),
        ({"gradient_clip": -1}, "gradient_clip must be a positive number"),
        ({"average_decay": 2}, "average_decay must be a share"),
        ({"learning_rate": "x"}, "'x'"),
    ],
)
def test_training_options_out_of_range(options, said):
    with pytest.raises(OptionError, match=said):
        quick(train_options=options)


@pytest.mark.parametrize(
    ("objective", "options"),
    [
        ("modified_db", {"huber_delta": -1}),
        ("flow_matching", {"huber_delta": 0}),
        ("subtrajectory_balance", {"lambda_": 0}),
        ("reverse_kl", {"largest_weight": 0}),
        ("wake_sleep", {"largest_weight": -1}),
    ],
)
def test_objective_options_out_of_range(objective, options):
    with pytest.raises(OptionError, match="must be a positive number"):
        quick(objective=objective, objective_options=options)


def test_what_was_trained_is_recorded():
    info = quick(
        objective="reverse_kl",
        objective_options={"control_variate": "none"},
        backward="learned",
        iterations=2,
    ).info
    recorded = (info["objective"], info["objective_options"], info["backward"])
    assert recorded == ("reverse_kl", {"control_variate": "none"}, "learned")
    edges = {"environment": "edges", "iterations": 2}
    assert quick(objective="wake_sleep", **edges).info["backward"] == "learned"
    assert quick(**edges).info["backward"] == "uniform"


@pytest.mark.parametrize("phase", ["layerings", "log_weights_of"])
def test_control_c_after_training_keeps_what_was_trained(monkeypatch, phase):
    from dag_gfn.gflownet.layers.sampler import LayerSampler

    real, pressed = getattr(LayerSampler, phase), []

    def interrupted(self, *given, **named):
        if not pressed:
            pressed.append(True)
            raise KeyboardInterrupt
        return real(self, *given, **named)

    monkeypatch.setattr(LayerSampler, phase, interrupted)
    posterior = layers(num_samples=2_000)
    assert pressed
    assert posterior.info["interrupted"] is True
    assert posterior.info["diagnostics"]["iterations"] == 10
    assert posterior.info["diagnostics"]["num_samples"] == 200  # quickly
    assert any("after the interrupt, " in note and "instead of" in note for note in posterior.info["notes"])


def test_every_result_says_how_well_the_evidence_is_known():
    assert fit(table(), method="exact", progress=False).info["log_evidence_standard_error"] == 0.0
    assert mcmc(iterations=1_000, num_samples=50).info["log_evidence_standard_error"] is None
    posterior = quick()
    assert 0 < posterior.info["log_evidence_standard_error"] < 1
    assert posterior.info["timing"]["phases"].keys() >= {
        "parent sets",
        "guides",
        "training",
        "draws",
        "edges",
    }
