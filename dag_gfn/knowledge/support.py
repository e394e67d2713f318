"""How well data go with knowledge, in words."""

import math

_MILLION = 1e6


def times_in_words(log_factor: float | int) -> str:
    """Return how many times as probable, or as improbable, something is, given the log of the factor.

    Examples
    --------
    >>> import math
    >>> from dag_gfn.knowledge.support import times_in_words
    >>> times_in_words(-math.log(44_380)), times_in_words(2.0), times_in_words(1000.0)
    ('44,000 times', '7.4 times', 'more than a million times')
    """
    times = math.exp(min(abs(log_factor), 700.0))
    if times > _MILLION:
        return "more than a million times"
    rounded = float(f"{times:.2g}")
    return f"{rounded:,.0f} times" if rounded >= 10 else f"{rounded:g} times"
