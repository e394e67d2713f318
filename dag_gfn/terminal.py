"""What a person sees of a posterior on a terminal."""

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dag_gfn.posterior import GraphPosterior

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
        say("Training was interrupted: this is the state it had reached.", style="yellow")
    console.print(_edge_table(posterior, max_pairs, min_linked))
    say(_left_out(posterior, max_pairs, min_linked) + _ORIENTATION)
    _print_top_graphs(posterior, say)
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
        self.console.print(text, style=style, markup=False, highlight=False, emoji=False)


def _pairs(posterior: GraphPosterior) -> list[tuple[float, float, float, str, str]]:
    """Return (linked, forward, backward, a, b) of each pair, most likely linked first, forward the likelier way."""
    edge, linked = posterior.marginal("edge").values, posterior.marginal("linked").values
    rows = []
    for i in range(posterior.d):
        for j in range(i + 1, posterior.d):
            a, b = (i, j) if edge[i, j] >= edge[j, i] else (j, i)
            rows.append((linked[i, j], edge[a, b], edge[b, a], posterior.names[a], posterior.names[b]))
    return sorted(rows, key=lambda row: -row[0])


def _edge_table(posterior: GraphPosterior, max_pairs: int, min_linked: float) -> Table:
    table = Table(title=None, header_style="bold", pad_edge=False)
    table.add_column("a", overflow="fold")
    table.add_column("b", overflow="fold")
    for title in ("a→b", "b→a", "linked"):
        table.add_column(title, justify="right", no_wrap=True)
    for linked, forward, backward, a, b in _pairs(posterior)[:max_pairs]:
        if linked >= min_linked:
            style = "bold" if linked >= 0.5 else None
            numbers = (f"{p:.3f}" for p in (forward, backward, linked))
            table.add_row(Text(a), Text(b), *numbers, style=style)
    return table


def _left_out(posterior: GraphPosterior, max_pairs: int, min_linked: float) -> str:
    pairs = [row[0] for row in _pairs(posterior)]
    shown = sum(linked >= min_linked for linked in pairs[:max_pairs])
    if shown == len(pairs):
        return ""
    return f"{len(pairs) - shown} of {len(pairs)} pairs are less likely linked and not shown (edges.csv has all). "


def _print_top_graphs(posterior: GraphPosterior, say: _Plain) -> None:
    say("Graphs of largest weight:")
    for graph in posterior.top_graphs(3):
        edges = [f"{a}→{b}" for a, b in graph.edges]
        text = ", ".join(edges) or "no edges"
        if len(text) > MAX_GRAPH_TEXT:
            text = f"{len(edges)} edges (graphs.csv lists them)"
        score = graph.graph["log_score"]
        shown = "" if score is None else f", log score {score:.2f}"
        say(f"  weight {graph.graph['probability']:.3g}{shown}: {text}")


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
    if "ess" in diagnostics:
        lines.append(
            f"Effective sample size: {_number(diagnostics['ess'], '.2g')} per sample drawn (1 is ideal). "
            f"Log evidence: {_number(diagnostics['log_z'], '.2f')} (estimated from them)."
        )
    if info.get("method") == "exact":
        drawn = diagnostics.get("num_samples")
        what = "all DAGs" if drawn is None else f"edges and paths; the graphs are {drawn:,} exact draws"
        lines.append(f"Exact probabilities of {what}. Log evidence: {_number(info['log_evidence'], '.4f')}.")
    return lines


def _number(value: float | None, form: str) -> str:
    """Return a figure in words; None stands for what is not finite, which JSON cannot hold."""
    return "not finite" if value is None else format(value, form)
