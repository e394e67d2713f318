"""dag-gfn export: one graph of a posterior for other programs."""

from pathlib import Path
from typing import Annotated

import typer

import dag_gfn
from dag_gfn.cli.options import Debug
from dag_gfn.errors import OptionError, StorageError, shortened
from dag_gfn.files import write_text

SHOWN_CHANGES = 12
"""Names changed in a file that the command tells one by one."""


def export(
    folder: Annotated[Path, typer.Argument(help="A posterior folder.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="File to write.")],
    file_format: Annotated[str, typer.Option("--format", help="graphml, gml, dot, csv or bif.")] = "graphml",
    graph: Annotated[
        str, typer.Option(help="median, top (most probable) or consensus (edges above 0.5).")
    ] = "median",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace FILE.")] = False,
    debug: Debug = False,
) -> None:
    """Write one graph of a posterior, with edge probabilities, for other programs; bif has its tables."""
    from dag_gfn.posterior import interop

    writers = {
        "graphml": interop.graphml_text,
        "gml": interop.gml_text,
        "dot": interop.dot_text,
        "csv": interop.edge_list_text,
    }
    formats, graphs = [*writers, "bif"], ("median", "top", "consensus")
    for option, value, known in (("format", file_format, formats), ("graph", graph, graphs)):
        if value not in known:
            raise OptionError(f"unknown {option} '{value}': choose {', '.join(known)}")
    if out.is_dir():
        raise StorageError(f"'{out}' is a folder: give the name of a file to write")
    if out.exists() and not overwrite:
        raise StorageError(f"'{out}' exists already: choose another name, or replace it with --overwrite")
    posterior = dag_gfn.load(folder)
    choose = {
        "median": posterior.median_graph,
        "top": posterior.most_probable_graph,
        "consensus": posterior.consensus_graph,
    }
    chosen = choose[graph]()
    changes: tuple[str, ...] = ()
    if file_format == "bif":
        from dag_gfn.parameters.fitted_network import fitted_bif

        text, changes = fitted_bif(posterior, chosen)
    else:
        text = writers[file_format](chosen)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        write_text(out, text)
    except OSError as error:
        raise StorageError(f"cannot write '{out}': {error.strerror or error}") from error
    print(f"Wrote the {graph} graph, {chosen.number_of_edges()} edges, to {out}.")
    if changes:
        print("BIF holds words only, so some names were changed; comments at the top of the file say which:")
        print("\n".join(f"  {shortened(change)}" for change in changes[:SHOWN_CHANGES]))
        if len(changes) > SHOWN_CHANGES:
            print(f"  and {len(changes) - SHOWN_CHANGES} more")
