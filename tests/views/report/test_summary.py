import pytest
from report_cases import exact_chain, random_posterior, two_graphs

from dag_gfn.posterior.verdict import trust_in
from dag_gfn.views.report.summary import percent, summarise


def test_the_summary_of_an_exact_fit():
    summary = summarise(exact_chain())
    assert summary.level == "good"
    assert "4 variables" in summary.fitted
    assert "60 rows" in summary.fitted
    assert "computed exactly" in summary.fitted


def test_links_are_named_by_what_is_known_of_their_direction():
    found = dict(summarise(two_graphs()).findings)
    assert found["Likely linked, direction well supported (1)"] == ["b → c (100\N{NO-BREAK SPACE}%)"]
    (link,) = found["Likely linked, direction only preferred (1)"]
    assert link.startswith("b → a (75")
    assert not any("cannot say" in title for title in found)
    assert any("1 of 3 pairs" in line for line in found["The other pairs"])


def test_many_links_are_counted():
    names = [f"v{i}" for i in range(30)]
    titles = summarise(random_posterior(names, num_graphs=40)).findings
    assert any(links[-1].startswith("and ") for _, links in titles)


@pytest.mark.parametrize(
    ("info", "level", "said"),
    [
        ({"method": "exact"}, "good", "exact under the assumptions"),
        ({"method": "exact", "order_modular": True}, "caution", "for each of its orders"),
        ({"method": "gflownet", "interrupted": True}, "bad", "interrupted"),
        (
            {"method": "mcmc", "diagnostics": {"converged": False}, "exact_check": {"edge_max_error": 0.2}},
            "bad",
            "0.2 away",
        ),
        (
            {"method": "mcmc", "diagnostics": {"converged": True}, "exact_check": {"edge_max_error": 0.01}},
            "good",
            "0.01 away",
        ),
        ({"method": "mcmc", "diagnostics": {"converged": True}}, "good", "chains agree"),
        ({"method": "gflownet", "diagnostics": {"converged": None}}, "caution", "several seeds"),
        ({}, "caution", "no record"),
        ({"method": "exact", "conditions": [{"query": "edge(a,b)"}]}, "good", "comply"),
    ],
)
def test_trust(info, level, said):
    found, text = trust_in(info)
    assert found == level
    assert said in text


def test_only_what_is_certain_is_called_so():
    assert percent(0.0).startswith("0")
    assert percent(1.0).startswith("100")
    assert percent(0.9999).startswith("over 99")
    assert percent(0.0001).startswith("under 1")
    assert percent(0.426).startswith("43")
