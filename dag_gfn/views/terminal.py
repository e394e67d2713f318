"""What a person sees of a posterior on a terminal."""

import math

import networkx as nx
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dag_gfn.errors import printable, shortened
from dag_gfn.posterior import GraphPosterior, Probability
from dag_gfn.posterior.checks import check_sentences
from dag_gfn.posterior.ranked_classes import credible_sentence
from dag_gfn.posterior.ranking import likely_text, spread_sentence
from dag_gfn.views.criticism import criticism_sentences
from dag_gfn.views.experiments import experiment_sentences, variable_pairs
from dag_gfn.views.known import known_sentences
from dag_gfn.views.missing_cells import missing_sentences
from dag_gfn.views.models import conclusions
from dag_gfn.views.pairs import LIKELY, UNLIKELY
from dag_gfn.views.shape import BY_SHAPE_MARK, shape_sentences
from dag_gfn.views.wording import assumptions, rows_words, subject_words

MAX_GRAPH_TEXT = 200
"""Graphs whose edges take more characters than this are not spelled out."""
_ORIENTATION = "Where a→b and b→a are both near half of 'linked', the data cannot orient the edge."


def print_posterior(
    posterior: GraphPosterior, console: Console, *, max_pairs: int = 30, min_linked: float = UNLIKELY
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

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import GraphPosterior
    >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
    >>> posterior = GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([0.75, 0.25]))
    >>> from rich.console import Console
    >>> from dag_gfn.views.terminal import print_posterior
    >>> console = Console(record=True, width=80, quiet=True)
    >>> print_posterior(posterior, console)
    """
    info = posterior.info
    say = _Plain(console)
    say(
        f"{subject_words(info)} over causal graphs of {posterior.d} variables from {rows_words(info)} "
        f"(method {info.get('method')}, score {info.get('score')}, prior {info.get('prior')})"
    )
    if info.get("interrupted"):
        say("The run was interrupted: this is the state it had reached.", style="yellow")
    for line in conclusions(info["model_choice"]) if info.get("model_choice") else ():
        say(line)
    console.print(_edge_table(posterior, max_pairs, min_linked))
    say(_left_out(posterior, max_pairs, min_linked) + _ORIENTATION)
    for line in (*shape_sentences(posterior.info), *experiment_sentences(posterior)):
        say(line)
    _print_top_graphs(posterior, say)
    _print_top_classes(posterior, say)
    edge = posterior.marginal("edge").values
    for line in (
        *known_sentences(info, posterior.names, edge),
        *missing_sentences(info, posterior.names, edge),
    ):
        say(line)
    for line in (*check_sentences(posterior.record), *criticism_sentences(info)):
        say(line)
    for warning in info.get("warnings", []):
        say(f"warning: {warning}", style="yellow")
    say(assumptions(info), style="dim")


class _Plain:
    """Prints sentences as they are: names may hold what rich reads as markup or emoji codes."""

    def __init__(self, console: Console):
        self.console = console

    def __call__(self, text: str, style: str | None = None) -> None:
        self.console.print(printable(text), style=style, markup=False, highlight=False, emoji=False)


def _edge_table(posterior: GraphPosterior, max_pairs: int, min_linked: float) -> Table:
    """Return the pairs with their probabilities, and the error of each where the exact one is known."""
    edge, exact = posterior.marginal("edge").values, posterior.info.get("exact_edges")
    table = Table(title=None, header_style="bold", pad_edge=False)
    table.add_column("a", overflow="fold")
    table.add_column("b", overflow="fold")
    error = ("error",) if exact else ()
    for title in ("a→b", *error, "b→a", *error, "linked"):
        table.add_column(title, justify="right", no_wrap=True)
    for pair in variable_pairs(posterior)[:max_pairs]:
        if pair.linked >= min_linked:
            numbers = []
            for i, j in ((pair.a, pair.b), (pair.b, pair.a)):
                mark = BY_SHAPE_MARK if pair.by_shape and i == pair.a else ""
                numbers += [f"{edge[i, j]:.3f}{mark}"] + (
                    [f"{edge[i, j] - exact[i][j]:+.3f}"] if exact else []
                )
            style = "bold" if pair.linked >= LIKELY else None
            names = (Text(printable(posterior.names[node])) for node in (pair.a, pair.b))
            table.add_row(*names, *numbers, f"{pair.linked:.3f}", style=style)
    return table


def _left_out(posterior: GraphPosterior, max_pairs: int, min_linked: float) -> str:
    linked = [pair.linked for pair in variable_pairs(posterior)]
    shown = sum(probability >= min_linked for probability in linked[:max_pairs])
    if shown == len(linked):
        return ""
    return f"{len(linked) - shown} of {len(linked)} pairs are less likely linked and not shown (edges.csv has all). "


def _print_top_graphs(posterior: GraphPosterior, say: _Plain) -> None:
    search = posterior.info.get("search")
    top = posterior.top_graphs(3)
    best = " (the first is the best there is)" if search and search["proven"] else ""
    if all(graph.graph["proven"] for graph in top):
        best = " (no others are more probable)"
    say(f"Most probable graphs{best}:")
    for graph in top:
        edges = [f"{a}→{b}" for a, b in graph.edges]
        text = ", ".join(edges) or "no edges"
        if len(text) > MAX_GRAPH_TEXT:
            text = f"{len(edges)} edges (graphs.csv lists them)"
        score = graph.graph["log_score"]
        shown = "" if score is None else f", log score {score:.2f}"
        say(f"  {likely_text(graph.graph)}{shown}: {text}")
    say(spread_sentence(posterior))


def _print_top_classes(posterior: GraphPosterior, say: _Plain) -> None:
    classes = "classes that these experiments leave" if posterior.experiments else "equivalence classes"
    told = posterior.info.get("knowledge") or posterior.info.get("lags")
    alone = ", as data alone tell them apart" if told else ""
    top = posterior.top_classes(3)
    proven = "; no others are more probable" if all(mixed.graph["proven"] for mixed in top) else ""
    say(f"Most probable {classes}{alone} (a→b: every member of the class has it; a–b: either way{proven}):")
    for mixed in top:
        compelled, reversible = class_edges(mixed)
        links = [f"{a}→{b}" for a, b in compelled] + [f"{a}–{b}" for a, b in reversible]
        text = ", ".join(links) or "no edges"
        if len(text) > MAX_GRAPH_TEXT:
            text = f"{len(compelled)} compelled and {len(reversible)} reversible edges"
        size = mixed.graph["size"]
        say(f"  {likely_text(mixed.graph)}, {size:,} graph{'s' if size > 1 else ''}: {text}")
    if told := credible_sentence(posterior):
        say(told)


def class_edges(mixed: nx.DiGraph) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return the compelled edges and, once each, the reversible ones of a graph from `top_classes`.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import GraphPosterior
    >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
    >>> posterior = GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([0.75, 0.25]))
    >>> from dag_gfn.views.terminal import class_edges
    >>> class_edges(posterior.top_classes(1)[0])  # none is compelled
    ([], [('rain', 'wet')])
    """
    compelled = [(a, b) for a, b, of_edge in mixed.edges(data=True) if of_edge["compelled"]]
    position = {name: i for i, name in enumerate(mixed)}
    reversible = [(a, b) for a, b in mixed.edges if mixed.has_edge(b, a) and position[a] < position[b]]
    return compelled, reversible


def probability_sentence(
    probability: Probability, query: str, *, given: str | None = None, draws: float | int | None = None
) -> str:
    """Return the probability of a query in words, with its Monte-Carlo error and source.

    Parameters
    ----------
    probability : Probability
    query : str
    given : str, optional
        The condition.
    draws : float, optional
        How many independent draws the posterior is worth.

    Examples
    --------
    >>> from dag_gfn.posterior import Probability
    >>> from dag_gfn.views.terminal import probability_sentence
    >>> probability_sentence(Probability(0.25, 0.0, "exact"), "edge(a, b)")
    'P(edge(a, b)) = 0.25, exactly.'
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
    how = {
        "rao_blackwell": "averaged over",
        "mixture": "averaged over completed tables and",
    }.get(probability.source, "counted in")
    return f"{told}, {how} {rests}."
