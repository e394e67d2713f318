from report_cases import exact_chain, random_posterior, two_graphs

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


def test_only_what_is_certain_is_called_so():
    assert percent(0.0).startswith("0")
    assert percent(1.0).startswith("100")
    assert percent(0.9999).startswith("over 99")
    assert percent(0.0001).startswith("under 1")
    assert percent(0.426).startswith("43")
