"""Labels whose order leaves no doubt: known scales such as low, medium, high, and intervals such as 25-34, 75+."""

import re
from collections.abc import Sequence
from itertools import pairwise

from dag_gfn.data.interval_labels import interval
from dag_gfn.data.known_scales import SCALES
from dag_gfn.data.missing_codes import is_word

_STAGES = re.compile(
    r"(?:stage|grade|level|degree|tier|quartile|quintile|decile|tertile)[ _-]?(\d{1,2}|[ivx]{1,4})([abc]?)"
)
_QUANTILES = re.compile(r"q([1-5])")
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7, "viii": 8, "ix": 9, "x": 10}


def ordered_labels(labels: Sequence[str]) -> tuple[str, ...] | None:
    """Return labels in their order from low to high if it leaves no doubt, else None.

    The order is known if all labels belong to one known scale (low, medium, high; strongly disagree ... strongly
    agree), or if all are intervals of numbers that do not overlap (<25, 25-34, 75+). Two labels have no order that
    matters.

    Parameters
    ----------
    labels : sequence of str
        Distinct. Upper and lower case are the same.

    Examples
    --------
    >>> from dag_gfn.data.ordinal_labels import ordered_labels
    >>> ordered_labels(["High", "Low", "Medium"])
    ('Low', 'Medium', 'High')
    >>> ordered_labels(["75+", "25-34", "<25", "35-74"])
    ('<25', '25-34', '35-74', '75+')
    >>> ordered_labels(["red", "green", "blue"]) is None
    True
    """
    if len(labels) < 3:
        return None
    words = [" ".join(label.casefold().replace("_", " ").split()) for label in labels]
    for ranks in (_scale_ranks(words), _stage_ranks(words), _interval_ranks(words)):
        if ranks is not None:
            return tuple(labels[i] for i in sorted(range(len(labels)), key=ranks.__getitem__))
    return None


def ordered_part(labels: Sequence[str]) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    """Return the order of the labels that are no words for a missing value, and those words.

    Examples
    --------
    >>> from dag_gfn.data.ordinal_labels import ordered_part
    >>> ordered_part(["unknown", "high", "low", "medium"])
    (('low', 'medium', 'high'), ('unknown',))
    """
    order = ordered_labels(labels)
    if order is not None:
        return order, ()
    words = tuple(label for label in labels if is_word(label) and label.casefold() != "none")
    if not words:
        return None, ()
    return ordered_labels([label for label in labels if label not in words]), words


def _scale_ranks(words: Sequence[str]) -> list[float] | None:
    """Return the step of each label on the first scale that has them all on steps of their own."""
    for scale in SCALES:
        ranks = [next((float(k) for k, step in enumerate(scale) if word in step), None) for word in words]
        if None not in ranks and len(set(ranks)) == len(words):
            return ranks  # type: ignore[return-value]  # none of them is None
    return None


def _stage_ranks(words: Sequence[str]) -> list[float] | None:
    """Return the numbers of labels such as stage II or grade 3."""
    ranks = []
    for word in words:
        match, quantile = _STAGES.fullmatch(word), _QUANTILES.fullmatch(word)
        if quantile is not None:
            ranks.append(float(quantile[1]))
        elif match is not None and (match[1].isdigit() or match[1] in _ROMAN):
            number = float(match[1]) if match[1].isdigit() else float(_ROMAN[match[1]])
            ranks.append(number + 0.1 * (" abc".index(match[2] or " ")))
        else:
            return None
    return ranks if len(set(ranks)) == len(ranks) else None


def _interval_ranks(words: Sequence[str]) -> list[float] | None:
    """Return the places of labels that are intervals of numbers which do not overlap, not all of one number."""
    bounds = [interval(word) for word in words]
    found = [bound for bound in bounds if bound is not None]
    if len(found) < len(words) or all(low == high for low, high in found):
        return None
    ordered = sorted(found)
    open_only = all(high == float("inf") for _, high in found)  # 1935-, 1940-: from so much to the next
    if not open_only and any(high > low for (_, high), (low, _) in pairwise(ordered)):
        return None
    if any(first == second for first, second in pairwise(ordered)):
        return None
    place = {bound: float(k) for k, bound in enumerate(ordered)}
    return [place[bound] for bound in found]
