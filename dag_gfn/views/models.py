"""Models beside each other, in words: which the data support, how strongly, and what follows."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dag_gfn.errors import printable
from dag_gfn.knowledge.support import times_in_words
from dag_gfn.model_choice.comparison import CLEAR, grade

LINES, CURVES = ("bge", "block"), ("additive",)
"""Scores of straight lines, and of curves."""


def conclusions(found: Mapping[str, Any]) -> list[str]:
    """Return what a comparison of models says, in a few sentences.

    Parameters
    ----------
    found : mapping
        `ModelComparison.to_json`, as posterior.json has it.

    Examples
    --------
    >>> from dag_gfn.model_choice import ModelComparison, RankedModel
    >>> lines = RankedModel("bge", "straight lines", "bge", "as_is", "uniform", {}, -100.0, 0.0)
    >>> curves = RankedModel("additive", "curves", "additive", "as_is", "uniform", {}, -104.0, 0.0)
    >>> from dag_gfn.views.models import conclusions
    >>> conclusions(ModelComparison((lines, curves), (), (), 50, 0.0, ()).to_json())[0]
    'Lines suffice: straight lines (bge) make the data 55 times as probable as curves (additive), strong support.'
    """
    known = [model for model in found["models"] if model["log_evidence"] is not None]
    if not known:
        return ["The evidence of no model is known: the table is too large for the time that was given."]
    told = [
        *_contrast(known, "Lines suffice", LINES, "Curves are supported", CURVES),
        *_margins(known),
    ]
    if not told:
        told = _lead(known)
    if len(known) < len(found["models"]):
        missing = [model["model"] for model in found["models"] if model["log_evidence"] is None]
        told.append(f"The evidence of {_listed(missing)} is not known: a model there may be better.")
    if not found["clear"] and len(known) > 1:
        close = [
            model["model"]
            for model in known[1:]
            if model["log_bayes_factor"] > -CLEAR and not _contains(model, known[0])
        ]
        if not close and any(_contains(model, known[0]) for model in known[1:]):
            told.append("Curves have straight lines as a special case, so they cannot fall far behind.")
        elif found.get("averaged"):
            told.append(f"The posterior is averaged over {_listed(found['averaged'])}.")
        elif close:
            told.append(
                f"'{known[0]['model']}' is not clearly ahead of {_listed(close)}: rather than rest on one of them, "
                "average over the models (--score auto --average-models)."
            )
        else:
            told.append("The errors of the evidences are too large to call the first the best.")
    told += [f"{note[0].upper()}{note[1:]}." for note in found.get("notes", [])]
    return told


def _contains(model: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether a model of curves has the other one, of lines, as a special case."""
    return model["score"] in CURVES and other["score"] in LINES and model["margins"] == other["margins"]


def _contrast(
    known: list[dict[str, Any]], first: str, ones: Iterable[str], second: str, others: Iterable[str]
) -> list[str]:
    """Return which of two kinds of scores is better supported, each by its best model."""
    one = next((model for model in known if model["score"] in ones), None)
    other = next((model for model in known if model["score"] in others), None)
    if one is None or other is None:
        return []
    ahead = one["log_evidence"] >= other["log_evidence"]
    better, worse = (one, other) if ahead else (other, one)
    return [f"{first if ahead else second}: {_compared(better, worse)}."]


def _margins(known: list[dict[str, Any]]) -> list[str]:
    """Return whether the numbers as they are, or their normal scores, are better supported."""
    best = known[0]
    other = next((m for m in known if m["score"] == best["score"] and m["margins"] != best["margins"]), None)
    if other is None:
        return []
    if best["margins"] == "as_is":
        return [f"The columns may stay as they are: {_compared(best, other)}."]
    return [
        f"The columns' own shapes matter (skewness, tails, outliers): {_compared(best, other)}. Effects are then in "
        "normal scores."
    ]


def _lead(known: list[dict[str, Any]]) -> list[str]:
    best = known[0]
    if len(known) == 1:
        return [f"{best['model']} is the only model that was compared."]
    return [f"Best supported: {_compared(best, known[1])}."]


def _compared(better: Mapping[str, Any], worse: Mapping[str, Any]) -> str:
    """Return how much better one model is than another, with their names and words."""
    factor = better["log_evidence"] - worse["log_evidence"]
    times = times_in_words(factor)
    name = grade(factor)
    support = name if name == "hardly worth a mention" else f"{name} support"
    error = _error(better, worse)
    return (
        f"{better['words']} ({better['model']}) make the data {times} as probable as {worse['words']} "
        f"({worse['model']}){error}, {support}"
    )


def _error(better: Mapping[str, Any], worse: Mapping[str, Any]) -> str:
    errors = [model["standard_error"] for model in (better, worse)]
    if None in errors:
        return " with an unknown error"
    size = math.hypot(*errors)
    return f" (± {size:.1g} nats)" if size > 0 else ""


def _listed(names: list[str]) -> str:
    quoted = [f"'{name}'" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"


def model_rows(models: Iterable[Mapping[str, Any]]) -> list[tuple[str, str, str, str]]:
    """Return for each model its name, log evidence, log Bayes factor against the best, and that in words.

    Examples
    --------
    >>> from dag_gfn.views.models import model_rows
    >>> lines = {"model": "bge", "log_evidence": -100.0, "standard_error": 0.0, "log_bayes_factor": 0.0}
    >>> model_rows([lines | {"in_words": "best"}])
    [('bge', '-100.0', '0.0', 'best')]
    """
    rows = []
    for model in models:
        evidence, factor, error = model["log_evidence"], model["log_bayes_factor"], model["standard_error"]
        shown = "not known" if evidence is None else f"{evidence:,.1f}" + (f" ± {error:.1g}" if error else "")
        against = "best" if model["in_words"] == "best" else f"{model['in_words']} against it"
        rows.append((model["model"], shown, "" if factor is None else f"{factor:,.1f}", against))
    return rows


def print_models(found: Mapping[str, Any], console: Console) -> None:
    """Print models and priors by their evidence, what follows, and which models are not ranked.

    Examples
    --------
    >>> from rich.console import Console
    >>> from dag_gfn.model_choice import ModelComparison, RankedModel
    >>> lines = RankedModel("bge", "straight lines", "bge", "as_is", "uniform", {}, -100.0, 0.0)
    >>> from dag_gfn.views.models import print_models
    >>> console = Console(record=True, width=80, quiet=True)
    >>> print_models(ModelComparison((lines,), (), (), 50, 0.0, ()).to_json(), console)
    """

    def say(text: str) -> None:
        console.print(printable(text), markup=False, highlight=False, emoji=False)

    prior = found["models"][0]["prior"]
    say(f"Models of {found['rows']:,} rows, under the {prior} prior over graphs:")
    console.print(_table("model", found["models"]))
    if found["priors"]:
        say(f"Priors over graphs, with {found['models'][0]['model']}:")
        console.print(_table("prior", found["priors"]))
    say(
        "Log evidence: log probability of the data in nats, averaged over graphs and parameters, for standardized "
        f"columns. Words: {found['scale']}."
    )
    for line in conclusions(found):
        say(line)
    if found["not_ranked"]:
        say("Not ranked:")
    for other in found["not_ranked"]:
        say(f"  {other['model']}: {other['reason']}")


def _table(what: str, models: Iterable[Mapping[str, Any]]) -> Table:
    table = Table(title=None, header_style="bold", pad_edge=False)
    table.add_column(what, overflow="fold")
    for title in ("log evidence", "against the best"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("in words")
    for name, *numbers, words in model_rows(models):
        table.add_row(Text(printable(name)), *numbers, words)
    return table
