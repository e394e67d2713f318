"""Which experiment to do next, in words."""

import math
from collections.abc import Iterator
from typing import Any

from dag_gfn.experiment_choice.information import Information, Limit
from dag_gfn.experiment_choice.next_experiment import TIE, NextExperiments, RankedExperiment
from dag_gfn.experiment_choice.outcomes import named
from dag_gfn.posterior import GraphPosterior
from dag_gfn.posterior.trust import trust_in
from dag_gfn.views.pairs import LIKELY

SETTLED_NATS = 0.05
"""Entropy below which nearly nothing is open."""
NEAR_MOST = 1.0
"""So near the most that a number of draws can show, in nats, a figure is limited by it."""
MAX_LINKS = 3
MAX_NAMED = 5
_ONE_QUESTION = "0.69 nats (1 bit) settle a yes-or-no question with even odds"


def next_sentences(found: NextExperiments, posterior: GraphPosterior, *, most: int = 20) -> list[str]:
    """Return the ranking, one sentence a line, and what to make of it.

    Parameters
    ----------
    found : NextExperiments
    posterior : GraphPosterior
        That it is of.
    most : int
        Experiments to name.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.views.next_sentences import next_sentences
    >>> a = np.random.default_rng(0).normal(size=300)
    >>> rows = np.column_stack([a, a + np.random.default_rng(1).normal(size=300)])
    >>> posterior = dag_gfn.fit(dag_gfn.from_array(rows, ["a", "b"]), progress=False)
    >>> found = dag_gfn.next_experiments(posterior, num_simulations=50)
    >>> next_sentences(found, posterior)[0][:60]
    'What setting one variable in 100 rows is expected to tell ab'
    """
    subject = "the graph" if found.about is None else f"'{found.about}'"
    lines = [
        f"What setting one variable in {found.rows:,} rows is expected to tell about {subject}. Open: "
        f"{found.open_nats:.3g} nats; {_ONE_QUESTION}."
    ]
    for rank, each in enumerate(found.ranked[:most], start=1):
        lines.append(f"{rank}. {experiment_sentence(each)}")
    if len(found.ranked) > most:
        lines.append(f"And {len(found.ranked) - most} more variables that are expected to tell less.")
    return [*lines, *_batch(found), *conclusions(found, posterior)]


def experiment_sentence(each: RankedExperiment) -> str:
    """Return one experiment in a sentence: what is set to what, what it tells, and why.

    Examples
    --------
    See `next_sentences`.
    """
    what = " and ".join(f"{target} (to {named(each.settings[target])})" for target in each.targets)
    cost = "" if each.cost == 1.0 else f" for a cost of {each.cost:g}"
    limit = limit_words(each.limit)
    why = "; the direction of none of its links is open"
    if each.open_links:
        links = [f"{a} – {b}" for a, b in each.open_links[:MAX_LINKS]]
        more = len(each.open_links) - MAX_LINKS
        why = f"; open there: {', '.join(links)}" + (f" and {more} more" if more > 0 else "")
    return f"Set {what}: {information_words(each.information)}{cost}, {limit}{why}."


def information_words(found: Information) -> str:
    """Return an expected information with its error, or between its bounds.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.experiment_choice.information import Information
    >>> from dag_gfn.views.next_sentences import information_words
    >>> information_words(Information(np.array([0.4, 0.6]), 0.5, 0.5))
    '0.50 ± 0.1 nats'
    """
    error = f"± {found.standard_error:.1g}" if math.isfinite(found.standard_error) else "± ?"
    if found.upper - found.lower <= TIE * found.standard_error:
        return f"{found.value:.2f} {error} nats"
    return f"between {found.lower:.2f} and {found.upper:.2f} nats ({error})"


def limit_words(limit: Limit) -> str:
    """Return what any number of rows could tell.

    Examples
    --------
    >>> from dag_gfn.experiment_choice.information import Limit
    >>> from dag_gfn.views.next_sentences import limit_words
    >>> limit_words(Limit(0.693, 0.0, False))
    'of 0.69 that any number of rows would'
    """
    error = f" ± {limit.standard_error:.1g}" if limit.standard_error >= 0.005 else ""
    if limit.at_least:
        return f"of at least {limit.value:.2g}{error} that any number of rows would"
    return f"of {limit.value:.2f}{error} that any number of rows would"


def conclusions(found: NextExperiments, posterior: GraphPosterior) -> Iterator[str]:
    """Yield what to make of a ranking: ties, nothing to learn, comparison with observing, and how far to rely on it.

    Examples
    --------
    See `next_sentences`.
    """
    best, observing = found.best, found.observing.information
    subject = "the graph" if found.about is None else "the question"
    if found.open_nats < SETTLED_NATS:
        yield (
            f"Nearly nothing about {subject} is open ({found.open_nats:.2g} nats): if the model holds, no experiment "
            "can tell much more about it."
        )
    elif found.tells_nothing():
        yield (
            f"No experiment is expected to tell more about {subject} than the error of these figures: the order above "
            "means nothing. More rows (--rows) may tell something, where the limit is above zero."
        )
    else:
        ties = found.ties()
        if ties:
            names = ", ".join(ties[:MAX_NAMED]) + (
                f" and {len(ties) - MAX_NAMED} more" if len(ties) > MAX_NAMED else ""
            )
            yield (
                f"{best.targets[0]} and {names} cannot be told apart with {found.num_simulations:,} simulated "
                "experiments: their order means nothing."
            )
        told = best.information
        compared = "about as much as"
        if told.exceeds(observing, by=TIE):
            compared = "more than"
        elif observing.exceeds(told, by=TIE):
            compared = "less than"
        yield (
            f"{found.rows:,} more rows in which nothing is set: {information_words(observing)}. Setting "
            f"{best.targets[0]} is expected to tell {compared} that."
        )
        if posterior.d > 1 and posterior.marginal("linked").values.max() < LIKELY:
            yield (
                "No two variables are likely linked. What is open is whether there are links at all, not which way "
                "they point."
            )
    if not found.exact:
        yield (
            f"Computed from {found.num_graphs:,} different graphs that were drawn: where two figures stand, the "
            "expected information lies between them."
        )
        most = math.log(found.num_graphs)
        if found.about is None and best.information.lower > most - NEAR_MOST:
            yield (
                f"With so many graphs the lower figures cannot exceed {most:.2g} nats, and near it they do not tell "
                "experiments apart well: compare more graphs (--graphs)."
            )
    level, sentence = trust_in(posterior.record)
    if level != "good":
        yield f"As far as the posterior can be relied on: {sentence}"
    yield (
        "Assumes the model of the fit, and that setting a variable leaves the other mechanisms as they are. Numbers "
        "are set to where the data are: two standard deviations from the mean, or the end of their range."
    )


def _batch(found: NextExperiments) -> Iterator[str]:
    if not found.batch:
        return
    yield "Several at once, each in rows of its own, the best addition each time:"
    for each in found.batch:
        told = information_words(each.information)
        yield f"  {' + '.join(each.targets)}: {told}, {limit_words(each.limit)}"


def next_json(found: NextExperiments) -> dict[str, Any]:
    """Return a ranking as JSON can hold it.

    Examples
    --------
    See `next_sentences`.
    """
    return {
        "about": found.about,
        "rows": found.rows,
        "open_nats": found.open_nats,
        "exact": found.exact,
        "num_graphs": found.num_graphs,
        "num_simulations": found.num_simulations,
        "ranking": [_json(each) for each in found.ranked],
        "tied_with_best": found.ties(),
        "tells_nothing": found.tells_nothing(),
        "observing": _json(found.observing),
        "batch": [_json(each) for each in found.batch],
    }


def _json(each: RankedExperiment) -> dict[str, Any]:
    def figures(told: Information) -> dict[str, float | None]:
        error = told.standard_error
        return {
            "nats": told.value,
            "standard_error": error if math.isfinite(error) else None,
            "lower": told.lower,
            "upper": told.upper,
        }

    return {
        "targets": list(each.targets),
        "settings": each.settings,
        "information": figures(each.information),
        "about_graph": figures(each.about_graph),
        "limit": {
            "nats": each.limit.value,
            "standard_error": each.limit.standard_error,
            "at_least": each.limit.at_least,
        },
        "cost": each.cost,
        "per_cost": each.value,
        "open_links": [list(link) for link in each.open_links],
    }
