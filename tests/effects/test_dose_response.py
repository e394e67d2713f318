"""Dose-response curves against closed forms, the truth, and themselves."""

import numpy as np
import pytest
from curve_cases import SHAPES, bent_pair, chain, known_pair, mixed_table

import dag_gfn
from dag_gfn.effects import dose_response, dose_responses, total_effects
from dag_gfn.effects.dose_response import quantile_values
from dag_gfn.errors import OptionError


def test_straight_lines_have_the_slope_of_bge(rng):
    values = rng.normal(size=(300, 3))
    values[:, 1] += values[:, 0]
    values[:, 2] += values[:, 0] - 2.0 * values[:, 1]
    data = dag_gfn.from_array(values * [2.0, 1.0, 5.0], ["x", "m", "y"])
    known = [("x", "m"), ("m", "y"), ("x", "y")]
    linear = total_effects(dag_gfn.fit(data, required=known, progress=False), rng=0).effect("x", "y")
    posterior = dag_gfn.fit(
        data,
        score="additive",
        margins="as_is",
        num_curves=1,
        line_probability=0.999,
        required=known,
        progress=False,
    )
    curve = dose_response(posterior, "x", "y", rng=0)
    slopes = (curve.samples[:, -1, 0] - curve.samples[:, 0, 0]) / (curve.values[-1] - curve.values[0])
    assert slopes.mean() == pytest.approx(linear.mean, rel=0.05)
    assert slopes.std() == pytest.approx(linear.samples.std(), rel=0.15)
    steps = np.diff(curve.mean[:, 0])
    assert np.ptp(steps) < 0.2 * np.abs(steps).mean()


@pytest.mark.filterwarnings("ignore::dag_gfn.errors.DataWarning")  # a bowl is skewed
@pytest.mark.parametrize("margins", ["as_is", "normal_scores"])
@pytest.mark.parametrize("shape", SHAPES)
def test_bands_hold_the_true_curve(shape, margins, rng):
    held, away = [], []
    for _ in range(6):
        curve = dose_response(
            known_pair(bent_pair(shape, rng), margins=margins), "x", "y", num_draws=200, rng=0
        )
        low, high = curve.band(0.9)
        true = SHAPES[shape](curve.values)
        held.append(((low[:, 0] <= true) & (true <= high[:, 0])).mean())
        away.append(np.abs(curve.mean[:, 0] - true).mean())
    assert np.mean(held) > 0.7  # over 40 tables each: .80 to .91; the quantiles are taken as known
    assert np.mean(away) < 0.1  # y has a standard deviation of 1 and more


def test_bent_columns_are_told_in_their_own_units(rng):
    values = bent_pair("tanh", rng, n=500)
    curve = dose_response(known_pair(np.exp(values)), "x", "y", num_draws=200, rng=0)
    true = np.exp(np.tanh(2 * np.log(curve.values)) + 0.125)
    assert curve.mean[:, 0] == pytest.approx(true, rel=0.2)
    assert curve.values[0] == pytest.approx(np.exp(-1.645), rel=0.2)
    assert curve.is_bent


def test_what_passes_through_others_is_in_the_curve(rng):
    frame = chain(rng, n=500)[["a", "b", "c"]]
    posterior = dag_gfn.fit(
        dag_gfn.from_frame(frame.assign(b=np.log(frame.b))),
        score="additive",
        margins="as_is",
        required=[("a", "b"), ("b", "c")],
        forbidden=[("a", "c")],
        progress=False,
    )
    curve = dose_response(posterior, "a", "c", values=[7.5, 9.0, 10.0, 11.0, 12.5], num_draws=200, rng=0)
    true = np.tanh(curve.values - 10.0) ** 2 + 0.09
    away = np.abs(curve.mean[:, 0] - true)  # a slope of a alone would give a line
    assert away.mean() < 0.15
    assert away.max() < 0.3


def test_without_a_path_the_curve_is_flat(rng):
    posterior = dag_gfn.fit(dag_gfn.from_frame(chain(rng)), score="additive", progress=False)
    curve = dose_response(posterior, "a", "d", num_draws=200, rng=0)
    path = dag_gfn.graphs.graph.path_matrix(curve.graphs)[:, 0, 3]
    moved = np.ptp(curve.samples[:, :, 0], axis=1) > 0
    assert np.array_equal(moved, path)
    assert 0.0 < curve.probability_zero < 1.0
    assert len(curve.where_present()) == len(curve.values)
    known = dag_gfn.fit(
        dag_gfn.from_frame(chain(rng)), score="additive", forbidden=[("a", "*")], progress=False
    )
    assert dose_response(known, "a", "d", num_draws=20, rng=0).where_present().empty


def test_levels_of_a_category_make_one(rng):
    posterior = dag_gfn.fit(
        dag_gfn.from_frame(mixed_table(rng)), score="additive", required=[("pain", "well")], progress=False
    )
    curve = dose_response(posterior, "pain", "well", num_draws=50, rng=0)
    assert [str(outcome) for outcome in curve.outcomes] == ["well = no", "well = yes"]
    assert curve.samples.sum(axis=2) == pytest.approx(np.ones(curve.samples.shape[:2]))
    assert curve.mean[-1, 0] > curve.mean[0, 0]


def test_many_pairs_share_their_draws(rng):
    posterior = dag_gfn.fit(dag_gfn.from_frame(chain(rng)), score="additive", progress=False)
    pairs = [("a", "b"), ("b", "c"), ("a", "c")]
    curves = dose_responses(posterior, pairs, num_draws=30, num_values=3, rng=0)
    assert [(curve.source, curve.target) for curve in curves] == pairs
    assert np.array_equal(curves[0].graphs, curves[1].graphs)
    again = dose_responses(posterior, pairs, num_draws=30, num_values=3, rng=0)
    assert all(np.array_equal(one.samples, other.samples) for one, other in zip(curves, again, strict=True))


def test_quantiles_are_those_of_the_rows(rng):
    values = bent_pair("line", rng, n=400)
    posterior = known_pair(values)
    assert quantile_values(posterior, "x") == pytest.approx(
        np.quantile(values[:, 0], [0.05, 0.25, 0.5, 0.75, 0.95]), abs=0.15
    )
    counts = known_pair(np.column_stack([rng.poisson(0.2, 400), values[:, 1]]))
    assert quantile_values(counts, "x").tolist() == [0.0, 1.0]


def test_what_cannot_be_told_is_refused(rng):
    posterior = known_pair(bent_pair("line", rng))
    with pytest.raises(OptionError, match="choose values in this range"):
        dose_response(posterior, "x", "y", values=[0.0, 99.0], rng=0)
    with pytest.raises(OptionError, match="finite numbers"):
        dose_response(posterior, "x", "y", values=[np.nan], rng=0)
    with pytest.raises(OptionError, match="finite numbers"):
        dose_response(posterior, "x", "y", values=[], rng=0)
    with pytest.raises(OptionError, match="level must lie"):
        dose_response(posterior, "x", "y", values=[0.0], num_draws=2, rng=0).band(1.0)
    with pytest.raises(OptionError, match="there is no column 'z'"):
        dose_response(posterior, "x", "z", rng=0)
    linear = dag_gfn.fit(bent_pair("line", rng), progress=False)
    with pytest.raises(OptionError, match="--score additive"):
        dose_response(linear, "x0", "x1", rng=0)
    mixed = dag_gfn.fit(dag_gfn.from_frame(mixed_table(rng)), score="additive", progress=False)
    with pytest.raises(OptionError, match="no number"):
        dose_response(mixed, "sex", "pain", rng=0)
    as_is = known_pair(bent_pair("line", rng), margins="as_is")
    assert dose_response(as_is, "x", "y", values=[99.0], num_draws=2, rng=0).samples.shape == (2, 1, 1)
