"""Who imports whom: every module is held to the table of docs/architecture.md."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import dag_gfn

ROOT = Path(dag_gfn.__file__).parent

RANKS = {
    0: {"errors", "subsets"},
    1: {"graph", "evidence", "budget"},
    2: {"data", "posterior", "objectives", "policies"},
    3: {"scores", "metrics", "parameters", "layerings"},
    4: {"env", "exact", "mcmc", "effects", "fitted"},
    5: {
        "sampling",
        "exploration",
        "replay",
        "checkpoint",
        "soap",
        "threads",
        "weighted_layerings",
        "bridge_sampling",
        "pooled_layerings",
        "layer_chains",
    },
    6: {"train_config", "training", "importance"},
    7: {
        "fit",
        "methods",
        "exact_check",
        "gflownet",
        "layered_gflownet",
        "layered_marginal",
        "layered_posterior",
        "trained",
        "trained_layers",
        "progress",
        "run_folder",
        "terminal",
        "plots",
        "report",
    },
    8: {"cli", "estimator", "__init__", "__main__"},
}
RANK = {part: rank for rank, parts in RANKS.items() for part in parts}

WITHIN_A_RANK = {
    ("metrics", "posterior"),
    ("layerings", "scores"),
    ("layerings", "metrics"),
    ("sampling", "exploration"),
    ("training", "train_config"),
    ("fit", "methods"),
    ("fit", "exact_check"),
    ("methods", "gflownet"),
    ("methods", "layered_gflownet"),
    ("methods", "progress"),
    ("methods", "exact_check"),
    ("exact_check", "progress"),
    ("gflownet", "trained"),
    ("layered_gflownet", "gflownet"),
    ("layered_gflownet", "layered_marginal"),
    ("layered_gflownet", "layered_posterior"),
    ("layered_gflownet", "trained_layers"),
    ("layered_posterior", "gflownet"),
    ("layered_posterior", "trained_layers"),
    ("pooled_layerings", "bridge_sampling"),
    ("pooled_layerings", "weighted_layerings"),
    ("trained_layers", "trained"),
    ("report", "plots"),
    ("report", "exact_check"),
    ("report", "terminal"),
    ("terminal", "exact_check"),
    ("__main__", "cli"),
}
"""Imports of one part by another of the same rank, (who, whom)."""

TORCH = {
    "env",
    "policies",
    "objectives",
    "sampling",
    "exploration",
    "replay",
    "checkpoint",
    "soap",
    "training",
    "importance",
    "gflownet",
    "layered_gflownet",
    "layered_marginal",
    "layered_posterior",
    "threads",
    "trained",
    "trained_layers",
    "exact/policy_marginal.py",
}
TORCH_INSIDE_FUNCTIONS = {"fit.py", "methods.py"}


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

    visit(ast.parse(path.read_text()), True)
    return found


def inner_imports(path):
    """Return the parts of dag_gfn that a file imports, at any place in it."""
    parts = set()
    for name, _ in imports(path):
        package, *rest = name.split(".")
        if package == "dag_gfn" and rest != ["__version__"]:  # which stands first in __init__
            part = rest[0] if rest else "__init__"
            # otherwise it is something that the public API gives
            known = part in RANK or (ROOT / part).is_dir() or (ROOT / f"{part}.py").exists()
            parts.add(part if known else "__init__")
    return parts


def test_every_part_has_a_rank():
    parts = {part_of(path) for path in modules()}
    assert parts <= set(RANK), f"{sorted(parts - set(RANK))} are in no rank of this table and the docs'"


def test_the_walk_sees_what_is_there():
    assert ROOT / "env" / "edge_addition.py" in modules()
    assert {"env", "policies", "scores"} <= inner_imports(ROOT / "env" / "edge_addition.py")
    assert ("torch", True) in imports(ROOT / "training.py")


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_to_lower_ranks_only(path):
    part = part_of(path)
    for imported in (inner_imports(path) - {part}) & set(RANK):
        if part not in RANK or (imported == "__init__" and part in RANKS[8]):
            continue
        lower = RANK[imported] < RANK[part]
        assert lower or (part, imported) in WITHIN_A_RANK, (
            f"{path.relative_to(ROOT)} of rank {RANK[part]} imports {imported} of rank {RANK[imported]}"
        )


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_torch_stays_where_it_works(path):
    relative = path.relative_to(ROOT).as_posix()
    if part_of(path) in TORCH or relative in TORCH:
        return
    for name, loading in imports(path):
        if name.split(".")[0] == "torch":
            assert relative in TORCH_INSIDE_FUNCTIONS, f"{relative} imports {name}"
            assert not loading, f"{relative} imports {name} when it is loaded: do so inside the function"


def test_only_the_faces_import_report():
    for path in modules():
        if part_of(path) not in ("cli", "estimator", "__init__", "report"):
            assert "report" not in inner_imports(path), path


def test_oracles_share_no_code_with_the_environment():
    for path in modules():
        if part_of(path) in ("exact", "mcmc") and path.name != "policy_marginal.py":
            assert not inner_imports(path) & {"env", "policies", "sampling", "training"}, path


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
        if RANK.get(part_of(path), 9) <= 4
        and part_of(path) not in TORCH | {"bootstrap", "fitted"}
        and path.relative_to(ROOT).as_posix() not in TORCH
    ]
    assert "dag_gfn.exact.enumeration" in light
    assert not loaded_after("import " + ", ".join(light)) & {"torch", "pgmpy", "sklearn", "matplotlib"}
