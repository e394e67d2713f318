"""Where another fit differs."""

import numpy as np
import pytest

import dag_gfn
from dag_gfn.errors import DataError
from dag_gfn.views.report import report_html
from dag_gfn.views.report.comparison_part import MOST, comparison_part


@pytest.fixture(scope="module")
def fits():
    data = dag_gfn.simulate(7, 60, rng=np.random.default_rng(1)).to_frame()
    one = dag_gfn.fit(data, progress=False)
    return one, dag_gfn.fit(data[data.columns[::-1]], prior="fair", progress=False)


def test_pairs_are_those_that_differ_most_whatever_the_order_of_the_columns(fits):
    one, two = fits
    found = comparison_part(one, two)
    edge, its = one.edge_marginals(), two.edge_marginals().loc[list(one.names), list(one.names)]
    link, its_link = edge + edge.T, its + its.T
    apart = np.maximum(
        np.maximum((edge - its).abs(), (edge - its).abs().T), (link - its_link).abs()
    ).to_numpy()
    largest = np.sort(apart[np.triu_indices(7, 1)])[::-1]
    assert len(found["pairs"]) == MOST
    assert [row["difference"] for row in found["pairs"]] == [f"{value:.3f}" for value in largest[:MOST]]
    for row in found["pairs"]:
        a, b = row["names"]
        assert row["here"] == [f"{value:.3f}" for value in (edge.loc[a, b], edge.loc[b, a], link.loc[a, b])]
        assert row["there"] == [
            f"{value:.3f}" for value in (its.loc[a, b], its.loc[b, a], its_link.loc[a, b])
        ]
    assert found["options"] == [("prior", "uniform", "fair")]


def test_the_page_has_the_part_only_if_asked(fits):
    assert "Another fit" in report_html(fits[0], other=fits[1])
    assert "Another fit" not in report_html(fits[0])


def test_other_variables_cannot_be_compared(fits):
    other = dag_gfn.fit(dag_gfn.simulate(3, 60, rng=np.random.default_rng(1)), progress=False)
    with pytest.raises(DataError, match="same variables"):
        report_html(fits[0], other=other)
