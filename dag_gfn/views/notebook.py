"""What a notebook shows of a posterior and of a table."""

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from dag_gfn.data import Dataset
from dag_gfn.data.roles import ColumnRole
from dag_gfn.errors import printable
from dag_gfn.notebook import ShownInNotebook
from dag_gfn.posterior import GraphPosterior
from dag_gfn.posterior.checks import check_sentences
from dag_gfn.views.experiments import variable_pairs
from dag_gfn.views.pairs import LIKELY, UNLIKELY
from dag_gfn.views.report.page import report_html
from dag_gfn.views.role_table import kind_of, why
from dag_gfn.views.wording import rows_words

MAX_PAIRS = 15
"""Pairs of variables that have a line."""
MAX_COLUMNS = 30
"""Columns of a table that have a line."""


def html_of(thing: object) -> str:
    """Return the HTML of a posterior or a table.

    Raises
    ------
    TypeError
        If there is no view of such a thing.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import GraphPosterior
    >>> from dag_gfn.views.notebook import html_of
    >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
    >>> posterior = GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([0.75, 0.25]))
    >>> "<td><b>rain</b></td><td><b>wet</b></td>" in html_of(posterior)
    True
    """
    if isinstance(thing, GraphPosterior):
        return posterior_html(thing)
    if isinstance(thing, Dataset):
        return dataset_html(thing)
    raise TypeError(f"no view of {type(thing).__name__}")


def posterior_html(posterior: GraphPosterior) -> str:
    """Return the pairs most likely to be linked, and how far to believe them.

    Examples
    --------
    See `html_of`.
    """
    info = posterior.info
    pairs = variable_pairs(posterior)
    rows = []
    for pair in pairs[:MAX_PAIRS]:
        if pair.linked >= UNLIKELY:
            names = (posterior.names[pair.a], posterior.names[pair.b])
            numbers = (f"{number:.3f}" for number in (pair.forward, pair.backward, pair.linked))
            rows.append(_row((*names, *numbers), strong=pair.linked >= LIKELY))
    rest = len(pairs) - len(rows)
    said = [*check_sentences(posterior.record), *(f"Warning: {text}" for text in info.get("warnings", []))]
    if rest:
        said.insert(
            0, f"{rest} of {len(pairs)} pairs are not shown: pair_table() has all, explore() the report."
        )
    heading = f"Posterior over causal graphs of {posterior.d} variables"
    made = ", ".join(f"{key} {info[key]}" for key in ("method", "score", "prior") if info.get(key))
    if made:
        heading += f" from {rows_words(info)} ({made})"
    return _page(heading, ("a", "b", "a→b", "b→a", "linked"), rows, said)


def dataset_html(data: Dataset) -> str:
    """Return what each column of a table is.

    Examples
    --------
    >>> import dag_gfn
    >>> from dag_gfn.views.notebook import dataset_html
    >>> "Table of 150 rows and 4 variables (continuous)" in dataset_html(dag_gfn.load_example("iris"))
    True
    """
    roles = list(data.roles) or [ColumnRole(name, data.kind) for name in data.names]
    rows = [
        _row((role.name, kind_of(role), why(role, data.n)), strong=role.surprise >= 2)
        for role in roles[:MAX_COLUMNS]
    ]
    rest = len(roles) - len(rows)
    said = [f"{rest} of {len(roles)} columns are not shown."] if rest else []
    heading = f"Table of {data.n:,} rows and {data.d} variables ({data.kind})"
    return _page(heading, ("column", "role", "why"), rows, [*said, *data.notes])


@dataclass(frozen=True)
class ReportFrame(ShownInNotebook):
    """A report within a page; `report_frame` makes it.

    Attributes
    ----------
    page : str
        The report, HTML.
    height : int
        Pixels.

    Examples
    --------
    >>> from dag_gfn.views.notebook import ReportFrame
    >>> ReportFrame("<p>", 300)._repr_html_()
    '<iframe srcdoc="&lt;p&gt;" style="width:100%;height:300px;border:1px solid #8884"></iframe>'
    """

    page: str
    height: int

    def __repr__(self) -> str:
        return "ReportFrame: a notebook shows it; elsewhere write_report(posterior, 'report.html') writes the page"

    def _repr_html_(self) -> str:
        style = f"width:100%;height:{self.height}px;border:1px solid #8884"
        return f'<iframe srcdoc="{escape(self.page)}" style="{style}"></iframe>'


def report_frame(posterior: GraphPosterior, *, height: int) -> ReportFrame:
    """Return the report of a posterior as a frame.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import GraphPosterior
    >>> from dag_gfn.views.notebook import report_frame
    >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
    >>> posterior = GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([0.75, 0.25]))
    >>> report_frame(posterior, height=500).height
    500
    """
    return ReportFrame(report_html(posterior), height)


def _row(cells: Iterable[str], *, strong: bool) -> str:
    """Return a row of a table; names are shown as they are, whatever they hold."""
    shown = (escape(printable(cell)) for cell in cells)
    return "<tr>" + "".join(f"<td>{f'<b>{cell}</b>' if strong else cell}</td>" for cell in shown) + "</tr>"


def _page(heading: str, titles: Iterable[str], rows: Iterable[str], sentences: Iterable[str]) -> str:
    head = "".join(f"<th>{escape(title)}</th>" for title in titles)
    below = "".join(f"<p>{escape(printable(sentence))}</p>" for sentence in sentences)
    return (
        f"<div><p>{escape(printable(heading))}</p><table class='dataframe'><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table>{below}</div>"
    )
