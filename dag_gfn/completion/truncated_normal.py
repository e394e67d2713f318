r"""Exact draws of a standard normal number between two bounds, by rejection; accurate however far out they lie."""

from typing import no_type_check

import numpy as np
from jaxtyping import Float64
from numba import njit


def truncated_normals(
    lower: Float64[np.ndarray, " m"], upper: Float64[np.ndarray, " m"], *, rng: np.random.Generator
) -> Float64[np.ndarray, " m"]:
    """Return a draw of the standard normal distribution between each pair of bounds.

    Parameters
    ----------
    lower, upper : array, shape (m,), float64
        -inf and inf stand for no bound. Where they are equal, that number is returned.
    rng : numpy.random.Generator

    References
    ----------
    Robert, "Simulation of truncated normal variables", Statistics and Computing 5 (1995).

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.completion.truncated_normal import truncated_normals
    >>> far = truncated_normals(np.full(10_000, 30.0), np.full(10_000, np.inf), rng=np.random.default_rng(0))
    >>> bool(far.min() > 30.0), round(float(far.mean()), 3)  # 30 + 1/30, but for terms of order 30^-3
    (True, 30.033)
    """
    found = np.empty(len(lower))
    _fill(lower, upper, rng, found)
    return found


# The test run's annotation checker would wrap the functions that Numba compiles; @no_type_check keeps it off.


@njit(cache=True, nogil=True)
@no_type_check
def draw_between(lower, upper, rng):
    """Return one draw of the standard normal distribution in [lower, upper]; compiled, for loops over cells.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.completion.truncated_normal import draw_between
    >>> 2.0 <= draw_between(2.0, 2.5, np.random.default_rng(0)) <= 2.5
    True
    """
    if not lower < upper:
        return lower
    if upper <= 0.0:
        return -_draw_right(-upper, -lower, rng)
    if lower >= 0.0:
        return _draw_right(lower, upper, rng)
    if upper - lower > 2.5:  # about sqrt(2 pi), where both kinds of rejection accept equally often
        while True:
            x = rng.standard_normal()
            if lower <= x <= upper:
                return x
    while True:
        x = lower + (upper - lower) * rng.random()
        if 2.0 * rng.standard_exponential() >= x * x:
            return x


@njit(cache=True, nogil=True)
@no_type_check
def _draw_right(lower, upper, rng):
    """Return a draw in [lower, upper], where 0 <= lower < upper: from an exponential or a uniform proposal."""
    rate = 0.5 * (lower + np.sqrt(lower * lower + 4.0))
    # Robert's bound on the width, below which the uniform proposal is accepted more often
    shape = 0.25 * (lower * lower - lower * np.sqrt(lower * lower + 4.0)) + 0.5
    if upper - lower > np.exp(shape) / rate:
        while True:
            step = rng.standard_exponential() / rate
            if step > upper - lower:
                continue
            off = lower + step - rate
            if 2.0 * rng.standard_exponential() >= off * off:
                return lower + step
    while True:
        step = (upper - lower) * rng.random()
        # (x^2 - lower^2) / 2 without the difference of two large squares
        if rng.standard_exponential() >= step * (lower + 0.5 * step):
            return lower + step


@njit(cache=True, nogil=True)
@no_type_check
def _fill(lower, upper, rng, found):
    """Write a draw for each pair of bounds."""
    for i in range(len(lower)):
        found[i] = draw_between(lower[i], upper[i], rng)
