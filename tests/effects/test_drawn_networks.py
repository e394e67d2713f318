"""Effects over completed tables: graphs and tables are drawn together."""

import numpy as np
import pandas as pd
import pytest
from effect_cases import exact, information, mixed

import dag_gfn
from dag_gfn.data import from_array, from_frame, sufficient_statistics
from dag_gfn.effects import (
    contrast_effect,
    interventional_distribution,
    interventional_means,
    parent_adjustment,
    total_effects,
)
from dag_gfn.effects.drawn_networks import draw_tables
from dag_gfn.parameters.fitted_network import fitted_parameters
from dag_gfn.posterior import GraphPosterior
from dag_gfn.scores import make_score
from dag_gfn.scores.stacked_statistics import pair_statistics, stacked_statistics

WEIGHTS = np.array([0.7, 0.3])


def mixture(datasets, score=None):
    """The exact mixture of the posteriors of several tables, as a fit with missing cells stores it."""
    each = [exact(data, score) for data in datasets]
    graphs = np.concatenate([one.graphs for one in each])
    tables = np.repeat(np.arange(len(each)), [len(one) for one in each])
    log_weights = np.concatenate(
        [np.log(weight) + one.log_weights for weight, one in zip(WEIGHTS, each, strict=True)]
    )
    return each, GraphPosterior.from_weights(
        datasets[0].nodes,
        graphs,
        log_weights,
        info=information(datasets[0], score),
        statistics={
            **stacked_statistics(
                [make_score(score, data).statistics() for data in datasets], np.log(WEIGHTS)
            ),
            **pair_statistics(graphs, tables, log_weights),
        },
    )


def numbers(rng):
    values = rng.normal(size=(2, 40, 2))
    values[:, :, 1] += np.array([0.3, 1.5])[:, None] * values[:, :, 0]  # the tables disagree
    return [from_array(table, ["x", "y"]) for table in values]


def within(samples, mean):
    """Whether the mean of draws is within four standard errors of a number."""
    return abs(samples.mean() - mean) < 4 * samples.std() / np.sqrt(len(samples))


def test_tables_are_drawn_given_the_graph(rng):
    each, both = mixture(numbers(rng))
    graph = both.graphs[0]
    given = np.array(
        [
            weight * one.weights[[(g == graph).all() for g in one.graphs]].sum()
            for weight, one in zip(WEIGHTS, each, strict=True)
        ]
    )
    tables = draw_tables(both, np.repeat(graph[None], 20_000, axis=0), rng)
    assert abs((tables == 1).mean() - given[1] / given.sum()) < 4 * np.sqrt(0.25 / 20_000)


def test_effects_are_the_weighted_mean_of_those_of_the_tables(rng):
    each, both = mixture(numbers(rng))
    alone = [total_effects(one, num_draws=5, rng=0).mean[0, 1] for one in each]
    expected = float(WEIGHTS @ alone)
    found = total_effects(both, num_draws=20_000, rng=rng).effect("x", "y")
    assert within(found.samples, expected)
    assert found.mean == pytest.approx(expected, abs=4 * found.samples.std() / np.sqrt(20_000))
    means = [interventional_means(one, "x", 2.0, num_draws=5, rng=0).mean[1] for one in each]
    drawn = interventional_means(both, "x", 2.0, num_draws=20_000, rng=rng)
    assert within(drawn.samples[:, 1], float(WEIGHTS @ means))
    adjusted = [parent_adjustment(one, "x", "y", num_draws=20_000, rng=0).mean for one in each]
    assert within(
        parent_adjustment(both, "x", "y", num_draws=20_000, rng=rng).samples, float(WEIGHTS @ adjusted)
    )


def test_the_spread_includes_what_is_not_known_of_the_table(rng):
    each, both = mixture(numbers(rng))
    alone = [total_effects(one, num_draws=20_000, rng=1).effect("x", "y").samples for one in each]
    means, variances = np.array([s.mean() for s in alone]), np.array([s.var() for s in alone])
    total = WEIGHTS @ variances + WEIGHTS @ (means - WEIGHTS @ means) ** 2
    found = total_effects(both, num_draws=20_000, rng=rng).effect("x", "y").samples
    assert found.var() == pytest.approx(total, rel=0.05)


def test_contrasts_over_tables(rng):
    tables = []
    for shift in (0.5, 2.0):
        a = np.tile(["x", "y", "z"], 20)
        tables.append(mixed({"a": a, "b": shift * (a == "z") + rng.normal(size=60)}))
    each, both = mixture(tables)
    alone = [contrast_effect(one, "a", "b", reference="x", num_draws=5, rng=0).mean for one in each]
    expected = np.tensordot(WEIGHTS, np.stack(alone), axes=1)
    found = contrast_effect(both, "a", "b", reference="x", num_draws=20_000, rng=rng)
    for c in range(2):
        assert within(found.samples[:, c, 0], expected[c, 0])
        error = 4 * found.samples[:, c, 0].std() / np.sqrt(20_000)
        assert found.mean[c, 0] == pytest.approx(expected[c, 0], abs=error)


def test_distributions_over_tables(rng):
    tables = []
    for agree in (0.6, 0.95):
        rain = rng.choice(["no", "yes"], 60)
        wet = np.where(rng.random(60) < agree, rain, np.where(rain == "no", "yes", "no"))
        tables.append(from_frame(pd.DataFrame({"rain": rain, "wet": wet})))
    each, both = mixture(tables)
    alone = np.stack(
        [interventional_distribution(p, "rain", "wet", num_draws=5000, rng=0).mean for p in each]
    )
    found = interventional_distribution(both, "rain", "wet", num_draws=5000, rng=rng)
    expected = np.tensordot(WEIGHTS, alone, axes=1)
    assert within(found.samples[:, 1, 1], expected[1, 1])
    np.testing.assert_allclose(found.mean, expected, atol=0.02)
    graph = np.array([[False, True], [False, False]])
    shares = WEIGHTS * [p.weights[[(g == graph).all() for g in p.graphs]].sum() for p in each]
    tables_alone = [fitted_parameters(p, graph).tables[1] for p in each]
    expected = np.tensordot(shares / shares.sum(), np.stack(tables_alone), axes=1)
    np.testing.assert_allclose(fitted_parameters(both, graph).tables[1], expected)


def test_progress_over_tables_runs_to_one(rng):
    rain = rng.choice(["no", "yes"], (2, 60))
    tables = [from_frame(pd.DataFrame({"rain": r, "wet": rng.choice(["no", "yes"], 60)})) for r in rain]
    told = []
    interventional_distribution(
        mixture(tables)[1],
        "rain",
        "wet",
        num_draws=50,
        rng=0,
        on_progress=lambda share, seconds: told.append(share),
    )
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)


def test_fitted_coefficients_are_the_mean_over_tables_given_the_graph(rng):
    each, both = mixture(numbers(rng))
    graph = np.array([[False, True], [False, False]])
    shares = WEIGHTS * [p.weights[[(g == graph).all() for g in p.graphs]].sum() for p in each]
    alone = [fitted_parameters(p, graph).coefficients for p in each]
    expected = np.tensordot(shares / shares.sum(), np.stack(alone), axes=1)
    np.testing.assert_allclose(fitted_parameters(both, graph).coefficients, expected)


def test_a_saved_mixture_gives_the_same(rng, tmp_path):
    both = mixture(numbers(rng))[1]
    both.save(tmp_path / "out")
    loaded = dag_gfn.load(tmp_path / "out")
    first, second = (total_effects(p, num_draws=30, rng=2).samples for p in (both, loaded))
    np.testing.assert_array_equal(first, second)


def test_one_table_needs_no_pairs(rng):
    data = numbers(rng)[0]
    posterior = exact(data)
    assert posterior.statistics.keys() == sufficient_statistics(data).keys()
    assert (draw_tables(posterior, posterior.graphs, rng) == 0).all()
