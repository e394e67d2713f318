"""What stands whatever is chosen, and what hangs on what: ranges over settings, and the factor that moves each most."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64

from dag_gfn.sweep.combinations import owners_of
from dag_gfn.sweep.planned_fits import Plan
from dag_gfn.sweep.results import Results

HIGH, HALF = 0.75, 0.5
"""A link stands where its probability is at least the first in all settings; one half is where an answer turns over."""
MOVED = 0.25
"""The range of probability from which an answer that turns over hangs on what is chosen."""
SLIGHT = 0.05
"""A factor that moves a probability by less is not named."""
LINKED = 0.2
"""A direction is looked at in settings in which the pair is linked with at least this probability."""
STANDS, LIKELY, HANGS, OPEN, UNLIKELY = "stands", "likely", "hangs", "open", "unlikely"


@dataclass(frozen=True)
class Move:
    """What a factor does to a probability, all else equal.

    Attributes
    ----------
    factor : str
    size : float
        By how much it moves the probability, from its lowest level to its highest, on average over the other choices.
    levels : list of (object, float)
        The mean probability at each level, over the same other choices, in the order of the grid.

    Examples
    --------
    >>> from dag_gfn.sweep.sensitivity import Move
    >>> Move("score", 0.6, [("bge", 0.9), ("bic", 0.3)]).factor
    'score'
    """

    factor: str
    size: float
    levels: list[tuple[Any, float]]


@dataclass(frozen=True)
class Finding:
    """What the settings say of one pair, or of its direction.

    Attributes
    ----------
    a, b : int
        Numbers of the variables. Of a direction: a → b is the likelier one in the base setting.
    base, lowest, highest : float
        In the base setting, and over all settings; nan where that is not there.
    verdict : {"stands", "likely", "hangs", "open", "unlikely"}
        "likely" and "unlikely": above, or below, one half in all settings. "hangs": on both sides. "open": near it.
    moves : list of Move
        What moves it, the most first.

    Examples
    --------
    >>> from dag_gfn.sweep.sensitivity import Finding
    >>> Finding(0, 1, base=0.9, lowest=0.85, highest=1.0, verdict="stands", moves=[]).verdict
    'stands'
    """

    a: int
    b: int
    base: float
    lowest: float
    highest: float
    verdict: str
    moves: list[Move]


def verdict_of(lowest: float, highest: float) -> str:
    """Return what a range of probability over settings says.

    Examples
    --------
    >>> from dag_gfn.sweep.sensitivity import verdict_of
    >>> [verdict_of(*each) for each in ((0.8, 1.0), (0.6, 0.9), (0.3, 0.9), (0.4, 0.6), (0.0, 0.4))]
    ['stands', 'likely', 'hangs', 'open', 'unlikely']
    """
    if lowest > HALF:
        return STANDS if lowest >= HIGH else LIKELY
    if highest < HALF:
        return UNLIKELY
    return HANGS if highest - lowest >= MOVED else OPEN


def links(results: Results) -> list[Finding]:
    """Return what the settings say of each pair, in the order of the pairs.

    Examples
    --------
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.sweep import plan, run
    >>> from dag_gfn.sweep.results import read_results
    >>> from dag_gfn.sweep.sensitivity import links
    >>> rain = np.random.default_rng(0).normal(size=40)
    >>> data = dag_gfn.from_array(np.column_stack([rain, 2 * rain + np.random.default_rng(1).normal(size=40)]))
    >>> _ = plan(data, "of-links", scores=["bge", "bic"], bootstraps=0), run("of-links", jobs=1)
    >>> [each.verdict for each in links(read_results(Path("of-links")))]
    ['stands']
    """
    values = results.pairs(results.settings())
    of_seeds = [results.pairs(each) for each in results.seeds()]
    return _findings(results, values, of_seeds, results.first.tolist(), results.second.tolist())


def directions(results: Results) -> list[Finding]:
    """Return what the settings say of the direction of each pair: the share of a → b in the probability of a link.

    Settings in which the pair is hardly linked say nothing of it, and pairs that no setting links are left out.

    Examples
    --------
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.sweep import plan, run
    >>> from dag_gfn.sweep.results import read_results
    >>> from dag_gfn.sweep.sensitivity import directions
    >>> rain = np.random.default_rng(0).normal(size=40)
    >>> data = dag_gfn.from_array(np.column_stack([rain, 2 * rain + np.random.default_rng(1).normal(size=40)]))
    >>> _ = plan(data, "of-arrows", scores=["bge", "bic"], bootstraps=0), run("of-arrows", jobs=1)
    >>> [each.verdict for each in directions(read_results(Path("of-arrows")))]
    ['open']
    """
    values = _shares(results, results.settings())
    of_seeds = [_shares(results, each) for each in results.seeds()]
    base = values[0]
    reverse = np.where(np.isnan(base), np.nan_to_num(_mean(values)), base) < 0.5
    a = np.where(reverse, results.second, results.first)
    b = np.where(reverse, results.first, results.second)
    values = np.where(reverse, 1 - values, values)
    of_seeds = [np.where(reverse, 1 - each, each) for each in of_seeds]
    found = _findings(results, values, of_seeds, a.tolist(), b.tolist())
    return [each for each in found if not np.isnan(each.lowest)]


def _shares(results: Results, edge: Float64[np.ndarray, "k d d"]) -> Float64[np.ndarray, "k p"]:
    linked = results.pairs(edge)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(linked >= LINKED, results.forward(edge) / linked, np.nan)


def _mean(values: Float64[np.ndarray, "k p"]) -> Float64[np.ndarray, " p"]:
    seen = ~np.isnan(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(seen, values, 0.0).sum(axis=0) / seen.sum(axis=0)


def _findings(
    results: Results,
    values: Float64[np.ndarray, "s p"],
    of_seeds: Sequence[Float64[np.ndarray, "k p"]],
    first: list[int],
    second: list[int],
) -> list[Finding]:
    moved = [_moved_by(results.plan, factor, values) for factor in results.plan.factors]
    if of_seeds:
        moved.append(("seed", _mean(np.array([np.ptp(each, axis=0) for each in of_seeds])), []))
    lowest = np.fmin.reduce(values, axis=0)
    highest = np.fmax.reduce(values, axis=0)
    found = []
    for p, (a, b) in enumerate(zip(first, second, strict=True)):
        moves = [
            Move(factor, float(size[p]), [(level, float(mean[p])) for level, mean in levels])
            for factor, size, levels in moved
            if size[p] >= SLIGHT  # nan is not
        ]
        moves.sort(key=lambda move: -move.size)
        low, high = float(lowest[p]), float(highest[p])
        found.append(Finding(a, b, float(values[0, p]), low, high, verdict_of(low, high), moves))
    return found


def matched_sets(plan: Plan, factor: str) -> list[list[int]]:
    """Return sets of settings that differ in one factor only.

    Options that belong to a score (or prior) are at their first value where scores (priors) are compared, since another
    score does not have them.

    Examples
    --------
    >>> from dag_gfn.sweep.planned_fits import Plan, Setting
    >>> from dag_gfn.sweep.sensitivity import matched_sets
    >>> levels = [{"score": s, "prior": p} for s in ("bge", "bic") for p in ("uniform", "fair")]
    >>> factors = {"score": ["bge", "bic"], "prior": ["uniform", "fair"]}
    >>> plan = Plan("w", "0a1b", ["a", "b"], 9, factors, [Setting(each, {}, "0a1b") for each in levels], [])
    >>> matched_sets(plan, "prior")
    [[0, 1], [2, 3]]
    """
    found: dict[tuple[str, ...], list[int]] = {}
    for k, setting in enumerate(plan.settings):
        if factor not in setting.levels:
            continue
        rest = []
        for name, value in setting.levels.items():
            owner = owners_of(name)
            if name == factor:
                continue
            if owner is not None and owner[0] == factor:
                if value != plan.factors[name][0]:
                    break
                continue
            rest.append(f"{name}={value!r}")
        else:
            found.setdefault(tuple(rest), []).append(k)
    return [each for each in found.values() if len(each) > 1]


def _moved_by(
    plan: Plan, factor: str, values: Float64[np.ndarray, "s p"]
) -> tuple[str, Float64[np.ndarray, " p"], list[tuple[Any, Float64[np.ndarray, " p"]]]]:
    """Return by how much a factor moves each of p probabilities, and their means at its levels."""
    sets = matched_sets(plan, factor)
    p = values.shape[1]
    if not sets:
        return factor, np.full(p, np.nan), []
    sizes = []
    for members in sets:
        seen = (~np.isnan(values[members])).sum(axis=0) > 1
        spread = np.fmax.reduce(values[members], axis=0) - np.fmin.reduce(values[members], axis=0)
        sizes.append(np.where(seen, spread, np.nan))
    levels = []
    for level in plan.factors[factor]:
        at = [k for members in sets for k in members if plan.settings[k].levels[factor] == level]
        if at:
            levels.append((level, _mean(values[at])))
    return factor, _mean(np.array(sizes)), levels
