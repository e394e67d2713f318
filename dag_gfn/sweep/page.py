"""The page of a sweep: what stands whatever is chosen, what hangs on what, and stability beside probability."""

from pathlib import Path
from typing import Any

import numpy as np

from dag_gfn._version import __version__
from dag_gfn.sweep.planned_fits import level_text
from dag_gfn.sweep.results import Results
from dag_gfn.sweep.sensitivity import (
    HANGS,
    HIGH,
    LIKELY,
    LINKED,
    OPEN,
    SLIGHT,
    STANDS,
    UNLIKELY,
    Finding,
    directions,
    links,
)
from dag_gfn.sweep.sentences import (
    GROUPS,
    REPEATED_ROWS,
    TWO_QUESTIONS,
    factor_words,
    move_text,
    pair_text,
    probability_text,
    range_text,
    seconds_text,
    state_sentences,
    steadiness_sentences,
)
from dag_gfn.sweep.stability import FEW_RESAMPLES, stability
from dag_gfn.views import report

MAX_NAMED = 8
"""Links of one kind that the summary names."""
SHOWN_FROM = 0.1
"""Least probability, or share of resamples, of the pairs in the table of stability."""
_HERE = Path(__file__).parent
_CSS = Path(report.__file__).parent / "report.css"
_ARROWS = {
    STANDS: "Directions that stand whatever is chosen",
    LIKELY: "The likelier direction whatever is chosen, not sure in each setting",
    HANGS: "Directions that hang on what is chosen",
}


def sweep_html(results: Results, *, title: str = "What the answer depends on") -> str:
    """Return the page of a sweep: one HTML file that needs nothing but a browser.

    Examples
    --------
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.sweep import plan, run
    >>> from dag_gfn.sweep.page import sweep_html
    >>> from dag_gfn.sweep.results import read_results
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(40, 2)))
    >>> _ = plan(data, "shown", scores=["bge", "bic"], bootstraps=2), run("shown", jobs=1)
    >>> "They answer different questions" in sweep_html(read_results(Path("shown")))
    True
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["moves"] = lambda moves: "; ".join(map(move_text, moves[:2]))
    environment.filters["number"] = probability_text
    environment.globals["range_text"] = range_text
    plan = results.plan
    found = sorted(links(results), key=_order)
    worth_a_direction = {frozenset((each.a, each.b)) for each in found if each.verdict != UNLIKELY}
    arrows = [each for each in directions(results) if frozenset((each.a, each.b)) in worth_a_direction]
    arrows.sort(key=_order)
    stable = stability(results)
    by_kind = {kind: [each for each in found if each.verdict == kind] for kind in GROUPS}
    worth = [each for each in stable if max(each.share, np.nan_to_num(each.posterior)) >= SHOWN_FROM]
    resamples = stable[0].resamples if stable else 0
    return environment.get_template("sweep.html.j2").render(
        title=title,
        css=_CSS.read_text(encoding="utf-8"),
        plan=plan,
        names=results.names,
        state=state_sentences(results),
        counts=count_sentence(found),
        factors=_factors(found),
        hanging=len(by_kind[HANGS]),
        summary=[_named(results, kind, by_kind[kind]) for kind in (STANDS, HANGS, LIKELY)],
        steadiness=steadiness_sentences(stable, results.names),
        groups=[(GROUPS[kind], by_kind[kind]) for kind in (STANDS, LIKELY, HANGS, OPEN)],
        unlikely=by_kind[UNLIKELY],
        unlikely_heading=GROUPS[UNLIKELY],
        arrows=[
            (title, [each for each in arrows if each.verdict == kind]) for kind, title in _ARROWS.items()
        ],
        open_arrows=[each for each in arrows if each.verdict in (OPEN, UNLIKELY)],
        share={
            (each.a, each.b): f"{round(each.share * each.resamples)} of {each.resamples}" for each in stable
        },
        stability=stable,
        stable_rows=sorted(worth, key=lambda each: -np.nan_to_num(each.posterior, nan=each.mean)),
        hidden=len(stable) - len(worth),
        resamples=resamples,
        few=resamples < FEW_RESAMPLES,
        two_questions=TWO_QUESTIONS,
        repeated_rows=REPEATED_ROWS,
        settings=_settings(results),
        provenance=_provenance(results),
        slight=SLIGHT,
        high=HIGH,
        linked_least=LINKED,
        shown_from=SHOWN_FROM,
    )


def count_sentence(found: list[Finding]) -> str:
    """Return how many pairs stand, hang, and so on.

    Examples
    --------
    >>> from dag_gfn.sweep.page import count_sentence
    >>> from dag_gfn.sweep.sensitivity import Finding
    >>> count_sentence([Finding(0, 1, 0.9, 0.8, 1.0, "stands", []), Finding(0, 2, 0.1, 0.0, 0.2, "unlikely", [])])
    'Of 2 pairs, 1 is linked whatever is chosen, ..., and 1 is below one half whatever is chosen.'
    """
    words = {
        STANDS: ("is linked whatever is chosen", "are linked whatever is chosen"),
        LIKELY: ("is likely linked whatever is chosen", "are likely linked whatever is chosen"),
        HANGS: ("hangs on what is chosen", "hang on what is chosen"),
        OPEN: ("is undecided in every setting", "are undecided in every setting"),
        UNLIKELY: ("is below one half whatever is chosen", "are below one half whatever is chosen"),
    }
    parts = []
    for kind, (one, several) in words.items():
        count = sum(each.verdict == kind for each in found)
        parts.append(f"{count} {one if count == 1 else several}")
    return f"Of {len(found)} pair{'s' if len(found) != 1 else ''}, {', '.join(parts[:-1])}, and {parts[-1]}."


def summary_line(results: Results, kind: str, finding: Finding) -> str:
    """Return a pair with its range and, where it hangs on choices, what moves it most.

    Examples
    --------
    >>> from dag_gfn.sweep.page import summary_line
    >>> from dag_gfn.sweep.planned_fits import Plan
    >>> from dag_gfn.sweep.results import Results
    >>> from dag_gfn.sweep.sensitivity import Finding
    >>> results = Results(Plan("w", "0a1b", ["rain", "wet"], 9, {}, [], []), [])
    >>> summary_line(results, "stands", Finding(0, 1, 0.9, 0.8, 1.0, "stands", []))
    'rain – wet: 0.80 to 1.00'
    """
    text = f"{pair_text(results, finding)}: {range_text(finding.lowest, finding.highest)}"
    return text + (f"; {move_text(finding.moves[0])}" if kind == HANGS and finding.moves else "")


def _order(finding: Finding) -> tuple[float, float]:
    """Sort what stands by its lowest probability, and what hangs by its range."""
    if finding.verdict == HANGS:
        return (finding.lowest - finding.highest, -finding.highest)
    return (-finding.lowest, -finding.highest)


def _named(results: Results, kind: str, found: list[Finding]) -> tuple[str, list[str], int]:
    lines = [summary_line(results, kind, each) for each in found[:MAX_NAMED]]
    return GROUPS[kind], lines, len(found) - len(lines)


def _factors(found: list[Finding]) -> list[dict[str, Any]]:
    """Return what each factor does over all pairs, the strongest first."""
    sizes: dict[str, list[float]] = {}
    for each in found:
        for move in each.moves:
            sizes.setdefault(move.factor, []).append(move.size)
    rows = [
        {
            "words": factor_words(name),
            "mean": sum(moved) / len(found),
            "most": max(moved),
            "first": sum(
                each.verdict == HANGS and bool(each.moves) and each.moves[0].factor == name for each in found
            ),
        }
        for name, moved in sizes.items()
    ]
    return sorted(rows, key=lambda row: -row["mean"])


def _settings(results: Results) -> list[dict[str, Any]]:
    rows = []
    linked = results.pairs(results.settings()).sum(axis=1)
    order = {"bad": 0, "caution": 1, "good": 2}
    for k, setting in enumerate(results.plan.settings):
        own = [each for each in results.complete if each.fit.setting == k and each.fit.bootstrap is None]
        worst = min(own, key=lambda each: order[each.level], default=None)
        levels = {
            name: level_text(setting.levels[name]) if name in setting.levels else "–"
            for name in results.plan.factors
        }
        rows.append(
            {
                "levels": levels,
                "links": float(linked[k]),
                "method": "–" if worst is None else worst.method,
                "level": None if worst is None else worst.level,
                "trust": "" if worst is None else worst.trust,
            }
        )
    return rows


def _provenance(results: Results) -> list[tuple[str, str]]:
    plan = results.plan
    seconds = [each.seconds for each in results.complete if not np.isnan(each.seconds)]
    options = {
        name: value
        for name, value in plan.base.options.items()
        if name not in plan.factors and all(each.options.get(name) == value for each in plan.settings)
    }
    rows = [
        ("table", plan.source),
        ("fingerprint of the table", plan.table),
        ("fits", f"{len(results.complete):,} of {len(plan.fits):,}"),
        ("seed of the resamples", str(plan.bootstrap_seed)),
        ("planned with dag_gfn", plan.version),
        ("page by dag_gfn", __version__),
    ]
    rows += [(f"{name} (every fit)", level_text(value)) for name, value in options.items()]
    if seconds:
        rows.append(("computing time of all fits", seconds_text(sum(seconds))))
    return rows
