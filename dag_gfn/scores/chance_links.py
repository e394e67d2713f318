"""The warning that likely links may be due to chance, because the table is short.

A link between unrelated columns raises the log-likelihood by half a chi-squared variate with f degrees of freedom
(Wilks' theorem): f = 1 for continuous columns and :math:`(r_i - 1)(r_j - 1)` for discrete ones, and in general the
product of the numbers of design columns (:mod:`dag_gfn.scores.block_design`). It costs about
:math:`\\tfrac f2 \\log n` (BIC). So such a link is more likely than not with a probability of about
:math:`P(\\chi^2_f > f \\log n - 2 \\log o)`, where o is the prior odds of a link.
"""

import numpy as np
from jaxtyping import Float64

from dag_gfn.data.dataset import Dataset
from dag_gfn.data.doubts import Doubt
from dag_gfn.data.row_weights import effective_rows
from dag_gfn.scores.block_design import BlockDesign

CERTAIN = 0.999
"""Links at least this probable are not doubted."""
MAX_RATE = 0.01
"""Largest share of unrelated pairs that chance may link without a warning."""
PRIOR_ODDS = 4.0
"""Prior odds of a link; chosen to fit measurements under the uniform prior (experiments/noise.py)."""


def chance_links(linked: Float64[np.ndarray, "d d"], data: Dataset) -> list[Doubt]:
    """Return the doubt that links which are likely, but not certain, are due to chance in a table of this length.

    Parameters
    ----------
    linked : array, shape (d, d), float64
        Probability of a link of either direction, symmetric.
    data : Dataset

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.scores import chance_links
    >>> data = from_array(np.random.default_rng(0).normal(size=(30, 3)))
    >>> linked = np.array([[0.0, 0.8, 0.1], [0.8, 0.0, 0.1], [0.1, 0.1, 0.0]])
    >>> chance_links(linked, data)[0].code
    'chance_links'
    >>> chance_links(np.where(linked > 0.5, 1.0, linked), data)  # certain links are not doubted
    []
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
            f"{weak.sum()} of {likely.sum()} likely links are less than {CERTAIN:.1%} probable; in a table of "
            f"{effective_rows(data):,.0f} rows chance can make such links between unrelated columns: take them for "
            "leads, not for findings.",
        )
    ]


def chance_rate(data: Dataset) -> Float64[np.ndarray, "d d"]:
    """Return the approximate probability that chance links two unrelated columns, shape (d, d).

    Entry (i, j) is :math:`P(\\chi^2_f > (f \\log n - 2 \\log o) m / n)` with the degrees of freedom f of nodes i and j,
    the total weight n of the rows, and the number m of rows that they are worth, which is n without weights.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.scores.chance_links import chance_rate
    >>> rng = np.random.default_rng(0)
    >>> [float(chance_rate(from_array(rng.normal(size=(n, 2))))[0, 1].round(3)) for n in (20, 200, 2000)]
    [0.637, 0.112, 0.028]
    """
    from scipy.stats import chi2  # slow to import

    if data.groups or data.kind == "mixed":
        free = BlockDesign.of(data).widths.astype(np.float64)
    else:
        free = np.ones(data.d) if data.kind == "continuous" else np.array(data.cardinalities) - 1.0
    freedom = np.outer(free, free)
    gain = freedom * np.log(data.total_weight) - 2.0 * np.log(PRIOR_ODDS)
    return np.asarray(chi2.sf(gain * effective_rows(data) / data.total_weight, freedom))
