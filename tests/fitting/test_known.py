"""Every kind of knowledge, by every method, against the enumeration of all DAGs of four columns."""

import numpy as np
import pandas as pd
import pytest
from knowledge_cases import NAMES, correlated, enumerated, has_path

import dag_gfn
from dag_gfn import ConstraintError, Knowledge, OptionError, fit, from_array
from dag_gfn.fitting.known import knowledge_of
from dag_gfn.fitting.options import FitOptions

pytestmark = pytest.mark.usefixtures("short_chains")

VALUES = correlated()
BELIEFS = [("age", "smoking", 0.9), ("cancer", "smoking", 0.2), ("diet", "age", 0.7)]
ODDS = np.ones((4, 4))
ODDS[0, 2], ODDS[3, 2], ODDS[1, 0] = 9.0, 0.25, 7 / 3
TIERS = "age < diet,smoking < cancer"


def in_tiers(dag):
    return not (dag[1:, 0].any() or dag[3, :].any())


def posterior(**options):
    return fit(from_array(VALUES, list(NAMES)), **{"progress": False, "standardize": False, **options})


@pytest.mark.parametrize(
    ("options", "holds", "odds"),
    [
        ({"beliefs": BELIEFS}, lambda dag: True, ODDS),
        ({"tiers": TIERS}, in_tiers, None),
        ({"tiers": TIERS, "beliefs": BELIEFS}, in_tiers, np.where(np.arange(4) == 0, 1.0, ODDS)),
        (
            {"tiers": TIERS, "forbid_within_tiers": True},
            lambda dag: in_tiers(dag) and not (dag[1, 2] or dag[2, 1]),
            None,
        ),
        ({"roots": ["smoking"], "leaves": ["diet"]}, lambda dag: not (dag[:, 2].any() or dag[1].any()), None),
        ({"max_parents_of": {"cancer": 1}}, lambda dag: dag[:, 3].sum() <= 1, None),
        ({"forbidden": [("*", "age")]}, lambda dag: not dag[:, 0].any(), None),
        ({"required_paths": [("cancer", "age")]}, lambda dag: has_path(dag, 3, 0), None),
        (
            {"forbidden_paths": [("age", "cancer")], "required": [("diet", "smoking")]},
            lambda dag: dag[1, 2] and not has_path(dag, 0, 3),
            None,
        ),
        (
            {
                "required_paths": [("age", "cancer"), ("diet", "smoking")],
                "forbidden_paths": [("age", "smoking")],
            },
            lambda dag: has_path(dag, 0, 3) and has_path(dag, 1, 2) and not has_path(dag, 0, 2),
            None,
        ),
    ],
)
def test_exact_posteriors_are_those_of_the_enumeration(options, holds, odds):
    exact, log_z = enumerated(VALUES, holds, odds)
    found = posterior(method="exact", **options)
    np.testing.assert_allclose(found.edge_marginals().to_numpy(), exact, atol=1e-9)
    assert found.log_evidence == pytest.approx(log_z, abs=1e-8)


ALL = {
    "tiers": "age,diet < smoking,cancer",
    "beliefs": [("age", "cancer", 0.85)],
    "required_paths": [("diet", "cancer")],
    "max_parents_of": {"smoking": 2},
}


def keeps_all(dag):
    return not dag[2:, :2].any() and dag[:, 2].sum() <= 2 and has_path(dag, 1, 3)


@pytest.mark.parametrize(
    "options",
    [
        {"method": "mcmc", "iterations": 30_000},
        pytest.param({"method": "gflownet", "iterations": 200}, marks=pytest.mark.slow),
        pytest.param(
            {"method": "gflownet", "environment": "edges", "iterations": 600}, marks=pytest.mark.slow
        ),
    ],
    ids=["mcmc", "layers", "edges"],
)
@pytest.mark.filterwarnings("ignore::dag_gfn.NotConvergedWarning")
def test_every_method_honours_all_of_it(options):
    odds = np.ones((4, 4))
    odds[0, 3] = 0.85 / 0.15
    exact, _ = enumerated(VALUES, keeps_all, odds)
    found = posterior(**ALL, **options)
    assert abs(found.edge_marginals().to_numpy() - exact).max() < 0.08
    assert all(keeps_all(dag) for dag in found.graphs)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::dag_gfn.NotConvergedWarning")
def test_tables_with_missing_cells_honour_it_too():
    values = VALUES[:, :3].copy()
    values[::8, 2] = np.nan
    data = dag_gfn.from_frame(pd.DataFrame(values, columns=NAMES[:3]))
    known = {"forbidden": [("smoking", "age")], "required_paths": [("age", "smoking")]}
    found = fit(data, progress=False, num_completed=20, beliefs=[("age", "diet", 0.999)], **known)
    assert all(has_path(dag, 0, 2) and not dag[2, 0] for dag in found.graphs)
    free = fit(data, progress=False, num_completed=20, **known)
    gain = found.edge_marginals().loc["age", "diet"] - free.edge_marginals().loc["age", "diet"]
    assert gain > 0.05
    assert found.info["missing"]["cells"] == 5


def test_knowledge_is_recorded_and_survives_the_folder(tmp_path):
    found = posterior(**ALL)
    found.save(tmp_path / "out")
    info = dag_gfn.load(tmp_path / "out").info
    assert info["knowledge"]["tiers"] == [["age", "diet"], ["smoking", "cancer"]]
    assert info["knowledge"]["max_parents"] == {"smoking": 2}
    assert info["conditions"][0]["query"] == "path(diet, cancer)"
    assert posterior().info["knowledge"] is None


def test_beliefs_alone_make_a_score_that_is_not_equivalent():
    assert posterior().info["score_equivalent"]
    assert not posterior(beliefs=BELIEFS).info["score_equivalent"]
    both = [("age", "diet", 0.9), ("diet", "age", 0.9)]
    assert posterior(beliefs=both).info["score_equivalent"]


def test_files_and_options_add_up(tmp_path):
    (tmp_path / "k.yaml").write_text("roots: [age]\nbeliefs: b.csv\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text("from,to,probability\ndiet,cancer,0.7\n", encoding="utf-8")
    (tmp_path / "black.csv").write_text("from,to\ncancer,diet\n", encoding="utf-8")
    options = {"knowledge": tmp_path / "k.yaml", "leaves": ["cancer"], "forbidden": tmp_path / "black.csv"}
    chosen = FitOptions.from_keywords(options, caller="fit")
    assert knowledge_of(chosen.knowledge, NAMES) == Knowledge(
        forbidden=(("cancer", "diet"),),
        roots=("age",),
        leaves=("cancer",),
        beliefs=(dag_gfn.knowledge.Belief("diet", "cancer", 0.7),),
    )


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"knowledge": {"tiers": "a < b"}, "tiers": "a < b"}, ConstraintError, "tiers are given twice"),
        ({"forbid_within_tiers": True}, OptionError, "needs tiers"),
        ({"knowledge": 3}, OptionError, "not int"),
        ({"required": [["age", "diet", "cancer"]]}, ConstraintError, "a required edge is a pair"),
        ({"roots": ["agee"]}, ConstraintError, "did you mean 'age'"),
        ({"knowledge": "nowhere.yaml"}, OptionError, "nowhere.yaml' cannot be read"),
    ],
)
def test_what_does_not_go_together_is_said(options, error, message):
    with pytest.raises(error, match=message):
        posterior(**options)


def test_columns_that_the_table_leaves_out_have_no_effect_and_are_named():
    frame = pd.DataFrame(VALUES, columns=NAMES).assign(id=np.arange(len(VALUES)))
    data = dag_gfn.from_frame(frame)
    assert "id" not in data.names
    found = fit(data, tiers="id,age < diet", progress=False)
    assert any("'id' has no effect" in note for note in found.info["notes"])
    with pytest.raises(ConstraintError, match="column 'id' is no variable here"):
        fit(data, required=[("id", "age")], progress=False)


def series(rows=60, seed=2):
    rng = np.random.default_rng(seed)
    values = np.zeros((rows, 2))
    for t in range(1, rows):
        values[t, 0] = 0.4 * values[t - 1, 0] + rng.normal()
        values[t, 1] = 0.5 * values[t - 1, 0] + 0.4 * values[t, 0] + rng.normal()
    return from_array(values, ["x", "y"], lags=1)


@pytest.mark.parametrize("instantaneous", [True, False])
def test_the_graph_of_the_past_does_not_change_that_of_the_present(instantaneous):
    data = series()
    options = {"progress": False, "standardize": False, "instantaneous": instantaneous}
    found = fit(data, **options).edge_marginals().to_numpy()

    def holds(dag):  # the past may have any graph of its own
        return not dag[:2, 2:].any() and (instantaneous or not dag[:2, :2].any())

    exact, _ = enumerated(data.values, holds)
    np.testing.assert_allclose(found[:, :2], exact[:, :2], atol=1e-9)
    assert not found[:, 2:].any()


def test_lags_are_recorded_and_no_knowledge_of_the_user():
    found = fit(series(), progress=False)
    assert found.info["lags"] == {"rows": 1, "instantaneous": True}
    assert found.info["knowledge"] is None
    assert "without_knowledge" not in found.info
    told = fit(series(), progress=False, required=[("x[t-1]", "y")])
    without = np.array(told.info["without_knowledge"]["edges"])
    np.testing.assert_allclose(without, found.edge_marginals().to_numpy(), atol=1e-9)


def test_causes_of_the_past_and_lags_that_are_not_there_are_refused():
    with pytest.raises(ConstraintError, match="'x\\[t-1\\]' is the past, which has no causes"):
        fit(series(), required=[("y", "x[t-1]")], progress=False)
    with pytest.raises(OptionError, match=r"instantaneous=False .* is about tables with lags"):
        posterior(instantaneous=False)
