"""Who imports whom: every module is held to the tables of docs/architecture.md, which are read from there."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import dag_gfn

ROOT = Path(dag_gfn.__file__).parent
PAGE = (Path(__file__).parents[1] / "docs" / "architecture.md").read_text(encoding="utf-8")


def ranks(title):
    """Return the rank of each part that the table below a title of the page lists."""
    below = PAGE.partition(f"\n## {title}\n")[2] or PAGE.partition(f"\n### {title}\n")[2]
    table = re.search(r"(\n\|.*)+", below)[0]
    rows = re.findall(r"^\| *(\d+) *\| *([^|]*)\|", table, re.MULTILINE)
    return {part: int(rank) for rank, parts in rows for part in re.findall(r"`(\w+)`", parts)}


RANK = ranks("Who may import whom")
INSIDE_GFLOWNET = ranks("Inside gflownet")
FACE = "__init__"


def modules():
    return sorted(ROOT.rglob("*.py"))


def part_of(path):
    """Return the part of the package that a file belongs to: its folder, or its own name."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports(path):
    """Return (imported dotted name, whether when the module is loaded), for every import in a file."""
    found = []

    def visit(node, loading):
        if isinstance(node, ast.Import):
            found.extend((alias.name, loading) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import in line {node.lineno}"
            found.extend((f"{node.module}.{alias.name}", loading) for alias in node.names)
        is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for_types = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for child in ast.iter_child_nodes(node):
            visit(child, loading and not is_function and not for_types)

    visit(ast.parse(path.read_text(encoding="utf-8")), True)
    return found


def inner_imports(path):
    """Return the parts of dag_gfn that a file imports, at any place in it."""
    parts = set()
    for name, _ in imports(path):
        package, *rest = name.split(".")
        if package == "dag_gfn":
            part = rest[0] if rest else FACE
            # otherwise it is something that the public API gives
            known = part in RANK or (ROOT / part).is_dir() or (ROOT / f"{part}.py").exists()
            parts.add(part if known else FACE)
    return parts


def test_the_tables_are_read():
    assert RANK["errors"] < RANK["graphs"] < RANK["scores"] < RANK["gflownet"] < RANK["cli"]
    assert INSIDE_GFLOWNET["policies"] < INSIDE_GFLOWNET["training"] < INSIDE_GFLOWNET["layers"]


def test_every_part_has_a_rank_and_every_rank_a_part():
    assert {part_of(path) for path in modules()} == set(RANK)
    inside = {path.name.removesuffix(".py") for path in (ROOT / "gflownet").iterdir() if path.name[0] != "_"}
    assert inside == set(INSIDE_GFLOWNET)


def test_the_walk_sees_what_is_there():
    path = ROOT / "gflownet" / "env" / "edge_addition.py"
    assert path in modules()
    assert {"gflownet", "scores"} <= inner_imports(path)
    assert ("torch", True) in imports(ROOT / "gflownet" / "training" / "loop.py")


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_to_lower_ranks_only(path):
    part = part_of(path)
    for imported in inner_imports(path) - {part}:
        assert RANK[imported] < RANK[part], (
            f"{path.relative_to(ROOT)} of rank {RANK[part]} imports {imported} of rank {RANK[imported]}"
        )


@pytest.mark.parametrize("path", sorted((ROOT / "gflownet").rglob("*.py")), ids=lambda path: path.stem)
def test_inside_gflownet_imports_go_to_lower_ranks_only(path):
    part = path.relative_to(ROOT / "gflownet").parts[0].removesuffix(".py")
    for name, _ in imports(path):
        *package, imported = name.split(".")[:3]
        if package == ["dag_gfn", "gflownet"] and imported != part:
            assert INSIDE_GFLOWNET[imported] < INSIDE_GFLOWNET[part], f"{path.name} of {part} imports {name}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_torch_stays_in_gflownet(path):
    if part_of(path) == "gflownet":
        return
    for name, loading in imports(path):
        if name.split(".")[0] == "torch" or name.startswith("dag_gfn.gflownet"):
            assert not loading, f"{path} imports {name} when it is loaded: do so inside the function"
            assert part_of(path) in ("fitting", "cli"), path


def test_oracles_share_no_code_with_what_they_judge():
    for path in modules():
        if part_of(path) in ("exact", "mcmc"):
            assert not inner_imports(path) & {"gflownet", "search"}, path


def loaded_after(statement):
    """Return the top-level packages in memory after a statement in a new interpreter."""
    code = f"{statement}\nimport sys; print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT.parent, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_the_package_loads_without_heavy_libraries():
    loaded = loaded_after("import dag_gfn")
    assert "dag_gfn" in loaded
    assert not loaded & {"torch", "pgmpy", "sklearn", "matplotlib", "jinja2"}


def test_reading_and_exact_posteriors_need_no_torch():
    light = [
        ".".join(["dag_gfn", *path.relative_to(ROOT).with_suffix("").parts]).removesuffix(".__init__")
        for path in modules()
        if RANK[part_of(path)] < RANK["mcmc"]
    ]
    assert "dag_gfn.exact.enumeration" in light
    assert not loaded_after("import " + ", ".join(light)) & {"torch", "pgmpy", "sklearn", "matplotlib"}
