"""The share of a posterior that draws may leave out, and what standard errors are at least because of it."""

import math
from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float64

from dag_gfn.posterior.diagnostic_parts import Tempering
from dag_gfn.posterior.marginal import Marginal

_JUDGED = 0.05


def missing_mass(
    log_z: float | None, log_z_of_all: float | None, *, standard_error: float | None = 0.0
) -> float:
    """Return the share of the posterior that is missing in draws whose evidence is smaller than that of all.

    With Z the evidence of what is drawn and Z' that of all, this is 1 - Z / Z': for half a nat it is 39 %. What chance
    explains, one standard error of the difference, is no evidence of a missing part and is left out.

    Parameters
    ----------
    log_z, log_z_of_all : float or None
        In nats. Where one of them is not known, all may be missing.
    standard_error : float or None
        Of their difference.

    Examples
    --------
    >>> from dag_gfn.posterior.missing_mass import missing_mass
    >>> round(missing_mass(-10.5, -10.0), 2), missing_mass(-10.0, -10.5), missing_mass(None, -10.0)
    (0.39, 0.0, 1.0)
    """
    if log_z is None or log_z_of_all is None or standard_error is None:
        return 1.0
    return -math.expm1(-max(log_z_of_all - log_z - standard_error, 0.0))


def unmet_mass(effective_samples: float | int, tempering: Tempering | None = None) -> float:
    """Return the share of a posterior that draws are expected to meet once: as much can be left out unnoticed.

    Parameters
    ----------
    effective_samples : float
        How many independent draws they are worth.
    tempering : Tempering, optional
        Of the chains that they come from: each arrival from the highest temperature finds a mode anew.

    Examples
    --------
    >>> from dag_gfn.posterior.missing_mass import unmet_mass
    >>> unmet_mass(400)
    0.0025
    """
    arrivals = None if tempering is None else tempering.arrivals
    met = effective_samples if arrivals is None else min(effective_samples, arrivals)
    return 1.0 / max(met, 1.0)


def worth_with(effective_samples: float | int, mass: float | int) -> float:
    """Return how many independent draws are as uncertain as these are, where a share of the posterior may be missing.

    The missing share moves a probability of one half by up to half of itself. That is added to the variance.

    Examples
    --------
    >>> from dag_gfn.posterior.missing_mass import worth_with
    >>> worth_with(20_000, 0.0), round(worth_with(20_000, 0.1)), worth_with(20_000, 1.0) < 1.01
    (20000.0, 100, True)
    """
    return float(1.0 / (1.0 / effective_samples + mass**2))


def draws_by_errors(marginal: Marginal) -> float:
    """Return how many independent draws would leave an error as large as the worst of these, at least one.

    Counted in k draws a probability p has the variance p (1 - p) / k. Only probabilities from 5 to 95 % are looked at.

    Parameters
    ----------
    marginal : Marginal
        With standard errors.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior.marginal import Marginal
    >>> from dag_gfn.posterior.missing_mass import draws_by_errors
    >>> round(draws_by_errors(Marginal(np.array([0.5, 0.9]), "rao_blackwell", np.array([0.05, 0.001]))))
    100
    """
    p, variance = marginal.values, np.maximum(marginal.errors(), 1e-100) ** 2
    judged = (p > _JUDGED) & (p < 1.0 - _JUDGED)
    return max(float((p * (1.0 - p) / variance)[judged].min(initial=np.inf)), 1.0)


def least_errors(
    probabilities: Float64[np.ndarray, "*shape"], mass: float | int
) -> Float64[np.ndarray, "*shape"]:
    """Return how far a missing share of the posterior could move each probability.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior.missing_mass import least_errors
    >>> least_errors(np.array([1.0, 0.5, 0.0]), 0.02).tolist()
    [0.02, 0.01, 0.02]
    """
    return mass * np.maximum(probabilities, 1.0 - probabilities)


def with_least_errors(
    marginal: Marginal, mass: float | int, open_pairs: Bool[np.ndarray, "d d"] | None = None
) -> Marginal:
    """Return a marginal of pairs whose standard errors are at least what the missing share could move.

    Parameters
    ----------
    marginal : Marginal
        Of shape (d, d).
    mass : float
        In [0, 1].
    open_pairs : ndarray, shape (d, d), bool, optional
        The pairs that constraints leave open; by default all but the diagonal. The others keep their errors.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior.marginal import Marginal
    >>> from dag_gfn.posterior.missing_mass import with_least_errors
    >>> edge = Marginal(np.array([[0.0, 1.0], [0.0, 0.0]]), "rao_blackwell", np.zeros((2, 2)))
    >>> with_least_errors(edge, 0.01).errors().tolist()
    [[0.0, 0.01], [0.01, 0.0]]
    """
    if marginal.standard_error is None or mass <= 0:
        return marginal
    least = least_errors(marginal.values, mass)
    np.fill_diagonal(least, 0.0)
    if open_pairs is not None:
        least = np.where(open_pairs, least, 0.0)
    return replace(marginal, standard_error=np.maximum(marginal.standard_error, least))
