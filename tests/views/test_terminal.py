import io

import numpy as np
import pytest
from rich.console import Console

from dag_gfn.posterior import GraphPosterior, Probability
from dag_gfn.views.terminal import print_posterior, probability_sentence


def posterior(names=("a", "b", "c"), info=None, edges=((0, 1), (1, 2))):
    """Three draws: the chain twice, and the graph without edges."""
    chain = np.zeros((len(names), len(names)), dtype=bool)
    for i, j in edges:
        chain[i, j] = True
    return GraphPosterior.from_samples(names, np.stack([chain, chain, np.zeros_like(chain)]), info=info)


def printed(*arguments, width=200, **options):
    text = io.StringIO()
    print_posterior(*arguments, Console(file=text, width=width), **options)
    return text.getvalue()


def test_a_row_for_each_pair_the_likelier_direction_first():
    shown = printed(posterior(edges=((1, 0), (1, 2))))
    row = next(line for line in shown.splitlines() if "0.667" in line)
    assert [cell.strip() for cell in row.strip("│").split("│")] == ["b", "a", "0.667", "0.000", "0.667"]
    assert "1 of 3 pairs" in shown
    assert "cannot orient" in shown


def test_the_direction_of_each_pair():
    shown = printed(posterior(edges=((2, 0), (1, 2))))
    rows = [
        [cell.strip() for cell in line.strip("│").split("│")]
        for line in shown.splitlines()
        if line.startswith("│")
    ]
    assert rows == [["c", "a", "0.667", "0.000", "0.667"], ["b", "c", "0.667", "0.000", "0.667"]]
    assert "c→a" in shown
    assert "a→c" not in shown


def test_the_error_of_each_direction_where_the_exact_probabilities_are_known():
    exact = [[0.0, 0.5, 0.0], [0.2, 0.0, 0.7], [0.0, 0.1, 0.0]]
    shown = printed(posterior(info={"exact_edges": exact})).splitlines()
    rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in shown if line.startswith("│")]
    assert rows == [
        ["a", "b", "0.667", "+0.167", "0.000", "-0.200", "0.667"],
        ["b", "c", "0.667", "-0.033", "0.000", "-0.100", "0.667"],
    ]
    assert sum(line.count("error") for line in shown) == 2


def test_graphs_with_their_weight():
    shown = printed(posterior())
    assert "0.667" in shown
    assert "a→b, b→c" in shown
    assert "no edges" in shown


def test_classes_with_an_arrow_where_compelled():
    shown = printed(posterior(edges=((0, 1), (1, 2)))).splitlines()
    assert "  probability 0.667 ± 0.3, 3 graphs: a–b, b–c" in shown
    assert "  probability 0.333 ± 0.3, 1 graph: no edges" in shown
    shown = printed(posterior(("a", "b", "c", "d"), edges=((0, 1), (2, 1), (1, 3)))).splitlines()
    assert "  probability 0.667 ± 0.3, 1 graph: a→b, b→d, c→b" in shown
    long_names = tuple("xyz"[i] * 120 for i in range(3))
    assert (
        "  probability 0.667 ± 0.3, 3 graphs: 0 compelled and 2 reversible edges"
        in printed(posterior(long_names)).splitlines()
    )


@pytest.mark.parametrize(
    ("probability", "draws", "said"),
    [
        (Probability(0.25, 0.0, "exact"), None, "P(q) = 0.25, exactly."),
        (Probability(0.25, float("nan"), "policy"), None, "P(q) = 0.25 under the trained sampler"),
        (Probability(0.25, float("nan"), "samples"), None, "P(q) = 0.25, of uncertainty unknown."),
        (
            Probability(0.25, 0.01, "samples"),
            2000.0,
            "P(q) = 0.25 ± 0.01, counted in graphs worth 2,000 indep",
        ),
        (Probability(0.25, 0.01, "rao_blackwell"), 2000, "± 0.01, averaged over graphs worth 2,000"),
        (Probability(0.0, 0.0, "samples"), 1000.0, "all agree: the truth is within about 0.003."),
        (Probability(0.5, 0.4, "samples"), 1.5, "only 1.5 draws' worth."),
    ],
)
def test_sentence_of_a_probability(probability, draws, said):
    assert said in probability_sentence(probability, "q", draws=draws)


def test_all_pairs_shown_says_nothing_of_others():
    shown = printed(posterior(("a", "b"), edges=((0, 1),)))
    assert "not shown" not in shown


@pytest.mark.parametrize("max_pairs", [0, 1, 2])
def test_at_most_so_many_pairs(max_pairs):
    shown = printed(posterior(), max_pairs=max_pairs)
    assert sum(line.startswith("│") for line in shown.splitlines()) == max_pairs
    assert f"{3 - max_pairs} of 3 pairs" in shown


@pytest.mark.parametrize(
    "name", ["[red]x", "[/]", ":heart:", "a,b", "<script>", "größe", "z" * 60, "[link=x]y[/link]"]
)
def test_names_as_they_are(name):
    shown = printed(posterior((name, "b", "c")))
    assert shown.count(name) >= 2  # in the table and in the graphs
    assert "\x1b" not in shown


def test_long_names_are_folded_to_the_terminal_not_cut():
    name = "x" * 60
    shown = printed(posterior((name, "b", "c")), width=50)
    assert all(len(line) <= 50 for line in shown.splitlines())
    cells = "".join(
        line.strip("│").split("│")[0].strip() for line in shown.splitlines() if line.startswith("│x")
    )
    assert cells == name


def test_assumptions_and_warnings_stand_beside_every_result():
    shown = printed(posterior(info={"kind": "discrete", "warnings": ["[bold]few rows"], "interrupted": True}))
    assert "no hidden common causes" in shown
    assert "tabular" in shown
    assert "warning: [bold]few rows" in shown
    assert "interrupted" in shown
    assert "linear-Gaussian" in printed(posterior(info={"kind": "continuous"}))


def test_a_posterior_of_unknown_origin_can_be_printed():
    assert "the score's relations" in printed(posterior())
