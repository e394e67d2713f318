"""dag-gfn check: what the data say of a graph that somebody believes in."""

from pathlib import Path
from typing import Annotated

import typer

import dag_gfn
from dag_gfn.cli.options import Debug
from dag_gfn.cli.output import print_json, require_output
from dag_gfn.errors import printable


def check(
    folder: Annotated[Path, typer.Argument(help="A posterior folder.")],
    graph: Annotated[
        Path,
        typer.Argument(
            help="A graph: edge list (CSV: source,target), DOT, GraphML, GML, BIF or DAGitty's text."
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    debug: Debug = False,
) -> None:
    """Print how probable a graph is, and which of its edges the data support, deny or cannot judge."""
    from dag_gfn.graph_check import check_graph, read_graph
    from dag_gfn.views.check_sentences import check_json, check_sentences

    require_output()
    posterior = dag_gfn.load(folder)
    found = check_graph(posterior, read_graph(graph))
    if as_json:
        print_json("check", {"graph": str(graph), **check_json(found)})
    else:
        print("\n".join(printable(line) for line in check_sentences(found, posterior)))
