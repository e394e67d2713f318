"""A sweep in words."""

import math

from dag_gfn.sweep.combinations import owners_of
from dag_gfn.sweep.planned_fits import START_SECONDS, Plan, level_text
from dag_gfn.sweep.results import Results
from dag_gfn.sweep.sensitivity import HANGS, LIKELY, OPEN, STANDS, UNLIKELY, Finding, Move
from dag_gfn.sweep.stability import FEW_RESAMPLES, RARELY, SURE, Stability

TWO_QUESTIONS = (
    "They answer different questions. The posterior probability says how sure a link is, given the model and these "
    "rows. The bootstrap says how the answer would vary if other rows had been drawn: each resample draws as many rows "
    "again, with replacement, and is fitted anew."
)
REPEATED_ROWS = (
    "A resample repeats rows, and a model takes repeated rows for further evidence. So links that chance makes are "
    "found more often in resamples than they would be in new samples: a high share is no proof, a low share is a "
    "warning."
)
_FACTORS = {
    "score": "the score",
    "prior": "the prior over graphs",
    "alpha_w": "alpha_w (strength of the score's prior)",
    "equivalent_sample_size": "equivalent_sample_size (strength of the score's prior)",
    "missing": "what is done with missing cells",
    "margins": "numbers or normal scores (margins)",
    "max_parents": "the largest number of parents",
    "seed": "the seed (chance in the computation)",
}
_OWNERS = {"score": "the score's prior", "prior": "the prior over graphs"}
GROUPS = {
    STANDS: "Links that stand whatever is chosen",
    LIKELY: "Likely whatever is chosen, not sure in each setting",
    HANGS: "Links that hang on what is chosen",
    OPEN: "Undecided whatever is chosen",
    UNLIKELY: "Below one half whatever is chosen",
}


def factor_words(factor: str) -> str:
    """Return what a factor is called in a sentence.

    Examples
    --------
    >>> from dag_gfn.sweep.sentences import factor_words
    >>> factor_words("score"), factor_words("alpha_mu"), factor_words("beta"), factor_words("lags")
    ('the score', "alpha_mu (of the score's prior)", 'beta (of the prior over graphs)', 'lags')
    """
    if factor in _FACTORS:
        return _FACTORS[factor]
    owner = owners_of(factor)
    if owner is None:
        return factor
    return f"{factor} (of {_OWNERS[owner[0]]})"


def move_text(move: Move) -> str:
    """Return what a factor does to a probability: its mean at each score, or at its highest and lowest level.

    Examples
    --------
    >>> from dag_gfn.sweep.sensitivity import Move
    >>> from dag_gfn.sweep.sentences import move_text
    >>> move_text(Move("score", 0.6, [("bic", 0.3), ("bge", 0.9)]))
    'the score, by 0.60: 0.90 with bge, 0.30 with bic'
    """
    known = [(level, mean) for level, mean in move.levels if not math.isnan(mean)]
    known.sort(key=lambda each: -each[1])
    if move.factor != "score" and len(known) > 2:
        known = [known[0], known[-1]]
    levels = ", ".join(f"{probability_text(mean)} with {level_text(level)}" for level, mean in known)
    return f"{factor_words(move.factor)}, by {move.size:.2f}" + (f": {levels}" if levels else "")


def probability_text(value: float | int) -> str:
    """Return a probability with two digits; only what is certain is called 0 or 1.

    Examples
    --------
    >>> from dag_gfn.sweep.sentences import probability_text
    >>> [probability_text(value) for value in (0.0, 0.001, 0.426, 0.999, 1.0, float("nan"))]
    ['0.00', '<0.01', '0.43', '>0.99', '1.00', '–']
    """
    if math.isnan(value):
        return "–"
    if 1e-9 < value < 0.005:
        return "<0.01"
    return ">0.99" if 0.995 <= value < 1 - 1e-9 else f"{value:.2f}"


def range_text(lowest: float | int, highest: float | int) -> str:
    """Return a range of probability.

    Examples
    --------
    >>> from dag_gfn.sweep.sentences import range_text
    >>> range_text(0.1, 0.9), range_text(0.999, 0.9999)
    ('0.10 to 0.90', '>0.99')
    """
    low, high = probability_text(lowest), probability_text(highest)
    return low if low == high else f"{low} to {high}"


def plan_sentences(plan: Plan, jobs: int, left: int | None = None) -> list[str]:
    """Return what a plan asks for: its factors, the number of fits, how long they take, and what is left out.

    Parameters
    ----------
    plan : Plan
    jobs : int
        Fits at a time, for the estimate.
    left : int, optional
        How many of the fits are not there yet.

    Examples
    --------
    >>> from dag_gfn.sweep.planned_fits import Plan, PlannedFit, Setting
    >>> from dag_gfn.sweep.sentences import plan_sentences
    >>> setting = Setting({"score": "bge"}, {"score": "bge"}, "0a1b", "exact", 1.5)
    >>> fits = [PlannedFit("00ff", 0, None, 0), PlannedFit("01ff", 0, 0, 0)]
    >>> plan = Plan("w.csv", "0a1b", ["a", "b"], 9, {"score": ["bge"]}, [setting], fits, bootstraps=1)
    >>> print("\\n".join(plan_sentences(plan, jobs=2)))
    A sweep of w.csv: 9 rows, 2 variables.
    score: bge
    1 setting; 1 resample of the rows, fitted in the base setting (score bge).
    2 fits: about 12 seconds on 2 cores.
    """
    lines = [f"A sweep of {plan.source}: {plan.rows:,} rows, {len(plan.nodes)} variables."]
    lines += [f"{name}: {', '.join(map(level_text, values))}" for name, values in plan.factors.items()]
    settings = f"{len(plan.settings):,} setting{'s' if len(plan.settings) != 1 else ''}"
    where = (
        "in every setting" if plan.bootstraps_of == "all" else f"in the base setting ({plan.base.described})"
    )
    if plan.bootstraps:
        many = (
            f"{plan.bootstraps:,} resample{'s' if plan.bootstraps != 1 else ''} of the rows, fitted {where}"
        )
    else:
        many = f"no resamples of the rows; the base setting is {plan.base.described}"
    lines.append(f"{settings}; {many}.")
    count = len(plan.fits)
    there = "" if left is None or left == count else f", of which {count - left:,} are there already"
    lines.append(
        f"{count:,} fit{'s' if count != 1 else ''}{there}: {_time(plan, jobs, count if left is None else left)}."
    )
    for each in plan.left_out[:12]:
        lines.append(f"left out: {each['described']}: {each['reason']}")
    if len(plan.left_out) > 12:
        lines.append(f"left out: {len(plan.left_out) - 12} more combinations (plan.json has them)")
    return [*lines, *(f"note: {note}" for note in plan.notes)]


def seconds_text(seconds: float | int) -> str:
    """Return a time in words.

    Examples
    --------
    >>> from dag_gfn.sweep.sentences import seconds_text
    >>> [seconds_text(s) for s in (1.2, 75, 600, 9000, 360000)]
    ['1 second', '75 seconds', '10 minutes', '2.5 hours', '4.2 days']
    """
    for size, word, most in (
        (1, "second", 100),
        (60, "minute", 100),
        (3600, "hour", 48),
        (86400, "day", math.inf),
    ):
        number = seconds / size
        if number < most:
            text = f"{max(number, 1):.0f}" if number >= 10 or size <= 60 else f"{number:.2g}"
            return f"{text} {word}{'' if text == '1' else 's'}"
    return ""


def _time(plan: Plan, jobs: int, left: int) -> str:
    if not left:
        return "nothing is left to run"
    seconds = plan.seconds(jobs)
    cores = f"on {jobs} core{'s' if jobs != 1 else ''}"
    if seconds is None:
        return (
            "how long they take is not known before the first has run, since they train until they have converged "
            "(--time-budget SECONDS limits each)"
        )
    share = left / len(plan.fits)
    return f"about {seconds_text(START_SECONDS + (seconds - START_SECONDS) * share)} {cores}"


def pair_text(results: Results, finding: Finding, sign: str = " – ") -> str:
    """Return the names of a pair.

    Examples
    --------
    >>> from dag_gfn.sweep.planned_fits import Plan
    >>> from dag_gfn.sweep.results import Results
    >>> from dag_gfn.sweep.sensitivity import Finding
    >>> from dag_gfn.sweep.sentences import pair_text
    >>> results = Results(Plan("w", "0a1b", ["rain", "wet"], 9, {}, [], []), [])
    >>> pair_text(results, Finding(0, 1, 0.9, 0.8, 1.0, "stands", []))
    'rain – wet'
    """
    return f"{results.names[finding.a]}{sign}{results.names[finding.b]}"


def state_sentences(results: Results) -> list[str]:
    """Return how much of the sweep is there, and what of it is not to be relied on.

    Examples
    --------
    >>> from dag_gfn.sweep.planned_fits import Plan, PlannedFit, Setting
    >>> from dag_gfn.sweep.results import Results
    >>> from dag_gfn.sweep.sentences import state_sentences
    >>> plan = Plan("w", "0a1b", ["a", "b"], 9, {}, [Setting({}, {}, "0a1b")], [PlannedFit("00ff", 0, None, 0)])
    >>> state_sentences(Results(plan, [], missing=["00ff"]))[0]
    '0 of 1 fits are there; 1 is still to be run: what follows is about those that are there.'
    """
    total, there = len(results.plan.fits), len(results.complete)
    lines = []
    parts = []
    if results.missing:
        parts.append(
            f"{len(results.missing):,} {'is' if len(results.missing) == 1 else 'are'} still to be run"
        )
    if results.failed:
        parts.append(f"{len(results.failed):,} failed")
    if parts:
        lines.append(
            f"{there:,} of {total:,} fits are there; {' and '.join(parts)}: what follows is about those that are there."
        )
    for name, error in list(results.failed.items())[:3]:
        fit = next(each for each in results.plan.fits if each.name == name)
        of = "" if fit.bootstrap is None else f", resample {fit.bootstrap}"
        lines.append(f"Failed: {results.plan.settings[fit.setting].described}{of}: {error}")
    lines += [
        f"A folder is damaged and counts as missing: {told}" for told in list(results.damaged.values())[:3]
    ]
    bad = [each for each in results.complete if each.level == "bad"]
    if bad:
        lines.append(
            f"{len(bad):,} of the {there:,} fits cannot be relied on by their own diagnostics (the table of settings "
            "says which): where they differ from others, the computation may be the reason, not the choice."
        )
    if there and not results.is_there()[0]:
        lines.append("The fit of the base setting is not there, so that ranges stand without it.")
    return lines


def stability_sentence(each: Stability, names: list[str]) -> str:
    """Return that a probable link is found in few of the resamples.

    Examples
    --------
    >>> from dag_gfn.sweep.sentences import stability_sentence
    >>> from dag_gfn.sweep.stability import Stability
    >>> stability_sentence(Stability(0, 1, 0.95, 0.6, 0.55, 0.1, 0.1, 0.99, 20), ["rain", "wet"])
    'rain – wet: probability 0.95 given these rows, but found in 11 of 20 resamples'
    """
    found = round(each.share * each.resamples)
    return (
        f"{names[each.a]} – {names[each.b]}: probability {each.posterior:.2f} given these rows, but found in {found} "
        f"of {each.resamples} resamples"
    )


def steadiness_sentences(stable: list[Stability], names: list[str]) -> list[str]:
    """Return which probable links are not steady, or that all are, or that the resamples are too few to say.

    Examples
    --------
    >>> from dag_gfn.sweep.sentences import steadiness_sentences
    >>> from dag_gfn.sweep.stability import Stability
    >>> steadiness_sentences([Stability(0, 1, 0.95, 0.9, 1.0, 0.02, 0.9, 1.0, 20)], ["rain", "wet"])
    ['The only link of probability 0.9 or more is found in at least 3 of 4 resamples.']
    """
    if not stable:
        return []
    found = [stability_sentence(each, names) for each in stable if each.is_unsteady]
    if found:
        return found
    count = stable[0].resamples
    if count < FEW_RESAMPLES:
        return [f"{count} resample{'s are' if count != 1 else ' is'} too few to say how steady a link is."]
    sure = [each for each in stable if each.posterior >= SURE]
    if not sure:
        return [f"No link has a probability of {SURE} or more."]
    if all(each.share >= RARELY for each in sure):
        which = f"Each of the {len(sure)} links" if len(sure) > 1 else "The only link"
        return [f"{which} of probability {SURE} or more is found in at least 3 of 4 resamples."]
    return [f"No link of probability {SURE} or more is clearly found in less than 3 of 4 resamples."]
