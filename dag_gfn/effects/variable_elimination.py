"""Exact sums of products of factors, for a batch of parameters at once."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Factor(NamedTuple):
    """A function of the states of some variables.

    Attributes
    ----------
    scope : tuple of int
        The variables, one for each axis but the first.
    values : ndarray, shape (g, ...), float64
        The first axis runs over the batch.
    """

    scope: tuple[int, ...]
    values: np.ndarray


def elimination_order(
    scopes: Sequence[tuple[int, ...]], kept: Sequence[int], cardinalities: Sequence[int]
) -> tuple[list[int], int]:
    """Return an order in which to sum variables out, cheapest first, and the cells of the largest product.

    Parameters
    ----------
    scopes : sequence of tuple of int
        The variables of every factor.
    kept : sequence of int
        The variables that are not summed out.
    cardinalities : sequence of int
        Number of states of every variable.
    """
    cliques = [set(scope) for scope in scopes]

    def joined(variable: int) -> set[int]:
        return set().union(*(clique for clique in cliques if variable in clique))

    def cells(variables: set[int]) -> int:
        return math.prod(cardinalities[v] for v in variables)

    waiting = set().union(*cliques) - set(kept)
    order, largest = [], cells(set(kept))
    while waiting:
        size, variable = min((cells(joined(v)), v) for v in waiting)
        clique = joined(variable) - {variable}
        cliques = [c for c in cliques if variable not in c] + [clique]
        waiting.remove(variable)
        order.append(variable)
        largest = max(largest, size)
    return order, largest


def sum_product(factors: Sequence[Factor], order: Sequence[int], kept: Sequence[int]) -> np.ndarray:
    """Return the product of the factors, summed over the variables of `order`.

    Returns
    -------
    ndarray, shape (g, ...), float64
        Axes in the order of `kept`, of length 1 for a variable that no factor depends on.
    """
    factors = list(factors)
    for variable in order:
        involved = [factor for factor in factors if variable in factor.scope]
        scope = tuple(sorted(set().union(*(factor.scope for factor in involved)) - {variable}))
        summed = _product(involved, (*scope, variable)).sum(axis=-1)
        factors = [factor for factor in factors if variable not in factor.scope] + [Factor(scope, summed)]
    return _product(factors, tuple(kept))


def _product(factors: Sequence[Factor], scope: tuple[int, ...]) -> np.ndarray:
    result = np.ones((1,) * (len(scope) + 1))
    for factor in factors:
        axes = [factor.scope.index(v) for v in scope if v in factor.scope]
        shape = [factor.values.shape[factor.scope.index(v) + 1] if v in factor.scope else 1 for v in scope]
        aligned = factor.values.transpose(0, *(axis + 1 for axis in axes))
        result = result * aligned.reshape(len(aligned), *shape)
    return result
