"""dag-gfn show: what a saved posterior says."""

from pathlib import Path
from typing import Annotated, Any

import typer

import dag_gfn
from dag_gfn.cli.options import Debug
from dag_gfn.cli.output import console, print_json, require_output
from dag_gfn.errors import OptionError


def show(
    folder: Annotated[Path, typer.Argument(help="A posterior folder.")],
    as_json: Annotated[bool, typer.Option("--json", help="For machines: info and all edges.")] = False,
    max_pairs: Annotated[int, typer.Option(help="Pairs to print at most.")] = 30,
    debug: Debug = False,
) -> None:
    """Print what a saved posterior says."""
    from dag_gfn.views.terminal import print_posterior

    require_output()
    if max_pairs < 0:
        raise OptionError(f"max-pairs must be 0 or more, not {max_pairs}")
    posterior = dag_gfn.load(folder)
    if as_json:
        print_json("show", posterior_json(posterior))
    else:
        print_posterior(posterior, console(), max_pairs=max_pairs)


def posterior_json(posterior: "dag_gfn.GraphPosterior") -> dict[str, Any]:
    """Return what `show --json` prints: the record, all edges, and the most probable graphs and classes."""
    from dag_gfn.posterior.ranked_classes import credible_sentence
    from dag_gfn.posterior.ranking import spread_sentence

    return {
        **posterior.info,
        "edges": posterior.edge_table()[["source", "target", "probability"]].to_dict(orient="records"),
        "graphs": _top_graphs(posterior),
        "classes": _top_classes(posterior),
        "entropy": posterior.entropy(),
        "spread": spread_sentence(posterior),
        "credible": credible_sentence(posterior),
    }


def _top_graphs(posterior: "dag_gfn.GraphPosterior") -> list[dict[str, Any]]:
    return [{**graph.graph, "edges": list(graph.edges)} for graph in posterior.top_graphs(10)]


def _top_classes(posterior: "dag_gfn.GraphPosterior") -> list[dict[str, Any]]:
    from dag_gfn.views.terminal import class_edges

    classes = []
    for mixed in posterior.top_classes(3):
        compelled, reversible = class_edges(mixed)
        classes.append({**mixed.graph, "compelled": compelled, "reversible": reversible})
    return classes
