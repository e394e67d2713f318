"""The page of all commands and their options, made from the program itself."""

from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from typer.main import get_command

from dag_gfn.cli.program import app as program


def _cell(text: str) -> str:
    """Return text that a cell of a Markdown table can hold."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def _parameter(parameter: Any) -> str:
    """Return a row of the table of one command."""
    names = ", ".join(f"`{name}`" for name in [*parameter.opts, *parameter.secondary_opts])
    if parameter.param_type_name == "argument":
        names = f"`{parameter.name.upper()}`"
    default = parameter.default
    shown = "" if default in (None, False, True, ()) or callable(default) else f"`{_cell(str(default))}`"
    return f"| {names} | {_cell(getattr(parameter, 'help', None) or '')} | {shown} |"


def page() -> str:
    """Return the page in Markdown."""
    parts = [
        "# Commands\n",
        "`dag-gfn COMMAND --help` prints the same. Exit codes: 0, done; 2, not done, with the reason in one line "
        "on stderr; 130, interrupted.\n",
    ]

    def add(command: Any, name: str) -> None:
        below = getattr(command, "commands", {})  # of a group
        for part in below:
            add(below[part], f"{name} {part}")
        if below:
            return
        parts.append(f"## {name}\n\n{command.help or ''}\n\n| option | meaning | default |\n|---|---|---|")
        parts.append("\n".join(_parameter(parameter) for parameter in command.params) + "\n")

    add(get_command(program), "dag-gfn")
    return "\n".join(parts)


def write_page(app: Sphinx) -> None:
    """Write the page, where it has changed."""
    path = Path(app.srcdir) / "reference" / "commands.md"
    text = page()
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("builder-inited", write_page, priority=1)
    return {"parallel_read_safe": True}
