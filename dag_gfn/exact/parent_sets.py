"""From the sets that a node's parents were chosen within to the parent sets themselves."""

from typing import no_type_check

import numpy as np
from jaxtyping import Float64, Int32
from numba import njit

from dag_gfn.exact.scaled import (
    ZERO_EXPONENT,
    normalise,
    power_of_two,
    scaled_weights,
    sum_over_supersets,
)


def parent_set_probabilities(
    within: Float64[np.ndarray, " sets"],
    log_weights: Float64[np.ndarray, " sets"],
    set_mantissa: Float64[np.ndarray, " sets"],
    set_exponent: Int32[np.ndarray, " sets"],
) -> Float64[np.ndarray, " sets"]:
    r"""Return :math:`P(T) = w(T) \sum_{S \supseteq T} p(S) / \hat w(S)` of all parent sets T of one node.

    Parameters
    ----------
    within : array, shape (2^(d-1),), float64
        p(S): the probability that the parents were chosen among S, by their weights.
    log_weights : array, shape (2^(d-1),), float64
        log w(T).
    set_mantissa, set_exponent : arrays, shape (2^(d-1),)
        The weight of all parent sets within S, relative to the largest w(T).
    """
    mantissas, exponents = np.empty_like(within), np.empty(len(within), dtype=np.int64)
    _divide(within, set_mantissa, set_exponent, mantissas, exponents)
    sum_over_supersets(mantissas, exponents)
    weight_mantissas, weight_exponents, _ = scaled_weights(log_weights)
    chosen = np.empty_like(within)
    _multiply(mantissas, exponents, weight_mantissas, weight_exponents, chosen)
    return chosen


# The test run's annotation checker would wrap the functions that Numba compiles; @no_type_check keeps it off.


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _divide(probabilities, set_mantissas, set_exponents, mantissas, exponents):
    """Write p / w as mantissas and exponents; 0 where p is negligible, or 0 with w."""
    for i in range(len(probabilities)):
        if probabilities[i] > 1e-280 and set_mantissas[i] > 0.0:
            mantissas[i] = probabilities[i] / set_mantissas[i]
            exponents[i] = -np.int64(set_exponents[i])
        else:
            mantissas[i] = 0.0
            exponents[i] = ZERO_EXPONENT
    normalise(mantissas, exponents)


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _multiply(mantissas, exponents, weight_mantissas, weight_exponents, products):
    for i in range(len(products)):
        products[i] = mantissas[i] * weight_mantissas[i] * power_of_two(exponents[i] + weight_exponents[i])
