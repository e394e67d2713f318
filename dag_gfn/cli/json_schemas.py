"""JSON Schemas of what commands print with --json: a file for each form in dag_gfn/cli/schemas."""

import json
from importlib import resources
from typing import Any

from dag_gfn.errors import OptionError, shortened

_FILES = resources.files("dag_gfn.cli") / "schemas"


def schema_names() -> tuple[str, ...]:
    """Return the names of all forms.

    Examples
    --------
    >>> from dag_gfn.cli.json_schemas import schema_names
    >>> "show" in schema_names()
    True
    """
    return tuple(
        sorted(each.name.removesuffix(".json") for each in _FILES.iterdir() if each.name.endswith(".json"))
    )


def schema_text(name: str) -> str:
    """Return the schema of a form, as its file holds it.

    Raises
    ------
    OptionError
        If there is no form of this name.

    Examples
    --------
    >>> from dag_gfn.cli.json_schemas import schema_text
    >>> schema_text("show").splitlines()[1].strip()
    '"$schema": "https://json-schema.org/draft/2020-12/schema",'
    """
    if name not in schema_names():
        raise OptionError(f"there is no form '{shortened(name)}': choose {', '.join(schema_names())}")
    return (_FILES / f"{name}.json").read_text(encoding="utf-8")


def identified(name: str, content: dict[str, Any]) -> dict[str, Any]:
    """Return the content of a form with its name and version as the first key; the schema's file has the version.

    Examples
    --------
    >>> from dag_gfn.cli.json_schemas import identified
    >>> identified("compare", {"edge_rmse": 0.0})
    {'schema': 'dag_gfn/compare/1', 'edge_rmse': 0.0}
    """
    return {"schema": json.loads(schema_text(name))["properties"]["schema"]["const"], **content}
