"""Contrasts against known truth, against scores of plain numbers, and against the formula by hand."""

from dataclasses import replace

import numpy as np
import pytest
from effect_cases import certain, exact, mixed

import dag_gfn
from dag_gfn.effects import contrast_effect, contrast_effects, total_effects
from dag_gfn.errors import OptionError
from dag_gfn.graphs import graph

CHAIN = np.array([[0, 1, 0], [0, 0, 1], [0, 0, 0]], dtype=bool)


def simulated(rng, n):
    """sex, age → job → pay; sex → pay: a linear model with categories, effects known."""
    sex = rng.choice(["f", "m"], n)
    age = rng.normal(40.0, 10.0, n)
    noisy = 0.08 * (age - 40.0) + 0.5 * (sex == "m") + rng.normal(size=n)
    job = np.where(noisy < -0.3, "cook", np.where(noisy < 0.6, "nurse", "pilot"))
    pay = (
        1000.0
        + 300.0 * (job == "nurse")
        + 800.0 * (job == "pilot")
        + 200.0 * (sex == "m")
        + rng.normal(0, 100.0, n)
    )
    names = ("sex", "age", "job", "pay")
    edges = np.zeros((4, 4), dtype=bool)
    edges[0, 2] = edges[1, 2] = edges[2, 3] = edges[0, 3] = True
    return mixed(dict(zip(names, (sex, age, job, pay), strict=True))).standardize(), edges


def test_contrasts_of_a_category_find_the_truth(rng):
    data, edges = simulated(rng, 4000)
    found = contrast_effect(certain(data, edges), "job", "pay", reference="cook", num_draws=500, rng=rng)
    assert [str(contrast) for contrast in found.contrasts] == [
        "job = nurse instead of cook",
        "job = pilot instead of cook",
    ]
    spread = found.samples.std(axis=0)[:, 0]
    assert (np.abs(found.mean[:, 0] - [300.0, 800.0]) < 4 * spread).all()
    assert (spread < 10.0).all()
    assert found.probability_zero == 0.0
    levels = found.table().set_index("job")["pay"]
    assert levels["pilot"] - levels["cook"] == pytest.approx(found.mean[1, 0])


def test_do_and_seen_differ_and_do_is_that_of_an_experiment(rng):
    """The seen difference between jobs has part of the effect of sex in it, the contrast has not."""
    data, edges = simulated(rng, 4000)
    frame = data.to_frame()
    seen = frame.groupby("job", observed=True)["pay"].mean()
    posterior = certain(data, edges)
    found = contrast_effect(posterior, "job", "pay", reference="cook", num_draws=50, rng=rng)
    assert seen["pilot"] - seen["cook"] > found.mean[1, 0] + 20
    # the expected pay when everyone is set to a job, over the table's men and women
    men = (frame["sex"] == "m").mean()
    truth = 1000.0 + np.array([0.0, 300.0, 800.0]) + 200.0 * men
    np.testing.assert_allclose(found.expected[:, 0], truth, atol=12.0)


def test_probabilities_of_levels_change_as_least_squares_says(rng):
    """On one sure edge the change is the slope of the indicators, shrunk by the prior by almost nothing."""
    n = 4000
    dose = rng.normal(5.0, 2.0, n)
    well = np.where(dose + rng.normal(0, 4.0, n) > 5.0, "yes", "no")
    data = mixed({"dose": dose, "well": well}).standardize()
    posterior = certain(data, [[0, 1], [0, 0]])
    found = contrast_effect(posterior, "dose", "well", num_draws=200, rng=rng)
    slope = np.polyfit(dose, well == "yes", 1)[0]
    assert [str(outcome) for outcome in found.outcomes] == ["well = no", "well = yes"]
    np.testing.assert_allclose(
        found.mean, [[-slope, slope], [-slope * dose.std(), slope * dose.std()]], rtol=2e-3
    )
    np.testing.assert_allclose(found.samples.sum(axis=2), 0.0, atol=1e-12)  # probabilities add up to 1
    np.testing.assert_allclose(found.expected.sum(axis=1), 1.0)


def test_a_pair_of_categories_is_the_table_of_conditional_shares(rng):
    n = 3000
    a = rng.choice(["x", "y", "z"], n, p=[0.5, 0.3, 0.2])
    b = np.where(rng.random(n) < 0.6, np.where(a == "z", "x", a), rng.choice(["x", "y", "w"], n))
    posterior = certain(mixed({"a": a, "b": b}), [[0, 1], [0, 0]], "block")
    found = contrast_effect(posterior, "a", "b", num_draws=20, rng=rng)
    shares = np.array([[(b[a == s] == t).mean() for t in ("w", "x", "y")] for s in ("x", "y", "z")])
    np.testing.assert_allclose(found.mean, shares[1:] - shares[0], atol=0.01)
    np.testing.assert_allclose(found.expected, shares, atol=0.01)
    assert found.warnings == []


def test_two_levels_are_a_column_of_zeros_and_ones(rng):
    """A category of two levels is whitened to the z-scores of 0 and 1: BGe with that column must agree exactly."""
    n = 150
    values = rng.normal(size=(n, 3)) @ np.array([[1.0, 0.8, 0.5], [0.0, 1.0, 0.7], [0.0, 0.0, 1.0]])
    sex = (values[:, 1] > 0.3).astype(np.float64)
    numbers = dag_gfn.from_array(
        np.column_stack([values[:, 0], sex, values[:, 2]]), ["a", "sex", "b"]
    ).standardize()
    table = mixed({"a": values[:, 0], "sex": np.where(sex > 0, "m", "f"), "b": values[:, 2]}).standardize()
    plain = total_effects(exact(numbers, "bge"), num_draws=10, rng=0)
    posterior = exact(table)
    found = contrast_effects(
        posterior, [("sex", "b"), ("a", "b"), ("a", "sex")], references={"sex": "f"}, num_draws=10, rng=0
    )
    for effect, (i, j) in zip(found, ((1, 2), (0, 2), (0, 1)), strict=True):
        assert effect.mean[0, -1] == pytest.approx(plain.mean[i, j], rel=1e-9)
        assert effect.probability_zero == pytest.approx(plain.probability_zero[i, j], abs=1e-12)


def test_the_coding_of_levels_does_not_matter(rng):
    data, _ = simulated(rng, 120)
    renamed = {"cook": "z", "nurse": "a", "pilot": "k"}
    columns = data.to_frame()
    other = mixed(
        {
            "sex": columns["sex"].astype(str).to_numpy(),
            "age": columns["age"].to_numpy(),
            "job": columns["job"].astype(str).map(renamed).to_numpy(),
            "pay": columns["pay"].to_numpy(),
        }
    ).standardize()
    first = contrast_effect(exact(data), "job", "pay", reference="nurse", num_draws=5, rng=0)
    second = contrast_effect(exact(other), "job", "pay", reference="a", num_draws=5, rng=0)
    changes = {
        contrast.to: float(mean) for contrast, mean in zip(second.contrasts, second.mean[:, 0], strict=True)
    }
    for contrast, mean in zip(first.contrasts, first.mean[:, 0], strict=True):
        assert changes[renamed[contrast.to]] == pytest.approx(float(mean), rel=1e-6)


def test_mean_is_the_mixture_over_all_graphs_and_draws_agree(rng):
    """Every DAG of three nodes, with least squares on the design columns by hand."""
    n = 40
    a = rng.choice(["x", "y", "z"], n)
    b = rng.normal(size=n) + 0.6 * (a == "z")
    data = mixed({"a": a, "b": b, "c": b + rng.normal(size=n)}).standardize()
    posterior = exact(data)
    found = contrast_effect(posterior, "a", "c", reference="x", num_draws=4000, rng=rng)
    statistics, options = posterior.statistics, posterior.info["score_options"]
    size = 4
    t = options["alpha_mu"] * (options["alpha_w"] - size - 1) / (options["alpha_mu"] + 1)
    matrix = statistics["block_scatter"] + t * np.eye(size)  # every column has mean 0
    blocks = [[0, 1], [2], [3]]
    vectors = (np.eye(3) - statistics["feature_means"][:3]) @ statistics["whitening"][:3, :2]
    expected = np.zeros(2)
    for adjacency, weight in zip(posterior.graphs, posterior.weights, strict=True):
        coefficients = np.zeros((size, size))
        for j, own in enumerate(blocks):
            parents = [c for i in np.flatnonzero(adjacency[:, j]) for c in blocks[i]]
            coefficients[np.ix_(parents, own)] = np.linalg.solve(
                matrix[np.ix_(parents, parents)], matrix[np.ix_(parents, own)]
            )
        paths = np.linalg.inv(np.eye(size) - coefficients)
        expected += weight * ((vectors[1:] - vectors[0]) @ paths[:2, 3]) * data.scales[2]
    np.testing.assert_allclose(found.mean[:, 0], expected, atol=1e-12)
    error = found.samples[:, :, 0].std(axis=0) / np.sqrt(4000)
    assert (np.abs(found.samples[:, :, 0].mean(axis=0) - expected) < 4 * error).all()
    path = graph.path_matrix(found.graphs)[:, 0, 2]
    np.testing.assert_array_equal((found.samples != 0).all(axis=(1, 2)), path)
    assert len(found.where_present()) == 2
    shares = found.by_class(top=50).groupby("edges")["probability"].first()
    assert shares.sum() == pytest.approx(1.0)


def test_intervals_cover_the_truth_as_often_as_they_say(rng):
    """Parameters and rows drawn from the model, the graph known: 90 % intervals of a contrast cover about 90 %."""
    covered = 0
    for _ in range(200):
        shift = rng.normal(size=3)
        a = rng.integers(0, 3, 60)
        b = shift[a] + rng.normal(size=60)
        data = mixed({"a": np.array(["x", "y", "z"])[a], "b": b}).standardize()
        posterior = certain(data, [[0, 1], [0, 0]])
        found = contrast_effect(posterior, "a", "b", reference="x", num_draws=300, rng=rng)
        low, high = found.interval()
        covered += low <= shift[1] - shift[0] <= high
    assert 160 <= covered <= 196  # 180 ± 4.7 standard deviations, the prior shrinks a little


def test_groups_change_one_column_while_the_others_stay(rng):
    n = 3000
    rain, wind = rng.normal(size=(2, n))
    wind += rain
    ill = 2.0 * rain - 1.0 * wind + rng.normal(size=n)
    data = mixed(
        {"rain": rain, "wind": wind, "ill": ill}, groups=(("weather", ("rain", "wind")),)
    ).standardize()
    posterior = certain(data, [[0, 1], [0, 0]])
    found = contrast_effect(posterior, "weather", "ill", num_draws=200, rng=rng)
    assert [str(contrast) for contrast in found.contrasts] == ["rain one unit higher", "wind one unit higher"]
    assert (np.abs(found.mean[:, 0] - [2.0, -1.0]) < 4 * found.samples.std(axis=0)[:, 0]).all()
    assert found.settings == ()
    back = contrast_effect(certain(data, [[0, 0], [1, 0]]), "ill", "weather", num_draws=5, rng=rng)
    assert [str(outcome) for outcome in back.outcomes] == ["rain", "wind"]
    follows = mixed({"rain": rain, "wind": 2 * rain, "ill": ill}, groups=(("weather", ("rain", "wind")),))
    with pytest.raises(OptionError, match="follow from each other"):
        contrast_effect(certain(follows.standardize(), [[0, 1], [0, 0]]), "weather", "ill", rng=0)


def test_probabilities_beyond_zero_and_one_are_told(rng):
    n = 500
    dose = rng.normal(size=n)
    well = np.where(dose > 0, "yes", "no")
    posterior = certain(mixed({"dose": dose, "well": well}).standardize(), [[0, 1], [0, 0]])
    found = contrast_effect(posterior, "dose", "well", num_draws=5, rng=rng)
    assert len(found.warnings) == 2
    assert "which cannot be" in found.warnings[0]
    assert found.expected.max() > 1  # nothing is clipped


def test_interventions_and_units(rng):
    n = 400
    dose = rng.normal(5.0, 2.0, n)
    sex = rng.choice(["f", "m"], n)
    pain = 3.0 * dose + 4.0 * (sex == "m") + rng.normal(size=n)
    mask = np.zeros((n, 3), dtype=bool)
    mask[:200, 0] = True
    data = mixed({"dose": dose, "sex": sex, "pain": pain}, intervened=mask).standardize()
    edges = [[0, 0, 1], [0, 0, 1], [0, 0, 0]]
    found = contrast_effects(certain(data, edges), [("dose", "pain"), ("sex", "pain")], num_draws=50, rng=rng)
    assert found[0].mean[0, 0] == pytest.approx(3.0, abs=0.2)
    assert abs(found[1].mean[0, 0]) == pytest.approx(4.0, abs=0.5)


def test_ranks_have_no_units_but_standard_deviations(rng):
    data, edges = simulated(rng, 400)
    posterior = certain(data, edges, "block")
    ranked = replace(posterior, info={**posterior.info, "margins": "normal_scores"})
    plain, found = (contrast_effect(p, "age", "pay", num_draws=5, rng=0) for p in (posterior, ranked))
    assert found.in_standard_deviations
    assert str(found.contrasts[0]) == "age one standard deviation higher"
    scale = data.scales[1] / data.scales[3]
    np.testing.assert_allclose(found.mean, plain.mean * scale, rtol=1e-9)
    with pytest.raises(OptionError, match="no value can be set"):
        dag_gfn.effects.interventional_means(
            replace(exact(dag_gfn.simulate(2, 30, rng=rng)), info={**ranked.info, "score": "bge"}),
            "x0",
            1.0,
            rng=0,
        )


def test_what_cannot_be_is_refused(rng):
    data, edges = simulated(rng, 100)
    posterior = certain(data, edges)
    with pytest.raises(OptionError, match=r"no level 'chef'.*cook, nurse, pilot"):
        contrast_effect(posterior, "job", "pay", reference="chef", rng=0)
    with pytest.raises(OptionError, match="leave the reference level out"):
        contrast_effect(posterior, "age", "pay", reference="40", rng=0)
    with pytest.raises(OptionError, match="no column 'wage'"):
        contrast_effect(posterior, "job", "wage", rng=0)
    with pytest.raises(OptionError, match="on itself"):
        contrast_effect(posterior, "job", "job", rng=0)
    with pytest.raises(OptionError, match="contrast_effect for mixed tables"):
        total_effects(posterior, rng=0)
    numbers = exact(dag_gfn.simulate(2, 30, rng=rng))
    with pytest.raises(OptionError, match="use total_effects"):
        contrast_effect(numbers, "x0", "x1", rng=0)


def test_a_loaded_folder_gives_the_same(rng, tmp_path):
    data, _ = simulated(rng, 80)
    posterior = exact(data)
    posterior.save(tmp_path / "out")
    first, second = (
        contrast_effect(p, "job", "pay", num_draws=20, rng=3)
        for p in (posterior, dag_gfn.load(tmp_path / "out"))
    )
    np.testing.assert_array_equal(first.samples, second.samples)
    assert first.summary().equals(second.summary())
