"""What the model of a fit misses, in three sentences: what, what to do, and what could have been seen."""

from collections.abc import Mapping, Sequence
from typing import Any

CHECKED = {
    "bend": "bends",
    "spread": "changing spread",
    "skewness": "skewness",
    "tails": "heavy tails",
    "neighbours": "likeness of neighbouring rows",
    "pair": "pairs that go together without a link",
}
"""What each kind of check looks for."""
MOST_KINDS = 3
"""Kinds of breaks that are told with an example; the others are named."""


def criticism_sentences(info: Mapping[str, Any]) -> list[str]:
    """Return at most three sentences on what the model of a fit misses; none where nothing was recorded.

    Parameters
    ----------
    info : mapping
        Of a posterior.

    Examples
    --------
    >>> from dag_gfn.criticism import Criticism, Finding
    >>> found = Finding("bend", "pay", "age", 0.3, 8.0, "strong")
    >>> record = Criticism(200, ("bend", "spread"), 3, (found,), {"bend": 0.05, "spread": 0.2}).to_json()
    >>> from dag_gfn.views.criticism import criticism_sentences
    >>> print("\\n".join(criticism_sentences({"criticism": record, "score": "bge", "kind": "continuous"})))
    What the model misses: 'pay' bends with 'age' (strong: 30% of what its parents leave).
    What to do: let causes act by curves (--score additive).
    No changing spread was found; with 200 rows only a rank correlation of more than 0.2 would have been seen.
    """
    record = info.get("criticism")
    if not record:
        return []
    if record["skipped"]:
        return [f"What the model misses was not checked: {record['skipped']}."]
    findings = [finding for finding in record["findings"] if finding["kind"] in CHECKED]
    broken = list(dict.fromkeys(finding["kind"] for finding in findings))
    told = []
    if findings:
        clauses = [_clause([f for f in findings if f["kind"] == kind]) for kind in broken[:MOST_KINDS]]
        if len(broken) > MOST_KINDS:
            clauses.append(f"and {_listed([CHECKED[kind] for kind in broken[MOST_KINDS:]], 'and')} elsewhere")
        told.append(f"What the model misses: {'; '.join(clauses)}.")
        told.append(f"What to do: {'; or '.join(_remedies(findings, info))}.")
    fine = [kind for kind in record["checked"] if kind not in broken and kind in record["limits"]]
    if fine:
        limits = _listed([_limit(kind, record["limits"][kind]) for kind in fine[:2]])
        told.append(
            f"No {_listed([CHECKED[kind] for kind in fine])} {'were' if len(fine) > 1 else 'was'} found; with "
            f"{record['rows']:,} rows only {limits} would have been seen."
        )
    return told


def _clause(findings: Sequence[Mapping[str, Any]]) -> str:
    """Return the largest break of a kind, and how many more there are."""
    first, more = findings[0], len(findings) - 1
    column, other, size = first["column"], first["other"], first["size"]
    said = {
        "bend": f"'{column}' bends with '{other}' ({first['grade']}: {size:.0%} of what its parents leave)",
        "spread": f"the spread of '{column}' {'grows' if size > 0 else 'falls'} with its expected value "
        f"({first['grade']})",
        "skewness": f"what parents leave of '{column}' is skewed to the {'right' if size > 0 else 'left'} "
        f"({first['grade']})",
        "tails": f"what parents leave of '{column}' has {'heavy' if size > 0 else 'light'} tails ({first['grade']})",
        "neighbours": f"neighbouring rows are {'alike' if size > 0 else 'opposed'} in '{column}' beyond what parents "
        f"explain ({first['grade']}: correlation {size:.2f})",
        "pair": f"'{column}' and '{other}' go together beyond what the graph explains ({first['grade']})",
    }[first["kind"]]
    if not more:
        return said
    what = "pair" if other is not None else "column"
    return f"{said}, and so {'does' if more == 1 else 'do'} {more} more {what}{'s' if more > 1 else ''}"


def _remedies(findings: Sequence[Mapping[str, Any]], info: Mapping[str, Any]) -> list[str]:
    kinds = {finding["kind"] for finding in findings}
    normal = info.get("margins") == "normal_scores" or info.get("score") == "copula"
    curved = info.get("score") == "additive"
    numbers = info.get("kind") != "discrete"
    told = []
    if "bend" in kinds and not curved and numbers:
        told.append("let causes act by curves (--score additive)")
    if kinds & {"skewness", "tails", "spread"} and not normal and numbers:
        told.append("take the columns by their ranks (--margins normal_scores), or take logarithms")
    if "neighbours" in kinds:
        lagged = bool(info.get("lags"))
        told.append(
            (
                "add more of the past (--lags)"
                if lagged
                else "if rows are in time order, add the past (--lags 1)"
            )
            + ", and if they are sorted or in groups, add the column that sorts or groups them"
        )
    if "pair" in kinds:
        told.append("look for a common cause that is not in the table")
    if told:
        return told
    if "bend" in kinds:
        return [
            "two causes may act together, not by a sum of curves, which no score here has: distrust directions"
        ]
    return ["look at outlying rows, and distrust directions that rest on these columns"]


def _limit(kind: str, size: float) -> str:
    return {
        "bend": f"a bend of more than {size:.0%} of what parents leave",
        "spread": f"a rank correlation of more than {size:.2g}",
        "skewness": f"a skewness of more than {size:.2g}",
        "tails": f"an excess kurtosis of more than {size:.2g}",
        "neighbours": f"a correlation of more than {size:.2g}",
        "pair": f"a Cramér's V of more than {size:.2g}",
    }[kind]


def _listed(words: Sequence[str], last: str = "or") -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"
