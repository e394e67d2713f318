import itertools

import numpy as np
import pandas as pd
import pytest
from effect_cases import certain, exact

import dag_gfn
from dag_gfn.data import from_frame
from dag_gfn.effects import interventional_distribution, total_effects
from dag_gfn.errors import OptionError

CONFOUNDED = np.array([[0, 1, 1], [0, 0, 1], [0, 0, 0]], dtype=bool)  # c → x, c → y, x → y


@pytest.fixture
def data(rng):
    c = rng.integers(0, 2, 400)
    x = np.where(rng.random(400) < 0.8, c, 1 - c)
    y = np.where(rng.random(400) < 0.6, c, np.where(rng.random(400) < 0.5, x, 2))
    frame = pd.DataFrame({"c": c, "x": x, "y": y}).map(lambda code: f"s{code}")
    return from_frame(frame)


def adjusted_by_hand(data, alpha):
    """Return sum over c of P(c) P(y | c, x), with posterior means of the tables."""
    c, x, y = data.values.astype(int).T
    result = np.zeros((2, 3))
    for b, a, s in itertools.product(range(2), range(2), range(3)):
        weight = (alpha / 2 + (c == b).sum()) / (alpha + 400)
        among = (c == b) & (x == a)
        result[a, s] += weight * (alpha / 12 + (among & (y == s)).sum()) / (alpha / 4 + among.sum())
    return result


def test_adjusts_for_a_common_cause(data):
    posterior = certain(data, CONFOUNDED, "bdeu", equivalent_sample_size=2.0)
    effect = interventional_distribution(posterior, "x", "y", num_draws=400, rng=0)
    np.testing.assert_allclose(effect.mean, adjusted_by_hand(data, 2.0))
    np.testing.assert_allclose(effect.samples.sum(axis=-1), 1.0)
    error = effect.samples.std(axis=0) / np.sqrt(400)
    assert (abs(effect.samples.mean(axis=0) - effect.mean) < 4 * error).all()
    assert effect.probability_zero == 0.0
    assert effect.source_states == ("s0", "s1")


def test_no_effect_upstream(data):
    posterior = certain(data, CONFOUNDED)
    effect = interventional_distribution(posterior, "y", "x", num_draws=20, rng=0)
    assert effect.probability_zero == 1.0
    assert effect.samples.shape == (20, 3, 2)
    np.testing.assert_array_equal(effect.samples, effect.samples[:, :1].repeat(3, axis=1))
    assert (effect.difference("s0", from_="s0", to="s2") == 0.0).all()


def test_averages_over_graphs(data):
    posterior = exact(data)
    effect = interventional_distribution(posterior, "x", "y", num_draws=300, rng=1)
    parts = []
    for adjacency in effect.graphs[:60]:
        alone = interventional_distribution(certain(data, adjacency), "x", "y", num_draws=1, rng=0)
        parts.append(alone.mean)
    again = interventional_distribution(posterior, "x", "y", num_draws=60, rng=1)
    np.testing.assert_array_equal(again.graphs, effect.graphs[:60])
    np.testing.assert_allclose(again.mean, np.mean(parts, axis=0))
    assert effect.probability_zero == pytest.approx(1 - posterior.marginal("path").values[1, 2])


def test_loaded_folder_gives_the_same(data, tmp_path):
    posterior = exact(data)
    posterior.save(tmp_path / "out")
    first = interventional_distribution(posterior, "x", "y", num_draws=30, rng=4)
    second = interventional_distribution(dag_gfn.load(tmp_path / "out"), "x", "y", num_draws=30, rng=4)
    np.testing.assert_array_equal(first.samples, second.samples)


def test_simulation_agrees_with_summation(data, monkeypatch):
    import sys

    posterior = certain(data, CONFOUNDED)
    exactly = interventional_distribution(posterior, "x", "y", num_draws=3, rng=0)
    module = sys.modules["dag_gfn.effects.distribution_draws"]
    monkeypatch.setattr(module, "MAX_CELLS", 1)
    simulated = interventional_distribution(posterior, "x", "y", num_draws=3, rng=0)
    np.testing.assert_allclose(simulated.mean, exactly.mean, atol=4 * 0.5 / np.sqrt(module.SIMULATED_ROWS))
    np.testing.assert_allclose(simulated.samples.sum(axis=-1), 1.0)


def test_tables(data):
    effect = interventional_distribution(exact(data), "x", "y", num_draws=200, rng=0)
    summary = effect.summary()
    assert list(summary.columns) == ["set_to", "state", "mean", "5%", "50%", "95%"]
    assert len(summary) == 6
    assert effect.interval("s1", "s2") == pytest.approx(tuple(summary.loc[5, ["5%", "95%"]]))
    classes = effect.by_class(top=2)
    assert classes["probability"].iloc[0] >= classes["probability"].iloc[-1]
    assert len(classes) in (6, 12)


def test_refuses_what_it_cannot_do(data):
    posterior = certain(data, CONFOUNDED)
    with pytest.raises(OptionError, match="use interventional_distribution"):
        total_effects(posterior, rng=0)
    with pytest.raises(OptionError, match="there is no column 'z'"):
        interventional_distribution(posterior, "x", "z", rng=0)
