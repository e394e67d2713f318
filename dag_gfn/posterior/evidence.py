"""When an estimate of the log evidence counts as known."""

import math

UNKNOWN = 10.0
"""Standard error of the log evidence, in nats, from which on it counts as not known."""
MIN_EFFECTIVE_DRAWS = 25.0
"""Independent draws that importance weights must be worth, for the mean weight to say anything of the evidence.

With fewer, a handful of draws has all the weight, and the standard error, which is at most 1 then, knows nothing of the
graphs that were not drawn.
"""


def known_evidence(
    log_evidence: float | None, standard_error: float | None, *, effective_draws: float | int = math.inf
) -> tuple[float, float] | tuple[None, None]:
    """Return the log evidence and its standard error in nats, or (None, None) where they say nothing.

    Parameters
    ----------
    log_evidence, standard_error : float or None
        In nats; None stands for what is not finite.
    effective_draws : float
        How many independent draws the weights are worth that it was estimated from.
    """
    if log_evidence is None or standard_error is None:
        return None, None
    if not (math.isfinite(log_evidence) and standard_error < UNKNOWN):
        return None, None
    if effective_draws < MIN_EFFECTIVE_DRAWS:
        return None, None
    return float(log_evidence), float(standard_error)
