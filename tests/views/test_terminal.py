import io

import numpy as np
import pytest
from rich.console import Console

from dag_gfn.posterior import GraphPosterior, Probability
from dag_gfn.views.terminal import print_posterior, probability_sentence, verdicts


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


def test_a_condition_is_said():
    (line,) = verdicts({"method": "exact", "conditions": [{"query": "edge(a, b)", "probability": 0.25}]})
    assert "Given edge(a, b), of probability 0.25" in line


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
    assert verdicts({}) == []
    assert "the score's relations" in printed(posterior())


def test_verdicts_give_the_figures():
    check = {"edge_max_error": 0.0123, "edge_rmse": 0.004, "path_max_error": 0.02, "path_rmse": 0.01}
    diagnostics = {"ess": 0.5, "log_z": -12.3456}
    of_paths, of_samples = verdicts({"exact_check": check, "diagnostics": diagnostics})
    assert "0.0123 at most (RMSE 0.004), paths by 0.02 (RMSE 0.01)" in of_paths
    assert "JSD" not in of_paths
    assert "0.5 per sample" in of_samples
    assert "-12.35" in of_samples
    both = verdicts({"exact_check": {**check, "jsd": 1e-3, "tv": 0.02}})[0]
    assert "JSD 1.00e-03 nats, total variation 2.00e-02" in both


def test_verdicts_where_a_figure_was_not_finite():
    check = dict.fromkeys(["edge_max_error", "edge_rmse", "path_max_error", "path_rmse", "jsd", "tv"])
    lines = verdicts({"exact_check": check, "diagnostics": {"ess": None, "log_z": None}})
    assert all("not finite" in line for line in lines)


def test_an_exact_posterior_says_so():
    (line,) = verdicts({"method": "exact", "log_evidence": -3.25, "diagnostics": {}})
    assert line.startswith("Exact")
    assert "-3.25" in line


def test_an_order_modular_posterior_does_not_call_its_paths_exact():
    info = {"method": "exact", "order_modular": True, "log_evidence": -3.25}
    (line,) = verdicts({**info, "diagnostics": {"num_samples": 1000}})
    assert line.startswith("Exact probabilities of edges; the graphs are 1,000 exact draws.")
    assert "Log evidence (mean over orders): -3.25" in line
    (line,) = verdicts({**info, "diagnostics": {}})
    assert line.startswith("Exact probabilities of all DAGs.")


def test_the_verdict_on_chains():
    diagnostics = {"chains": 4, "max_r_hat": 1.0123, "min_effective_draws": 1234.5}
    (line,) = verdicts({"method": "mcmc", "diagnostics": diagnostics})
    assert "4 chains R-hat is at most 1.012" in line
    assert "1,234 independent draws" in line
    (line,) = verdicts({"method": "mcmc", "diagnostics": {**diagnostics, "max_r_hat": None}})
    assert "not finite" in line


def test_pooled_draws_say_what_chains_stand_for():
    diagnostics = {"ess": 1e-4, "log_z": -14.0, "estimate": "pooled", "share_of_chains": 0.987}
    diagnostics["reliable_weights"] = False
    diagnostics |= {"log_z_with_chains": -12.3456, "log_z_with_chains_standard_error": 0.123}
    _, line = verdicts({"diagnostics": diagnostics})
    assert "98.7% of the weight" in line
    assert "-12.35 ± 0.12" in line
    for error in (None, 2e34):
        _, line = verdicts({"diagnostics": {**diagnostics, "log_z_with_chains_standard_error": error}})
        assert "Log evidence: not known, since both hardly overlap." in line


def test_draws_corrected_for_parents_outside_the_candidates_say_so():
    diagnostics = {
        "corrected": True,
        "candidates": 18,
        "corrected_effective_samples": 1234.5,
        "log_z_shift": -0.774,
    }
    (line,) = verdicts({"diagnostics": diagnostics})
    assert "18 candidate parents" in line
    assert "worth 1,234 independent draws" in line
    assert "-0.77" in line


@pytest.mark.parametrize("reliable", [True, False])
def test_the_evidence_that_is_shown_is_that_of_the_corrected_draws(reliable):
    diagnostics = {
        "ess": 0.5,
        "log_z": -12.0,
        "estimate": "pooled",
        "reliable_weights": reliable,
        "share_of_chains": 0.25,
        "log_z_with_chains": -11.5,
        "log_z_with_chains_standard_error": 0.3,
        "log_z_shift": 2.25,
        "log_z_shift_standard_error": 0.4,
        "candidates": 18,
        "corrected": True,
        "corrected_effective_samples": 345.6,
    }
    own, pooled, corrected = verdicts({"diagnostics": diagnostics})
    assert "Log evidence: -9.75 (" in own
    assert "Log evidence: -9.25 ± 0.5 (" in pooled
    assert ("Too uneven" in pooled) != reliable
    assert "346 independent draws" in corrected
    own, pooled = verdicts({"diagnostics": {**diagnostics, "corrected": False}})
    assert "Log evidence: not known." in own  # by the odds of parents, not by their scores
    assert "Log evidence: not known, since parents beyond the candidates are not corrected." in pooled
    unknown = {"log_z": None, "log_z_with_chains_standard_error": None}
    own, pooled, _ = verdicts({"diagnostics": diagnostics | unknown})
    assert "Log evidence: not known." in own
    assert "Log evidence: not known" in pooled
