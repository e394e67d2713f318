"""Pages of the site that stand outside docs/: measured tables of the experiments, files of the root, integrations."""

import os
import re
from pathlib import Path

from sphinx.application import Sphinx

FOLDER = "measured"  # of the pages that are written here, in docs/
ROOT = Path(__file__).parents[2]


def page_of(file: Path) -> str:
    """Return the name, in the folder, of the page of a Markdown file outside docs/.

    >>> page_of(ROOT / "experiments/results/edge_addition/d10/tables.md"), page_of(ROOT / "CHANGELOG.md")
    ('edge_addition_d10', 'changelog')
    """
    inside = file.relative_to(ROOT)
    if inside.parts[:2] == ("experiments", "results"):
        return "_".join(inside.parts[2:-1])
    return inside.parent.name if inside.stem == "README" else inside.stem.lower()


def files() -> list[Path]:
    """Return the Markdown files outside docs/ that have a page."""
    return [
        *sorted((ROOT / "experiments" / "results").rglob("tables.md")),
        ROOT / "CHANGELOG.md",
        ROOT / "CONTRIBUTING.md",
        *sorted((ROOT / "integrations").glob("*/README.md")),
    ]


def linked(text: str, folder: Path, to: Path) -> str:
    """Return a text whose links, relative to its folder, lead to the same from a page in another folder of docs/.

    Links to the files above lead to their pages; of those to other pages outside docs/ the words stay.
    """
    pages = set(files())

    def replaced(match: re.Match[str]) -> str:
        words, address, place = match.groups(default="")
        target = (folder / address).resolve()
        if target in pages:
            return f"[{words}](/{FOLDER}/{page_of(target)}.md{place})"
        if target.suffix in (".md", ".rst") and not target.is_relative_to(ROOT / "docs"):
            return words
        return f"[{words}]({os.path.relpath(target, to)}{place})" if target.exists() else match[0]

    return re.sub(r"\[([^\]]*)\]\((?!https?:|/|#)([^)#\s]+)(#[^)]*)?\)", replaced, text)


def write_pages(app: Sphinx) -> None:
    """Write a page for each file; pages of files that are gone are removed."""
    folder = Path(app.srcdir) / FOLDER
    folder.mkdir(exist_ok=True)
    pages = {
        folder / f"{page_of(file)}.md": linked(file.read_text(encoding="utf-8"), file.parent, folder)
        for file in files()
    }
    for page in folder.glob("*.md"):
        if page not in pages:
            page.unlink()
    for page, text in pages.items():
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            page.write_text(text, encoding="utf-8")


def link_to_pages(app: Sphinx, docname: str, source: list[str]) -> None:
    """Turn links of pages in docs/ to these files into links to their pages."""
    page = Path(app.env.doc2path(docname))
    if page.suffix == ".md" and page.parent.name != FOLDER:
        source[0] = linked(source[0], page.parent, page.parent)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("builder-inited", write_pages, priority=1)
    app.connect("source-read", link_to_pages)
    return {"parallel_read_safe": True}
