"""Exact sums of products of factors (variable elimination), for a batch of parameters at once."""

import math
import string
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

MAX_TAIL = 16
"""In `_contracted`, the largest number of trailing cells for which a product of matrices is faster than einsum."""


class Factor(NamedTuple):
    """A function of the states of some variables.

    Attributes
    ----------
    scope : tuple of int
        The variable of each axis but the first.
    values : ndarray, shape (g, ...), float64
        The first axis is the batch; it may have length 1.

    Examples
    --------
    P(y = b | x = a) of variables 0 (x) and 1 (y), for a batch of one:

    >>> import numpy as np
    >>> from dag_gfn.effects.variable_elimination import Factor
    >>> factor = Factor((0, 1), np.array([[[0.9, 0.1], [0.3, 0.7]]]))
    >>> float(factor.values[0, 1, 0])
    0.3
    """

    scope: tuple[int, ...]
    values: np.ndarray


def elimination_order(
    scopes: Sequence[tuple[int, ...]], kept: Sequence[int], cardinalities: Sequence[int]
) -> tuple[list[int], int]:
    """Return an order in which to sum variables out, and the number of cells of the largest product on the way.

    Greedy: the next variable is the one whose product of factors has the fewest cells ("min weight"; Koller and
    Friedman, "Probabilistic graphical models", 2009, section 9.4.3).

    Parameters
    ----------
    scopes : sequence of tuple of int
        The variables of every factor.
    kept : sequence of int
        The variables that are not summed out.
    cardinalities : sequence of int
        Number of states of every variable.

    Examples
    --------
    The chain 0 - 1 - 2 - 3: each sum joins two factors, with three variables of two states:

    >>> from dag_gfn.effects.variable_elimination import elimination_order
    >>> elimination_order([(0, 1), (1, 2), (2, 3)], kept=(0, 3), cardinalities=(2, 2, 2, 2))
    ([1, 2], 8)
    """
    cliques = [set(scope) for scope in scopes]

    def joined(variable: int) -> set[int]:
        """Return the variables of the product of all factors with this variable."""
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

    Parameters
    ----------
    factors : sequence of Factor
    order : sequence of int
        The variables to sum out, in this order.
    kept : sequence of int
        The other variables.

    Returns
    -------
    ndarray, shape (g, ...), float64
        Axes after the batch in the order of `kept`, of length 1 for a variable that no factor depends on.

    Examples
    --------
    P(z | x) = sum over y of P(y | x) P(z | y), a product of matrices:

    >>> import numpy as np
    >>> from dag_gfn.effects.variable_elimination import Factor, sum_product
    >>> y_given_x = np.array([[0.9, 0.1], [0.2, 0.8]])
    >>> z_given_y = np.array([[0.5, 0.5], [0.0, 1.0]])
    >>> found = sum_product([Factor((0, 1), y_given_x[None]), Factor((1, 2), z_given_y[None])], [1], (0, 2))
    >>> found[0].round(6).tolist() == (y_given_x @ z_given_y).round(6).tolist()
    True
    """
    factors, waiting = list(factors), list(order)
    while waiting:
        involved = [factor for factor in factors if waiting[0] in factor.scope]
        others = [factor for factor in factors if waiting[0] not in factor.scope]
        held = set(kept).union(*(factor.scope for factor in others))
        inside = set().union(*(factor.scope for factor in involved)) - held
        gone = [
            variable for variable in waiting if variable in inside
        ]  # in no other factor: summed out together
        waiting = [variable for variable in waiting if variable not in inside]
        factors = [*others, _summed(involved, gone)]
    return _product(factors, tuple(kept))


def _summed(factors: Sequence[Factor], gone: Sequence[int]) -> Factor:
    """Return the product of the factors summed over `gone`.

    The other factors are multiplied first. Then the largest is multiplied by them and summed in one pass.
    """
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
    # The axes of the largest factor are: lead (they stay), summed ones, one that stays, a tail of summed ones. If all
    # summed axes are those of the weights, and the tail is short, this is one product of matrices for each entry of the
    # batch and of lead: (tail, before) @ (before, one · tail), whose entries with equal tails are added up.
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
    """Return the product of the factors, with axes in the order of `scope`, of length 1 where no factor has one."""
    result = np.ones((1,) * (len(scope) + 1))
    for factor in factors:
        axes = [factor.scope.index(v) for v in scope if v in factor.scope]
        shape = [factor.values.shape[factor.scope.index(v) + 1] if v in factor.scope else 1 for v in scope]
        aligned = factor.values.transpose(0, *(axis + 1 for axis in axes))
        result = result * aligned.reshape(len(aligned), *shape)
    return result
