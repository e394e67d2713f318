"""Against networks of known parameters: simulated rows, and sums over all rows."""

import itertools

import numpy as np
import pandas as pd
import pytest
from effect_cases import certain

import dag_gfn
from dag_gfn.effects import several_causes
from dag_gfn.errors import NotTractable, OptionError
from dag_gfn.parameters import parameter_posterior

DIAMOND = np.array([[0, 1, 1, 0], [0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 0]], dtype=bool)  # 0 → 1, 2 → 3


def test_numbers_that_are_held(rng):
    values = rng.normal(size=(300, 4))
    values[:, 1] += 2.0 * values[:, 0]
    values[:, 2] -= values[:, 0]
    values[:, 3] += 1.5 * values[:, 1] + values[:, 2]
    data = dag_gfn.from_array(values, ["a", "b", "c", "y"]).standardize()
    posterior = certain(data, DIAMOND, "bge")
    found = several_causes(posterior, ["a", "b"], "y", num_draws=3000, rng=0)
    network = parameter_posterior(posterior).expected(DIAMOND[None])
    b = network.coefficients[0]
    expected = [b[0, 2] * b[2, 3], b[1, 3], b[0, 2] * b[2, 3] + b[1, 3]]
    error = found.samples[:, :, 0].std(axis=0) / np.sqrt(3000)
    assert (np.abs(found.samples[:, :, 0].mean(axis=0) - expected) < 4 * error).all()
    assert found.settings[0] == "a one unit higher, b held"
    assert found.probability_zero == 0.0
    total = dag_gfn.effects.total_effects(posterior, num_draws=100, rng=0).mean[0, 3]
    assert abs(total - expected[0]) > 1.0  # the total effect of a passes through b too


def test_the_same_by_blocks(rng):
    values = rng.normal(size=(300, 4))
    values[:, 1] += 2.0 * values[:, 0]
    values[:, 3] += 1.5 * values[:, 1] + values[:, 2] + values[:, 0]
    data = dag_gfn.from_array(values, ["a", "b", "c", "y"]).standardize()
    means = []
    for score in ("bge", "block"):
        found = several_causes(certain(data, DIAMOND, score), ["a", "b"], "y", num_draws=3000, rng=0)
        means.append(found.summary()["mean"].to_numpy()[:2])
    assert np.allclose(*means, atol=0.03)


def test_a_category_and_a_number(rng):
    drug = rng.random(400) < 0.5
    dose = rng.normal(size=400)
    pain = dose - 3.0 * drug + rng.normal(size=400)
    frame = pd.DataFrame({"drug": np.where(drug, "yes", "no"), "dose": dose, "pain": pain})
    posterior = dag_gfn.fit(frame, required=[("drug", "pain"), ("dose", "pain")], progress=False)
    found = several_causes(posterior, ["drug", "dose"], "pain", num_draws=500, rng=0)
    table = found.summary().set_index("setting")["mean"]
    change = next(setting for setting in table.index if setting.startswith("drug"))
    assert abs(table[change]) == pytest.approx(3.0, abs=0.3)
    assert table["dose one unit higher, drug held"] == pytest.approx(1.0, abs=0.2)


def test_categories_against_sums_over_all_rows(rng):
    first = rng.integers(0, 2, size=300)
    noise = rng.random((3, 300))
    b = np.where(noise[0] < 0.8, first, 1 - first)
    c = np.where(noise[1] < 0.7, 1 - first, first)
    y = np.where(noise[2] < 0.9, (b + c) % 3, (b + 1) % 3)
    data = dag_gfn.from_array(np.column_stack([first, b, c, y]), ["a", "b", "c", "y"], discrete="all")
    posterior = certain(data, DIAMOND, "bdeu")
    found = several_causes(posterior, ["a", "b"], "y", num_draws=2000, rng=0)
    parameters = parameter_posterior(posterior)
    of_c, of_y = parameters.expected(2, [0]), parameters.expected(3, [1, 2])
    expected = [
        [sum(of_c[a, c] * of_y[b, c, y] for c in range(2)) for y in range(3)]
        for a, b in itertools.product(range(2), repeat=2)
    ]
    assert found.settings[1] == "a = 0, b = 1"
    assert found.are_probabilities
    assert np.allclose(found.samples.sum(axis=2), 1.0)
    error = found.samples.std(axis=0) / np.sqrt(2000)
    assert (np.abs(found.samples.mean(axis=0) - expected) < 4.5 * error + 1e-12).all()


def test_what_cannot_be_set_is_refused(rng):
    posterior = dag_gfn.fit(rng.normal(size=(30, 3)), progress=False)
    with pytest.raises(OptionError, match="at least two"):
        several_causes(posterior, ["x0"], "x1", rng=0)
    with pytest.raises(OptionError, match="all be different"):
        several_causes(posterior, ["x0", "x1"], "x1", rng=0)
    with pytest.raises(OptionError, match="no column 'x9'"):
        several_causes(posterior, ["x0", "x9"], "x1", rng=0)
    codes = np.column_stack([np.arange(400) % 20, np.arange(400) // 20, rng.integers(0, 2, 400)])
    data = dag_gfn.from_array(codes, ["a", "b", "y"], discrete="all")
    with pytest.raises(NotTractable, match="400 combinations"):
        several_causes(certain(data, np.zeros((3, 3)), "bdeu"), ["a", "b"], "y", rng=0)
