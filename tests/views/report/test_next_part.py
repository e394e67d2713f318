import numpy as np

import dag_gfn
from dag_gfn.posterior import GraphPosterior
from dag_gfn.views.report.next_part import next_part
from dag_gfn.views.report.page import report_html


def test_the_page_has_the_next_experiment(rng):
    a = rng.normal(size=300)
    rows = np.column_stack([a, a + rng.normal(size=300)])
    posterior = dag_gfn.fit(dag_gfn.from_array(rows, ["a", "<b>"]), progress=False)
    found = next_part(posterior)
    assert [row["target"] for row in found["table"]] == ["a", "<b>"] or found["table"][0]["target"] == "<b>"
    assert found["more"] == 0
    page = report_html(posterior)
    assert 'href="#next"' in page
    assert "<b>" not in page.partition('id="next"')[2].partition("</section>")[0]
    assert page == report_html(posterior)


def test_what_has_no_predictions_has_no_part(rng):
    graphs = np.zeros((3, 2, 2), dtype=bool)
    assert next_part(GraphPosterior.from_samples(("a", "b"), graphs)) is None
    assert 'id="next"' not in report_html(GraphPosterior.from_samples(("a", "b"), graphs))
