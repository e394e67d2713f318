import ast
from pathlib import Path

import numpy as np

import dag_gfn
from dag_gfn.fitting.options import FitOptions
from dag_gfn.fitting.prepare import prepare
from dag_gfn.fitting.record import asked_of, recorded_posterior
from dag_gfn.posterior import GraphPosterior, Marginal
from dag_gfn.posterior.claims import Claim, Claims
from dag_gfn.posterior.diagnostics import EdgeDiagnostics, ExactCheck
from dag_gfn.posterior.evidence import Evidence
from dag_gfn.posterior.method_result import BestGraph, MethodResult, Search, TrainingRecord
from dag_gfn.posterior.verdict import Verdict

PAIR = np.array([[[False, True], [False, False]], [[False, False], [True, False]]])


def test_the_whole_record_is_made_of_the_result():
    edge = np.array([[0.0, 0.25], [0.75, 0.0]])
    result = MethodResult(
        posterior=GraphPosterior.from_samples(("a", "b"), PAIR),
        diagnostics=EdgeDiagnostics.from_json({"ess": 0.5, "log_z": -3.0, "iterations": 30}),
        evidence=Evidence(-3.0, 0.1, "importance weights"),
        interrupted=True,
        timing={"training_seconds": 1.0},
        training=TrainingRecord({"iterations": 30}, [{"iteration": 30, "loss": 0.5}]),
        best_graph=BestGraph(-3.5, 0.6, PAIR[0]),
        raw_edges=Marginal(edge, "policy"),
        settings={"objective": "modified_db"},
        exact_check=ExactCheck.from_json({"edge_max_error": 0.01, "log_evidence": -3.1}),
        exact_edges=edge,
        search=Search(10, True),
    )
    posterior = recorded_posterior(
        result,
        Verdict(Claims(Claim(True), Claim(True), Claim(False), Claim(False)), ("told by others",)),
        asked={"method": "gflownet", "environment": "edges", "objective": None},
        said={"warnings": ["few rows"]},
        timing={"total_seconds": 2.0},
        statistics={"n": np.array(3)},
    )
    info = posterior.info
    assert (info["method"], info["objective"], info["interrupted"]) == ("gflownet", "modified_db", True)
    assert (
        info["diagnostics"].items()
        >= {
            "ess": 0.5,
            "iterations": 30,
            "num_samples": 2,
            "effective_samples": 2.0,
            "converged": True,
            "evidence_converged": False,
        }.items()
    )
    assert info["log_evidence"] == posterior.log_evidence == -3.0
    assert (info["log_evidence_standard_error"], info["log_evidence_source"]) == (0.1, "importance weights")
    assert info["best_graph"]["edges"] == [["a", "b"]]
    assert info["edges_raw"] == {"probability": edge.tolist(), "standard_error": None}
    assert (info["exact_check"]["edge_max_error"], info["exact_edges"]) == (0.01, edge.tolist())
    assert info["search"] == {"graphs": 10, "proven": True, "proven_graphs": 0, "proven_classes": 0}
    assert info["training"]["history"] == [{"iteration": 30, "loss": 0.5}]
    assert info["timing"] == {"total_seconds": 2.0, "training_seconds": 1.0}
    assert info["warnings"] == ["few rows"]
    assert posterior.record.diagnostics == result.diagnostics
    assert posterior.diagnostics.importance.ess == 0.5
    assert posterior.effective_samples == 2.0
    assert not posterior.covers_all_dags


def written(node):
    """Return what a statement assigns to."""
    if isinstance(node, ast.Assign):
        return node.targets
    return [node.target] if isinstance(node, ast.AugAssign | ast.AnnAssign) else []


def is_info_of_an_object(node):
    while isinstance(node, ast.Subscript):
        node = node.value
    return isinstance(node, ast.Attribute) and node.attr == "info"


def test_no_module_writes_into_the_info_of_a_posterior():
    found = []
    for path in Path(dag_gfn.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if any(is_info_of_an_object(target) for target in written(node)):
                found.append((path.name, node.lineno))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                changes = node.func.attr in ("update", "setdefault", "pop", "popitem", "clear")
                if changes and is_info_of_an_object(node.func.value):
                    found.append((path.name, node.lineno))
    assert found == []


def test_fits_sites_and_listed_scores_record_the_same_of_what_was_asked(rng, tmp_path):
    chosen = FitOptions.from_keywords({"prior": "edge", "forbidden": [("x1", "x0")]}, caller="fit")
    data = dag_gfn.from_array(rng.normal(size=(30, 3)))
    dag_gfn.export_scores(data, tmp_path / "scores.jkl", forbidden=[("x1", "x0")])
    options = {"prior": "edge", "forbidden": [("x1", "x0")], "progress": False}
    of_data = dag_gfn.fit(data, **options).info
    of_scores = dag_gfn.fit(tmp_path / "scores.jkl", **options).info
    names = asked_of(prepare(data, chosen).table, chosen, "exact", None, kind="continuous").keys()
    assert names <= of_data.keys()
    assert names <= of_scores.keys()
    for name in ("method", "prior", "prior_options", "version", "order_modular"):
        assert of_data[name] == of_scores[name]
    assert of_data["constraints"]["forbidden"] == of_scores["constraints"]["forbidden"] == [["x1", "x0"]]
    assert (of_data["kind"], of_scores["kind"]) == ("continuous", None)
