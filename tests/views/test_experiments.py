import io

import numpy as np
import pytest
from rich.console import Console

from dag_gfn.posterior import GraphPosterior
from dag_gfn.views.experiments import changes, experiment_sentences, variable_pairs
from dag_gfn.views.report import report_html
from dag_gfn.views.terminal import print_posterior

EDGE = np.zeros((4, 4), dtype=bool)
EDGE[0, 1] = EDGE[1, 2] = True
INFO = {
    "contexts": ["lab"],
    "interventions": [{"nodes": ["x"], "rows": 5}, {"nodes": ["x", "y"], "rows": 1}],
}


def posterior_of(info):
    graphs = np.array([EDGE, EDGE & ~np.eye(4, k=1, dtype=bool)[[0, 0, 0, 0]]])
    return GraphPosterior.from_samples(("lab", "x", "y", "z"), np.repeat(graphs, [3, 1], axis=0), info=info)


def test_changes_are_those_of_contexts_and_pairs_those_of_variables():
    posterior = posterior_of(INFO)
    first = changes(posterior)[0]
    assert first.variable == "x"
    assert first.probability == pytest.approx(0.75)
    assert all(0 not in (pair.a, pair.b) for pair in variable_pairs(posterior))
    assert not changes(posterior_of({}))
    assert not experiment_sentences(posterior_of({}))


def test_sentences_say_what_was_set_and_what_changes():
    told = " ".join(experiment_sentences(posterior_of(INFO)))
    assert "'x' was set in 5 rows and 'x' and 'y' were set in 1 row; there is no row without" in told
    assert "'x' was set in every row: what acts on it, these data cannot say." in told
    assert "Context 'lab': changes how 'x' (0.750 ± 0.2) comes about" in told
    nothing = posterior_of({"contexts": ["z"]})
    assert "no variable is likely to come about otherwise; all less than 0.05" in " ".join(
        experiment_sentences(nothing)
    )


def test_terminal_and_report_have_a_part_of_their_own():
    text = io.StringIO()
    print_posterior(posterior_of(INFO), Console(file=text, width=300))
    assert "Context 'lab': changes how 'x'" in text.getvalue()
    assert "Most probable classes that these experiments leave" in text.getvalue()
    page = report_html(posterior_of(INFO))
    assert '<section id="experiments"' in page
    assert "Table of changes" in page
    assert '<section id="experiments"' not in report_html(posterior_of({}))
