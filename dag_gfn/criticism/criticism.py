"""What a fitted model misses: checks of each column and pair under its most probable graphs."""

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64, Int64
from scipy.stats import norm

from dag_gfn.criticism import residual_checks, state_checks
from dag_gfn.criticism.families import LEAST, MOST, descent, families_of
from dag_gfn.criticism.parent_columns import as_scored, parent_columns
from dag_gfn.criticism.residual_checks import MIN_ROWS, Check
from dag_gfn.data.dataset import Dataset
from dag_gfn.errors import DataError

NUMBERS = ("bend", "spread", "skewness", "tails", "neighbours")
STATES = ("pair", "neighbours")
"""Kinds of checks, of numbers and of categories."""
FALSE_ALARMS = 0.05
"""Share of tables of the model itself in which any check may complain; each kind has an equal part."""
GRADES: dict[str, tuple[float, float, float]] = {
    "bend": (0.02, 0.06, 0.2),
    "spread": (0.12, 0.25, 0.45),
    "skewness": (0.3, 0.8, 2.0),
    "tails": (0.6, 1.5, 5.0),
    "neighbours": (0.1, 0.2, 0.4),
    "pair": (0.08, 0.15, 0.3),
}
"""Sizes from which on a break is told, is clear, and is strong."""
MAX_ROWS = 4_000
"""Rows that are looked at; a longer table is looked at in stretches."""
MAX_COLUMNS = 60
"""Columns that are looked at, the first ones."""
MAX_DESCENT = 0.1
"""A column that descends from another with a larger probability is not looked at for its bends."""
_STRETCH = 50
_POWER = 0.84  # z of 80 %


@dataclass(frozen=True)
class Finding:
    """A break that was found.

    Attributes
    ----------
    kind : str
        One of `NUMBERS` or `STATES`.
    column : str
    other : str or None
        The second column of a pair.
    size : float
        As its check measures it (:mod:`dag_gfn.criticism.residual_checks`).
    z : float
    grade : {"slight", "clear", "strong"}

    Examples
    --------
    >>> from dag_gfn.criticism import Finding
    >>> Finding("bend", "pay", "age", 0.3, 8.0, "strong").other
    'age'
    """

    kind: str
    column: str
    other: str | None
    size: float
    z: float
    grade: str


@dataclass(frozen=True)
class Criticism:
    """What was checked and found.

    Attributes
    ----------
    rows : int
        That were looked at.
    checked : tuple of str
        Kinds of checks.
    columns : int
        That were checked.
    findings : tuple of Finding
        The largest first.
    limits : dict of str to float
        The size from which on a break of a kind would most likely have been seen.
    skipped : str
        Why nothing was checked, or empty text.

    Examples
    --------
    See `criticise`.
    """

    rows: int = 0
    checked: tuple[str, ...] = ()
    columns: int = 0
    findings: tuple[Finding, ...] = ()
    limits: dict[str, float] | None = None
    skipped: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return what posterior.json has of it."""
        return {
            "rows": self.rows,
            "checked": list(self.checked),
            "columns": self.columns,
            "findings": [asdict(finding) for finding in self.findings],
            "limits": dict(self.limits or {}),
            "skipped": self.skipped,
        }


def criticise(
    data: Dataset,
    graphs: Bool[np.ndarray, "m d d"],
    weights: Float64[np.ndarray, " m"],
    *,
    score: str,
) -> Criticism:
    """Return what the model of a fit misses in the table.

    Each check is averaged over the most probable parent sets of a column. Together all checks complain about at most
    5 % of tables that the model itself has made.

    Parameters
    ----------
    data : Dataset
        On the scale that was scored.
    graphs : array, shape (m, d, d), bool
        Of the posterior; ``[k, i, j]`` is True for i -> j (row -> column).
    weights : array, shape (m,), float64
    score : str

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.criticism import criticise
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=200)
    >>> data = dag_gfn.from_array(np.column_stack([x, x**2 + x + rng.normal(size=200)]), ["x", "y"]).standardize()
    >>> edge = np.array([[[False, True], [False, False]]])
    >>> found = criticise(data, edge, np.ones(1), score="bge").findings[0]
    >>> found.kind, found.column, found.other, found.grade
    ('bend', 'y', 'x', 'strong')
    """
    skipped = _skipped(data)
    if skipped:
        return Criticism(skipped=skipped)
    complete = np.flatnonzero(~data.missing.any(axis=1))
    rows, follows = _stretches(len(complete))
    follows &= np.concatenate([[False], np.diff(complete[rows]) == 1])
    try:
        data = data.of_rows(complete[rows])
    except DataError as error:
        return Criticism(skipped=f"of the rows without missing cells, {error}")
    if data.kind == "discrete" and score != "copula":
        found = list(_of_states(data, follows, graphs, weights))
        kinds: tuple[str, ...] = STATES
    else:
        found = list(_of_numbers(data, follows, graphs, weights, score))
        kinds = NUMBERS
    if not found:
        return Criticism(rows=data.n, skipped="no column of numbers has rows enough for its parents")
    return _judged(found, kinds, data.n)


def _skipped(data: Dataset) -> str:
    """Return why nothing can be checked, or empty text."""
    if data.moments_only:
        return "a covariance matrix has no rows"
    if data.weights is not None:
        return "rows with weights are not checked"
    if data.contexts:
        return "tables with contexts are not checked"
    complete = int((~data.missing.any(axis=1)).sum())
    if complete < MIN_ROWS:
        return f"there are only {complete} rows without missing cells"
    return ""


def _stretches(n: int) -> tuple[Int64[np.ndarray, " k"], Bool[np.ndarray, " k"]]:
    """Return the rows that are looked at, and which of them come right after the one before."""
    if n <= MAX_ROWS:
        return np.arange(n), np.arange(n) > 0
    starts = np.linspace(0, n - _STRETCH, MAX_ROWS // _STRETCH).astype(np.int64)
    rows = np.unique((starts[:, None] + np.arange(_STRETCH)).ravel())
    return rows, np.concatenate([[False], np.diff(rows) == 1])


@dataclass(frozen=True)
class _Checked:
    """A check of a column, or of a pair, averaged over parent sets."""

    kind: str
    column: str
    other: str | None
    check: Check


def _of_numbers(
    data: Dataset,
    follows: Bool[np.ndarray, " n"],
    graphs: Bool[np.ndarray, "m d d"],
    weights: Float64[np.ndarray, " m"],
    score: str,
) -> Iterator[_Checked]:
    """Yield the checks of each column of numbers, given its most probable parent sets."""
    ranked = [kind == "ordinal" for kind in data.kinds]
    scored = as_scored(data, score)
    columns = parent_columns(scored, score)
    own = [len(c) == 1 and scored.kinds[c[0]] == "continuous" for c in scored.node_columns]
    numeric = [
        j
        for j, c in enumerate(scored.node_columns)
        if own[j] and not ranked[c[0]] and np.unique(scored.values[:, c[0]]).size > 10
    ][:MAX_COLUMNS]
    names, past, below = scored.nodes, _is_past(scored), descent(graphs, weights)
    for node in numeric:
        if past[node]:
            continue
        y = scored.values[:, scored.node_columns[node][0]]
        used = np.ones(len(y), bool)
        if scored.intervened is not None:
            used = ~scored.intervened[:, scored.node_columns[node][0]]
        families = families_of(node, graphs, weights, MOST)
        total: dict[tuple[str, str | None], list[tuple[float, Check]]] = {}
        for parents, weight in zip(families.parents, families.weights.tolist(), strict=True):
            design = np.concatenate([np.zeros((len(y), 0)), *(columns[i] for i in parents)], axis=1)
            if used.sum() < MIN_ROWS + 2 * design.shape[1]:
                continue
            # the residuals depend on what descends from the column
            others = [j for j in numeric if j != node and (j in parents or below[node, j] <= MAX_DESCENT)]
            beside = [scored.values[used, scored.node_columns[j][0]] for j in others]
            for (kind, index), check in _of_family(
                y[used],
                design[used],
                follows & used & np.concatenate([[False], used[:-1]]),
                used,
                np.column_stack([*beside, np.zeros(int(used.sum()))])[:, :-1],
            ):
                key = kind, None if index is None else names[others[index]]
                total.setdefault(key, []).append((weight, check))
        for (kind, other), checks in total.items():
            yield _Checked(kind, names[node], other, _average(checks))


def _of_family(
    y: Float64[np.ndarray, " n"],
    design: Float64[np.ndarray, "n k"],
    follows: Bool[np.ndarray, " all"],
    used: Bool[np.ndarray, " all"],
    others: Float64[np.ndarray, "n m"],
) -> Iterator[tuple[tuple[str, int | None], Check]]:
    """Yield the checks of one column given one parent set."""
    residuals, basis = residual_checks.residuals_of(y, design)
    if residuals.std() < 1e-9:
        return
    yield ("skewness", None), residual_checks.skewness(residuals)
    yield ("tails", None), residual_checks.tails(residuals)
    yield ("neighbours", None), residual_checks.neighbours(residuals, follows[used])
    if design.shape[1]:
        yield ("spread", None), residual_checks.spread(residuals, y - residuals)
    for index, check in enumerate(residual_checks.bends(residuals, basis, others)):
        yield ("bend", index), check


def _is_past(data: Dataset) -> Bool[np.ndarray, " d"]:
    """Return which nodes are those of earlier rows, of which nothing is modelled."""
    d = len(data.nodes)
    return np.arange(d) >= d // (data.lags + 1)


def _of_states(
    data: Dataset,
    follows: Bool[np.ndarray, " n"],
    graphs: Bool[np.ndarray, "m d d"],
    weights: Float64[np.ndarray, " m"],
) -> Iterator[_Checked]:
    """Yield the checks of pairs of categories that the most probable graphs leave without a link, and of rows."""
    codes, names = data.values.astype(np.int64), data.nodes
    d = min(len(names), MAX_COLUMNS)
    for j in range(d):
        before, after = codes[:-1, j][follows[1:]], codes[1:, j][follows[1:]]
        check = state_checks.independence(before, after, np.zeros(len(before), dtype=np.int64))
        if check is not None and data.intervened is None and not data.lags:
            yield _Checked("neighbours", names[j], None, check)
    best = np.argsort(-weights, kind="stable")[:MOST]
    share = weights[best] / weights[best].sum()
    total: dict[tuple[int, int], list[tuple[float, Check]]] = {}
    for graph, weight in zip(graphs[best], share.tolist(), strict=True):
        if weight <= LEAST:
            continue
        for j in range(d):
            below = state_checks.descendants(graph, j)
            strata = state_checks.configurations(codes[:, graph[:, j]].astype(float))
            used = np.ones(data.n, bool) if data.intervened is None else ~data.intervened[:, j]
            for i in range(d):
                if i == j or below[i] or graph[i, j]:
                    continue
                check = state_checks.independence(codes[used, i], codes[used, j], strata[used])
                if check is not None:
                    total.setdefault((min(i, j), max(i, j)), []).append((weight, check))
    for (i, j), checks in total.items():
        if sum(weight for weight, _ in checks) >= 0.5:
            yield _Checked("pair", names[j], names[i], _average(checks))


def _average(checks: list[tuple[float, Check]]) -> Check:
    """Return the mean of checks by their weights; a mean of dependent z-scores varies less than one of them."""
    total = sum(weight for weight, _ in checks)
    return Check(
        sum(weight * check.z for weight, check in checks) / total,
        sum(weight * check.size for weight, check in checks) / total,
    )


def _judged(found: list[_Checked], kinds: tuple[str, ...], rows: int) -> Criticism:
    """Return the breaks among all checks, each kind with an equal share of false alarms."""
    numbers = {kind: sum(each.kind == kind for each in found) for kind in kinds}
    kinds = tuple(kind for kind in kinds if numbers[kind])
    one_sided = ("pair",)
    limits, findings = {}, []
    for kind in kinds:
        share = FALSE_ALARMS / len(kinds) / numbers[kind]
        least = float(norm.isf(share if kind in one_sided else share / 2))
        limits[kind] = max(_size_of(kind, least + _POWER, rows), GRADES[kind][0])
        for each in found:
            if each.kind == kind and abs(each.check.z) > least and abs(each.check.size) >= GRADES[kind][0]:
                size = float(each.check.size)
                findings.append(
                    Finding(kind, each.column, each.other, size, float(each.check.z), _grade(kind, size))
                )
    findings.sort(key=lambda finding: -abs(finding.size) / GRADES[finding.kind][1])
    return Criticism(rows, kinds, len({each.column for each in found}), tuple(findings), limits)


def _grade(kind: str, size: float) -> str:
    _, clear, strong = GRADES[kind]
    return "strong" if abs(size) >= strong else "clear" if abs(size) >= clear else "slight"


def _size_of(kind: str, z: float, rows: int) -> float:
    """Return the size that a z-score stands for, nearly."""
    if kind == "bend":
        return min(z * z / rows, 1.0)
    return z * math.sqrt({"skewness": 6.0, "tails": 24.0}.get(kind, 1.0) / rows)
