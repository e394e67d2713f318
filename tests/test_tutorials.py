"""Notebooks of the documentation: stored without outputs, and every name of the package in them exists.

The site build executes them; this is what can be seen without.
"""

import ast
import json
import pkgutil
import re
from pathlib import Path

import pytest

from dag_gfn.views import plots

DOCS = Path(__file__).parent.parent / "docs"
NOTEBOOKS = [DOCS / "gallery.ipynb", *sorted((DOCS / "tutorials").glob("*.ipynb"))]
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def cells_of(path, kind):
    """Return the text of all cells of a kind."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == kind]


def names_in(code):
    """Return the dotted names that begin with `dag_gfn`, as attributes or as imports."""
    found = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Attribute):
            names, inner = [node.attr], node.value
            while isinstance(inner, ast.Attribute):
                names, inner = [inner.attr, *names], inner.value
            if isinstance(inner, ast.Name) and inner.id == "dag_gfn":
                found.add(".".join(["dag_gfn", *names]))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "dag_gfn":
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.split(".")[0] == "dag_gfn"}
    return found


def unknown(names):
    """Return those that are not there."""
    dead = []
    for name in sorted(names):
        try:
            pkgutil.resolve_name(name)
        except (AttributeError, ImportError):
            dead.append(name)
    return dead


@each_notebook
def test_a_notebook_is_stored_without_outputs(path):
    cells = [
        cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"
    ]
    assert len(cells) > 0
    assert [cell["source"] for cell in cells if cell["outputs"] or cell["execution_count"] is not None] == []


@each_notebook
def test_a_notebook_runs_in_any_kernel_of_python(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert notebook["nbformat"] == 4


@each_notebook
def test_a_notebook_begins_with_its_title(path):
    first = json.loads(path.read_text(encoding="utf-8"))["cells"][0]
    assert first["cell_type"] == "markdown"
    assert re.match(r"# \S", "".join(first["source"]))


@each_notebook
def test_names_of_the_package_exist(path):
    code = "\n".join(cells_of(path, "code"))
    text = "\n".join(cells_of(path, "markdown"))
    named = names_in(code)
    assert named
    assert unknown(named | set(re.findall(r"`~?(dag_gfn(?:\.\w+)+)", text))) == []


@each_notebook
def test_links_of_a_notebook_lead_somewhere(path):
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", "\n".join(cells_of(path, "markdown")))
    assert [target for target in targets if not (path.parent / target).exists()] == []


def test_the_list_of_tutorials_has_all_of_them():
    listed = (DOCS / "tutorials" / "index.md").read_text(encoding="utf-8").split("```")[1].split()
    assert {path.stem for path in NOTEBOOKS if path.parent.name == "tutorials"} <= set(listed)


def test_the_gallery_has_every_figure():
    drawn = names_in("\n".join(cells_of(DOCS / "gallery.ipynb", "code")))
    assert {f"dag_gfn.plots.{name}" for name in plots.__all__} <= drawn


def test_the_check_of_names_sees_what_is_not_there():
    code = "import dag_gfn\nfrom dag_gfn.views.known import gone\ndag_gfn.fit(1).old\ndag_gfn.effects.new_effect(2)"
    assert unknown(names_in(code)) == ["dag_gfn.effects.new_effect", "dag_gfn.views.known.gone"]
