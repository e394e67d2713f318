import math
from dataclasses import FrozenInstanceError

import networkx as nx
import numpy as np
import oracles
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dag_gfn.posterior import GraphPosterior, Marginal

NAMES = ("a", "b", "c")
EMPTY = np.zeros((3, 3), dtype=bool)
A_TO_B = np.array([[0, 1, 0], [0, 0, 0], [0, 0, 0]], dtype=bool)
CHAIN = np.array([[0, 1, 0], [0, 0, 1], [0, 0, 0]], dtype=bool)  # a → b → c
REVERSED = CHAIN.T.copy()
CYCLE = np.array([[0, 1, 0], [0, 0, 1], [1, 0, 0]], dtype=bool)


@pytest.fixture
def posterior():
    """Four draws: a → b → c twice, a → b once, c → b → a once."""
    draws = np.array([CHAIN, A_TO_B, CHAIN, REVERSED])
    return GraphPosterior.from_samples(NAMES, draws, np.array([-1.0, -2.0, -1.0, -3.0]))


@given(st.integers(2, 5), st.integers(1, 30), st.integers(0, 2**32 - 1))
def test_from_samples_counts(d, k, seed):
    rng = np.random.default_rng(seed)
    pool = [oracles.random_dag(d, 0.4, rng) for _ in range(4)]
    draws = np.array([pool[i] for i in rng.integers(4, size=k)])
    result = GraphPosterior.from_samples([f"v{i}" for i in range(d)], draws)
    counts = {}
    for g in draws:
        counts[g.tobytes()] = counts.get(g.tobytes(), 0) + 1
    assert len(result) == len(counts)
    for g, weight in zip(result.graphs, result.weights, strict=True):
        assert weight == pytest.approx(counts[g.tobytes()] / k, rel=1e-12)
    order = [(-round(w * k), g.tobytes()) for g, w in zip(result.graphs, result.weights, strict=True)]
    assert order == sorted(order)
    np.testing.assert_allclose(result.edge_marginals(), draws.mean(axis=0), atol=1e-12)
    assert result.info["diagnostics"]["num_samples"] == k


@given(st.permutations(range(6)))
def test_order_does_not_depend_on_the_order_of_draws(order):
    draws = np.array([CHAIN, A_TO_B, CHAIN, REVERSED, EMPTY, EMPTY])
    first = GraphPosterior.from_samples(NAMES, draws)
    again = GraphPosterior.from_samples(NAMES, draws[list(order)])
    np.testing.assert_array_equal(first.graphs, again.graphs)
    np.testing.assert_array_equal(first.log_weights, again.log_weights)


def test_stored_marginals_take_precedence():
    values = np.array([[0, 0.6, 0.1], [0.3, 0, 0.2], [0, 0.1, 0]])
    errors = np.arange(9.0).reshape(3, 3) / 100
    result = GraphPosterior.from_samples(
        NAMES, np.array([CHAIN, EMPTY]), marginals={"edge": Marginal(values, "rao_blackwell", errors)}
    )
    np.testing.assert_array_equal(result.edge_marginals(), values)
    np.testing.assert_array_equal(result.standard_errors("edge"), errors)
    assert result.linked_marginals().loc["b", "a"] == pytest.approx(0.9)
    assert result.standard_errors("linked").loc["a", "b"] == pytest.approx(0.01 + 0.03)
    assert result.marginal("linked").source == "rao_blackwell"
    # not stored: the stored edge, and the path beside it that is counted
    assert result.path_marginals().loc["a", "c"] == pytest.approx(0.1 + 0.5)
    assert result.sample(1, rng=0)[0].number_of_edges() in (0, 2)
    assert set(result.consensus_graph().edges) == {("a", "b")}
    assert result.top_graphs()[1].edges["a", "b"]["probability"] == 0.6


def test_from_weights_merges_and_normalises():
    graphs = np.array([CHAIN, EMPTY, CHAIN, REVERSED])
    log_weights = np.array([-1000.0, -1000.0 + np.log(3), -1000.0, -np.inf])
    result = GraphPosterior.from_weights(NAMES, graphs, log_weights, np.array([5.0, 6.0, 5.0, 7.0]))
    np.testing.assert_allclose(result.weights, [0.6, 0.4], rtol=1e-10)
    np.testing.assert_array_equal(result.graphs, [EMPTY, CHAIN])
    assert result.log_scores.tolist() == [6.0, 5.0]


def test_sampling_follows_the_weights(rng):
    weights = np.array([0.5, 0.3, 0.2])
    result = GraphPosterior.from_weights(NAMES, np.array([CHAIN, A_TO_B, EMPTY]), np.log(weights))
    k = 20_000
    drawn = result.sample_adjacency(k, rng=rng)
    assert drawn.shape == (k, 3, 3)
    frequencies = [(drawn == g).all(axis=(1, 2)).mean() for g in result.graphs]
    np.testing.assert_array_less(np.abs(frequencies - weights), 5 * np.sqrt(weights * (1 - weights) / k))


def test_sampling_is_reproducible_by_seed_and_generator(posterior):
    by_seed = posterior.sample_adjacency(50, rng=3)
    np.testing.assert_array_equal(by_seed, posterior.sample_adjacency(50, rng=np.random.default_rng(3)))
    rng = np.random.default_rng(3)
    first, second = posterior.sample_adjacency(50, rng=rng), posterior.sample_adjacency(50, rng=rng)
    assert (first != second).any()
    with pytest.raises(TypeError):
        posterior.sample(3)


def test_sampled_networkx_graphs_have_names_and_probabilities(posterior):
    graphs = posterior.sample(20, rng=0)
    assert len(graphs) == 20
    edge = posterior.edge_marginals()
    for g in graphs:
        assert nx.is_directed_acyclic_graph(g)
        assert list(g.nodes) == list(NAMES)
        for source, target, data in g.edges(data=True):
            assert data["probability"] == edge.loc[source, target]


def test_top_graphs(posterior):
    top = posterior.top_graphs(2)
    assert [g.graph["probability"] for g in top] == pytest.approx([0.5, 0.25])
    assert set(top[0].edges) == {("a", "b"), ("b", "c")}
    assert top[0].graph["log_score"] == -1.0
    assert len(posterior.top_graphs(99)) == len(posterior) == 3
    unscored = GraphPosterior.from_samples(NAMES, CHAIN[None])
    assert unscored.top_graphs()[0].graph["log_score"] is None
    with pytest.raises(ValueError, match="at least 1"):
        posterior.top_graphs(0)


def test_entropy(posterior):
    assert posterior.entropy() == pytest.approx(0.5 * math.log(2) + 0.5 * math.log(4))
    single = GraphPosterior.from_samples(NAMES, CHAIN[None])
    assert single.entropy() == 0
    assert single.num_effective_graphs() == 1
    uniform = GraphPosterior.from_samples(NAMES, np.array([CHAIN, EMPTY, REVERSED]))
    assert uniform.num_effective_graphs() == pytest.approx(3)


def test_two_variables():
    graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
    result = GraphPosterior.from_samples(["x", "y"], graphs)
    assert result.edge_marginals().to_numpy().tolist() == [[0, 0.5], [0.5, 0]]
    assert result.linked_marginals().loc["x", "y"] == 1


def test_a_cyclic_graph_is_an_error_even_at_weight_zero():
    graphs = np.array([CHAIN, CYCLE])
    with pytest.raises(ValueError, match="graph 1 has a directed cycle"):
        GraphPosterior.from_weights(NAMES, graphs, np.array([0.0, -np.inf]))
    with pytest.raises(ValueError, match="directed cycle"):
        GraphPosterior.from_samples(NAMES, graphs)
    with pytest.raises(ValueError, match="directed cycle"):
        GraphPosterior(NAMES, CYCLE[None], np.zeros(1), np.zeros(1))


@pytest.mark.parametrize(
    ("names", "graphs", "log_weights", "message"),
    [
        (("a", "b"), [CHAIN], [0.0], "expected 3 different names"),
        (("a", "b", "a"), [CHAIN], [0.0], "expected 3 different names"),
        (NAMES, [CHAIN], [-np.inf], "at least one graph"),
        (NAMES, [CHAIN], [np.nan], "numbers below infinity"),
        (NAMES, [CHAIN], [np.inf], "numbers below infinity"),
    ],
)
def test_invalid_arguments(names, graphs, log_weights, message):
    with pytest.raises(ValueError, match=message):
        GraphPosterior.from_weights(names, np.array(graphs), np.array(log_weights))


def test_no_graphs_at_all():
    with pytest.raises(ValueError, match="at least one graph"):
        GraphPosterior.from_samples(NAMES, np.zeros((0, 3, 3), dtype=bool))


def test_direct_construction_checks_the_invariants():
    graphs, scores = np.array([CHAIN, EMPTY]), np.zeros(2)
    with pytest.raises(ValueError, match="sum to one"):
        GraphPosterior(NAMES, graphs, np.log([0.5, 0.4]), scores)
    with pytest.raises(ValueError, match="descending"):
        GraphPosterior(NAMES, graphs, np.log([0.4, 0.6]), scores)
    with pytest.raises(ValueError, match="probabilities"):
        Marginal(np.array([1.5]), "exact")
    with pytest.raises(ValueError, match="edge marginals must have shape"):
        GraphPosterior(
            NAMES, graphs, np.log([0.6, 0.4]), scores, {"edge": Marginal(np.zeros((2, 2)), "exact")}
        )
    with pytest.raises(ValueError, match="Python objects"):
        GraphPosterior(NAMES, CHAIN[None], np.zeros(1), np.zeros(1), statistics={"x": np.array([{}])})


def test_unknown_feature(posterior):
    with pytest.raises(ValueError, match=r"unknown feature 'ancestor'; there are edge, linked"):
        posterior.marginal("ancestor")


def test_info_is_plain_json():
    info = {
        "score": "bge",
        "diagnostics": {"ess": np.float64(3.5), "log_z": np.nan},
        "shape": (1, np.int64(2)),
    }
    result = GraphPosterior.from_samples(NAMES, CHAIN[None], info=info, log_evidence=-3.5)
    assert result.info == {
        "score": "bge",
        "diagnostics": {"ess": 3.5, "log_z": None, "num_samples": 1, "effective_samples": 1.0},
        "shape": [1, 2],
        "names": ["a", "b", "c"],
        "d": 3,
        "log_evidence": -3.5,
    }
    assert "num_samples" not in info["diagnostics"]
    with pytest.raises(TypeError, match="JSON values only"):
        GraphPosterior.from_samples(NAMES, CHAIN[None], info={"rng": np.random.default_rng(0)})


def test_frozen_and_short_repr(posterior):
    with pytest.raises(FrozenInstanceError):
        posterior.names = ("x",)
    assert repr(posterior) == "GraphPosterior(3 variables: a, b, c; 3 graphs, largest weight 0.5)"
