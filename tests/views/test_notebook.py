"""What a notebook shows."""

import html

import numpy as np
import pandas as pd
import pytest

import dag_gfn
from dag_gfn.posterior import GraphPosterior
from dag_gfn.views.notebook import MAX_PAIRS, html_of

NASTY = '<script>alert("a&b")</script>'


@pytest.fixture(scope="module")
def posterior():
    return dag_gfn.fit(dag_gfn.simulate(4, 200, rng=np.random.default_rng(0)), progress=False)


def test_the_likely_pairs_and_the_verdict(posterior):
    page = posterior._repr_html_()
    for probability in posterior.linked_marginals().to_numpy()[np.triu_indices(4, 1)]:
        assert (f"{probability:.3f}" in page) == (probability >= 0.05)
    assert "method exact" in page


def test_few_of_many_pairs():
    posterior = dag_gfn.fit(
        dag_gfn.simulate(10, 500, rng=np.random.default_rng(0), edges_per_node=2), progress=False
    )
    page = posterior._repr_html_()
    assert page.count("<tr>") <= MAX_PAIRS + 1
    assert "of 45 pairs are not shown" in page


def test_names_cannot_be_markup():
    graphs = np.array([[[0, 1], [0, 0]]], dtype=bool)
    page = GraphPosterior.from_weights((NASTY, "b"), graphs, np.zeros(1))._repr_html_()
    assert NASTY not in page
    assert html.escape(NASTY) in page
    assert (
        NASTY
        not in dag_gfn.from_frame(pd.DataFrame({NASTY: range(9), "b": [1.5] * 4 + [2.0] * 5}))._repr_html_()
    )


def test_roles_of_a_table():
    frame = pd.DataFrame({"id": range(1, 31), "sex": ["f", "m"] * 15, "age": np.arange(30) % 7 + 0.5})
    page = dag_gfn.from_frame(frame)._repr_html_()
    assert "left out" in page
    assert "category, 2 levels" in page


def test_a_table_without_roles():
    page = dag_gfn.simulate(40, 20, rng=np.random.default_rng(0))._repr_html_()
    assert "10 of 40 columns are not shown" in page


def test_the_report_inline(posterior):
    frame = posterior.explore(height=321)
    assert "height:321px" in frame._repr_html_()
    inside = html.unescape(frame._repr_html_().partition('srcdoc="')[2].partition('" style')[0])
    assert inside == frame.page
    assert inside.startswith("<!doctype html>")
    assert "write_report" in repr(frame)


def test_nothing_else_has_a_view():
    with pytest.raises(TypeError, match="no view of int"):
        html_of(3)
