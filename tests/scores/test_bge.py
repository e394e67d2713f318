"""BGe against the Student-t predictive, published numbers and high precision."""

import numpy as np
import oracles
import pytest
from score_data import continuous, correlated, families, score_family

from dag_gfn.data import from_array
from dag_gfn.errors import OptionError
from dag_gfn.scores import BGe, make_score

# The `swiss` data of R (fertility and socio-economic indicators, 47 provinces, 1888): R datasets package.
SWISS = """
80.2 17 15 12 9.96 22.2  83.1 45.1 6 9 84.84 22.2  92.5 39.7 5 5 93.4 20.2  85.8 36.5 12 7 33.77 20.3
76.9 43.5 17 15 5.16 20.6  76.1 35.3 9 7 90.57 26.6  83.8 70.2 16 7 92.85 23.6  92.4 67.8 14 8 97.16 24.9
82.4 53.3 12 7 97.67 21  82.9 45.2 16 13 91.38 24.4  87.1 64.5 14 6 98.61 24.5  64.1 62 21 12 8.52 16.5
66.9 67.5 14 7 2.27 19.1  68.9 60.7 19 12 4.43 22.7  61.7 69.3 22 5 2.82 18.7  68.3 72.6 18 2 24.2 21.2
71.7 34 17 8 3.3 20  55.7 19.4 26 28 12.11 20.2  54.3 15.2 31 20 2.15 10.8  65.1 73 19 9 2.84 20
65.5 59.8 22 10 5.23 18  65 55.1 14 3 4.52 22.4  56.6 50.9 22 12 15.14 16.7  57.4 54.1 20 6 4.2 15.3
72.5 71.2 12 1 2.4 21  74.2 58.1 14 8 5.23 23.8  72 63.5 6 3 2.56 18  60.5 60.8 16 10 7.72 16.3
58.3 26.8 25 19 18.46 20.9  65.4 49.5 15 8 6.1 22.5  75.5 85.9 3 2 99.71 15.1  69.3 84.9 7 6 99.68 19.8
77.3 89.7 5 2 100 18.3  70.5 78.2 12 6 98.96 19.4  79.4 64.9 7 3 98.22 20.2  65 75.9 9 9 99.06 17.8
92.2 84.6 3 3 99.46 16.3  79.3 63.1 13 13 96.83 18.1  70.4 38.4 26 12 5.62 20.3  65.7 7.7 29 11 13.79 20.5
72.7 16.7 22 13 11.22 18.9  64.4 17.6 35 32 16.92 23  77.6 37.6 15 7 4.97 20  67.6 18.7 25 7 8.65 19.5
35 1.2 37 53 42.34 18  44.7 46.6 16 29 50.43 18.2  42.8 27.7 22 29 58.33 19.3
"""


def test_reference_values_on_the_swiss_data():
    """Two local scores that an independent program gives too, on columns z-scored with ddof = 0."""
    values = np.array(SWISS.split(), dtype=float).reshape(47, 6)
    score = BGe(continuous(values).standardize())
    assert score_family(score, 0, []) == pytest.approx(-71.48920473402211, abs=1e-9)
    assert score_family(score, 0, [1, 2]) == pytest.approx(-63.231533845927004, abs=1e-9)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"alpha_mu": 0.3, "alpha_w": 9.5, "mean_obs": np.array([0.5, -1.0, 2.0, 0.0])},
        {"alpha_mu": 2, "alpha_w": 7, "mean_obs": 1},
    ],
)
def test_equals_the_students_t_predictive(options, rng):
    values = correlated(rng, 12, 4)
    score = BGe(continuous(values), **options)
    for node, parents in families(4):
        expected = oracles.bge(values, node, parents, **options)
        assert score_family(score, node, parents) == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_a_users_zero_and_arrays_are_kept(rng):
    """Regression: ``mean_obs or zeros`` replaced a user's 0 and raised on arrays."""
    data = continuous(correlated(rng, 20, 3))
    default = BGe(data).complete_table()
    for zero in (0, 0.0, np.zeros(3), np.zeros(3, dtype=np.int64)):
        np.testing.assert_array_equal(make_score("bge", data, mean_obs=zero).complete_table(), default)
    shifted = make_score("bge", data, mean_obs=np.array([0.0, 0.0, 5.0])).complete_table()
    assert not np.allclose(shifted[2], default[2])


@pytest.mark.slow
def test_float64_accuracy_at_100_000_rows(rng):
    """Regression: in float32 the score is off by up to 1.5 nats at this size."""
    values = correlated(rng, 100_000, 3)
    score = BGe(continuous(values))
    table = score.complete_table()
    for node, parents, index in [(0, [], 0), (1, [0], 1), (2, [0, 1], 3)]:
        expected = oracles.bge_in_high_precision(values, node, parents)
        assert score_family(score, node, parents) == pytest.approx(expected, rel=1e-12, abs=2e-8)
        assert table[node, index] == pytest.approx(expected, rel=1e-12, abs=2e-8)


def test_high_precision_reference_agrees_with_the_predictive(rng):
    values = correlated(rng, 10, 3)
    for node, parents in families(3):
        assert oracles.bge_in_high_precision(values, node, parents) == pytest.approx(
            oracles.bge(values, node, parents), abs=1e-9
        )


def test_rows_in_which_a_node_was_set_do_not_count_for_it(rng):
    values = correlated(rng, 30, 4)
    intervened = rng.random((30, 4)) < 0.3
    intervened[:, 3] = True
    score = BGe(continuous(values, intervened))
    for node, parents in families(4):
        expected = oracles.bge(values[~intervened[:, node]], node, parents)
        assert score_family(score, node, parents) == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert score_family(score, 3, [0, 2]) == pytest.approx(0, abs=1e-12)


def test_alpha_w_must_exceed_d_plus_1(rng):
    data = continuous(correlated(rng, 10, 4))
    with pytest.raises(OptionError, match="alpha_w must be more than d \\+ 1 = 5, not 5"):
        BGe(data, alpha_w=5)
    BGe(data, alpha_w=5.01)


@pytest.mark.parametrize("mean_obs", [np.zeros(2), np.array([0.0, np.nan, 0.0]), float("nan")])
def test_impossible_prior_means_are_refused(mean_obs, rng):
    with pytest.raises(OptionError, match="mean_obs must be one finite number or one for each of the 3"):
        BGe(continuous(correlated(rng, 10, 3)), mean_obs=mean_obs)


@pytest.mark.parametrize(
    ("offset", "scale", "doubtful"), [(0, 1, False), (1e8, 1, True), (0, 1e-6, True), (3, 2, False)]
)
def test_columns_that_the_prior_outweighs_are_named(rng, offset, scale, doubtful):
    values = rng.normal(size=(200, 3))
    values[:, 1] = offset + scale * values[:, 1]
    data = from_array(values, ["a", "b", "c"])
    assert BGe(data.standardize()).doubts() == []
    doubts = BGe(data).doubts()
    assert [doubt.code for doubt in doubts] == ["prior_of_raw_columns"] * doubtful
    assert all("'b' (mean" in doubt.warning and "'a'" not in doubt.warning for doubt in doubts)
