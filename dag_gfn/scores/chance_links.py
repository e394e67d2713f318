"""Links that chance makes among unrelated columns of a short table.

A link between unrelated columns raises the likelihood by half a chi-squared number of f degrees of freedom, f = 1 for
continuous columns and :math:`(r_i - 1)(r_j - 1)` for discrete ones, and costs about :math:`\\tfrac f2 \\log n`. So it
passes for more likely than not with a probability of about :math:`P(\\chi^2_f > f \\log n - 2 \\log o)`, o being the
odds of a link before the data.
"""

import numpy as np
from jaxtyping import Float64

from dag_gfn.data.dataset import Dataset
from dag_gfn.data.doubts import Doubt

CERTAIN = 0.999
"""Probability of a link from which on chance is not held responsible."""
MAX_RATE = 0.01
"""Share of unrelated pairs that chance may link without a word."""
PRIOR_ODDS = 4.0
"""Odds of a link before the data that fit what was measured under the uniform prior (experiments/noise.py)."""


def chance_links(linked: Float64[np.ndarray, "d d"], data: Dataset) -> list[Doubt]:
    """Return the doubt that likely, but not certain, links are such as chance makes in a table of this length.

    Parameters
    ----------
    linked : array, shape (d, d), float64
        Probability of a link of either direction, symmetric.
    data : Dataset
    """
    likely = np.triu(linked > 0.5, k=1)
    weak = likely & (linked < CERTAIN) & (chance_rate(data) > MAX_RATE)
    if not weak.any():
        return []
    return [
        Doubt(
            "chance_links",
            "mild",
            f"links less than {CERTAIN:.1%} probable may be chance among so few rows",
            f"{weak.sum()} of {likely.sum()} likely links are less than {CERTAIN:.1%} probable, as those of unrelated "
            f"columns may be by chance in a table of {data.n:,} rows: take them for leads, not for findings.",
        )
    ]


def chance_rate(data: Dataset) -> Float64[np.ndarray, "d d"]:
    """Return about which share of unrelated pairs of columns is linked by chance, shape (d, d)."""
    from scipy.stats import chi2  # slow to import

    free = np.ones(data.d) if data.kind == "continuous" else np.array(data.cardinalities) - 1.0
    freedom = np.outer(free, free)
    return np.asarray(chi2.sf(freedom * np.log(data.n) - 2.0 * np.log(PRIOR_ODDS), freedom))
