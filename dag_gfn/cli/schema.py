"""dag-gfn schema: the JSON Schema of what a command prints with --json."""

from typing import Annotated

import typer

from dag_gfn.cli.json_schemas import schema_names, schema_text
from dag_gfn.cli.options import Debug
from dag_gfn.cli.output import require_output


def schema(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="The form; all names are listed without one.")
    ] = None,
    debug: Debug = False,
) -> None:
    """Print the JSON Schema of what a command prints with --json, or the names of all of them."""
    require_output()
    print("\n".join(schema_names()) if name is None else schema_text(name).rstrip("\n"))
