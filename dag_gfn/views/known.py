"""What was known about the graph, in words, and what it changed."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from dag_gfn.data.messages import listed
from dag_gfn.knowledge.support import times_in_words

CHANGED = 0.05
"""An edge probability that the knowledge changes by less is not named."""
MAX_CHANGES = 8
"""Edges that are named because the knowledge changes their probability."""


class ChangedEdge(NamedTuple):
    """An edge whose probability the knowledge changes.

    Attributes
    ----------
    source, target : str
    without : float
        Posterior probability without the knowledge.
    before_data : float
        Prior probability with it.
    probability : float
        Posterior probability with it.

    Examples
    --------
    >>> from dag_gfn.views.known import ChangedEdge
    >>> ChangedEdge("a", "b", 0.5, 0.6, 0.9).probability
    0.9
    """

    source: str
    target: str
    without: float
    before_data: float
    probability: float


def changed_edges(
    info: Mapping[str, Any], names: Sequence[str], probability: np.ndarray
) -> list[ChangedEdge] | None:
    """Return the edges whose probability the knowledge changes, most first; None where that is not known.

    Parameters
    ----------
    info : mapping
        Of a posterior.
    names : sequence of str, length d
    probability : ndarray, shape (d, d), float64
        Entry (i, j): probability of i → j (row → column).

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.views.known import changed_edges
    >>> without = {"edges": [[0, 0.5], [0.5, 0]], "before_data": [[0, 0.9], [0.1, 0]], "log_bayes_factor": 0.0}
    >>> found = changed_edges({"without_knowledge": without}, ("a", "b"), np.array([[0.0, 0.8], [0.48, 0.0]]))
    >>> [(edge.source, edge.target) for edge in found]
    [('a', 'b')]
    """
    recorded = info.get("without_knowledge")
    if recorded is None:
        return None
    without, before = np.array(recorded["edges"]), np.array(recorded["before_data"])
    change = np.abs(probability - without)
    order = np.argsort(-change, axis=None, kind="stable")
    pairs = [divmod(int(k), len(names)) for k in order]
    return [
        ChangedEdge(names[i], names[j], float(without[i, j]), float(before[i, j]), float(probability[i, j]))
        for i, j in pairs
        if change[i, j] >= CHANGED
    ]


def known_statements(info: Mapping[str, Any]) -> list[str]:
    """Return what was said to be known, one short line for each kind of statement.

    Examples
    --------
    >>> from dag_gfn.views.known import known_statements
    >>> known_statements({"knowledge": {"roots": ["age"], "tiers": [["age", "sex"], ["job"]]}})
    ['order: age, sex < job', 'roots (no parents): age']
    """
    known = info.get("knowledge") or {}
    lines = []

    def add(title: str, entries: Sequence[str]) -> None:
        if entries:
            lines.append(f"{title}: {listed(entries)}")

    add("required edges", _edges(known, "required", "→"))
    add("forbidden edges", _edges(known, "forbidden", "→"))
    if known.get("tiers"):
        closed = known.get("forbid_within_tiers") or []
        within = ""
        if closed:
            which = (
                "any tier" if len(closed) == len(known["tiers"]) else f"tier {listed([*map(str, closed)])}"
            )
            within = f", no edges within {which}"
        tiers = (", ".join(tier) if len(tier) <= 8 else listed(tier) for tier in known["tiers"])
        lines.append(f"order: {' < '.join(tiers)}{within}")
    add("roots (no parents)", known.get("roots", []))
    add("leaves (no children)", known.get("leaves", []))
    add("most parents", [f"{name} {limit}" for name, limit in (known.get("max_parents") or {}).items()])
    beliefs = known.get("beliefs", [])
    add("beliefs", [f"{each['from']} → {each['to']} {each['probability']:g}" for each in beliefs])
    add("required paths", _edges(known, "required_paths", "⇝"))
    add("forbidden paths", _edges(known, "forbidden_paths", "⇝"))
    add("groups", [f"{name} = {', '.join(members)}" for name, members in (known.get("groups") or {}).items()])
    return lines


def known_sentences(info: Mapping[str, Any], names: Sequence[str], probability: np.ndarray) -> list[str]:
    """Return what was known and what it changed, in sentences; none where nothing was said.

    Parameters
    ----------
    info, names, probability
        As for `changed_edges`.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.views.known import known_sentences
    >>> known_sentences({"knowledge": {"roots": ["a"]}}, ("a", "b"), np.zeros((2, 2)))
    ['Taken as known: roots (no parents): a.']
    """
    statements = known_statements(info)
    if not statements:
        return []
    lines = [f"Taken as known: {'; '.join(statements)}."]
    changes = changed_edges(info, names, probability)
    if changes is not None:
        shown = [f"{e.source} → {e.target} {e.without:.2f} to {e.probability:.2f}" for e in changes]
        if shown:
            told = listed(shown, limit=MAX_CHANGES)
            lines.append(f"It changes edge probabilities (without it, with it): {told}.")
        else:
            lines.append(f"It changes no edge probability by more than {CHANGED:g}.")
        lines.append(support_sentence(info["without_knowledge"]["log_bayes_factor"]))
    return lines + _kept_paths(info)


def support_sentence(log_bayes_factor: float) -> str:
    """Return how well the data go with the knowledge, in a sentence.

    Examples
    --------
    >>> from dag_gfn.views.known import support_sentence
    >>> support_sentence(2.0)
    'The data are 7.4 times more probable with this knowledge than without it: they support it.'
    """
    times = math.exp(min(abs(log_bayes_factor), 700.0))
    told = times_in_words(log_bayes_factor)
    if times < 3.0:
        return (
            "The data are about as probable with this knowledge as without it: they say nothing against it."
        )
    if log_bayes_factor > 0:
        return f"The data are {told} more probable with this knowledge than without it: they support it."
    weight = "speak against it" if times >= 20.0 else "speak a little against it"
    return f"The data are {told} less probable with this knowledge than without it: they {weight}."


def _kept_paths(info: Mapping[str, Any]) -> list[str]:
    """Return how many draws keep the statements about paths; the condition itself is told with the diagnostics."""
    known = info.get("knowledge") or {}
    draws = info.get("diagnostics", {}).get("effective_samples")
    if draws is None or not (known.get("required_paths") or known.get("forbidden_paths")):
        return []
    return [f"Graphs worth {draws:,.0f} independent draws keep the statements about paths."]


def _edges(known: Mapping[str, Any], kind: str, arrow: str) -> list[str]:
    return [f"{source} {arrow} {target}" for source, target in known.get(kind, [])]
