"""dag-gfn compare: how far two saved posteriors are apart."""

from pathlib import Path
from typing import Annotated

import typer

import dag_gfn
from dag_gfn.cli.options import Debug
from dag_gfn.cli.output import print_json, require_output


def compare(
    first: Annotated[Path, typer.Argument(help="A posterior folder.")],
    second: Annotated[Path, typer.Argument(help="Another, of the same variables.")],
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    debug: Debug = False,
) -> None:
    """Print how far two saved posteriors are from each other."""
    require_output()
    comparison = dag_gfn.compare_posteriors(dag_gfn.load(first), dag_gfn.load(second))
    if as_json:
        print_json("compare", comparison)
        return
    for name, value in comparison.items():
        text = (
            " → ".join(value) if isinstance(value, list | tuple) else "-" if value is None else f"{value:.6g}"
        )
        print(f"{name:20} {text}")
    if comparison.get("jsd") is None:
        print("jsd and tv need both posteriors to cover every DAG (up to 5 columns).")
