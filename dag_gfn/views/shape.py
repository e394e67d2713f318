"""What is said of directions that rest on the shape of a dependence alone."""

from collections.abc import Mapping
from typing import Any

BY_SHAPE_MARK = "*"
"""Stands beside the probability of such a direction."""
RIGHT_ON_REAL_PAIRS = (0.93, 19, 102)
"""Of real pairs of known cause (Mooij et al., JMLR 17, 2016) with a certainty of at least 0.9: the weighted share
that is right, their number, and that of all pairs. `experiments/cause_effect_pairs.py` measures it."""
TRUSTED_WEIGHT = 0.1
"""Up to this weight of curves, certainty and the share that is right agree on real pairs within error."""


def shape_sentences(info: Mapping[str, Any]) -> list[str]:
    """Return how many directions rest on shape alone, and what that is worth; empty for scores without curves.

    Parameters
    ----------
    info : mapping
        Of a posterior.

    Examples
    --------
    >>> from dag_gfn.views.shape import shape_sentences
    >>> marked = {"source": "x", "target": "y", "share": 0.9, "by_independences": 0.5}
    >>> (sentence,) = shape_sentences({"directions_by_shape": [marked], "score_options": {"curve_weight": 0.05}})
    >>> sentence[:40]
    '* 1 direction is oriented by shape: whic'
    >>> shape_sentences({})
    []
    """
    marked = info.get("directions_by_shape")
    if not marked:
        return []
    share, certain, pairs = RIGHT_ON_REAL_PAIRS
    weight = (info.get("score_options") or {}).get("curve_weight")
    worth = (
        f"On {pairs} real pairs of known cause, {certain} such directions were at least 90% certain, and "
        f"{share:.0%} of these were right."
    )
    if weight is not None and weight > TRUSTED_WEIGHT:
        worth = (
            f"With curve_weight {weight:g} the model is taken at its word, and such directions are less often right "
            "than they are certain: on real pairs of known cause, three of four that were called 99% certain."
        )
    count = "1 direction is" if len(marked) == 1 else f"{len(marked)} directions are"
    return [
        f"{BY_SHAPE_MARK} {count} oriented by shape: which columns are independent leaves the direction open, and only "
        f"the form of the curve and of the noise prefers one. {worth}"
    ]
