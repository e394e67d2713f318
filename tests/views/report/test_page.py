import html
import re
from dataclasses import replace

import pytest
from report_cases import (
    NASTY_NAMES,
    discrete_pair,
    exact_chain,
    mixed_table,
    random_posterior,
    two_graphs,
)

import dag_gfn
from dag_gfn.errors import StorageError
from dag_gfn.views.report import report_html, write_report

HISTORY = [{"iteration": k, "loss": 9.0 / k, "ess": 0.1} for k in (10, 20, 30)]


def scripts(page):
    return re.findall(r"<script[^>]*>", page)


@pytest.mark.parametrize(
    "make", [exact_chain, discrete_pair, two_graphs, mixed_table], ids=lambda make: make.__name__
)
def test_a_page_is_whole_and_asks_for_nothing(make):
    page = report_html(make())
    assert page.startswith("<!doctype html>")
    assert page.rstrip().endswith("</html>")
    assert not re.search(r"""(src|href)\s*=\s*["'](?!#|data:,)""", page)
    assert not re.search(r"@import|url\(", page)
    assert scripts(page) == ['<script type="application/json" id="data">', "<script>"]


def test_names_are_text_everywhere():
    page = report_html(random_posterior(NASTY_NAMES, num_graphs=40))
    assert len(scripts(page)) == 2
    assert "<b>" not in page
    assert html.escape(NASTY_NAMES[0]) in page
    assert "\\u003cscript\\u003ealert(1)" in page  # inside the JSON


def test_warnings_and_notes_are_text():
    info = {"warnings": ["<img src=x onerror=alert(1)>"], "notes": ["<i>"], "method": "mcmc"}
    page = report_html(random_posterior(list("abc"), num_graphs=20, info=info))
    assert "<img" not in page
    assert "<i>" not in page


def test_equal_posteriors_give_equal_pages():
    assert report_html(random_posterior(list("abcd"))) == report_html(random_posterior(list("abcd")))


def test_training_is_drawn():
    info = {"training": {"history": HISTORY}, "diagnostics": {"ess": 0.2, "log_z": None, "iterations": 30}}
    page = report_html(random_posterior(list("abc"), num_graphs=20, info=info))
    assert "<polyline" in page
    assert "<polyline" not in report_html(two_graphs())


def test_two_variables_do():
    posterior = random_posterior(["a", "b"], num_graphs=4)
    assert report_html(posterior).rstrip().endswith("</html>")


def test_a_conditioned_posterior_has_a_page():
    posterior = exact_chain().given("edge(a,b)")
    assert "edge(a,b)" in html.unescape(report_html(posterior))


def test_fifty_variables_stay_below_eight_megabytes():
    posterior = random_posterior([f"variable number {i}" for i in range(50)], num_graphs=300)
    assert len(report_html(posterior).encode()) < 8_000_000


def test_the_file_is_complete_or_absent(tmp_path, monkeypatch):
    path = tmp_path / "new" / "page.html"
    write_report(two_graphs(), path)
    assert path.read_text(encoding="utf-8") == report_html(two_graphs())
    assert [p.name for p in path.parent.iterdir()] == ["page.html"]
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(StorageError, match="full"):
        write_report(two_graphs(), tmp_path / "other.html")
    assert not list(tmp_path.glob("other*"))


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(StorageError, match="folder"):
        write_report(two_graphs(), tmp_path)


def test_it_is_part_of_the_public_api(tmp_path):
    dag_gfn.write_report(two_graphs(), tmp_path / "page.html", title="<My> table")
    assert "<title>&lt;My&gt; table</title>" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_columns_missing_cells_and_what_they_need_are_said():
    page = report_html(mixed_table())
    assert 'id="columns"' in page
    assert page.index("&lt;id&gt;") < page.index("category, 3 levels")
    assert "numbers &lt;the&gt; rows" in page
    assert 'id="missing"' in page
    assert "Which cells are missing together" in page
    assert "Edges that depend on what is missing" in page
    assert "Missing at random." in page
    assert "Categories in a linear model." in page
    assert "changes" in page
    assert 'id="missing"' not in report_html(exact_chain())


def test_effects_of_ranks_are_said_to_be_in_standard_deviations():
    posterior = exact_chain()
    ranked = replace(posterior, info={**posterior.info, "margins": "normal_scores"})
    assert "one standard deviation higher" in report_html(ranked)
    assert "one standard deviation higher" not in report_html(posterior)
