import numpy as np
import pytest
from curve_cases import bent_pair, known_pair, mixed_table

import dag_gfn
from dag_gfn.effects import dose_response as curve_of
from dag_gfn.views.plots import dose_response


def test_line_and_bands_are_those_of_the_draws(rng):
    curve = curve_of(known_pair(bent_pair("tanh", rng)), "x", "y", num_draws=100, rng=0)
    ax = dose_response(curve)
    ax.figure.canvas.draw()
    line = ax.lines[-1]
    assert line.get_ydata() == pytest.approx(curve.mean[:, 0])
    wide = ax.collections[0].get_paths()[0].vertices
    low, high = curve.band()
    assert wide[:, 1].min() == pytest.approx(low.min())
    assert wide[:, 1].max() == pytest.approx(high.max())
    assert "mean of y" in ax.get_ylabel()


def test_a_posterior_and_two_names_do_and_levels_have_lines(rng):
    posterior = dag_gfn.fit(dag_gfn.from_frame(mixed_table(rng)), score="additive", progress=False)
    ax = dose_response(posterior, source="dose", target="well", num_draws=30)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["no", "yes"]
    assert len(ax.lines) == 2
    with pytest.raises(TypeError, match="source and target"):
        dose_response(posterior)
    assert np.isfinite(ax.lines[0].get_ydata()).all()
