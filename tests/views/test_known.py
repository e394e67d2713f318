import numpy as np
import pytest

from dag_gfn.views.known import changed_edges, known_sentences, known_statements, support_sentence

NAMES = ("a", "b", "c")
INFO = {
    "knowledge": {
        "required": [["a", "b"]],
        "forbidden": [["c", "*"]],
        "tiers": [["a", "b"], ["c"]],
        "forbid_within_tiers": [1],
        "leaves": ["c"],
        "max_parents": {"c": 1},
        "groups": {"g": ["a", "b"]},
        "beliefs": [{"from": "a", "to": "c", "probability": 0.9}],
        "required_paths": [["a", "c"]],
    },
    "without_knowledge": {
        "edges": [[0.0, 0.5, 0.1], [0.5, 0.0, 0.3], [0.1, 0.3, 0.0]],
        "before_data": [[0.0, 1.0, 0.8], [0.0, 0.0, 0.4], [0.0, 0.0, 0.0]],
        "log_bayes_factor": -4.0,
    },
    "conditions": [{"query": "path(a, c)", "probability": 0.4}],
    "diagnostics": {"effective_samples": 1234.5},
}
PROBABILITY = np.array([[0.0, 1.0, 0.14], [0.0, 0.0, 0.9], [0.0, 0.0, 0.0]])


def test_every_kind_of_statement_has_a_line():
    assert known_statements(INFO) == [
        "required edges: a → b",
        "forbidden edges: c → *",
        "order: a, b < c, no edges within tier 1",
        "leaves (no children): c",
        "most parents: c 1",
        "beliefs: a → c 0.9",
        "required paths: a ⇝ c",
        "groups: g = a, b",
    ]
    assert known_statements({}) == known_statements({"knowledge": None}) == []


def test_changes_are_named_most_first():
    found = changed_edges(INFO, NAMES, PROBABILITY)
    assert [(edge.source, edge.target) for edge in found] == [
        *(("b", "c"), ("a", "b"), ("b", "a"), ("c", "b"), ("c", "a"))
    ]
    assert found[0].without == 0.3
    assert found[0].before_data == 0.4
    assert changed_edges({}, NAMES, PROBABILITY) is None


def test_sentences_say_what_it_changed_and_how_much_is_left():
    text = " ".join(known_sentences(INFO, NAMES, PROBABILITY))
    assert "b → c 0.30 to 0.90" in text
    assert "55 times less probable" in text
    assert "Graphs worth 1,234 independent draws keep the statements about paths." in text
    same = known_sentences(INFO, NAMES, np.array(INFO["without_knowledge"]["edges"]))
    assert any("changes no edge probability by more than 0.05" in line for line in same)
    assert known_sentences({}, NAMES, PROBABILITY) == []


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        (0.5, "they say nothing against it"),
        (-0.5, "they say nothing against it"),
        (3.0, "more probable"),
        (-2.0, "speak a little against it"),
        (-1e6, "speak against it"),
    ],
)
def test_support_in_words(factor, words):
    assert words in support_sentence(factor)
