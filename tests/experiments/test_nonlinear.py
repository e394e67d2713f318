import json

import nonlinear
import numpy as np
import pytest


@pytest.mark.slow
def test_a_smoke_run_writes_the_tables(tmp_path):
    nonlinear.main(["--smoke", "--out", str(tmp_path)])
    records = [json.loads(file.read_text()) for file in (tmp_path / "runs").iterdir()]
    assert not any("error" in record for record in records)
    page = (tmp_path / "tables.md").read_text()
    assert "| curves | uniform | additive |" in page
    assert "Directions of 200 straight lines" in page


def test_tables_are_what_their_names_say():
    for truth, shape in (("curves", (300, 8)), ("waves", (100, 10)), ("straight waves", (100, 10))):
        graph, values = nonlinear.simulate(truth, 0)
        assert values.shape == shape
        assert np.isfinite(values).all()
        assert not np.trace(np.linalg.matrix_power(graph.astype(float), len(graph)))


def test_figures_of_a_known_posterior():
    graph = np.array([[False, True, False], [False, False, False], [False, False, False]])
    edge = np.array([[0.0, 0.6, 0.1], [0.3, 0.0, 0.0], [0.1, 0.0, 0.0]])
    found = nonlinear.figures(edge, graph)
    assert found["expected_shd"] == pytest.approx((1 - 0.6) + 0.2)
    assert found["skeleton_shd"] == pytest.approx((1 - 0.9) + 0.2)
