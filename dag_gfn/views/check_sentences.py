"""What the data say of a graph, in words."""

import math
from collections.abc import Iterator
from typing import Any

from dag_gfn.graph_check.check import AGAINST, FOR, CheckedPair, GraphCheck
from dag_gfn.posterior import GraphPosterior
from dag_gfn.posterior.trust import trust_in

MAX_LINES = 12
"""Pairs or independences of one kind that are spelled out."""


def check_sentences(found: GraphCheck, posterior: GraphPosterior) -> list[str]:
    """Return what the data say of a graph, one sentence a line.

    Examples
    --------
    >>> import networkx as nx
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.views.check_sentences import check_sentences
    >>> a = np.random.default_rng(0).normal(size=300)
    >>> rows = np.column_stack([a, a + np.random.default_rng(1).normal(size=300)])
    >>> posterior = dag_gfn.fit(dag_gfn.from_array(rows, ["a", "b"]), progress=False)
    >>> lines = check_sentences(dag_gfn.check_graph(posterior, nx.DiGraph([("a", "b")])), posterior)
    >>> lines[0]
    'The graph has 1 edge among 2 variables. Its probability is 0.5.'
    """
    return [
        *_probabilities(found),
        *_edges(found),
        *_missing_edges(found),
        *_independences(found),
        *_how_far(posterior),
    ]


def _probabilities(found: GraphCheck) -> Iterator[str]:
    edges, d = int(found.adjacency.sum()), len(found.names)
    head = f"The graph has {_count(edges, 'edge')} among {_count(d, 'variable')}."
    if found.constraints_exclude:
        yield f"{head} What was required, forbidden or limited in the fit excludes it: its probability is 0."
    else:
        yield f"{head} Its probability is {_likely(found.probability, found.probability_error)}."
    if found.absent:
        yield f"Not in the graph, so taken as variables without edges: {', '.join(found.absent)}."
    if not found.constraints_exclude:
        others = found.class_size - 1
        shared = f"{others:,} other graphs imply" if others != 1 else "1 other graph implies"
        known = f"; together their probability is {_likely(found.class_probability, found.class_error)}"
        yield (
            f"{shared} exactly the same independences (its equivalence class){known}."
            if others
            else "No other graph implies exactly the same independences."
        )
    if not math.isfinite(found.log_odds):
        return
    if found.log_odds > -1e-9:
        yield "It is as probable as the best graph that is known."
        return
    best = ", ".join(f"{a} → {b}" for a, b in list(found.best.edges)[:MAX_LINES]) or "no edges"
    more = found.best.number_of_edges() - MAX_LINES
    best += f" and {more} more" if more > 0 else ""
    factor = found.log_bayes_factor
    data = (
        f" (Bayes factor of the data alone: {_times(-factor)})" if abs(factor - found.log_odds) > 1e-6 else ""
    )
    yield f"The best graph known is {_times(-found.log_odds)} times as probable{data}: {best}."


def _edges(found: GraphCheck) -> Iterator[str]:
    denied = found.judged("denied", has_edge=True)
    reversed_ = found.judged("reversed", has_edge=True)
    opened = found.judged("direction open", has_edge=True)
    supported = found.judged("supported", has_edge=True)
    undecided = found.judged("undecided", has_edge=True)
    yield from _listed(
        f"Edges that the data speak against (probability of any link at most {AGAINST:g}):",
        [f"{p.a} → {p.b} (linked: {p.linked:.3g})" for p in denied],
    )
    yield from _listed(
        f"Edges that the data turn round (probability of the other direction at least {FOR:g}):",
        [f"{p.a} → {p.b} ({p.b} → {p.a}: {p.backward:.3g})" for p in reversed_],
    )
    yield from _listed(
        f"Edges that the data support, with their direction (at least {FOR:g}):",
        [f"{p.a} → {p.b} ({p.forward:.3g})" for p in supported],
    )
    yield from _listed(
        "Edges whose direction the data cannot judge: there is a link, and either way is possible:",
        [f"{p.a} → {p.b} ({_either(p)})" for p in opened],
    )
    yield from _listed(
        "Edges that the data leave undecided:",
        [f"{p.a} → {p.b} ({_either(p)}, no link {1 - p.linked:.2g})" for p in undecided],
    )


def _missing_edges(found: GraphCheck) -> Iterator[str]:
    denied = found.judged("denied", has_edge=False)
    yield from _listed(
        f"Links that the graph lacks and the data ask for (probability at least {FOR:g}):",
        [f"{p.a} – {p.b} ({_either(p)})" for p in denied],
    )
    supported, undecided = (len(found.judged(j, has_edge=False)) for j in ("supported", "undecided"))
    missing = supported + undecided + len(denied)
    if missing:
        yield (
            f"Of the {_count(missing, 'pair')} without an edge in the graph, the data agree with {supported:,} and "
            f"leave {undecided:,} undecided."
        )


def _independences(found: GraphCheck) -> Iterator[str]:
    every, denied = found.independences, found.denied_independences()
    if not every:
        yield "The graph links every pair, so that it implies no independence that the data could deny."
        return
    agreed = sum(each.probability >= FOR for each in every)
    yield (
        f"The graph implies {_count(len(every), 'independence')} (all others follow from these): the posterior denies "
        f"{len(denied):,} (probability at most {AGAINST:g}), agrees with {agreed:,} (at least {FOR:g}) and leaves "
        f"{len(every) - len(denied) - agreed:,} undecided."
    )
    yield from _listed("Denied:", [f"{each} ({each.probability:.2g})" for each in denied])


def _how_far(posterior: GraphPosterior) -> Iterator[str]:
    level, sentence = trust_in(posterior.record)
    if level != "good":
        yield f"As far as the posterior can be relied on: {sentence}"
    yield (
        "These are probabilities under the fit's model. An edge can be wrong although the data support it, if a common "
        "cause was not measured."
    )


def _listed(title: str, lines: list[str]) -> Iterator[str]:
    if not lines:
        return
    yield title
    yield from (f"  {line}" for line in lines[:MAX_LINES])
    if len(lines) > MAX_LINES:
        yield f"  and {len(lines) - MAX_LINES:,} more"


def _either(pair: CheckedPair) -> str:
    return f"{pair.a} → {pair.b} {pair.forward:.2g}, {pair.b} → {pair.a} {pair.backward:.2g}"


def _likely(probability: float, error: float) -> str:
    if math.isnan(probability):
        return "not known"
    return f"{probability:.3g}" + (f" ± {error:.1g}" if error > 0 else "")


def _times(log_ratio: float) -> str:
    """Return exp of a number of nats."""
    return f"{math.exp(log_ratio):,.3g}" if log_ratio < 30 else f"10^{log_ratio / math.log(10):.0f}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def check_json(found: GraphCheck) -> dict[str, Any]:
    """Return what the data say of a graph as JSON can hold it.

    Examples
    --------
    See `check_sentences`.
    """

    def known(number: float) -> float | None:
        return number if math.isfinite(number) else None

    return {
        "edges": [[p.a, p.b] for p in found.pairs if p.has_edge],
        "absent": list(found.absent),
        "excluded_by_constraints": found.constraints_exclude,
        "log_score": known(found.log_score),
        "probability": known(found.probability),
        "standard_error": known(found.probability_error),
        "class_size": found.class_size,
        "class_probability": known(found.class_probability),
        "class_standard_error": known(found.class_error),
        "log_odds_to_best": known(found.log_odds),
        "log_bayes_factor_to_best": known(found.log_bayes_factor),
        "best": [list(edge) for edge in found.best.edges],
        "pairs": [{**p._asdict(), "linked": p.linked} for p in found.pairs],
        "independences": [
            {**each._asdict(), "given": list(each.given), "standard_error": known(each.standard_error)}
            for each in found.independences
        ],
    }
