"""Against draws of effects that are counted by hand, and against the posterior of a known graph."""

import numpy as np
import pandas as pd
import pytest
from effect_cases import certain

import dag_gfn
from dag_gfn.effects import contrast_effect, interventional_distribution, probability, total_effects
from dag_gfn.effects.effect_questions import drawn_answers, num_worth, truth_given_graphs
from dag_gfn.errors import OptionError, QueryError
from dag_gfn.graphs import graph
from dag_gfn.posterior.conditioning import as_query


def numbers(rng, n=300):
    a = rng.normal(size=n)
    b = a + rng.normal(size=n)
    return dag_gfn.from_array(np.column_stack([a, b, b + rng.normal(size=n)]), ["a", "b", "c"])


def test_statements_about_effects_and_edges(rng):
    posterior = dag_gfn.fit(numbers(rng), progress=False)
    found = probability(posterior, "effect(a, c) > 0.9 & edge(a, b)", num_draws=3000, rng=5)
    effects = total_effects(posterior, num_draws=3000, rng=5)  # the same draws
    expected = ((effects.samples[:, 0, 2] > 0.9) & effects.graphs[:, 0, 1]).mean()
    assert found.value == expected
    assert found.source == "samples"
    assert found.standard_error == pytest.approx(np.sqrt(expected * (1 - expected) / 3000))
    either = probability(posterior, "effect(a, c) > 0 | effect(a, c) < 0", rng=5)
    assert abs(either.value - posterior.probability("path(a, c)").value) < 4 * either.standard_error
    assert probability(posterior, "!(effect(a, c) >= 5)", rng=5).value == 1.0


def test_statements_without_effects_are_counted_as_before(rng):
    posterior = dag_gfn.fit(numbers(rng), progress=False)
    assert probability(posterior, "path(a, c)", rng=0) == posterior.probability("path(a, c)")
    with pytest.raises(QueryError, match=r"dag_gfn\.effects\.probability"):
        posterior.probability("effect(a, c) > 0")
    with pytest.raises(QueryError, match="taken as given is about the graph"):
        posterior.given("effect(a, c) > 0")


def test_levels_of_categories(rng):
    first = rng.integers(0, 3, size=300)
    data = dag_gfn.from_array(
        np.column_stack([first, np.where(rng.random(300) < 0.8, first > 0, rng.random(300) < 0.5)]),
        ["a", "b"],
        discrete="all",
    )
    posterior = dag_gfn.fit(data, progress=False)
    found = probability(posterior, "effect(a = 2 over 0, b = 1) > 0.6", num_draws=500, rng=1)
    drawn = interventional_distribution(posterior, "a", "b", num_draws=500, rng=1)
    assert found.value == (drawn.difference("1", from_="0", to="2") > 0.6).mean()
    share = drawn.probability_above(0.6, "1", from_="0", to="2").value
    assert found.value == pytest.approx(share, abs=0.05)
    two = probability(
        posterior, "effect(b = 1, a = 0) < 0", num_draws=500, rng=1
    )  # over its only other level
    assert 0.3 < two.value < 0.7
    for query, said in (
        ("effect(a, b = 1) > 0", "say which level it is set to"),
        ("effect(a = 2, b = 1) > 0", "3 levels: say which one 2 is compared with"),
        ("effect(a = 2 over 0, b) > 0", "say whose probability changes"),
        ("effect(a = 7 over 0, b = 1) > 0", "no level '7'"),
    ):
        with pytest.raises(QueryError, match=said):
            probability(posterior, query, num_draws=10, rng=1)


def test_mixed_tables(rng):
    drug = rng.integers(0, 3, size=300)
    frame = pd.DataFrame(
        {"drug": np.array(["zero", "one", "two"])[drug], "pain": rng.normal(size=300) - drug}
    )
    posterior = dag_gfn.fit(frame, required=[("drug", "pain")], progress=False)
    found = probability(posterior, "effect(drug = two over one, pain) < -0.8", num_draws=500, rng=1)
    effect = contrast_effect(posterior, "drug", "pain", num_draws=500, rng=1)
    to = {contrast.to: effect.samples[:, c, 0] for c, contrast in enumerate(effect.contrasts)}
    to[effect.contrasts[0].from_] = np.zeros(500)
    assert found.value == (to["two"] - to["one"] < -0.8).mean()
    assert (
        probability(posterior, "effect(pain, drug = two) >= 0", num_draws=500, rng=1).value == 1
    )  # no path back
    with pytest.raises(QueryError, match="'pain' is a number"):
        probability(posterior, "effect(pain = 3, drug = two) > 0", rng=1)


def test_truth_given_graphs(rng):
    data = numbers(rng).standardize()
    posterior = dag_gfn.fit(data, progress=False)
    query = as_query("effect(a, c) > 0.3", posterior.names)
    truth = truth_given_graphs(posterior, query, posterior.graphs, rng=0)
    paths = graph.path_matrix(posterior.graphs)[:, 0, 2]
    assert (truth[~paths] == 0).all()
    chain = np.array([[0, 1, 0], [0, 0, 1], [0, 0, 0]], dtype=bool)
    of_chain = truth[(posterior.graphs == chain).all(axis=(1, 2))].item()
    alone = probability(certain(data, chain, "bge"), "effect(a, c) > 0.3", num_draws=4000, rng=1)
    assert abs(of_chain - alone.value) < 0.05
    _, holds = drawn_answers(posterior, query, num_draws=4000, rng=0)
    assert holds.mean() == pytest.approx(posterior.weights @ truth, abs=0.04)


def test_draws_of_both_kinds_count(rng):
    posterior = dag_gfn.fit(numbers(rng), progress=False)
    assert num_worth(posterior, 1000) == 1000.0  # all DAGs are known


def test_a_score_without_parameters_is_refused(rng):
    posterior = dag_gfn.fit(numbers(rng), score="bic", progress=False)
    with pytest.raises(OptionError, match="no prior over parameters"):
        probability(posterior, "effect(a, c) > 0.9", rng=0)
