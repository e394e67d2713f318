import json

import networkx as nx
import numpy as np

import dag_gfn
from dag_gfn.views.check_sentences import check_json, check_sentences


def table(rng, n=300):
    a = rng.normal(size=n)
    b = a + rng.normal(size=n)
    return dag_gfn.from_array(
        np.column_stack([a, b, b + rng.normal(size=n), rng.normal(size=n)]), list("abcd")
    )


def told(posterior, edges):
    found = dag_gfn.check_graph(posterior, nx.DiGraph(edges))
    json.dumps(check_json(found), allow_nan=False)
    return found, "\n".join(check_sentences(found, posterior))


def test_a_wrong_graph(rng):
    posterior = dag_gfn.fit(table(rng), progress=False)
    _, text = told(posterior, [("a", "b"), ("c", "d")])
    assert text.startswith("The graph has 2 edges among 4 variables. Its probability is ")
    assert "times as probable: " in text
    assert "c → d (linked: " in text.partition("speak against")[2]
    assert "a → b (a → b 0." in text.partition("direction the data cannot judge")[2]
    assert "b – c (b → c " in text.partition("data ask for")[2]
    assert "b and c are independent" in text.partition("Denied:")[2]


def test_the_best_graph_and_a_full_one(rng):
    posterior = dag_gfn.fit(table(rng), progress=False)
    _, text = told(posterior, list(posterior.most_probable_graph().edges))
    assert "It is as probable as the best graph that is known." in text
    _, text = told(posterior, [("a", "b"), ("a", "c"), ("a", "d"), ("b", "c"), ("b", "d"), ("c", "d")])
    assert "The graph links every pair" in text


def test_what_the_fit_excluded(rng):
    posterior = dag_gfn.fit(table(rng), required=[("b", "a")], progress=False)
    _, text = told(posterior, [("a", "b")])
    assert "excludes it: its probability is 0." in text
    assert "a → b (b → a: 1)" in text.partition("turn round")[2]
    assert "Not in the graph, so taken as variables without edges: c, d." in text


def test_a_score_that_is_not_known(rng):
    draws = np.zeros((10, 2, 2), dtype=bool)
    draws[:7, 0, 1] = True
    posterior = dag_gfn.GraphPosterior.from_samples(("a", "b"), draws)
    _, text = told(posterior, [("b", "a")])
    assert "Its probability is not known." in text
