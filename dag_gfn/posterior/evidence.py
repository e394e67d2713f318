"""The log evidence: its estimate, its standard error, and when it counts as known."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

UNKNOWN = 10.0
"""Standard error of the log evidence, in nats, from which on it counts as not known."""
MIN_DRAWS_FOR_EVIDENCE = 25.0
"""Independent draws that importance weights must be worth, for the mean weight to say anything of the evidence.

With fewer, a handful of draws has all the weight, and the standard error, which is at most 1 then, knows nothing of the
graphs that were not drawn.
"""


@dataclass(frozen=True)
class Evidence:
    """An estimate of the log evidence, by which scores become probabilities.

    Attributes
    ----------
    log_z : float or None
        In nats; None where it is not known.
    standard_error : float or None
        Of log_z, in nats: zero where it is exact, None where it is not known.
    source : str or None
        How it was found.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior.evidence import Evidence
    >>> Evidence(log_z=-10.0, standard_error=0.1).probabilities(np.array([-11.0])).round(3)
    array([0.368])
    """

    log_z: float | None = None
    standard_error: float | None = None
    source: str | None = None

    @classmethod
    def known(cls, log_z: float | None, standard_error: float | None, source: str | None) -> "Evidence":
        """Return the evidence, with None in place of numbers that say nothing (`known_evidence`)."""
        log_z, standard_error = known_evidence(log_z, standard_error)
        return cls(log_z, standard_error, source)

    def probabilities(self, log_scores: Float64[np.ndarray, " k"]) -> Float64[np.ndarray, " k"]:
        """Return R / Z, at most one; nan where Z is not known."""
        if self.log_z is None:
            return np.full(len(log_scores), np.nan)
        return np.exp(np.minimum(log_scores - self.log_z, 0.0))

    def errors(self, probabilities: Float64[np.ndarray, " k"]) -> Float64[np.ndarray, " k"]:
        """Return the standard errors of probabilities, to first order."""
        return probabilities * (np.nan if self.standard_error is None else self.standard_error)


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

    Examples
    --------
    >>> from dag_gfn.posterior.evidence import known_evidence
    >>> known_evidence(-10.0, 0.2, effective_draws=100)
    (-10.0, 0.2)
    >>> known_evidence(-10.0, 0.2, effective_draws=5)
    (None, None)
    """
    if log_evidence is None or standard_error is None:
        return None, None
    if not (math.isfinite(log_evidence) and standard_error < UNKNOWN):
        return None, None
    if effective_draws < MIN_DRAWS_FOR_EVIDENCE:
        return None, None
    return float(log_evidence), float(standard_error)
