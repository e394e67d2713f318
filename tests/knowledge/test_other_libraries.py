import pytest

from dag_gfn import OptionError
from dag_gfn.knowledge.other_libraries import from_object, is_known_object

NAMES = ("X1", "X2", "X3")


@pytest.mark.filterwarnings("ignore")
def test_expert_knowledge_of_pgmpy():
    from pgmpy.causal_discovery import ExpertKnowledge

    expert = ExpertKnowledge(
        required_edges=[("X1", "X2")], forbidden_edges=[("X3", "X1")], temporal_order=[["X1"], ["X2", "X3"]]
    )
    known = from_object(expert, NAMES)
    assert is_known_object(expert)
    assert (known.required, known.forbidden) == ((("X1", "X2"),), (("X3", "X1"),))
    assert known.tiers == (("X1",), ("X2", "X3"))
    assert known.place("required", 0) == "ExpertKnowledge: "
    assert from_object(ExpertKnowledge(), NAMES).is_empty
    within = from_object(ExpertKnowledge(search_space=[("X1", "X2"), ("X1", "X3")]), NAMES)
    assert set(within.forbidden) == {("X2", "X1"), ("X2", "X3"), ("X3", "X1"), ("X3", "X2")}


def test_background_knowledge_of_causal_learn():
    nodes = pytest.importorskip("causallearn.graph.GraphNode")
    module = pytest.importorskip("causallearn.utils.PCUtils.BackgroundKnowledge")
    x1, x2, x3 = (nodes.GraphNode(name) for name in NAMES)
    background = module.BackgroundKnowledge()
    background.add_forbidden_by_node(x1, x2).add_required_by_node(x2, x3)
    background.add_forbidden_by_pattern("X[13]", "X1")
    background.add_node_to_tier(x1, 2).add_node_to_tier(x3, 5)
    known = from_object(background, NAMES)
    forbidden = {
        (a.get_name(), b.get_name())
        for a in (x1, x2, x3)
        for b in (x1, x2, x3)
        if a is not b and background.is_forbidden(a, b)
    }
    assert set(known.forbidden) | {("X3", "X1")} == forbidden
    assert known.required == (("X2", "X3"),)
    assert known.tiers == (("X1",), ("X3",))


def test_other_objects_are_refused():
    with pytest.raises(OptionError, match="not float"):
        from_object(1.5, NAMES)
