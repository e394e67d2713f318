"""The report's findings in words."""

from dataclasses import dataclass, field

from dag_gfn.posterior import GraphPosterior
from dag_gfn.posterior.ranked_classes import credible_sentence
from dag_gfn.posterior.ranking import spread_sentence
from dag_gfn.posterior.trust import trust_in
from dag_gfn.views.experiments import variable_pairs
from dag_gfn.views.pairs import LIKELY, UNLIKELY, Pair
from dag_gfn.views.wording import method_words, model_words, rows_words, subject_words

MAX_NAMED = 8
"""Links of one kind that are named; the others are counted."""


@dataclass(frozen=True)
class Summary:
    """The sentences that a reader should see first.

    Attributes
    ----------
    fitted : str
        What was fitted, on what, and how.
    trust : str
        How far to rely on the probabilities.
    level : {"good", "caution", "bad"}
        The same in one word.
    findings : list of (str, list of str)
        Kinds of links, each with those that are named.
    distrust : list of str
        Reasons for doubt that the fit itself recorded.

    Examples
    --------
    >>> from dag_gfn.views.report.summary import Summary
    >>> Summary("A posterior.", "Exact.", "good").findings
    []
    """

    fitted: str
    trust: str
    level: str
    findings: list[tuple[str, list[str]]] = field(default_factory=list)
    distrust: list[str] = field(default_factory=list)


def summarise(posterior: GraphPosterior) -> Summary:
    """Return the summary of a posterior.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import GraphPosterior
    >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
    >>> posterior = GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([0.75, 0.25]))
    >>> from dag_gfn.views.report.summary import summarise
    >>> summarise(posterior).level  # nothing is recorded of how it was made
    'caution'
    """
    level, trust = trust_in(posterior.record)
    told = list(posterior.info.get("warnings", []))
    return Summary(_fitted(posterior), trust, level, _findings(posterior), told)


def _fitted(posterior: GraphPosterior) -> str:
    info = posterior.info
    rows = f" from {rows_words(info)}" if info.get("n") or info.get("families") else ""
    how, model = method_words(info.get("method")), model_words(info)
    tables = (info.get("missing") or {}).get("tables")
    if tables:
        how = f"{how} on each of {tables:,} completed tables"
    score = f", with the score {info['score']}" if info.get("score") else ""
    score += f" ({model} relations)" if score and info.get("kind") else ""
    prior = f" and the {info['prior']} prior over graphs" if score and info.get("prior") else ""
    what = "A distribution" if subject_words(info) == "Frequencies" else "A posterior distribution"
    return (
        f"{what} over the causal graphs of {posterior.d} variables{rows}, {how}{score}{prior}. "
        f"It holds {len(posterior):,} different graphs. {spread_sentence(posterior)} {credible_sentence(posterior)}"
    ).rstrip()


def _findings(posterior: GraphPosterior) -> list[tuple[str, list[str]]]:
    names, every = posterior.names, variable_pairs(posterior)
    likely = [pair for pair in every if pair.linked >= LIKELY]
    by_direction: dict[str, list[Pair]] = {"settled": [], "leaning": [], "open": []}
    for pair in likely:
        by_direction[pair.direction].append(pair)
    found = [
        (
            "Likely linked, direction well supported",
            [
                f"{names[p.a]} → {names[p.b]} ({percent(p.forward)}{', by shape' if p.by_shape else ''})"
                for p in by_direction["settled"]
            ],
        ),
        (
            "Likely linked, direction only preferred",
            [
                f"{names[p.a]} → {names[p.b]} ({percent(p.forward)}; reversed {percent(p.backward)}"
                f"{'; by shape' if p.by_shape else ''})"
                for p in by_direction["leaning"]
            ],
        ),
        (
            "Likely linked, but the data cannot say which way",
            [f"{names[p.a]} – {names[p.b]} (linked {percent(p.linked)})" for p in by_direction["open"]],
        ),
    ]
    told = []
    for title, links in found:
        more = [f"and {len(links) - MAX_NAMED} more"] if len(links) > MAX_NAMED else []
        if links:
            told.append((f"{title} ({len(links)})", links[:MAX_NAMED] + more))
    unlinked, unsure = (
        sum(p.linked <= UNLIKELY for p in every),
        sum(UNLIKELY < p.linked < LIKELY for p in every),
    )
    told.append(
        (
            "The other pairs",
            [
                f"{unlinked} of {len(every)} pairs are almost surely not linked directly ({percent(UNLIKELY)} at most)",
                f"{unsure} are uncertain (between {percent(UNLIKELY)} and {percent(LIKELY)})",
            ],
        )
    )
    return told


def percent(probability: float | int) -> str:
    """Return a probability as a person writes it; only what is certain is called 0 % or 100 %.

    Examples
    --------
    >>> from dag_gfn.views.report.summary import percent
    >>> percent(0.426).split()
    ['43', '%']
    """
    if 1e-9 < probability < 0.01:
        return "under 1\N{NO-BREAK SPACE}%"
    if 0.99 < probability < 1 - 1e-9:
        return "over 99\N{NO-BREAK SPACE}%"
    return f"{100 * probability:.0f}\N{NO-BREAK SPACE}%"
