"""posterior.json: what is let through, and what is refused with its place."""

import copy

import pytest

from dag_gfn.posterior.schema import MAX_DEPTH, check_info

INFO = {
    "names": ["a", "b", "c"],
    "d": 3,
    "log_evidence": -12.5,
    "method": "gflownet",
    "score": "bge",
    "score_options": {"alpha_mu": 1.0, "alpha_w": 5.0, "mean_obs": [0.0, 0.0, 0.0]},
    "n": 40,
    "kind": "continuous",
    "interrupted": False,
    "warnings": ["odd"],
    "constraints": {"required": [["a", "b"]], "forbidden": [], "max_parents": None},
    "conditions": [{"query": "edge(a, b)", "probability": 0.5, "standard_error": None, "source": "exact"}],
    "timing": {"total_seconds": 1.5},
    "diagnostics": {
        "ess": None,
        "log_z": -12.5,
        "max_r_hat": 1.01,
        "chains": 4,
        "min_effective_draws": 900.0,
    },
    "exact_check": {"edge_max_error": 0.1, "edge_rmse": 0.1, "path_max_error": None, "path_rmse": 0.1},
    "exact_edges": [[0.0, 0.5, 0.1], [0.5, 0.0, 0.1], [0.0, 1.0, 0.0]],
    "best_graph": {"log_score": -13.0, "probability": 0.25, "edges": [["a", "b"], ["b", "c"]]},
    "training": {"history": [{"iteration": 1, "loss": None, "jsd": 0.1}]},
}


def changed(place, value):
    info = copy.deepcopy(INFO)
    *road, last = place.split(".")
    inner = info
    for name in road:
        inner = inner[int(name) if isinstance(inner, list) else name]
    inner[last] = value
    return info


def nested(levels):
    value = []
    for _ in range(levels - 1):
        value = [value]
    return value


def test_what_a_fit_writes_and_what_nobody_knows_yet():
    check_info(INFO)
    check_info({"names": ["a"], "log_evidence": None})
    check_info({**INFO, "new": {"of": ["a", {"later": "version"}]}, "best_graph": None, "exact_check": None})
    check_info(changed("diagnostics.new", "figure"))
    check_info({**INFO, "new": nested(MAX_DEPTH - 1)})


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        ("names", "abc", "names should be a list"),
        ("names", ["a", "b", 3], r"names\[2\] should be text, not 3"),
        ("names", ["a", "b", "a"], "names should all be different"),
        ("d", 4, "d should be a whole number from 3 to 3, not 4"),
        ("d", True, "d should be"),
        ("log_evidence", "-12", "log_evidence should be a number, not '?-12"),
        ("method", ["exact"], "method should be text"),
        ("n", -1, "n should be a whole number from 0"),
        ("interrupted", "no", "interrupted should be true or false"),
        ("warnings", "odd", "warnings should be a list"),
        ("warnings", [None], r"warnings\[0\] should be text"),
        ("score_options", [], "score_options should be a record"),
        ("score_options.alpha_w", 3, "score_options.alpha_w should be a number from 4"),
        ("score_options.mean_obs", [0.0], "score_options.mean_obs should be a number"),
        ("constraints.required", [["a"]], r"constraints.required\[0\] should be a list of 2"),
        ("conditions", [{"query": "x"}], r"conditions\[0\].probability is missing"),
        ("timing", 3, "timing should be a record"),
        ("diagnostics", [], "diagnostics should be a record"),
        ("diagnostics", {"max_r_hat": 1.0}, "diagnostics.chains is missing"),
        ("diagnostics", {"estimate": "pooled"}, "diagnostics.reliable_weights is missing"),
        ("diagnostics", {"effective_samples": 0}, "diagnostics.effective_samples should be a number"),
        ("diagnostics.max_r_hat", {"a": 1}, "diagnostics.max_r_hat should be a number"),
        ("exact_check", {"edge_max_error": 0.1}, "exact_check.edge_rmse is missing"),
        ("exact_edges", [[0.0] * 3] * 2, "exact_edges should be a list of 3"),
        ("exact_edges", [[2.0] * 3] * 3, r"exact_edges\[0\]\[0\] should be a number from"),
        (
            "edges_raw",
            {"probability": [[-1e308] * 3] * 3},
            r"edges_raw.probability\[0\]\[0\] should be a number",
        ),
        ("best_graph", {"edges": []}, "best_graph.log_score is missing"),
        ("best_graph.probability", 1.5, "best_graph.probability should be"),
        ("best_graph.edges", [["a", "z"]], "best_graph.edges.* a pair of the names, not z"),
        ("best_graph.edges", [["a", "b"], ["b", "a"]], "directed cycle"),
        ("training", {"history": [{"loss": 1.0}]}, r"training.history\[0\].iteration is missing"),
        ("new", nested(MAX_DEPTH), "levels"),
    ],
)
def test_what_is_refused(place, value, said):
    with pytest.raises(ValueError, match=said):
        check_info(changed(place, value))


@pytest.mark.parametrize("info", [None, [], "text", 3, {}, {"names": ["a"]}, {"log_evidence": 1.0}])
def test_no_record_or_no_names(info):
    with pytest.raises(ValueError, match=r"record|is missing"):
        check_info(info)


def test_a_long_value_is_not_repeated():
    with pytest.raises(ValueError, match="should be") as caught:
        check_info(changed("n", "x" * 100_000))
    assert len(str(caught.value)) < 200
