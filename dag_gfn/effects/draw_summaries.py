"""Means, quantiles and intervals of draws."""

import numpy as np
from jaxtyping import Float64

from dag_gfn.errors import OptionError

QUANTILES = {"5%": 0.05, "50%": 0.5, "95%": 0.95}
"""The quantiles in every summary: the ends of a central 90 % interval and the median."""


def spread(samples: Float64[np.ndarray, " k"]) -> dict[str, float]:
    """Return the mean and the quantiles of draws, by the names of the columns of summaries.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.effects.draw_summaries import spread
    >>> spread(np.arange(101.0))
    {'mean': 50.0, '5%': 5.0, '50%': 50.0, '95%': 95.0}
    """
    return {
        "mean": float(samples.mean()),
        **dict(zip(QUANTILES, np.quantile(samples, list(QUANTILES.values())).tolist(), strict=True)),
    }


def central_interval(samples: Float64[np.ndarray, " k"], level: float) -> tuple[float, float]:
    """Return the ends of the central interval that contains this share of the draws.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.effects.draw_summaries import central_interval
    >>> central_interval(np.arange(101.0), 0.5)
    (25.0, 75.0)
    """
    if not 0.0 < level < 1.0:
        raise OptionError(f"level must lie between 0 and 1, not {level}")
    low, high = np.quantile(samples, [0.5 - level / 2, 0.5 + level / 2]).tolist()
    return low, high
