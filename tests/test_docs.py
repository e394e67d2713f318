"""What the documents say of the files around them is true."""

import pkgutil
import re
from pathlib import Path

import pytest

from dag_gfn.posterior import limits

ROOT = Path(__file__).parent.parent
PAGES = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]


@pytest.mark.parametrize(
    "page",
    [*PAGES, ROOT / "integrations" / "benchpress" / "README.md"],
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_are_named_exist(page):
    """Only paths into the project's own folders: others are those of a reader's folders."""
    folders = "dag_gfn|docs|tests|experiments|benchmarks"
    named = re.findall(rf"(?:{folders})/[\w./]+\.\w+", page.read_text(encoding="utf-8"))
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_dotted_names_in_docs_and_docstrings_exist():
    files = [page for page in PAGES if page.name != "CHANGELOG.md"]  # which names what is gone
    files += [path for folder in ("dag_gfn", "experiments") for path in (ROOT / folder).rglob("*.py")]
    named = {
        name
        for path in files
        for name in re.findall(r"`~?(dag_gfn(?:\.\w+)+)", path.read_text(encoding="utf-8"))
    }
    assert len(named) > 40
    dead = []
    for name in sorted(named):
        try:
            pkgutil.resolve_name(name)
        except (AttributeError, ImportError):
            dead.append(name)
    assert dead == []


def test_the_glossary_has_every_limit_of_the_verdict():
    table = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8").partition("## Limits")[2]
    listed = re.findall(r"^\| `(\w+)` \| ([\d.]+) \|", table, re.MULTILINE)
    known = {name: value for name, value in vars(limits).items() if name.startswith(("MAX_", "MIN_"))}
    assert {name: float(value) for name, value in listed} == known


def test_the_layout_names_every_module():
    layout = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    modules = {path.name for path in (ROOT / "dag_gfn").rglob("*.py")} - {"__main__.py", "__init__.py"}
    assert not {name for name in modules if name not in layout}
