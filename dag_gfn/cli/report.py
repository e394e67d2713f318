"""dag-gfn report: a saved posterior as a page."""

from pathlib import Path
from typing import Annotated

import typer

import dag_gfn
from dag_gfn.cli.options import Debug
from dag_gfn.errors import StorageError
from dag_gfn.fitting.progress import AnnouncedShare


def report(
    folder: Annotated[Path, typer.Argument(help="A posterior folder.")],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Page to write; default FOLDER/report.html.")
    ] = None,
    other: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Another fit of the same columns: where the two differ."),
    ] = None,
    open_it: Annotated[bool, typer.Option("--open", help="Show it in the browser.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace FILE.")] = False,
    debug: Debug = False,
) -> None:
    """Write a page to read in a browser: one HTML file that needs no network."""
    posterior = dag_gfn.load(folder)
    page = folder / "report.html" if out is None else out
    if out is not None and out.is_file() and not overwrite:
        raise StorageError(f"'{out}' exists already: choose another name, or replace it with --overwrite")
    compared = None if other is None else dag_gfn.load(other)
    with AnnouncedShare("effects of all pairs of columns") as on_progress:
        dag_gfn.write_report(posterior, page, other=compared, on_progress=on_progress)
    print(f"Wrote {page}: open it in a browser.")
    if open_it:
        import webbrowser

        webbrowser.open(page.resolve().as_uri())
