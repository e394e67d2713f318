import re
from html.parser import HTMLParser

import numpy as np
import pytest

import dag_gfn
from dag_gfn.sweep import read_plan
from dag_gfn.sweep.page import count_sentence, sweep_html
from dag_gfn.sweep.results import read_results
from dag_gfn.sweep.sensitivity import Finding, links
from dag_gfn.sweep.sentences import TWO_QUESTIONS
from dag_gfn.sweep.stability import stability

VOID = {"meta", "link", "circle", "path"}


class Balanced(HTMLParser):
    """Raises where an element is closed that is not open."""

    def __init__(self):
        super().__init__()
        self.open, self.text = [], []

    def handle_starttag(self, tag, attributes):
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def text_of(page):
    parser = Balanced()
    parser.feed(page)
    assert parser.open == []
    return " ".join(" ".join(parser.text).split())


def test_the_page_has_what_was_computed(done):
    results = read_results(done)
    page = sweep_html(results)
    text = text_of(page)
    found = links(results)
    assert count_sentence(found) in text
    for each in found:
        assert f"{results.names[each.a]} – {results.names[each.b]}" in text
    assert TWO_QUESTIONS in text
    for each in stability(results):
        assert f"{round(4 * each.share)} of 4" in text
    assert "With 4 resamples the shares are rough" in text
    assert text.count("sound") == sum(
        each.level == "good" for each in results.complete if each.fit.bootstrap is None
    )


def test_the_page_needs_nothing_from_elsewhere(done):
    page = sweep_html(read_results(done))
    assert "http" not in re.sub(r"http-equiv", "", page)
    assert "<script" not in page
    assert page == sweep_html(read_results(done))


def test_names_are_text(tmp_path):
    names = ["<script>alert(1)</script>", "größe & {{ 1 }}"]
    data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(20, 2)), names)
    dag_gfn.sweep.plan(data, tmp_path / "sweep", scores=["bge"], bootstraps=1)
    dag_gfn.sweep.run(tmp_path / "sweep", jobs=1)
    page = sweep_html(read_results(tmp_path / "sweep"))
    assert "<script" not in page
    assert " – ".join(names) in text_of(page)


@pytest.mark.parametrize("kept", ["base", "resamples", "settings"])
def test_a_part_of_a_sweep_has_a_page(done, kept):
    for k, fit in enumerate(read_plan(done).fits):
        part = "base" if k == 0 else "settings" if fit.bootstrap is None else "resamples"
        if part != kept:
            (done / "fits" / fit.name).rename(done / fit.name)
    text = text_of(sweep_html(read_results(done)))
    assert "still to be run" in text
    assert "nan" not in re.findall(r"\w+", text)
    assert ("Stability beside probability" in text) == (kept == "resamples")


def test_counts_are_of_all_pairs():
    found = [
        Finding(0, k, 0.9, 0.8, 1.0, kind, [])
        for k, kind in enumerate(["stands"] * 3 + ["hangs"] * 2 + ["open"])
    ]
    assert count_sentence(found) == (
        "Of 6 pairs, 3 are linked whatever is chosen, 0 are likely linked whatever is chosen, 2 hang on what is "
        "chosen, 1 is undecided in every setting, and 0 are below one half whatever is chosen."
    )
