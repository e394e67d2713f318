import itertools

import numpy as np
import pytest
from effect_cases import certain, exact

import dag_gfn
from dag_gfn.data import from_array, simulate
from dag_gfn.effects import parent_adjustment, total_effects
from dag_gfn.errors import OptionError
from dag_gfn.graphs import graph

X_TO_Y = np.array([[0, 1], [0, 0]], dtype=bool)


@pytest.fixture(scope="module")
def posterior():
    return exact(simulate(3, 40, rng=np.random.default_rng(5)).standardize())


def test_two_columns_by_hand(rng):
    """Three graphs: x → y with the regression coefficient, and two without an effect."""
    values = rng.normal(size=(30, 2))
    values[:, 1] += 0.5 * values[:, 0]
    found = exact(from_array(values))
    effects = total_effects(found, num_draws=3000, rng=rng)
    centred = values - values.mean(axis=0)
    t = 1 * (4 - 2 - 1) / 2  # alpha_mu (alpha_w - d - 1) / (alpha_mu + 1)
    matrix = t * np.eye(2) + centred.T @ centred + 30 / 31 * np.outer(values.mean(0), values.mean(0))
    forward = found.weights[[bool(g[0, 1]) for g in found.graphs]].sum()
    assert effects.mean[0, 1] == pytest.approx(forward * matrix[0, 1] / matrix[0, 0])
    assert effects.probability_zero[0, 1] == pytest.approx(1 - forward)
    effect = effects.effect("x0", "x1")
    error = effect.samples.std() / np.sqrt(3000)
    assert abs(effect.samples.mean() - effect.mean) < 4 * error
    assert ((effect.samples == 0) == ~effect.graphs[:, 0, 1]).all()


def test_mean_is_the_mixture_over_all_graphs(posterior):
    """Against a loop over the 25 DAGs and their paths, with coefficients from least squares on R."""
    statistics, options = posterior.statistics, posterior.info["score_options"]
    d, n = 3, 40
    t = options["alpha_mu"] * (options["alpha_w"] - d - 1) / (options["alpha_mu"] + 1)
    matrix = statistics["scatter"] + t * np.eye(d)  # the columns are centred, the prior mean is zero
    assert n == statistics["num_rows"][0]
    expected = np.zeros((d, d))
    for adjacency, weight in zip(posterior.graphs, posterior.weights, strict=True):
        b = np.zeros((d, d))
        for j in range(d):
            parents = list(np.flatnonzero(adjacency[:, j]))
            b[parents, j] = np.linalg.solve(matrix[np.ix_(parents, parents)], matrix[parents, j])
        for i, j in itertools.permutations(range(d), 2):
            (k,) = set(range(d)) - {i, j}
            expected[i, j] += weight * (b[i, j] + b[i, k] * b[k, j])
    expected *= statistics["scales"] / statistics["scales"][:, None]
    np.testing.assert_allclose(total_effects(posterior, num_draws=5, rng=0).mean, expected, atol=1e-12)


def test_loaded_folder_gives_the_same(posterior, tmp_path):
    posterior.save(tmp_path / "out")
    first = total_effects(posterior, num_draws=50, rng=4)
    second = total_effects(dag_gfn.load(tmp_path / "out"), num_draws=50, rng=4)
    np.testing.assert_array_equal(first.samples, second.samples)
    np.testing.assert_array_equal(first.mean, second.mean)


def test_effects_are_zero_exactly_where_there_is_no_path(posterior):
    effects = total_effects(posterior, num_draws=300, rng=0)
    path = graph.path_matrix(effects.graphs)
    np.testing.assert_array_equal(effects.samples != 0, path)
    np.testing.assert_allclose(effects.probability_zero, 1 - posterior.marginal("path").values)


def test_units_follow_the_columns(rng):
    values = rng.normal(size=(50, 3)) @ np.triu(np.ones((3, 3)))
    factor = np.array([100.0, 1.0, 0.5])
    plain, scaled = from_array(values).standardize(), from_array(values * factor + 7).standardize()
    rate = factor / factor[:, None]
    first, second = (total_effects(exact(data), num_draws=5, rng=1) for data in (plain, scaled))
    np.testing.assert_allclose(second.mean, first.mean * rate, rtol=1e-6)
    complete = np.triu(np.ones((3, 3), dtype=bool), 1)
    first, second = (total_effects(certain(data, complete), num_draws=50, rng=1) for data in (plain, scaled))
    np.testing.assert_allclose(second.samples, first.samples * rate, rtol=1e-6)


def test_summary_names_every_ordered_pair(posterior):
    effects = total_effects(posterior, num_draws=200, rng=0)
    summary = effects.summary()
    assert list(summary.columns) == ["source", "target", "mean", "5%", "50%", "95%", "probability_zero"]
    assert len(summary) == 6
    row = summary[(summary.source == "x2") & (summary.target == "x0")].iloc[0]
    effect = effects.effect("x2", "x0")
    assert row["mean"] == effect.mean
    assert (row["5%"], row["95%"]) == pytest.approx(effect.interval())
    assert row["probability_zero"] == effect.probability_zero


def test_an_edge_the_data_cannot_orient_is_split_within_its_class(rng):
    values = rng.normal(size=(200, 2))
    values[:, 1] += 2 * values[:, 0]
    effect = total_effects(exact(from_array(values)), num_draws=2000, rng=0).effect("x0", "x1")
    classes = effect.by_class()
    assert classes.loc[0, "edges"] == "x0 — x1"
    assert classes.loc[0, "probability"] > 0.99
    assert abs(classes.loc[0, "probability_zero"] - 0.5) < 0.05
    assert classes.loc[0, "5%"] == 0.0
    assert classes.loc[0, "95%"] == pytest.approx(2.0, abs=0.2)
    directions = effect.by_direction().set_index("direction")
    assert directions.loc["x0 ⇝ x1", "5%"] > 1.5
    assert directions.loc["x1 ⇝ x0", "95%"] == 0.0
    assert directions["probability"].sum() == pytest.approx(1.0)


def test_effects_with_interventions_use_each_nodes_rows(rng):
    values = rng.normal(size=(60, 2))
    intervened = np.zeros((60, 2), dtype=bool)
    intervened[:30, 0] = True
    values[:, 1] += values[:, 0]
    intervened[30:, 1] = True  # there y was set, and the regression must not see it
    values[30:, 1] = 100.0
    effect = total_effects(
        certain(from_array(values, intervened=intervened), X_TO_Y), num_draws=200, rng=0
    ).effect("x0", "x1")
    assert effect.mean == pytest.approx(1.0, abs=0.5)


def test_adjustment_by_parents_agrees_where_the_graph_says_all(rng):
    data = from_array(rng.normal(size=(80, 2)) @ np.array([[1.0, 0.7], [0.0, 1.0]])).standardize()
    known = certain(data, X_TO_Y)
    adjusted = parent_adjustment(known, "x0", "x1", num_draws=500, rng=0)
    assert adjusted.mean == pytest.approx(total_effects(known, num_draws=1, rng=0).mean[0, 1])
    backwards = parent_adjustment(known, "x1", "x0", num_draws=10, rng=0)
    assert (backwards.samples == 0).all()  # x0 is a parent of x1
    assert backwards.probability_zero == 1.0


def test_adjustment_by_parents_removes_confounding(rng):
    confounder = rng.normal(size=400)
    x = confounder + rng.normal(size=400)
    y = 0.5 * x - 2 * confounder + rng.normal(size=400)
    adjacency = np.array([[0, 1, 1], [0, 0, 1], [0, 0, 0]], dtype=bool)
    data = from_array(np.column_stack([confounder, x, y]), ["c", "x", "y"]).standardize()
    adjusted = parent_adjustment(certain(data, adjacency), "x", "y", num_draws=500, rng=0)
    low, high = adjusted.interval(0.999)
    assert low < 0.5 < high
    assert high - low < 0.5


def test_adjustment_refuses_interventions(rng):
    intervened = np.zeros((20, 2), dtype=bool)
    intervened[0, 0] = True
    data = from_array(rng.normal(size=(20, 2)), intervened=intervened)
    with pytest.raises(OptionError, match="without interventions"):
        parent_adjustment(certain(data, X_TO_Y), "x0", "x1", rng=0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p: total_effects(p, num_draws=5, rng=0).effect("x0", "x9"), "there is no column 'x9'"),
        (lambda p: total_effects(p, num_draws=5, rng=0).effect("x1", "x1"), "on itself"),
        (lambda p: total_effects(p, num_draws=0, rng=0), "num_draws must be positive"),
        (
            lambda p: total_effects(p, num_draws=5, rng=0).effect("x0", "x1").interval(1.0),
            "level must lie between",
        ),
    ],
)
def test_errors_say_what_came(posterior, call, message):
    with pytest.raises(OptionError, match=message):
        call(posterior)
