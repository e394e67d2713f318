"""Edge probabilities under the order-modular posterior, which much literature uses.

It is not the posterior that the other methods of this package approximate: see ``order_modular_marginals``.
"""

from dataclasses import dataclass
from math import lgamma
from typing import no_type_check

import numpy as np
from jaxtyping import Float64
from numba import njit

from dag_gfn.errors import ConstraintError
from dag_gfn.exact.chunked import run_chunks
from dag_gfn.exact.dag_recursion import CompleteTable, DagRecursion, complete_of
from dag_gfn.exact.parent_sets import parent_set_probabilities
from dag_gfn.exact.scaled import power_of_two
from dag_gfn.subsets import parent_sets


@dataclass(frozen=True, eq=False)
class OrderModularMarginals:
    """Probabilities under the order-modular posterior. Entry (i, j) is about i → j (row → column).

    Attributes
    ----------
    edge : array, shape (d, d), float64
        P(i → j | data).
    log_evidence : float
        log of the mean, over the d! orders, of the sum of R(G) over the DAGs that agree with the order.
    """

    edge: Float64[np.ndarray, "d d"]
    log_evidence: float


def order_modular_marginals(table: CompleteTable) -> OrderModularMarginals:
    r"""Return edge probabilities when an order of the nodes is drawn first and a DAG that agrees with it next.

    All orders are equally probable before the data, so that each DAG counts as often as it has topological orders:

    .. math:: P(G \mid D) \propto R(G) \cdot |\{\text{topological orders of } G\}|.

    The bias: a uniform ``prior`` of the table is then not uniform over DAGs. Among the DAGs on two nodes the
    empty one has weight 2 and each edge 1; a chain of d nodes has one order, the Markov-equivalent DAG that starts
    at its middle C(d - 1, ⌊(d - 1)/2⌋), so that equivalent DAGs differ, and sparse ones are favoured. O(d 2^d).

    Parameters
    ----------
    table : CompleteTable
        A complete ``ScoreTable``.

    Raises
    ------
    NotTractable
        If the table is not complete.
    ConstraintError
        If no DAG has support.

    References
    ----------
    Koivisto and Sood, JMLR 5 (2004); on the bias, Ellis and Wong, JASA 103 (2008).
    """
    log_weights = complete_of(table)
    d = len(log_weights)
    weights = DagRecursion(log_weights)
    mantissa, exponent = np.zeros(1 << d), np.zeros(1 << d, dtype=np.int64)
    _sum_over_orders(weights.set_mantissa, weights.set_exponent, mantissa, exponent)
    if mantissa[0] == 0.0:
        raise ConstraintError(f"no DAG on the {d} nodes satisfies the constraints: drop some of them")
    first = np.zeros(1 << d)
    before = np.zeros((d, 1 << (d - 1)))
    _first_sets(weights.set_mantissa, weights.set_exponent, mantissa, exponent, first, before)
    edge = np.zeros((d, d))

    def fill(node: int) -> None:
        others = np.delete(np.arange(d), node)
        within = first[parent_sets(node, d)] * before[node]
        chosen = parent_set_probabilities(
            within, log_weights[node], weights.set_mantissa[node], weights.set_exponent[node]
        )
        edge[others, node] = [chosen.reshape(-1, 2, 1 << bit)[:, 1].sum() for bit in range(d - 1)]

    run_chunks(fill, range(d), parallel=d > 12)
    log_sum = np.log(mantissa[0]) + exponent[0] * np.log(2) + weights.largest.sum()
    return OrderModularMarginals(np.minimum(edge, 1.0), float(log_sum - lgamma(d + 1)))


# The test run's annotation checker would wrap the functions that Numba compiles; @no_type_check keeps it off.


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _without_bit(mask, v):
    below = (1 << v) - 1
    return mask & below | (mask >> 1) & ~below


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _sum_over_orders(set_mantissa, set_exponent, mantissa, exponent):
    """Fill the weight of all orders of the nodes outside S that follow S; supersets come before S."""
    d = len(set_mantissa)
    mantissa[-1] = 1.0
    for s in range(len(mantissa) - 2, -1, -1):
        total, top = 0.0, np.int64(0)
        for j in range(d):
            if s >> j & 1:
                continue
            index = _without_bit(s, j)
            larger = s | 1 << j
            product = set_mantissa[j, index] * mantissa[larger]
            if product == 0.0:
                continue
            power = set_exponent[j, index] + exponent[larger]
            if total == 0.0:
                total, top = product, power
            elif power > top:
                total = total * power_of_two(top - power) + product
                top = power
            else:
                total += product * power_of_two(power - top)
        if total > 0.0:
            shift = (np.float64(total).view(np.int64) >> np.int64(52)) - np.int64(1023)
            mantissa[s] = total * power_of_two(-shift)
            exponent[s] = top + shift


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _first_sets(set_mantissa, set_exponent, mantissa, exponent, first, before):
    """Fill the probability that S are the first nodes, and of each j that it comes next."""
    d = len(set_mantissa)
    first[0] = 1.0
    for s in range(len(first) - 1):
        if mantissa[s] == 0.0:
            continue
        for j in range(d):
            if not s >> j & 1:
                index = _without_bit(s, j)
                larger = s | 1 << j
                power = set_exponent[j, index] + exponent[larger] - exponent[s]
                ratio = set_mantissa[j, index] * mantissa[larger] / mantissa[s]
                before[j, index] = ratio * power_of_two(power)
                first[larger] += first[s] * before[j, index]
