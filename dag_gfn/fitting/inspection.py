"""What a fit would do with a table, without doing it: roles, missing cells, doubts, score, method and cost."""

import re
from dataclasses import dataclass
from typing import Any

from dag_gfn.data import Dataset
from dag_gfn.data.doubts import Doubt
from dag_gfn.data.messages import option_value, quoted
from dag_gfn.data.roles import ColumnRole
from dag_gfn.exact.posterior import fit_estimate
from dag_gfn.fitting.automatic_score import AUTOMATIC, without_automatic
from dag_gfn.fitting.completed_fit import MOST_TABLES, affordable_method, planned_tables
from dag_gfn.fitting.method_choice import MethodChoice, method_for
from dag_gfn.fitting.options import FitOptions
from dag_gfn.fitting.own_score import named_or_own
from dag_gfn.fitting.prepare import doubts_and_warnings
from dag_gfn.scores import ScoreChoice, needs_completion, score_for

_OPTION = re.compile(r"(--[a-z][a-z-]*)(?: ([^\s;,)]+))?")
"""An option in a reason, and the word after it."""
_NOT_USABLE = ("constant", "no value", "an unnamed", "without a name")
"""How reasons begin that no option can undo."""
_LAST = ("numbers the rows", "an identifier", "the same as", "equal to")
"""How reasons begin that hardly anybody wants to undo."""
_WORDS = ("days",)
"""Values of options that are no columns."""


@dataclass(frozen=True)
class Inspection:
    """What a fit would do with a table.

    Attributes
    ----------
    dataset : Dataset
        As it was read.
    score : ScoreChoice
    method : MethodChoice
        With the cost of the exact posterior of one complete table.
    drawn : str
        Which cells would be drawn first, in words; empty if none.
    tables : int
        How many completed tables the method would run on; 1 where no cell is drawn.
    doubts : list of Doubt
    warnings : list of str
        The warnings of the doubts, and those without a doubt of their own.

    Examples
    --------
    See `inspect_table`.
    """

    dataset: Dataset
    score: ScoreChoice
    method: MethodChoice
    drawn: str
    tables: int
    doubts: list[Doubt]
    warnings: list[str]

    @property
    def roles(self) -> list[ColumnRole]:
        """Return the roles of all columns, the most surprising first; those of the dataset where nobody decided."""
        return sorted(roles_of(self.dataset), key=lambda role: -role.surprise)

    @property
    def complete_rows(self) -> int:
        """Return how many rows have no missing cell."""
        return int((~self.dataset.missing.any(axis=1)).sum())

    def to_json(self) -> dict[str, Any]:
        """Return all of it as JSON holds it."""
        data = self.dataset
        missing = data.missing.sum(axis=0).tolist()
        return {
            "rows": data.n,
            "total_weight": data.total_weight,
            "complete_rows": self.complete_rows,
            "columns": [
                role.to_json()
                | {"otherwise": otherwise(role), "is_doubtful": not role.reason.startswith(_LAST)}
                for role in self.roles
            ],
            "nodes": list(data.nodes),
            "kind": data.kind,
            "missing": {name: count for name, count in zip(data.names, missing, strict=True) if count},
            "notes": list(data.notes),
            "doubts": [doubt.record() for doubt in self.doubts],
            "warnings": self.warnings,
            "score": {"name": self.score.name, "reason": self.score.reason},
            "method": {
                "name": self.method.name,
                "reason": self.method.reason,
                "cost": str(self.method.exact) if self.method.name == "exact" else "",
                "exact_seconds": self.method.exact.seconds,
                "exact_bytes": self.method.exact.bytes,
            },
            "drawn": self.drawn,
            "tables": self.tables,
        }


def inspect_table(dataset: Dataset, chosen: FitOptions) -> Inspection:
    """Return what a fit of this dataset would do under these options.

    Raises
    ------
    DataError, OptionError, ConstraintError
        As the fit would, where data and options do not go together.

    Examples
    --------
    >>> import dag_gfn
    >>> from dag_gfn.fitting.inspection import inspect_table
    >>> from dag_gfn.fitting.options import FitOptions
    >>> found = inspect_table(dag_gfn.load_example("wine"), FitOptions.from_keywords({}, caller="fit"))
    >>> found.score.name, found.method.name, found.drawn
    ('bge', 'exact', '')
    """
    is_automatic, chosen = chosen.model.score == AUTOMATIC, without_automatic(chosen)
    asked, score = named_or_own(chosen.model.score)[0], score_for(dataset)
    if is_automatic:
        score = ScoreChoice(
            score.name, "the usual one; --score auto compares models first, and dag-gfn models shows them"
        )
    if asked is not None:
        score = ScoreChoice(
            asked, "asked for" if asked == score.name else f"asked for; by itself {score.name}"
        )
    is_drawn = needs_completion(score.name, dataset)
    method = _method(dataset, chosen, is_drawn=is_drawn)
    doubts, unlike = doubts_and_warnings(dataset, chosen, with_score=True)
    return Inspection(
        dataset,
        score,
        method,
        _drawn(dataset, score.name) if is_drawn else "",
        _tables(dataset, method, chosen) if is_drawn else 1,
        doubts,
        [*(doubt.warning for doubt in doubts), *unlike],
    )


def roles_of(data: Dataset) -> tuple[ColumnRole, ...]:
    """Return the roles that were decided, or those that the columns of the dataset have where nobody decided.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dataclasses import replace
    >>> from dag_gfn.fitting.inspection import roles_of
    >>> data = dag_gfn.from_array(np.array([[1.0, 2.0], [3.0, 5.0]]), ["age", "pay"])
    >>> [role.role for role in roles_of(replace(data, roles=()))]
    ['continuous', 'continuous']
    """
    if data.roles:
        return data.roles
    names = {"discrete": "category"}
    return tuple(
        ColumnRole(name, names.get(kind, kind), missing=int(missing), levels=levels)
        for name, kind, missing, levels in zip(
            data.names, data.kinds, data.missing.sum(axis=0), data.cardinalities, strict=True
        )
    )


def otherwise(role: ColumnRole) -> str:
    """Return the option that undoes what was decided about a column, or empty text where nothing was.

    Examples
    --------
    >>> from dag_gfn.data.roles import ColumnRole
    >>> from dag_gfn.fitting.inspection import otherwise
    >>> otherwise(ColumnRole("id", "left out", "it counts the rows", surprise=2))
    '--keep id'
    >>> otherwise(ColumnRole("stage", "continuous", "only the numbers 1, 2 and 3", surprise=1))
    '--discrete stage'
    """
    if role.surprise == 0 or role.reason.startswith(("--", *_NOT_USABLE)):
        return ""
    name = option_value([role.name])
    told = _OPTION.search(role.reason)
    if told is not None:
        return f"{told[1]} {told[2]}" if told[2] in _WORDS else f"{told[1]} {name}"
    option = {
        "left out": "--keep",
        "weights": "--continuous",
        "ordinal": "--discrete",
        "continuous": "--discrete",
    }
    return f"{option.get(role.role, '--keep')} {name}"


def _method(data: Dataset, chosen: FitOptions, *, is_drawn: bool) -> MethodChoice:
    method, d, time_budget = chosen.method, len(data.nodes), chosen.duration.time_budget
    found = method_for(d, method.num_samples, time_budget, contexts=len(data.contexts))
    if is_drawn:
        found = _method_of_tables(d, method.num_samples, time_budget)
    if method.order_modular:
        needed = fit_estimate(len(data.nodes), method.num_samples, order_modular=True)
        return MethodChoice("exact", "asked for with --order-modular", needed)
    if method.method == "auto":
        return found
    by_itself = "" if method.method == found.name else f"; by itself {found.name}, since {found.reason}"
    return MethodChoice(method.method, f"asked for{by_itself}", found.exact)


def _method_of_tables(d: int, num_samples: int, time_budget: float | int | None) -> MethodChoice:
    needed = fit_estimate(d, max(num_samples // MOST_TABLES, 1))
    if affordable_method(d, num_samples, time_budget) == "exact":
        return MethodChoice(
            "exact", f"the exact posterior of {d} columns is quick, even for many tables", needed
        )
    return MethodChoice(
        "mcmc",
        f"exact posteriors of many tables of {d} columns would take too long or too much memory",
        needed,
    )


def _tables(data: Dataset, method: MethodChoice, chosen: FitOptions) -> int:
    if chosen.method.num_completed is not None:
        return chosen.method.num_completed
    return planned_tables(
        method.name, len(data.nodes), chosen.method.num_samples, chosen.duration.time_budget
    )


def _drawn(data: Dataset, score: str) -> str:
    """Return which cells are drawn, in words."""
    ordered = [name for name, kind in zip(data.names, data.kinds, strict=True) if kind == "ordinal"]
    parts = []
    if data.has_missing:
        number = int(data.missing.sum())
        parts.append(f"{number:,} missing cell{'s' if number > 1 else ''}")
    if score == "copula" and ordered:
        parts.append(f"the normal variable{'s' if len(ordered) > 1 else ''} behind {quoted(ordered)}")
    return " and ".join(parts)
