"""What a person sees of a posterior on a terminal."""

import math
from typing import Any

import networkx as nx
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dag_gfn.errors import printable, shortened
from dag_gfn.posterior import GraphPosterior, Probability
from dag_gfn.posterior.evidence import known_evidence
from dag_gfn.posterior.ranking import likely_text, spread_sentence

ASSUMPTIONS = (
    "Assumes: no hidden common causes, independent rows, no cycles, and {model} relations between the columns. "
    "Probabilities are about causes only as far as these hold."
)
_MODELS = {"continuous": "linear-Gaussian", "discrete": "tabular (multinomial)"}
MAX_GRAPH_TEXT = 200
"""Graphs whose edges take more characters than this are not spelled out."""
_ORIENTATION = "Where a→b and b→a are both near half of 'linked', the data cannot orient the edge."


def print_posterior(
    posterior: GraphPosterior, console: Console, *, max_pairs: int = 30, min_linked: float = 0.05
) -> None:
    """Print a header, the pairs most likely to be linked, the top graphs, and how far to trust it all.

    Parameters
    ----------
    posterior : GraphPosterior
    console : rich.console.Console
    max_pairs : int
        Largest number of pairs to print.
    min_linked : float
        Pairs less likely to be linked than this are only counted.
    """
    info = posterior.info
    say = _Plain(console)
    say(
        f"Posterior over causal graphs of {posterior.d} variables from {info.get('n', '?')} rows "
        f"(method {info.get('method')}, score {info.get('score')}, prior {info.get('prior')})"
    )
    if info.get("interrupted"):
        say("The run was interrupted: this is the state it had reached.", style="yellow")
    console.print(_edge_table(posterior, max_pairs, min_linked))
    say(_left_out(posterior, max_pairs, min_linked) + _ORIENTATION)
    _print_top_graphs(posterior, say)
    _print_top_classes(posterior, say)
    for line in verdicts(info):
        say(line)
    for warning in info.get("warnings", []):
        say(f"warning: {warning}", style="yellow")
    say(ASSUMPTIONS.format(model=_MODELS.get(info.get("kind"), "the score's")), style="dim")


class _Plain:
    """Prints sentences as they are: names may hold what rich reads as markup or emoji codes."""

    def __init__(self, console: Console):
        self.console = console

    def __call__(self, text: str, style: str | None = None) -> None:
        self.console.print(printable(text), style=style, markup=False, highlight=False, emoji=False)


def _pairs(posterior: GraphPosterior) -> list[tuple[float, int, int]]:
    """Return (linked, a, b) of each pair, most likely linked first, a → b the likelier way."""
    edge, linked = posterior.marginal("edge").values, posterior.marginal("linked").values
    rows = []
    for i in range(posterior.d):
        for j in range(i + 1, posterior.d):
            rows.append((linked[i, j], *((i, j) if edge[i, j] >= edge[j, i] else (j, i))))
    return sorted(rows, key=lambda row: -row[0])


def _edge_table(posterior: GraphPosterior, max_pairs: int, min_linked: float) -> Table:
    """Return the pairs with their probabilities, and beside each how far it is from the exact one, if that is known."""
    edge, exact = posterior.marginal("edge").values, posterior.info.get("exact_edges")
    table = Table(title=None, header_style="bold", pad_edge=False)
    table.add_column("a", overflow="fold")
    table.add_column("b", overflow="fold")
    error = ("error",) if exact else ()
    for title in ("a→b", *error, "b→a", *error, "linked"):
        table.add_column(title, justify="right", no_wrap=True)
    for linked, a, b in _pairs(posterior)[:max_pairs]:
        if linked >= min_linked:
            numbers = []
            for i, j in ((a, b), (b, a)):
                numbers += [f"{edge[i, j]:.3f}"] + ([f"{edge[i, j] - exact[i][j]:+.3f}"] if exact else [])
            style = "bold" if linked >= 0.5 else None
            names = (Text(printable(posterior.names[node])) for node in (a, b))
            table.add_row(*names, *numbers, f"{linked:.3f}", style=style)
    return table


def _left_out(posterior: GraphPosterior, max_pairs: int, min_linked: float) -> str:
    pairs = [row[0] for row in _pairs(posterior)]
    shown = sum(linked >= min_linked for linked in pairs[:max_pairs])
    if shown == len(pairs):
        return ""
    return f"{len(pairs) - shown} of {len(pairs)} pairs are less likely linked and not shown (edges.csv has all). "


def _print_top_graphs(posterior: GraphPosterior, say: _Plain) -> None:
    search = posterior.info.get("search")
    best = " (the first is the best there is)" if search and search["proven"] else ""
    say(f"Most probable graphs{best}:")
    for graph in posterior.top_graphs(3):
        edges = [f"{a}→{b}" for a, b in graph.edges]
        text = ", ".join(edges) or "no edges"
        if len(text) > MAX_GRAPH_TEXT:
            text = f"{len(edges)} edges (graphs.csv lists them)"
        score = graph.graph["log_score"]
        shown = "" if score is None else f", log score {score:.2f}"
        say(f"  {likely_text(graph.graph)}{shown}: {text}")
    say(spread_sentence(posterior))


def _print_top_classes(posterior: GraphPosterior, say: _Plain) -> None:
    say("Most probable equivalence classes (a→b: every member of the class has it; a–b: either way):")
    for mixed in posterior.top_classes(3):
        compelled, reversible = class_edges(mixed)
        links = [f"{a}→{b}" for a, b in compelled] + [f"{a}–{b}" for a, b in reversible]
        text = ", ".join(links) or "no edges"
        if len(text) > MAX_GRAPH_TEXT:
            text = f"{len(compelled)} compelled and {len(reversible)} reversible edges"
        size = mixed.graph["size"]
        members = "" if size is None else f", {size:,} graph{'s' if size > 1 else ''}"
        say(f"  {likely_text(mixed.graph)}{members}: {text}")


def class_edges(mixed: nx.DiGraph) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return the compelled edges and, once each, the reversible ones of a graph from `top_classes`."""
    compelled = [(a, b) for a, b, is_compelled in mixed.edges(data="compelled") if is_compelled]
    position = {name: i for i, name in enumerate(mixed)}
    reversible = [(a, b) for a, b in mixed.edges if mixed.has_edge(b, a) and position[a] < position[b]]
    return compelled, reversible


def probability_sentence(
    probability: Probability, query: str, *, given: str | None = None, draws: float | int | None = None
) -> str:
    """Return what a query came to, with its Monte-Carlo error and what it rests on.

    Parameters
    ----------
    probability : Probability
    query : str
    given : str, optional
        The condition.
    draws : float, optional
        How many independent draws the posterior is worth.
    """
    query, given = shortened(query), None if given is None else shortened(given)
    asked = query if given is None else f"{query} | {given}"
    value, error = probability.value, probability.standard_error
    if probability.source == "rounding":
        return (
            f"P({asked}) is at most about {value + error:.1g}: it is what an exact probability near one leaves, within "
            "the rounding of that."
        )
    told = f"P({asked}) = {value:.4g}"
    if error > 0:
        told += f" ± {error:.2g}"
    if probability.source == "exact":
        return f"{told}, exactly."
    if probability.source == "policy":
        return f"{told} under the trained sampler, summed over all DAGs."
    if draws is None or math.isnan(error):
        return f"{told}, of uncertainty unknown."
    rests = (
        f"graphs worth {draws:,.0f} independent draws" if draws >= 10 else f"only {draws:.2g} draws' worth"
    )
    if error == 0 and value in (0.0, 1.0) and draws >= 10:
        rests += f", which all agree: the truth is within about {3 / draws:.1g}"  # (1 - 3/n)^n is 5 %
    how = "averaged over" if probability.source == "rao_blackwell" else "counted in"
    return f"{told}, {how} {rests}."


def verdicts(info: dict[str, Any]) -> list[str]:
    """Return what the run's own checks say, a sentence each."""
    lines = []
    diagnostics, check = info.get("diagnostics", {}), info.get("exact_check")
    if check:
        graphs = ""
        if "jsd" in check:
            graphs = (
                f"; over all DAGs JSD {_number(check['jsd'], '.2e')} nats, "
                f"total variation {_number(check['tv'], '.2e')}"
            )
        lines.append(
            "Exact check: edge probabilities differ from the exact ones by "
            f"{_number(check['edge_max_error'], '.3g')} at most (RMSE {_number(check['edge_rmse'], '.2g')}), "
            f"paths by {_number(check['path_max_error'], '.3g')} "
            f"(RMSE {_number(check['path_rmse'], '.2g')}){graphs}."
        )
    corrected = diagnostics if diagnostics.get("corrected") else {}  # else log Z is by the odds of parents
    shift, shift_error = (corrected.get(f"log_z_shift{of}") or 0.0 for of in ("", "_standard_error"))
    if "ess" in diagnostics:
        own = "not known"
        if diagnostics["log_z"] is not None and diagnostics.get("corrected", True):
            own = f"{diagnostics['log_z'] + shift:.2f} (estimated from them)"
        if diagnostics.get("estimate") != "pooled" and info.get("log_evidence_source", "").startswith(
            "bridge"
        ):
            own = "not known"
            if info.get("log_evidence_standard_error") is not None:
                error = info["log_evidence_standard_error"]
                own = f"{info['log_evidence']:.2f} ± {error:.2g} (bridge sampling, with Markov chains)"
        lines.append(
            f"Effective sample size: {_number(diagnostics['ess'], '.2g')} per sample drawn (1 is ideal). "
            f"Log evidence: {own}."
        )
    if diagnostics.get("estimate") == "pooled":
        why = "Worth few alone" if diagnostics["reliable_weights"] else "Too uneven to be relied on alone"
        error = diagnostics["log_z_with_chains_standard_error"]
        evidence = "not known, since both hardly overlap"
        if not diagnostics.get("corrected", True):
            evidence = "not known, since parents beyond the candidates are not corrected"
        elif known_evidence(diagnostics["log_z_with_chains"], error) != (None, None):
            shifted = _number(diagnostics["log_z_with_chains"], ".2f", shift)
            evidence = f"{shifted} ± {math.hypot(error, shift_error):.2g} (bridge sampling)"
        lines.append(
            f"{why}, the draws are pooled with layerings of Markov chains, which stand for "
            f"{diagnostics['share_of_chains']:.1%} of the weight. Log evidence: {evidence}."
        )
    if "max_r_hat" in diagnostics:
        lines.append(
            f"Over {diagnostics['chains']} chains R-hat is at most {_number(diagnostics['max_r_hat'], '.3f')} "
            f"(1 is ideal), and they are worth {_number(diagnostics['min_effective_draws'], ',.0f')} independent "
            "draws or more."
        )
    if diagnostics.get("corrected"):
        lines.append(
            f"Beyond {diagnostics['candidates']} candidate parents of each column, others are drawn by their odds and "
            f"weighed by their scores: worth {diagnostics['corrected_effective_samples']:,.0f} independent draws. This "
            f"moves the log evidence by {_number(diagnostics['log_z_shift'], '+.2f')}."
        )
    for condition in info.get("conditions", []):
        lines.append(
            f"Given {shortened(condition['query'])}, of probability {_number(condition['probability'], '.4g')}: "
            "only graphs that comply are counted."
        )
    if info.get("method") == "exact" and not info.get("conditions"):
        drawn = diagnostics.get("num_samples")
        orders = info.get("order_modular")
        what = "edges" if orders else "edges and paths"
        what = "all DAGs" if drawn is None else f"{what}; the graphs are {drawn:,} exact draws"
        evidence = "Log evidence (mean over orders)" if orders else "Log evidence"
        lines.append(f"Exact probabilities of {what}. {evidence}: {_number(info['log_evidence'], '.4f')}.")
    reasons = [doubt["verdict"] for doubt in info.get("doubts") or [] if doubt["level"] == "caution"]
    if reasons:
        computed = "Exact arithmetic" if info.get("method") == "exact" else "However it was computed"
        lines.append(f"{computed}, but {'; '.join(reasons)}.")
    return lines


def _number(value: float | None, form: str, shift: float = 0.0) -> str:
    """Return a figure, moved, in words; None stands for what is not finite, which JSON cannot hold."""
    return "not finite" if value is None else format(value + shift, form)
