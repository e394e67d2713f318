import math

import numpy as np
import oracles
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dag_gfn
from dag_gfn.errors import QueryError
from dag_gfn.posterior import GraphPosterior, Marginal
from dag_gfn.posterior.query_language import parse_query

NAMES = ("a", "b", "c", "d")
QUERIES = (
    "edge(a, b)",
    "!edge(a, b)",
    "linked(a, b)",
    "path(c, a)",
    "blanket(a, d)",
    "parents(b) == {a}",
    "parents(b) >= {a, c}",
    "!(parents(b) <= {})",
    "v_structure(a, b, c)",
    "dsep(a, b | c)",
    "compelled(a, b) | reversible(c, d)",
    "path(a, b) & !edge(a, b)",
)


@pytest.fixture(scope="module")
def exact():
    """The BGe posterior over all 543 DAGs on four simulated columns."""
    data = dag_gfn.simulate(4, 30, rng=np.random.default_rng(0))
    return dag_gfn.fit(data.to_frame().set_axis(list(NAMES), axis=1), method="exact")


@pytest.fixture
def draws(rng):
    """200 draws, 100 of them independent."""
    graphs = np.array([oracles.random_dag(4, 0.4, rng) for _ in range(200)])
    info = {"method": "mcmc", "exact_check": {"jsd": 1.0}, "diagnostics": {"ess": 0.5}}
    return GraphPosterior.from_samples(
        NAMES, graphs, rng.normal(size=200), effective_samples=100, log_evidence=-7.0, info=info
    )


@pytest.mark.parametrize("query", QUERIES)
def test_probability_is_the_weight_of_the_graphs_that_comply(exact, draws, query):
    for posterior in (exact, draws):
        probability = posterior.probability(query)
        holds = parse_query(query, NAMES).holds(posterior.graphs)
        expected = sum(w for w, yes in zip(posterior.weights, holds, strict=True) if yes)
        assert probability.value == pytest.approx(expected, abs=1e-10)
        assert float(probability) == probability.value
        if posterior is exact:
            assert (probability.standard_error, probability.source) == (0, "exact")
        else:
            error = math.sqrt(expected * (1 - expected) / 100)
            assert probability.standard_error == pytest.approx(error, abs=1e-7)
            assert probability.source == "samples"


def test_functions_and_parsed_queries(exact):
    by_text = exact.probability("edge(a, b) & edge(b, c)").value
    by_function = exact.probability(lambda graphs: graphs[:, 0, 1] & graphs[:, 1, 2]).value
    parsed = exact.probability(parse_query("edge(a, b) & edge(b, c)", NAMES)).value
    assert by_text == by_function == parsed


def test_stored_marginals_answer_what_they_can(draws):
    values = np.array([[0, 0.3, 0, 0], [0.2, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]])
    errors = values / 10
    sets = np.full((4, 8), 0.125)
    stored = {
        "edge": Marginal(values, "rao_blackwell", errors),
        "path": Marginal(values, "exact"),
        "parent_sets": Marginal(sets, "exact"),
    }
    posterior = GraphPosterior.from_weights(
        NAMES, draws.graphs, draws.log_weights, marginals=stored, effective_samples=100
    )

    def told(query):
        probability = posterior.probability(query)
        return probability.value, probability.standard_error, probability.source

    assert told("edge(a, b)") == (0.3, 0.03, "rao_blackwell")
    assert told("!edge(a, b)") == (0.7, 0.03, "rao_blackwell")
    assert told("linked(b, a)") == (0.5, pytest.approx(0.05), "rao_blackwell")
    assert told("path(a, b)") == (0.3, 0.0, "exact")
    assert told("parents(a) == {b, d}") == (0.125, 0.0, "exact")
    assert told("parents(a) >= {b}") == (0.5, 0.0, "exact")
    assert told("parents(a) != {}") == (0.875, 0.0, "exact")
    assert told("edge(a, b) & path(a, b)")[2] == "samples"


@pytest.mark.parametrize("query", QUERIES)
def test_given_by_bayes(exact, query):
    restricted = exact.given(query)
    whole = exact.probability(query).value
    for other in QUERIES:
        both = exact.probability(f"({query}) & ({other})").value
        conditional = restricted.probability(other)
        assert conditional.value == pytest.approx(both / whole, abs=1e-9)
        assert conditional.source == "exact"
    assert restricted.log_evidence == pytest.approx(exact.log_evidence + math.log(whole))
    assert restricted.probability(query).value == pytest.approx(1)
    # the evidence of the restricted model class, summed directly
    holds = parse_query(query, NAMES).holds(exact.graphs)
    assert restricted.log_evidence == pytest.approx(np.logaddexp.reduce(exact.log_scores[holds]))


def test_given_keeps_account(draws):
    restricted = draws.given("edge(a, b)")
    share = draws.weights[draws.graphs[:, 0, 1]].sum()
    assert restricted.graphs[:, 0, 1].all()
    assert restricted.info["diagnostics"] == {
        "effective_samples": pytest.approx(100 * share),
        "num_samples": round(200 * share),
    }
    assert "exact_check" not in restricted.info
    assert restricted.info["method"] == "mcmc"
    (condition,) = restricted.info["conditions"]
    assert condition["query"] == "edge(a, b)"
    assert condition["probability"] == pytest.approx(share)
    assert restricted.info["log_evidence"] == restricted.log_evidence == pytest.approx(-7 + math.log(share))
    assert "conditions" not in draws.info
    path = restricted.probability("path(b, c)")
    assert path.standard_error == pytest.approx(math.sqrt(path.value * (1 - path.value) / (100 * share)))


def test_conditions_add_up(draws):
    twice = draws.given("edge(a, b)").given("!path(c, d)")
    once = draws.given("edge(a, b) & !path(c, d)")
    np.testing.assert_array_equal(twice.graphs, once.graphs)
    np.testing.assert_allclose(twice.log_weights, once.log_weights, atol=1e-12)
    assert twice.log_evidence == pytest.approx(once.log_evidence)
    assert [condition["query"] for condition in twice.info["conditions"]] == ["edge(a, b)", "!path(c, d)"]

    def sparse(graphs):
        return graphs.sum(axis=(1, 2)) < 4

    assert draws.given(sparse).info["conditions"][0]["query"] == "sparse"


def test_stored_marginals_are_counted_anew(exact):
    assert exact.given("!edge(a, b)").edge_marginals().loc["a", "b"] == 0
    assert "parent_sets" not in exact.given("edge(a, b)").marginals


def test_a_policys_distribution_stays_a_policys(exact):
    posterior = GraphPosterior.from_weights(
        NAMES,
        exact.graphs,
        exact.log_weights,
        marginals={"edge": Marginal(exact.marginal("edge").values, "policy")},
        info={"all_dags": True},
    )
    for query in ("edge(a, b)", "path(a, b) & edge(b, c)", "compelled(a, b)"):
        for any_of_them in (posterior, posterior.given("!edge(c, d)")):
            probability = any_of_them.probability(query)
            assert probability.source == "policy"
            assert math.isnan(probability.standard_error)


def test_weights_of_unknown_worth_have_unknown_errors(exact):
    posterior = GraphPosterior.from_weights(NAMES, exact.graphs[:9], exact.log_weights[:9])
    assert math.isnan(posterior.probability("edge(a, b) | edge(b, c)").standard_error)
    assert posterior.given("edge(a, b) | !edge(a, b)").info["diagnostics"] == {}


def test_nothing_to_condition_on(exact, draws):
    with pytest.raises(QueryError, match=r"no graph complies with .* out of 543 possible DAGs"):
        exact.given("edge(a, b) & edge(b, a)")
    with pytest.raises(QueryError, match="sampled graphs; more may help"):
        draws.given("edge(a, b) & edge(b, a)")
    with pytest.raises(QueryError, match="no column 'z'"):
        draws.given("edge(a, z)")


def test_a_restricted_posterior_can_be_saved(draws, tmp_path):
    restricted = draws.given("edge(a, b)")
    restricted.save(tmp_path / "out")
    loaded = dag_gfn.load(tmp_path / "out")
    assert loaded.info == restricted.info
    np.testing.assert_array_equal(loaded.graphs, restricted.graphs)


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.sampled_from(QUERIES), st.sampled_from(QUERIES))
def test_probabilities_obey_their_rules(seed, one, other):
    rng = np.random.default_rng(seed)
    graphs = np.array([oracles.random_dag(4, 0.5, rng) for _ in range(20)])
    posterior = GraphPosterior.from_weights(NAMES, graphs, rng.normal(size=20))

    def p(query):
        return posterior.probability(query).value

    assert p(f"({one}) | ({other})") == pytest.approx(p(one) + p(other) - p(f"({one}) & ({other})"), abs=1e-9)
    assert p(f"!({one})") == pytest.approx(1 - p(one), abs=1e-9)


def test_most_probable_graph(draws):
    assert draws.most_probable_graph().edges == draws.top_graphs(1)[0].edges
    data = dag_gfn.simulate(6, 200, rng=np.random.default_rng(1))
    posterior = dag_gfn.fit(data, method="exact", num_samples=2)
    best = posterior.most_probable_graph()
    assert best.graph["log_score"] == posterior.info["best_graph"]["log_score"]
    assert best.graph["log_score"] >= max(posterior.log_scores) - 1e-9
    assert [list(edge) for edge in best.edges] == sorted(
        posterior.info["best_graph"]["edges"], key=lambda edge: [data.names.index(name) for name in edge]
    )
    restricted = posterior.given(lambda graphs: np.ones(len(graphs), dtype=bool))
    assert restricted.most_probable_graph().edges == posterior.top_graphs(1)[0].edges


def log_evidence_of(posterior, holds):
    return np.logaddexp.reduce(posterior.log_scores[holds])


@pytest.mark.parametrize(
    "query", ["!linked(a, b)", "!!!linked(a, b)", "!(edge(a, b) | edge(b, a))", "!edge(a, b) & !edge(b, a)"]
)
def test_complements_are_summed(query):
    """Columns that are nearly copies: the graphs without a link have next to no probability, and yet some."""
    rng = np.random.default_rng(0)
    a = rng.normal(size=400)
    values = np.column_stack([a, a + 0.3 * rng.normal(size=400), rng.normal(size=400)])
    posterior = dag_gfn.fit(pd.DataFrame(values, columns=["a", "b", "c"]), method="exact")
    apart = ~(posterior.graphs[:, 0, 1] | posterior.graphs[:, 1, 0])
    expected = log_evidence_of(posterior, apart)
    log_share = expected - log_evidence_of(posterior, np.ones(len(posterior), dtype=bool))
    assert log_share < -100
    found = posterior.probability(query)
    assert found.source == "exact"
    assert math.log(found.value) == pytest.approx(log_share)
    restricted = posterior.given(query)
    assert restricted.log_evidence == pytest.approx(expected)
    assert restricted.probability("edge(a, c)").value == pytest.approx(
        np.exp(log_evidence_of(posterior, apart & posterior.graphs[:, 0, 2]) - expected)
    )


def test_what_rounding_drowns_is_not_called_exact():
    rng = np.random.default_rng(0)
    a = rng.normal(size=400)
    names = list("abcdef")
    values = np.column_stack([a, a + 0.3 * rng.normal(size=400), rng.normal(size=(400, 4))])
    posterior = dag_gfn.fit(pd.DataFrame(values, columns=names), method="exact", num_samples=50)
    found = posterior.probability("!linked(a, b)")
    assert found.source == "rounding"
    assert 0 <= found.value <= 1e-10
    assert 0 < found.standard_error <= 1e-9
    assert posterior.probability("linked(a, b)").source == "exact"
    assert posterior.probability("!linked(c, d)").source == "exact"
    # the sum of the parent sets without it, not one less the edge
    sets = posterior.marginals["parent_sets"].values[1]
    without = sets.reshape(-1, 2)[:, 0].sum()  # node a is the first of the others
    assert posterior.probability("!edge(a, b)").value == pytest.approx(without, rel=1e-12)
    assert posterior.probability("!(parents(b) >= {a})").value == pytest.approx(without, rel=1e-12)


def test_an_evidence_that_rounding_drowns_is_not_known(draws):
    linked = Marginal(np.array([[0.0, 1.0, 0, 0], [1.0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]), "exact")
    posterior = GraphPosterior.from_weights(
        NAMES,
        draws.graphs,
        draws.log_weights,
        draws.log_scores,
        marginals={"linked": linked},
        log_evidence=-7.0,
        info={"method": "exact", "log_evidence_source": "exact"},
    )
    restricted = posterior.given("!linked(a, b)")
    assert restricted.log_evidence is None
    assert "rounding" in restricted.info["log_evidence_source"]


def test_complements_of_estimates_near_one_are_counted(draws):
    values = np.zeros((4, 4))
    values[0, 1] = 1.0
    stored = {"edge": Marginal(values, "rao_blackwell", np.zeros((4, 4)))}
    posterior = GraphPosterior.from_weights(
        NAMES, draws.graphs, draws.log_weights, marginals=stored, effective_samples=100
    )
    share = draws.weights[~draws.graphs[:, 0, 1]].sum()
    found = posterior.probability("!edge(a, b)")
    assert (found.value, found.source) == (pytest.approx(share), "samples")
