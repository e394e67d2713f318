"""The most probable graphs and classes: R / Z against enumerations and exact evidences."""

import math

import numpy as np
import oracles
import pytest

import dag_gfn
from dag_gfn.graphs import graph
from dag_gfn.posterior import GraphPosterior
from dag_gfn.posterior.ranking import spread_sentence

NAMES = tuple("abcd")


@pytest.fixture(scope="module")
def data():
    return dag_gfn.simulate(6, 60, rng=np.random.default_rng(3), edges_per_node=1.5, noise_variance=1.0)


@pytest.fixture(scope="module")
def exact(data):
    return dag_gfn.fit(data, method="exact", num_samples=300)


@pytest.fixture(scope="module")
def chains(data):
    return dag_gfn.fit(data, method="mcmc", num_samples=300, iterations=60_000)


@pytest.mark.parametrize("method", ["exact", "chains"])
def test_probabilities_are_scores_over_the_evidence(method, exact, request, tmp_path):
    posterior = request.getfixturevalue(method)
    tops = posterior.top_graphs(50)
    scores = [top.graph["log_score"] for top in tops]
    assert scores == sorted(scores, reverse=True)
    for top in tops:
        assert top.graph["probability"] == pytest.approx(
            math.exp(top.graph["log_score"] - exact.log_evidence), rel=1e-6
        )
        assert top.graph["standard_error"] == 0
    assert scores[0] == pytest.approx(exact.info["best_graph"]["log_score"])
    assert scores[0] >= posterior.log_scores.max() - 1e-9
    posterior.save(tmp_path / "out")
    loaded = dag_gfn.load(tmp_path / "out")
    assert [top.graph for top in loaded.top_graphs(50)] == [top.graph for top in tops]
    assert [list(top.edges) for top in loaded.top_graphs(50)] == [list(top.edges) for top in tops]


def test_classes_have_the_mass_of_all_their_members(exact, chains):
    """By members that are listed one by one with their scores, for the three most probable classes."""
    for posterior in (exact, chains):
        scores = {}
        graphs = np.concatenate([posterior.best_graphs, posterior.graphs])
        values = np.concatenate([posterior.best_log_scores, posterior.log_scores])
        for dag, score in zip(graphs, values, strict=True):
            scores[graph.cpdag(dag).tobytes()] = score
        for mixed in posterior.top_classes(3):
            members = members_of(mixed, posterior.names)
            score = scores[graph.cpdag(members[0]).tobytes()]
            expected = len(members) * math.exp(score - exact.log_evidence)
            assert mixed.graph["size"] == len(members)
            assert mixed.graph["probability"] == pytest.approx(expected, rel=1e-6)


def members_of(mixed, names):
    """Return the DAGs of a class: all orientations of its reversible edges with as few v-structures as any has."""
    index = {name: i for i, name in enumerate(names)}
    base = np.zeros((len(names), len(names)), dtype=bool)
    open_edges = []
    for a, b, compelled in mixed.edges(data="compelled"):
        if compelled:
            base[index[a], index[b]] = True
        elif index[a] < index[b]:
            open_edges.append((index[a], index[b]))
    found = []
    for choice in range(1 << len(open_edges)):
        dag = base.copy()
        for k, (i, j) in enumerate(open_edges):
            dag[(i, j) if choice >> k & 1 else (j, i)] = True
        if graph.is_dag(dag):
            found.append(dag)
    counts = [v_structures(dag) for dag in found]
    return [dag for dag, count in zip(found, counts, strict=True) if count == min(counts)]


def v_structures(dag):
    linked = dag | dag.T
    pairs = [(a, b) for a in range(len(dag)) for b in range(a)]
    return sum(dag[a, c] and dag[b, c] and not linked[a, b] for a, b in pairs for c in range(len(dag)))


def test_the_entropy_of_a_flat_posterior_is_not_that_of_its_draws(exact):
    assert exact.entropy() == pytest.approx(exact.log_evidence - exact.weights @ exact.log_scores)
    more = math.exp(exact.entropy())
    assert exact.num_effective_graphs() == pytest.approx(more)
    sentence = spread_sentence(exact)
    assert "stands out" in sentence
    assert f"{more:,.0f} graphs" in sentence


def test_without_an_evidence_there_are_odds(tmp_path, rng):
    graphs = np.array([oracles.random_dag(4, 0.4, rng) for _ in range(30)])
    scores = graphs.sum(axis=(1, 2)) * 0.5
    posterior = GraphPosterior.from_samples(NAMES, graphs, scores, info={"method": "mcmc"})
    first, second = posterior.top_graphs(2)
    assert first.graph["probability"] is None
    assert first.graph["odds"] == 1
    assert second.graph["odds"] == pytest.approx(
        math.exp(second.graph["log_score"] - first.graph["log_score"])
    )
    assert "not known" in spread_sentence(posterior)
    posterior.save(tmp_path / "out")
    rank, probability, *_, odds = (tmp_path / "out" / "graphs.csv").read_text().splitlines()[1].split(",")
    assert (rank, probability, odds) == ("1", "", "1.0")


def test_the_error_of_the_evidence_goes_with_it(rng):
    graphs = np.array([oracles.random_dag(4, 0.4, rng) for _ in range(30)])
    info = {"method": "gflownet", "log_evidence_standard_error": 0.2}
    posterior = GraphPosterior.from_samples(NAMES, graphs, rng.normal(size=30), log_evidence=5.0, info=info)
    top = posterior.top_graphs(1)[0].graph
    assert top["probability"] == pytest.approx(math.exp(top["log_score"] - 5.0))
    assert top["standard_error"] == pytest.approx(0.2 * top["probability"])


def test_constraints_leave_classes_to_draws(data):
    a, b = data.names[:2]
    posterior = dag_gfn.fit(data, method="exact", num_samples=300, required=[(a, b)])
    assert not posterior.info["score_equivalent"]
    mixed = posterior.top_classes(1)[0]
    assert mixed.graph["standard_error"] > 0


@pytest.mark.parametrize("seed", [0, 1])
def test_what_implies_something_else_is_not_more_probable(seed, exact):
    edge = np.asarray(exact.edge_marginals())
    few = exact.sample_adjacency(40, rng=seed)
    stored = {"edge": exact.marginals["edge"]}
    posterior = GraphPosterior.from_samples(exact.names, few, marginals=stored)
    path, linked = posterior.path_marginals().to_numpy(), posterior.linked_marginals().to_numpy()
    blanket = posterior.markov_blanket_marginals().to_numpy()
    compelled, reversible = (
        posterior.compelled_marginals().to_numpy(),
        posterior.reversible_marginals().to_numpy(),
    )
    assert (path >= edge).all()
    assert (blanket >= linked).all()
    assert (compelled <= edge).all()
    assert (reversible <= linked + 1e-15).all()
    assert (path + path.T <= 1 + 1e-12).all()
    counted = np.abs(graph.path_matrix(few).mean(axis=0) - exact.path_marginals().to_numpy()).mean()
    assert np.abs(path - exact.path_marginals().to_numpy()).mean() < counted


def test_each_graph_of_a_mixture_has_an_error_of_its_own():
    graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]], [[0, 0], [0, 0]]], dtype=bool)
    log_probability = np.log([0.6, 0.3, 0.1])
    info = {"normalized_scores": True, "graph_relative_errors": [0.01, 0.2]}
    posterior = GraphPosterior.from_weights(
        ("a", "b"), graphs, log_probability, log_probability, info=info, log_evidence=0.0
    )
    errors = [top.graph["standard_error"] for top in posterior.top_graphs(3)]
    assert errors == pytest.approx([0.006, 0.06, 0.02])  # the largest stands for graphs without one
