"""The order-modular posterior, which many papers use in place of the posterior over DAGs.

The other methods of this package approximate another posterior, see :class:`OrderModular`.
"""

from dataclasses import dataclass
from math import lgamma
from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float64, Int64, UInt8
from numba import njit

from dag_gfn.chunked import run_chunks
from dag_gfn.errors import ConstraintError, NotTractable
from dag_gfn.exact.dag_recursion import CompleteTable, DagRecursion, Progress, complete_of
from dag_gfn.exact.parent_sets import ParentSetSampler, parent_set_probabilities, without_bit
from dag_gfn.exact.scaled import power_of_two
from dag_gfn.graphs import graph
from dag_gfn.graphs.subsets import parent_sets, remove_bit

TOLERANCE = 0.01
"""Largest difference in nats between the probability with which an order and a DAG were drawn and the exact one."""


@dataclass(frozen=True, eq=False)
class OrderModularSample:
    """Independent draws from the order-modular posterior.

    Attributes
    ----------
    adjacency : array, shape (k, d, d), bool
        True at (s, i, j) for the edge i → j in draw s (row → column).
    orders : array, shape (k, d), int64
        The order of the nodes with which draw s was made, parents before children.
    log_scores : array, shape (k,), float64
        log R(G).
    self_check : float
        Largest difference in nats between the probability of an order with a DAG and the product of the
        probabilities with which their parts were chosen.

    Examples
    --------
    >>> import numpy as np
    >>> from types import SimpleNamespace
    >>> from dag_gfn.exact.order_modular import OrderModular
    >>> table = SimpleNamespace(d=3, complete=np.zeros((3, 4)))  # all DAGs have the same weight
    >>> drawn = OrderModular(table).sample(4, rng=np.random.default_rng(0))
    >>> drawn.orders.shape, drawn.self_check < 1e-9
    ((4, 3), True)
    """

    adjacency: Bool[np.ndarray, "k d d"]
    orders: Int64[np.ndarray, "k d"]
    log_scores: Float64[np.ndarray, " k"]
    self_check: float


class OrderModular:
    r"""The posterior in which an order of the nodes is drawn first and then a DAG that agrees with it.

    All orders are equally probable before the data, so that each DAG counts once for each of its topological orders:

    .. math:: P(G \mid D) \propto R(G) \cdot |\{\text{topological orders of } G\}|.

    The bias: a uniform ``prior`` of the table is then not uniform over DAGs. Among the DAGs on two nodes the
    empty one has weight 2 and each edge 1; a chain of d nodes has one order, the Markov-equivalent DAG that starts
    at its middle C(d - 1, ⌊(d - 1)/2⌋), so that equivalent DAGs differ, and sparse ones are favoured.

    With :math:`\hat w_j(S)` the weight of all parent sets of j within S, the weight of everything that may follow
    the nodes S is

    .. math:: h(S) = \sum_{j \notin S} \hat w_j(S) \, h(S \cup j), \qquad h(V) = 1,

    a sum of positive numbers, in which nothing cancels. It takes O(d 2^d).

    Parameters
    ----------
    table : CompleteTable
        A complete ``ScoreTable``.

    Attributes
    ----------
    d : int
    log_evidence : float
        log of the mean, over the d! orders, of the sum of R(G) over the DAGs that agree with the order; that is,
        log Σ_G R(G) · (topological orders of G) / d!. Not comparable with the evidence of other methods.
    comes_next : array, shape (d, 2^(d-1)), float64
        At ``[j, remove_bit(S, j)]``: the posterior probability that j comes next once the nodes S have come.
    comes_first : array, shape (2^d,), float64
        The posterior probability that S are the first nodes of the order.

    Raises
    ------
    NotTractable
        If the table is not complete.
    ConstraintError
        If no DAG has support.

    References
    ----------
    Koivisto and Sood, JMLR 5 (2004); on the bias, Ellis and Wong, JASA 103 (2008).

    Examples
    --------
    The empty graph on two nodes has two orders and counts twice, each edge once:

    >>> import numpy as np
    >>> from types import SimpleNamespace
    >>> from dag_gfn.exact.order_modular import OrderModular
    >>> table = SimpleNamespace(d=2, complete=np.zeros((2, 2)))  # all DAGs have the same weight
    >>> OrderModular(table).edge_marginals().round(6).tolist()
    [[0.0, 0.25], [0.25, 0.0]]
    """

    def __init__(self, table: CompleteTable):
        self._log_weights = complete_of(table)
        self.d = d = len(self._log_weights)
        self._weights = weights = DagRecursion(self._log_weights)
        mantissa, exponent = np.zeros(1 << d), np.zeros(1 << d, dtype=np.int64)
        _sum_over_orders(weights.set_mantissa, weights.set_exponent, mantissa, exponent)
        if mantissa[0] == 0.0:
            raise ConstraintError(f"no DAG on the {d} nodes satisfies the constraints: drop some of them")
        log_sum = np.log(mantissa[0]) + exponent[0] * np.log(2) + weights.largest.sum()
        self.log_evidence = float(log_sum - lgamma(d + 1))
        self.comes_first = np.zeros(1 << d)
        self.comes_next = np.zeros((d, 1 << (d - 1)))
        _follow_orders(
            weights.set_mantissa, weights.set_exponent, mantissa, exponent, self.comes_first, self.comes_next
        )

    def edge_marginals(self) -> Float64[np.ndarray, "d d"]:
        """Return P(i → j | data) at (i, j) (row → column), exactly, in O(d² 2^d)."""
        d, weights = self.d, self._weights
        edge = np.zeros((d, d))

        def fill(node: int) -> None:
            others = np.delete(np.arange(d), node)
            within = self.comes_first[parent_sets(node, d)] * self.comes_next[node]
            chosen = parent_set_probabilities(
                within, self._log_weights[node], weights.set_mantissa[node], weights.set_exponent[node]
            )
            edge[others, node] = [chosen.reshape(-1, 2, 1 << bit)[:, 1].sum() for bit in range(d - 1)]

        run_chunks(fill, range(d), parallel=d > 12)
        return np.minimum(edge, 1.0)

    def sample(
        self, k: int, *, rng: np.random.Generator, progress: Progress | None = None
    ) -> OrderModularSample:
        """Return k independent draws: first an order, then the parents of each node among those before it.

        Parameters
        ----------
        k : int
        rng : numpy.random.Generator
            Two uniform numbers are drawn for each node of each draw.
        progress : callable, optional
            Called with the share that is done.

        Raises
        ------
        NotTractable
            If rounding has spoilt the probability of a draw.
        """
        d, nodes, draws = self.d, np.arange(self.d), np.arange(k)
        parent_set_sampler = ParentSetSampler(self._log_weights, self._weights.set_exponent)
        placed = np.zeros(k, dtype=np.int64)
        orders, parents = np.zeros((k, d), dtype=np.int64), np.zeros((k, d), dtype=np.int64)
        log_drawn = np.zeros(k)
        nothing_excluded = np.full(k, -1)
        for place in range(d):
            before = np.repeat(placed[:, None], d, axis=1)  # (k, d)
            probability = self.comes_next[nodes, remove_bit(before, nodes)]
            probability[(before >> nodes & 1).astype(bool)] = 0.0
            cumulative = np.cumsum(probability, axis=1)
            goal = rng.random(k) * cumulative[:, -1]
            node = np.minimum((cumulative <= goal[:, None]).sum(axis=1), d - 1)
            with np.errstate(divide="ignore"):  # the self-check reports what comes of it
                log_drawn += np.log(probability[draws, node])
            drawn, log_chosen = parent_set_sampler.draw(node, placed, nothing_excluded, rng.random(k))
            log_drawn += log_chosen
            orders[:, place], parents[draws, node] = node, drawn
            placed |= np.int64(1) << node
            if progress is not None:
                progress((place + 1) / d)
        log_scores = self._log_weights[nodes, remove_bit(parents, nodes)].sum(axis=1)
        exact = log_scores - self.log_evidence - lgamma(d + 1)
        self_check = float(np.abs(log_drawn - exact).max(initial=0.0))
        if not self_check < TOLERANCE:
            raise NotTractable(
                f"an order was drawn with a probability off by {self_check:.2g} nats: double precision does not "
                "suffice to sample from this table exactly, use another method"
            )
        return OrderModularSample(graph.adjacency_from_masks(parents, d), orders, log_scores, self_check)


def num_topological_orders(masks: UInt8[np.ndarray, "m d"]) -> Float64[np.ndarray, " m"]:
    """Return the number of topological orders of each of some small DAGs, in O(d 2^d) each.

    Parameters
    ----------
    masks : array, shape (m, d), uint8
        Bit i of ``masks[k, j]`` is set iff i → j in graph k, as in ``enumerate_dags``.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.exact.order_modular import num_topological_orders
    >>> chain, empty = [0, 1, 2], [0, 0, 0]  # bitmasks of the parents of each node
    >>> num_topological_orders(np.array([chain, empty], dtype=np.uint8)).tolist()
    [1.0, 6.0]
    """
    m, d = masks.shape
    arrangements = np.zeros((1 << d, m))  # of the nodes of each set, all of whose parents are in it
    arrangements[0] = 1.0
    for first in range((1 << d) - 1):
        outside = np.uint8(~first & 0xFF)
        for j in range(d):
            if not first >> j & 1:
                arrangements[first | 1 << j] += np.where(masks[:, j] & outside, 0.0, arrangements[first])
    return arrangements[-1]


# The test run's annotation checker would wrap the functions that Numba compiles; @no_type_check keeps it off.


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _sum_over_orders(set_mantissa, set_exponent, mantissa, exponent):
    """Fill h(S) as mantissas and exponents, shape (2^d,); supersets come before their subsets.

    `set_mantissa` and `set_exponent`, shape (d, 2^(d-1)), are the weights ŵ_j(S). Each sum is kept as total * 2^top,
    with top the largest exponent of its terms so far.
    """
    d = len(set_mantissa)
    mantissa[-1] = 1.0
    for s in range(len(mantissa) - 2, -1, -1):
        total, top = 0.0, np.int64(0)
        for j in range(d):
            if s >> j & 1:
                continue
            index = without_bit(s, j)
            larger = s | 1 << j
            product = set_mantissa[j, index] * mantissa[larger]
            if product == 0.0:
                continue
            power = set_exponent[j, index] + exponent[larger]
            if total == 0.0:
                total, top = product, power
            elif power > top:  # rescale the sum to the larger exponent, so that nothing overflows
                total = total * power_of_two(top - power) + product
                top = power
            else:
                total += product * power_of_two(power - top)
        if total > 0.0:
            # the exponent field of a double brings the mantissa back into [1, 2)
            shift = (np.float64(total).view(np.int64) >> np.int64(52)) - np.int64(1023)
            mantissa[s] = total * power_of_two(-shift)
            exponent[s] = top + shift


@njit(cache=True, nogil=True, error_model="numpy")
@no_type_check
def _follow_orders(set_mantissa, set_exponent, mantissa, exponent, first, following):
    """Fill the probability that S are the first nodes, shape (2^d,), and that j comes next, shape (d, 2^(d-1)).

    With h(S) as mantissas and exponents, P(j next | S) = ŵ_j(S) h(S + j) / h(S), and P(S + j) sums P(S) P(j next | S).
    Subsets come before their supersets.
    """
    d = len(set_mantissa)
    first[0] = 1.0
    for s in range(len(first) - 1):
        if mantissa[s] == 0.0:  # no order begins with these nodes
            continue
        for j in range(d):
            if not s >> j & 1:
                index = without_bit(s, j)
                larger = s | 1 << j
                power = set_exponent[j, index] + exponent[larger] - exponent[s]
                ratio = set_mantissa[j, index] * mantissa[larger] / mantissa[s]
                following[j, index] = ratio * power_of_two(power)
                first[larger] += first[s] * following[j, index]
