"""Against the weights and scores of all DAGs."""

import networkx as nx
import numpy as np
import pytest

import dag_gfn
from dag_gfn.errors import DataError
from dag_gfn.graph_check.check import AGAINST, FOR
from dag_gfn.graphs import graph


def table(rng, n=300):
    a = rng.normal(size=n)
    b = a + rng.normal(size=n)
    return dag_gfn.from_array(
        np.column_stack([a, b, b + rng.normal(size=n), rng.normal(size=n)]), list("abcd")
    )


CHAIN = nx.DiGraph([("a", "b"), ("b", "c")])


def test_probabilities_of_graph_and_class(rng):
    posterior = dag_gfn.fit(table(rng), prior="edge", progress=False)
    found = dag_gfn.check_graph(posterior, CHAIN)
    place = int(np.flatnonzero((posterior.graphs == found.adjacency).all(axis=(1, 2))).item())
    assert found.probability == pytest.approx(posterior.weights[place])
    same = (graph.cpdag(posterior.graphs) == graph.cpdag(found.adjacency[None])).all(axis=(1, 2))
    assert found.class_size == same.sum() == 3
    assert found.class_probability == pytest.approx(posterior.weights[same].sum())
    assert found.log_odds == pytest.approx(posterior.log_scores[place] - posterior.log_scores.max())
    best = posterior.graphs[0].sum()
    assert found.log_bayes_factor == pytest.approx(found.log_odds - (2.0 - best) * np.log(0.5))
    assert found.absent == ("d",)


def test_beyond_all_dags_size_times_score_over_evidence(rng):
    values = np.column_stack([table(rng).values, rng.normal(size=(300, 2))])
    posterior = dag_gfn.fit(dag_gfn.from_array(values, list("abcdef")), method="exact", progress=False)
    odd = nx.DiGraph([("d", "e"), ("e", "f"), ("a", "b"), ("b", "c"), ("f", "a")])
    assert not (posterior.graphs == dag_gfn.check_graph(posterior, odd).adjacency).all(axis=(1, 2)).any()
    for graph_ in (odd, CHAIN):
        found = dag_gfn.check_graph(posterior, graph_)
        assert found.probability == pytest.approx(np.exp(found.log_score - posterior.log_evidence))
        assert found.class_probability == pytest.approx(found.class_size * found.probability)
    query = " & ".join(["edge(a, b)", "edge(b, c)", *(f"parents({name}) == {{}}" for name in "adef")])
    counted = posterior.probability(f"{query} & parents(b) == {{a}} & parents(c) == {{b}}")
    assert abs(counted.value - found.probability) < 5 * counted.standard_error + 1e-9


def test_judgements(rng):
    posterior = dag_gfn.fit(table(rng), progress=False)
    found = dag_gfn.check_graph(posterior, nx.DiGraph([("a", "b"), ("c", "d")]))
    judged = {(pair.a, pair.b): pair for pair in found.pairs}
    assert len(judged) == 6
    assert judged["a", "b"].judgement == "direction open"
    assert judged["c", "d"].judgement == "denied"
    assert judged["b", "c"].judgement == "denied"
    assert [pair.b for pair in found.judged("denied", has_edge=True)] == ["d"]
    for pair in found.pairs:
        linked = posterior.probability(f"linked({pair.a}, {pair.b})").value
        assert pair.linked == pytest.approx(linked)
        if not pair.has_edge:
            expected = "supported" if linked <= AGAINST else "denied" if linked >= FOR else "undecided"
            assert pair.judgement == expected
    assert {(each.a, each.b) for each in found.denied_independences()} >= {("b", "c")}


def test_directions_that_are_known_are_turned_round(rng):
    posterior = dag_gfn.fit(table(rng), required=[("b", "a")], progress=False)
    found = dag_gfn.check_graph(posterior, CHAIN)
    assert next(pair for pair in found.pairs if pair.has_edge and pair.a == "a").judgement == "reversed"
    assert found.constraints_exclude
    assert found.probability == 0.0


def test_a_graph_of_draws_without_scores(rng):
    draws = np.zeros((10, 2, 2), dtype=bool)
    draws[:7, 0, 1] = True
    posterior = dag_gfn.GraphPosterior.from_samples(("a", "b"), draws)
    found = dag_gfn.check_graph(posterior, nx.DiGraph([("a", "b")]))
    assert found.probability == pytest.approx(0.7)
    assert found.class_probability == pytest.approx(0.7)
    assert np.isnan(found.log_bayes_factor)
    other = nx.DiGraph([("b", "a")])
    assert np.isnan(dag_gfn.check_graph(posterior, other).probability)
    with pytest.raises(DataError, match="no variable"):
        dag_gfn.check_graph(posterior, nx.DiGraph([("a", "z")]))
