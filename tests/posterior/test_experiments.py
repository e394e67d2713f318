import numpy as np

import dag_gfn
from dag_gfn.posterior import GraphPosterior
from dag_gfn.posterior.experiments import Experiments

CHAIN = np.array([[0, 1, 0], [0, 0, 1], [0, 0, 0]], dtype=bool)
INFO = {"interventions": [{"nodes": ["b"], "rows": 5}, {"nodes": [], "rows": 20}], "score_equivalent": True}


def posterior_of(graphs, info, **more):
    return GraphPosterior.from_weights(
        ("a", "b", "c"), np.array(graphs), np.zeros(len(graphs)), info=info, **more
    )


def test_a_mask_and_its_record_say_the_same():
    mask = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 0], [1, 0, 0]], dtype=bool)
    found = Experiments.of_mask(mask, ("a", "b", "c"), ("c",))
    assert found.targets == (((), 1), (("a",), 2), (("a", "b"), 1))
    assert Experiments.from_info(found.to_json()) == found
    assert not Experiments.from_info(Experiments().to_json())
    assert Experiments().oriented(("a", "b")) is None


def test_classes_features_and_queries_are_those_of_the_experiments():
    backwards = CHAIN.T
    plain, set_b = (posterior_of([CHAIN, backwards], info) for info in ({}, INFO))
    assert len(plain.class_posterior()) == 1
    assert len(set_b.class_posterior()) == 2
    assert plain.marginal("reversible").values[0, 1] == 1.0
    assert set_b.marginal("reversible").values[0, 1] == 0.0
    assert set_b.marginal("compelled").values[0, 1] == 0.5
    assert set_b.probability("compelled(a, b)").value == 0.5
    assert plain.probability("compelled(a, b)").value == 0.0
    assert len(set_b.given("compelled(a, b)")) == 1
    assert [mixed.graph["size"] for mixed in set_b.top_classes(2)] == [1, 1]


def test_a_class_is_worth_its_size_where_scores_are_equal():
    info = INFO | {
        "interventions": [{"nodes": ["a"], "rows": 5}],
        "method": "exact",
        "log_evidence_standard_error": 0.0,
    }
    fork = np.zeros((3, 3), dtype=bool)
    fork[1, 2] = True  # b - c either way: two DAGs
    posterior = posterior_of([fork], info, log_scores=np.array([-1.0]), log_evidence=0.0)
    (best,) = posterior.top_classes(1)
    assert best.graph["size"] == 2
    assert best.graph["probability"] == np.exp(-1.0) * 2


def test_records_are_saved(tmp_path):
    posterior_of([CHAIN], INFO | {"contexts": ["c"]}).save(tmp_path / "out")
    loaded = dag_gfn.load(tmp_path / "out")
    assert loaded.experiments.targets == (((), 20), (("b",), 5))
    assert loaded.experiments.contexts == ("c",)
