"""Exact sums of products of factors, for a batch of parameters at once."""

import math
import string
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

MAX_TAIL = 16
"""Cells of the variables behind one that stays up to which a product of matrices beats a sum cell by cell."""


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
    factors, waiting = list(factors), list(order)
    while waiting:
        involved = [factor for factor in factors if waiting[0] in factor.scope]
        others = [factor for factor in factors if waiting[0] not in factor.scope]
        held = set(kept).union(*(factor.scope for factor in others))
        inside = set().union(*(factor.scope for factor in involved)) - held
        gone = [variable for variable in waiting if variable in inside]  # no other factor needs them
        waiting = [variable for variable in waiting if variable not in inside]
        factors = [*others, _summed(involved, gone)]
    return _product(factors, tuple(kept))


def _summed(factors: Sequence[Factor], gone: Sequence[int]) -> Factor:
    """Return the product of the factors summed over `gone`, with one pass over the largest."""
    *rest, largest = sorted(factors, key=lambda factor: factor.values[0].size)
    scope = tuple(sorted(set().union(*(factor.scope for factor in factors)) - set(gone)))
    if not rest:
        axes = tuple(largest.scope.index(v) + 1 for v in gone)
        kept = [v for v in largest.scope if v not in gone]
        summed = largest.values.sum(axis=axes)
        return Factor(scope, summed.transpose(0, *(kept.index(v) + 1 for v in scope)))
    held = tuple(sorted(set().union(*(factor.scope for factor in rest))))
    weights = Factor(held, _product(rest, held))
    return Factor(scope, _contracted(weights, largest, scope))


def _contracted(weights: Factor, largest: Factor, scope: tuple[int, ...]) -> np.ndarray:
    """Return the sum of a product of two factors over all variables but those of `scope`."""
    # Where only the last variables and some before one that stays are summed, this is a product of matrices.
    shape, stays = largest.values.shape[1:], [v in scope and v not in weights.scope for v in largest.scope]
    summed = [v not in scope and v in weights.scope for v in largest.scope]
    lead = stays.index(False) if False in stays else 0
    one = len(stays) - 1 - stays[::-1].index(True) if True in stays[lead:] else 0
    tail = math.prod(shape[one + 1 :])
    if one > lead and tail <= MAX_TAIL and len(weights.scope) == sum(summed) == len(stays) - lead - 1:
        order = [weights.scope.index(v) + 1 for v, gone in zip(largest.scope, summed, strict=True) if gone]
        left = weights.values.transpose(0, *order).reshape(len(weights.values), 1, -1, tail)
        right = largest.values.reshape(len(largest.values), -1, left.shape[2], shape[one] * tail)
        square = left.transpose(0, 1, 3, 2) @ right  # (g, lead, tail, one · tail)
        result = np.trace(square.reshape(*square.shape[:3], shape[one], tail), axis1=2, axis2=4)
        kept = (*largest.scope[:lead], largest.scope[one])
        result = result.reshape(len(result), *shape[:lead], shape[one])
        return result.transpose(0, *(kept.index(v) + 1 for v in scope))
    # Otherwise: one letter for the batch, and one for each variable.
    batch, letters = string.ascii_letters[0], string.ascii_letters[1:]
    letter = dict(zip(sorted({*weights.scope, *largest.scope}), letters, strict=False))

    def axes(variables: tuple[int, ...]) -> str:
        return batch + "".join(letter[v] for v in variables)

    subscripts = f"{axes(weights.scope)},{axes(largest.scope)}->{axes(scope)}"
    return np.einsum(subscripts, weights.values, largest.values)


def _product(factors: Sequence[Factor], scope: tuple[int, ...]) -> np.ndarray:
    result = np.ones((1,) * (len(scope) + 1))
    for factor in factors:
        axes = [factor.scope.index(v) for v in scope if v in factor.scope]
        shape = [factor.values.shape[factor.scope.index(v) + 1] if v in factor.scope else 1 for v in scope]
        aligned = factor.values.transpose(0, *(axis + 1 for axis in axes))
        result = result * aligned.reshape(len(aligned), *shape)
    return result
