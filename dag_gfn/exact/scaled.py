"""Numbers stored as mantissa * 2^exponent, for weights that span thousands of nats.

A double holds 2^-1022 to 2^1023; the weights of a table of a few hundred rows span far more. Here the exponent is a
separate 64-bit integer, and zero is mantissa 0 with exponent ``ZERO_EXPONENT``. Two such numbers are added after both
are scaled by the larger exponent. A scale factor 2^k is made from the bits of k, which costs an addition and a shift
instead of an exponential.
"""

from typing import no_type_check

import numpy as np
from jaxtyping import Float64, Int64
from numba import njit

from dag_gfn.compilation import lean
from dag_gfn.errors import NotTractable

ZERO_EXPONENT = -(1 << 29)
"""Exponent of zero. Weights of whole graphs stay above half of it, and three times it fits a 32-bit integer."""

LARGEST_SPAN = 1.8e8
"""Largest span in nats of the finite scores, summed over the nodes: log 2 times half of -ZERO_EXPONENT."""


def scaled_weights(
    log_weights: Float64[np.ndarray, " sets"], *, largest_span: float = LARGEST_SPAN
) -> tuple[Float64[np.ndarray, " sets"], Int64[np.ndarray, " sets"], float]:
    """Return exp(log_weights - largest) as mantissas and exponents, and the largest.

    Parameters
    ----------
    log_weights : array, shape (sets,), float64
        -inf for weight zero; at least one must be finite.

    Raises
    ------
    NotTractable
        If the finite ones span more than ``largest_span`` nats.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.exact.scaled import scaled_weights
    >>> mantissas, exponents, largest = scaled_weights(np.log([8.0, 3.0]))
    >>> (mantissas * 2.0**exponents).round(6).tolist(), round(largest, 6)  # 1 and 3/8, and log 8
    ([1.0, 0.375], 2.079442)
    """
    largest = float(log_weights.max())
    mantissas = np.empty(len(log_weights))
    exponents = np.empty(len(log_weights), dtype=np.int64)
    smallest = _scale(log_weights, largest, mantissas, exponents)
    if -smallest > largest_span:
        raise NotTractable(
            f"one node's scores span {-smallest:.3g} nats, more than double precision resolves "
            f"({largest_span:.2g}): look for values of extreme size, or forbid the worst parents"
        )
    return mantissas, exponents, largest


# The test run's annotation checker would wrap the functions that Numba compiles; @no_type_check keeps it off.


@njit(cache=True, nogil=True, inline="always")
@no_type_check
def power_of_two(k):
    """Return 2^k, with k limited to -1022 .. 1023. The exponent field of a double is k + 1023, from bit 52 on."""
    k = min(max(k, np.int64(-1022)), np.int64(1023))
    return np.int64((k + np.int64(1023)) << np.int64(52)).view(np.float64)


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _scale(log_weights, largest, mantissas, exponents):
    """Fill mantissas in [1, 2) and exponents of exp(log_weights - largest), shape (sets,); return the smallest log.

    With whole = floor(nats / log 2), the exponent is whole and the mantissa exp(nats - whole log 2).
    """
    smallest = 0.0
    for i in range(len(log_weights)):
        if log_weights[i] == -np.inf:
            mantissas[i] = 0.0
            exponents[i] = ZERO_EXPONENT
            continue
        nats = log_weights[i] - largest
        smallest = min(smallest, nats)
        whole = np.floor(nats * 1.4426950408889634)
        # log 2 in two parts: whole times the first part is exact, so that large spans lose no digits.
        rest = (nats - whole * 0.693147180369123816490) - whole * 1.90821492927058770002e-10
        mantissas[i] = np.exp(rest)
        exponents[i] = np.int64(whole)
    return smallest


@lean
@no_type_check
def normalise(mantissas, exponents):
    """Bring positive mantissas into [1, 2) by their bits; anything else becomes zero. Both arrays have one axis."""
    for i in range(len(mantissas)):
        if mantissas[i] > 0.0:
            bits = np.float64(mantissas[i]).view(np.int64)
            shift = (bits >> np.int64(52)) - np.int64(1023)
            mantissas[i] = np.int64(bits - (shift << np.int64(52))).view(np.float64)
            exponents[i] += shift
        else:
            mantissas[i] = 0.0
            exponents[i] = ZERO_EXPONENT


@lean
@no_type_check
def sum_over_subsets(mantissas, exponents):
    """Replace f(S) by the sum of f(T) over T within S (a zeta transform), normalised at the end.

    The arrays are over all masks S, shape (2^n,). For one node after another, of bit `half`, the block of sets without
    the node is added to the block of the same sets with it.
    """
    half = 1
    while half < len(mantissas):
        for start in range(0, len(mantissas), 2 * half):
            _add(mantissas, exponents, start + half, start, half)
        half *= 2
    normalise(mantissas, exponents)


@lean
@no_type_check
def sum_over_supersets(mantissas, exponents):
    """Replace f(S) by the sum of f(T) over T that contain S, normalised at the end.

    As `sum_over_subsets`, but each block of sets with a node is added to that of the same sets without it.
    """
    half = 1
    while half < len(mantissas):
        for start in range(0, len(mantissas), 2 * half):
            _add(mantissas, exponents, start, start + half, half)
        half *= 2
    normalise(mantissas, exponents)


@lean
@no_type_check
def _add(mantissas, exponents, to, start, length):
    """Add the block of `length` numbers at `start` to the block at `to`. Mantissas grow by at most a factor of 2."""
    for i in range(length):
        a, b = exponents[to + i], exponents[start + i]
        top = max(a, b)
        mantissas[to + i] = mantissas[to + i] * power_of_two(a - top) + mantissas[start + i] * power_of_two(
            b - top
        )
        exponents[to + i] = top
