"""The options of a fit: declared once, and the same as keywords, flags and parameters of the estimator."""

import contextlib
import inspect
import io

import numpy as np
import pandas as pd
import pytest
from cli_cases import fails
from cli_cases import table as small_table

import dag_gfn
from dag_gfn.cli import main
from dag_gfn.errors import ConstraintError, OptionError
from dag_gfn.estimator import PARAMETERS, GraphPosteriorEstimator
from dag_gfn.fitting.options import FitOptions, PriorHyperparameters, ScoreHyperparameters
from dag_gfn.fitting.prepare import prepare
from dag_gfn.fitting.training_options import DEFAULT_OBJECTIVES, objective_names
from dag_gfn.gflownet.objectives import OBJECTIVES
from dag_gfn.gflownet.policies import EDGE_POLICIES, LAYER_POLICIES
from dag_gfn.options import options_of
from dag_gfn.scores import PRIORS, SCORES, make_prior
from dag_gfn.scores.registry import SCORE_CLASSES, score_options
from dag_gfn.views.wording import METHODS

OPTIONS = options_of(FitOptions)
NOT_IN_ESTIMATOR = {"seed"}  # which random_state stands for
OTHER_NAMES = {"score": "scoring_method"}
WRONG = {
    "method": ("magic", "magic"),
    "seed": (-1, "-1"),
    "num_samples": (0, "0"),
    "exact_check": ("no", "no"),
    "num_completed": (0, "0"),
    "n_jobs": (0, "0"),
    "order_modular": ("no", "no"),
    "iterations": (0, "0"),
    "time_budget": (float("nan"), "nan"),
    "score": ("magic", "magic"),
    "average_models": ("no", "no"),
    "prior": ("magic", "magic"),
    "knowledge": ({"reqired": []}, "none.yaml"),
    "required": ([("a", "a")], "a:a"),
    "forbidden": ([("a", "zz")], "a:zz"),
    "tiers": ("a < a", "a < a"),
    "forbid_within_tiers": ("no", "no"),
    "roots": (["zz"], "zz"),
    "leaves": (["zz"], "zz"),
    "max_parents_of": ({"a": "many"}, "a=many"),
    "beliefs": ([("a", "b", 1.0)], "none.csv"),
    "instantaneous": ("no", "no"),
    "required_paths": ([("a", "a")], "a:a"),
    "forbidden_paths": ([("a", "zz")], "a:zz"),
    "max_parents": (1.5, "-1"),
    "sparse_families": ("magic", "magic"),
    "standardize": ("no", "no"),
    "margins": ("magic", "magic"),
    "alpha_mu": (-1.0, "-1"),
    "alpha_w": (1.0, "1"),
    "mean_obs": (["x"], "0,x"),
    "equivalent_sample_size": ("x", "2"),  # of another score
    "noise_variance": ("x", "2"),
    "weight_variance": ("x", "2"),
    "num_curves": (0, "0"),
    "curve_weight": ("x", "2"),
    "line_probability": ("x", "2"),
    "beta": ("x", "2"),  # of another prior
    "edges_per_node": ("x", "2"),
    "environment": ("magic", "magic"),
    "objective": ("magic", "magic"),
    "behaviour": ("magic", "magic"),
    "policy": ("magic", "magic"),
    "backward": ("magic", "magic"),
    "reweight": ("no", "no"),
    "objective_options": ({"magic": 1}, "magic=1"),
    "train_options": ({"magic": 1}, "magic=1"),
    "device": ("magic", "magic"),
    "save_sampler": ("no", "no"),
    "warm_start": (7, "nowhere"),
    "num_resamples": (0, "0"),
    "point_estimator": ("magic", "magic"),
    "significance_level": (1.0, "1"),
}
"""For each option a value that is refused, in Python and on the command line."""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    small_table().to_csv("ok.csv", index=False)


@pytest.fixture(scope="module")
def help_page():
    """The help of the command, in lines so long that none is broken."""
    page = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(page):
        patch.setenv("COLUMNS", "200")
        assert main(["fit", "--help"]) == 0
    return page.getvalue()


def needs(name):
    """Return the method at which a value is looked at."""
    return "gflownet" if name == "device" else "exact"


def test_every_option_has_a_value_that_is_refused():
    assert WRONG.keys() == OPTIONS.keys()


@pytest.mark.parametrize("name", OPTIONS)
def test_every_option_is_a_keyword_with_its_default_type_and_help(name):
    parameter = inspect.signature(dag_gfn.fit).parameters[name]
    option = OPTIONS[name]
    assert parameter.kind is inspect.Parameter.KEYWORD_ONLY
    assert (parameter.default, parameter.annotation) == (option.default, option.type)
    assert option.help.endswith(".")
    lines = dag_gfn.fit.__doc__.splitlines()
    (line,) = (number for number, line in enumerate(lines) if line.startswith(f"{name} : "))
    assert lines[line + 1].strip() in f"{option.help} {option.details}"


@pytest.mark.parametrize("name", OPTIONS)
def test_a_wrong_value_is_refused_in_python(name):
    options = {"method": needs(name), "progress": False} | {name: WRONG[name][0]}
    with pytest.raises((OptionError, ConstraintError)):
        dag_gfn.fit(small_table(), **options)


@pytest.mark.parametrize("name", OPTIONS)
def test_a_wrong_value_is_one_line_on_the_command_line(here, capsys, name):
    flag = OPTIONS[name].flag
    fails(
        capsys,
        "fit",
        "ok.csv",
        "--out",
        "out",
        "--method",
        needs(name),
        "--quiet",
        f"{flag}={WRONG[name][1]}",
    )


def test_every_option_is_in_the_help_of_the_command(help_page):
    for name, option in OPTIONS.items():
        (line,) = (line for line in help_page.splitlines() if f" {option.flag} " in line)
        assert option.help.partition(";")[0].removesuffix(".") in line, name
        for choice in option.choices:
            assert choice in line


def test_the_help_shows_ten_options_first(help_page):
    panels = {}
    for line in help_page.splitlines():
        if line.startswith("╭"):
            title = line.strip("╭─╮ ")
        elif line.startswith("│ --"):
            panels.setdefault(title, []).append(line.split()[1])
    assert panels["Options"] == [
        *("--out", "--example", "--report", "--drop", "--discrete", "--ordinal"),
        "--missing",
        *("--method", "--time-budget", "--required", "--forbidden", "--help"),
    ]
    assert len(panels) > 4
    assert sum(len(flags) for flags in panels.values()) > 40


@pytest.mark.parametrize("name", [name for name in OPTIONS if name not in NOT_IN_ESTIMATOR])
def test_every_option_is_a_parameter_of_the_estimator(name):
    own = OTHER_NAMES.get(name, name)
    assert GraphPosteriorEstimator().get_params()[own] == OPTIONS[name].default
    assert PARAMETERS[own].help == OPTIONS[name].help
    assert f"\n{own} : " in GraphPosteriorEstimator.__doc__
    options = {"method": needs(name)} | {own: WRONG[name][0]}
    with pytest.raises((OptionError, ConstraintError)):
        GraphPosteriorEstimator(**options).fit(small_table())


def test_choices_are_those_that_there_are():
    assert OPTIONS["score"].choices == (*SCORES, "auto")
    assert OPTIONS["prior"].choices == PRIORS
    assert set(OPTIONS["policy"].choices) == set(EDGE_POLICIES) == set(LAYER_POLICIES)
    assert objective_names() == tuple(OBJECTIVES)
    assert set(OPTIONS["environment"].choices) == set(DEFAULT_OBJECTIVES)
    assert set(DEFAULT_OBJECTIVES.values()) <= set(OBJECTIVES)
    assert set(OPTIONS["method"].choices) == {"auto", *METHODS}


def test_hyperparameters_are_those_of_scores_and_priors():
    declared = {name for score in SCORE_CLASSES for name in score_options(score)}
    assert declared == set(options_of(ScoreHyperparameters))
    for name in options_of(PriorHyperparameters):  # each belongs to one prior, and is refused by the others
        accepted = []
        for prior in PRIORS:
            with contextlib.suppress(OptionError):
                make_prior(prior, 3, **{name: 0.5})
                accepted.append(prior)
        assert len(accepted) == 1


def test_the_record_has_what_is_declared_as_recorded():
    info = dag_gfn.fit(small_table(), seed=3, policy="transformer", progress=False).info
    recorded = FitOptions.from_keywords({"seed": 3}, caller="fit").recorded()
    assert {name: info[name] for name in recorded} == {
        **{"seed": 3, "order_modular": False},
        **dict.fromkeys(
            ("environment", "behaviour", "policy", "save_sampler", "warm_start")
        ),  # nothing was trained
    }


def test_hyperparameters_reach_score_and_prior():
    given = {"alpha_mu": 2.0, "alpha_w": 7.0, "mean_obs": [0.0, 0.1, 0.2], "prior": "edge", "beta": 0.1}
    data = dag_gfn.from_frame(small_table())
    prepared = prepare(data, FitOptions.from_keywords(given, caller="fit"))
    assert prepared.table.score_options == {"alpha_mu": 2.0, "alpha_w": 7.0, "mean_obs": [0.0, 0.1, 0.2]}
    assert prepared.table.prior_options == {"beta": 0.1}


def test_hyperparameters_on_the_command_line(here):
    fit = ["fit", "ok.csv", "--out", "out", "--method", "exact", "--quiet"]
    assert main([*fit, "--mean-obs", "0,0.1,0.2", "--alpha-mu", "2", "--prior", "edge", "--beta", "0.1"]) == 0
    info = dag_gfn.load("out").info
    assert info["score_options"] == {"alpha_mu": 2.0, "alpha_w": 5.0, "mean_obs": [0.0, 0.1, 0.2]}
    assert info["prior_options"] == {"beta": 0.1}
    expected = dag_gfn.fit(
        small_table(), alpha_mu=2, mean_obs=np.array([0.0, 0.1, 0.2]), prior="edge", beta=0.1, progress=False
    )
    pd.testing.assert_frame_equal(dag_gfn.load("out").edge_marginals(), expected.edge_marginals())
