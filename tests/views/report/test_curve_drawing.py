from dataclasses import replace

import numpy as np
import pytest
from curve_cases import bent_pair, chain, known_pair, mixed_table

import dag_gfn
from dag_gfn.effects import dose_response
from dag_gfn.views.report import report_html
from dag_gfn.views.report.curve_drawing import (
    CURVE_DRAWS,
    HEIGHT,
    NUM_VALUES,
    SEED,
    WIDTH,
    CurveDrawing,
    curve_tables,
    strongest_curves,
)
from dag_gfn.views.report.effect_tables import effect_tables


def corners(text):
    return np.array([[float(number) for number in corner.split(",")] for corner in text.split()])


def test_curves_are_those_of_the_library(rng):
    posterior = known_pair(bent_pair("tanh", rng))
    found = curve_tables(posterior, [(0, 1)])[0, 1]
    curve = dose_response(posterior, "x", "y", num_draws=CURVE_DRAWS, rng=SEED)
    assert len(found["x"]) == NUM_VALUES
    assert np.interp(curve.values, found["x"], found["mean"]) == pytest.approx(curve.mean[:, 0], abs=0.1)
    assert (np.array(found["low"]) < found["mean"]).all()
    assert 1.0 < found["size"] < 4.0


def test_the_drawing_keeps_the_box_and_the_scale():
    curve = {"x": [1, 2, 5], "mean": [0, 1, 2], "low": [-1, 0, 1], "high": [1, 2, 3], "size": 2.0}
    drawing = CurveDrawing.of(2, 1, {"zero": 0.5, "curve": curve})
    line, band = corners(drawing.line), corners(drawing.band)
    assert line[:, 0].tolist() == [0.0, WIDTH / 4, WIDTH]
    assert line[:, 1].tolist() == [HEIGHT * 3 / 4, HEIGHT / 2, HEIGHT / 4]
    assert len(band) == 6
    assert band[:, 1].min() == 0.0
    assert band[:, 1].max() == HEIGHT
    assert (drawing.left, drawing.right, drawing.bottom, drawing.top) == ("1", "5", "-1", "3")


def test_the_strongest_come_first():
    def pair(size):
        return {
            "zero": 0.0,
            "curve": {"x": [0, 1], "mean": [0, 1], "low": [0, 1], "high": [0, 1], "size": size},
        }

    pairs = [[None, pair(1.0), {"zero": 1.0}], [pair(3.0), None, None], [None, pair(2.0), None]]
    assert [drawn.size for drawn in strongest_curves({"pairs": pairs})] == [3.0, 2.0, 1.0]
    assert strongest_curves({"kind": "none"}) == []


def test_the_page_shows_curves_of_numbers_and_contrasts_of_levels(rng):
    frame = mixed_table(rng, n=120)
    frame["u"], frame["v"] = rng.normal(size=120), rng.normal(size=120)
    data = replace(dag_gfn.from_frame(frame), groups=(("both", ("u", "v")),))
    posterior = dag_gfn.fit(
        data, score="additive", required=[("dose", "pain"), ("sex", "pain")], progress=False
    )
    table = effect_tables(posterior)
    names = posterior.names
    dose, sex, pain = (names.index(name) for name in ("dose", "sex", "pain"))
    assert table["by_curves"]
    assert not table["in_standard_deviations"]
    assert "curve" in table["pairs"][dose][pain]
    assert table["pairs"][names.index("both")][pain].keys() == {"zero"}  # nothing is told of a group
    assert "curve" not in table["pairs"][sex][pain]
    assert "instead of" in table["pairs"][sex][pain]["changes"][0][0]
    page = report_html(posterior)
    assert "Largest effects as curves" in page
    assert 'class="curve"' in page
    assert "raised from its 25 % to its 75 % quantile" in page


def test_other_pages_have_none(rng):
    page = report_html(dag_gfn.fit(dag_gfn.from_frame(chain(rng)), progress=False))
    assert "Largest effects as curves" not in page
