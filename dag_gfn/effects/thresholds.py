"""How probable it is that an effect is above or below a number, and which sign it has."""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64


class Share(NamedTuple):
    """A probability with its Monte-Carlo error.

    Attributes
    ----------
    value, standard_error : float

    Examples
    --------
    >>> from dag_gfn.effects.thresholds import Share
    >>> str(Share(0.25, 0.01))
    '0.25 ± 0.01'
    """

    value: float
    standard_error: float

    def __str__(self) -> str:
        """Return the probability with its error."""
        return f"{self.value:.3g}" + (f" ± {self.standard_error:.1g}" if self.standard_error > 0 else "")


class Signs(NamedTuple):
    """How probable each sign of an effect is; together they make 1.

    Attributes
    ----------
    positive, negative, none : Share
        None: the target does not descend from the source.

    Examples
    --------
    See `signs`.
    """

    positive: Share
    negative: Share
    none: Share


def share_error(hits: int, count: int) -> float:
    """Return the standard error of a share of draws; not 0 where none or all of them count, as half a draw is added.

    Examples
    --------
    >>> from dag_gfn.effects.thresholds import share_error
    >>> round(share_error(50, 100), 3), round(share_error(0, 100), 3)
    (0.05, 0.007)
    """
    share = (hits + 0.5) / (count + 1.0)
    return math.sqrt(share * (1.0 - share) / count)


def share_above(
    samples: Float64[np.ndarray, " k"],
    present: Bool[np.ndarray, " k"],
    probability_zero: float,
    threshold: float,
) -> Share:
    """Return the probability that an effect is above a number.

    The share is taken among the draws with a path, and weighed with the probability of a path, which is known better
    than by draws.

    Parameters
    ----------
    samples : ndarray, shape (k,), float64
    present : ndarray, shape (k,), bool
        Whether the draw's graph has a path from source to target; the effect is 0 elsewhere.
    probability_zero : float
        The probability of no path.
    threshold : float

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.effects.thresholds import share_above
    >>> samples = np.array([0.0, 1.0, 3.0])
    >>> share_above(samples, samples != 0, 0.5, 2.0).value, share_above(samples, samples != 0, 0.5, -1.0).value
    (0.25, 1.0)
    """
    there = min(max(1.0 - probability_zero, 0.0), 1.0)
    base = (1.0 - there) if threshold < 0 else 0.0
    count = int(present.sum())
    if count == 0:  # no draw has a path: it is improbable, and nothing is known of the size
        return Share(base, there)
    hits = int((samples[present] > threshold).sum())
    return Share(base + there * hits / count, there * share_error(hits, count))


def share_below(
    samples: Float64[np.ndarray, " k"],
    present: Bool[np.ndarray, " k"],
    probability_zero: float,
    threshold: float,
) -> Share:
    """Return the probability that an effect is below a number; parameters as `share_above`.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.effects.thresholds import share_below
    >>> samples = np.array([0.0, 1.0, 3.0])
    >>> share_below(samples, samples != 0, 0.5, 2.0).value
    0.75
    """
    return share_above(-samples, present, probability_zero, -threshold)


def signs(
    samples: Float64[np.ndarray, " k"], present: Bool[np.ndarray, " k"], probability_zero: float
) -> Signs:
    """Return the probabilities of a positive, a negative and no effect; parameters as `share_above`.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.effects.thresholds import signs
    >>> found = signs(np.array([0.0, 1.0, -3.0, 2.0, 5.0]), np.array([False, True, True, True, True]), 0.2)
    >>> round(found.positive.value, 2), round(found.negative.value, 2), found.none.value
    (0.6, 0.2, 0.2)
    """
    return Signs(
        share_above(samples, present, probability_zero, 0.0),
        share_below(samples, present, probability_zero, 0.0),
        Share(min(max(probability_zero, 0.0), 1.0), 0.0),
    )
