import json

import numpy as np

from dag_gfn.posterior import GraphPosterior
from dag_gfn.posterior.diagnostics import MCMCDiagnostics
from dag_gfn.posterior.evidence import Evidence
from dag_gfn.posterior.method_result import BestGraph, MethodResult

COLLIDER = np.array([[0, 0, 1], [0, 0, 1], [0, 0, 0]], dtype=bool)  # a -> c <- b


def test_edges_of_the_best_graph_go_from_source_to_target_by_name():
    best = BestGraph(-3.0, 0.5, COLLIDER)
    found = json.loads(json.dumps(best.to_json(("a", "b", "c"))))
    assert found == {"log_score": -3.0, "probability": 0.5, "edges": [["a", "c"], ["b", "c"]]}
    assert BestGraph(-3.0, 0.5, COLLIDER.T).to_json(("a", "b", "c"))["edges"] == [["c", "a"], ["c", "b"]]
    assert BestGraph(-3.0, 0.5, np.zeros((2, 2), dtype=bool)).to_json(("a", "b"))["edges"] == []


def test_what_a_method_does_not_say_is_not_known_and_not_shared():
    posterior = GraphPosterior.from_samples(("a", "b", "c"), COLLIDER[None])
    one, other = (MethodResult(posterior=posterior, diagnostics=MCMCDiagnostics()) for _ in range(2))
    assert one.evidence == Evidence(None, None, None)
    assert not one.interrupted
    one.timing["training_seconds"] = 1.0
    one.settings["objective"] = "modified_db"
    assert other.timing == other.settings == {}
