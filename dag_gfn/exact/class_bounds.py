r"""Bounds on the mass of equivalence classes, size · R, that are sums over families and tight around one DAG.

A class has at most :math:`1 + |Q_i|` times as many members as without its sink i, where :math:`Q_i \subseteq P_i` are
the parents whose edge to i is reversible: in each member i takes one of the places in the order of these. So

.. math:: \log \text{size}(G) \le \sum_i \log(1 + |Q_i|) \le \sum_i \log(1 + |P_i|),

and the last sum can be added to the log-weights of families. It is far off where most edges are compelled. But why an
edge q → i is compelled in one DAG, the reference, is told by a few edges and missing links: another parent of i that is
not linked to q, or a compelled edge a → q where a is not linked to i. Where these reasons hold, q is not in
:math:`Q_i`. The bound of a family with such edges is therefore lowered, and each family that breaks a reason gets a
refund of as much as that can matter. The sum is lower for a DAG in which all reasons hold, and too low for none:
refunds add up to enough, because the logarithm of the number of places is concave. The share of node i's reasons that
is used, :math:`s_i \in [0, 1]`, minimizes the largest sum of all DAGs by subgradients, a Lagrangian relaxation.
"""

from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64

from dag_gfn.exact.best_dag import best_dag

MISSING, LINKED = 0, 1
"""How a reason is broken: the edge a → b is missing, or a and b are linked."""
_ROUNDS = 25  # subgradient steps, each of which finds a best DAG

_Event = tuple[int, int, int]  # MISSING or LINKED, a, b


class Refunds(NamedTuple):
    """What is given back where reasons are broken.

    Attributes
    ----------
    events : ndarray, shape (r, 4), int64
        The node whose bound was lowered, MISSING or LINKED, and the nodes a and b.
    values : ndarray, shape (r,), float64
        In nats.

    Examples
    --------
    >>> from dag_gfn.exact.class_bounds import NO_REFUNDS
    >>> NO_REFUNDS.events.shape
    (0, 4)
    """

    events: Int64[np.ndarray, "r 4"]
    values: Float64[np.ndarray, " r"]


NO_REFUNDS = Refunds(np.zeros((0, 4), dtype=np.int64), np.zeros(0))


class _Reason(NamedTuple):
    """Why an edge into a node is compelled: it says something about families with one parent and without another."""

    parent: int
    needed: int | None
    unwanted: int | None
    events: frozenset[_Event]  # any of which breaks it


class ClassBounds:
    r"""Enlarged log-weights, whose sum over the families of a DAG is at least the log mass of its class.

    Parameters
    ----------
    weights : ndarray, shape (d, 2^(d-1)), float64
        log w_j(P) at ``[j, remove_bit(P, j)]``.
    reference : ndarray, shape (d, d), bool
        A probable DAG, row → column.
    oriented : ndarray, shape (d, d), bool
        The pairs of nodes whose edge experiments orient.

    Examples
    --------
    The collider 0 → 2 ← 1 is alone in its class. Its edges are compelled, because 0 and 1 are not linked:

    >>> import numpy as np
    >>> from dag_gfn.exact.class_bounds import ClassBounds
    >>> collider = np.array([[0, 0, 1], [0, 0, 1], [0, 0, 0]], dtype=bool)
    >>> bounds = ClassBounds(np.zeros((3, 4)), collider, np.zeros((3, 3), dtype=bool))
    >>> bounds.enlarged(np.zeros(3))[2].round(2).tolist()  # for node 2 with {}, {0}, {1} and {0, 1}
    [0.0, 0.69, 0.69, 1.1]
    >>> bounds.enlarged(np.ones(3))[2].round(2).tolist()
    [0.0, 0.69, 0.69, 0.0]
    >>> bounds.enlarged(np.ones(3))[1].round(2).tolist()  # log 2, and log 3 given back where 0 is a parent of 1
    [0.0, 1.79, 0.69, 2.2]
    """

    def __init__(
        self,
        weights: Float64[np.ndarray, "d sets"],
        reference: Bool[np.ndarray, "d d"],
        oriented: Bool[np.ndarray, "d d"],
    ):
        d, sets = weights.shape
        self._weights = weights
        self._holds = np.empty((d, d, sets), dtype=bool)  # [i, a]: families of node i with the parent a
        index = np.arange(sets)
        for i in range(d):
            for a in range(d):
                self._holds[i, a] = False if a == i else index >> (a - (a > i)) & 1
        self._places = np.log1p(self._holds.sum(axis=1))
        self._lowered = np.zeros((d, sets))
        self._refunds = [self._lower(i, _reasons_of(i, reference, oriented)) for i in range(d)]

    def _lower(self, i: int, reasons: list[_Reason]) -> dict[_Event, float]:
        """Fill by how much the bounds of a node's families are lowered, and return the refund of each event."""
        holds = self._holds[i]
        valid = np.zeros((len(reasons), holds.shape[1]), dtype=np.int64)
        for says, reason in zip(valid, reasons, strict=True):
            says[:] = holds[reason.parent]
            if reason.needed is not None:
                says *= holds[reason.needed]
            if reason.unwanted is not None:
                says *= ~holds[reason.unwanted]
        left = holds.sum(axis=0) - valid.sum(axis=0)
        self._lowered[i] = self._places[i] - np.log1p(left)
        refunds = {}
        for event in sorted({event for reason in reasons for event in reason.events}):
            back = valid[[event in reason.events for reason in reasons]].sum(axis=0)
            refunds[event] = float((np.log1p(left + back) - np.log1p(left)).max())
        return refunds

    def enlarged(self, shares: Float64[np.ndarray, " d"]) -> Float64[np.ndarray, "d sets"]:
        """Return the log-weights with the bounds of their families, by the share of each node's reasons that is used.

        See the class for an example.
        """
        d = len(shares)
        given = np.zeros((2, d, d))
        for _, event, value in self._shared(shares):
            given[event] += value
        result = self._weights + self._places - shares[:, None] * self._lowered
        for a, b in np.argwhere(given[MISSING]):
            result[b] += np.where(self._holds[b, a], 0.0, given[MISSING, a, b])
        for a, b in np.argwhere(given[LINKED]):
            result[b, self._holds[b, a]] += given[LINKED, a, b]
            result[a, self._holds[a, b]] += given[LINKED, a, b]
        return result

    def refunds(self, shares: Float64[np.ndarray, " d"]) -> Refunds:
        """Return the refunds by node, event and value; see `enlarged`."""
        rows = list(self._shared(shares))
        events = np.array([(i, *event) for i, event, _ in rows], dtype=np.int64).reshape(-1, 4)
        return Refunds(events, np.array([value for _, _, value in rows], dtype=np.float64))

    def _shared(self, shares: Float64[np.ndarray, " d"]) -> list[tuple[int, _Event, float]]:
        return [
            (i, event, float(share) * value)
            for i, (share, refunds) in enumerate(zip(shares, self._refunds, strict=True))
            for event, value in refunds.items()
            if share * value > 0
        ]

    def best_shares(self, least: float) -> Float64[np.ndarray, " d"]:
        """Return shares for which the largest sum of all DAGs is small, given a lower bound of it.

        Subgradient steps of Polyak's length, which get shorter.
        """
        shares = chosen = np.ones(len(self._weights))
        smallest = np.inf
        for turn in range(_ROUNDS):
            largest = best_dag(SimpleNamespace(d=len(shares), complete=self.enlarged(shares)))
            if largest.log_score < smallest:
                smallest, chosen = largest.log_score, shares
            slopes = self._slopes(largest.adjacency)
            slopes[(shares >= 1) & (slopes < 0) | (shares <= 0) & (slopes > 0)] = 0.0
            if not slopes.any() or largest.log_score <= least:
                break
            step = (largest.log_score - least) / (slopes @ slopes) / (2 + turn)
            shares = np.clip(shares - step * slopes, 0.0, 1.0)
        return chosen

    def _slopes(self, adjacency: Bool[np.ndarray, "d d"]) -> Float64[np.ndarray, " d"]:
        """Return the derivatives of a DAG's sum with respect to the shares."""
        linked = adjacency | adjacency.T
        slopes = np.empty(len(adjacency))
        for i, refunds in enumerate(self._refunds):
            family = sum(1 << int(a - (a > i)) for a in np.flatnonzero(adjacency[:, i]))
            broken = (
                value
                for (kind, a, b), value in refunds.items()
                if (linked[a, b] if kind == LINKED else not adjacency[a, b])
            )
            slopes[i] = sum(broken) - self._lowered[i, family]
        return slopes


def _reasons_of(
    i: int, reference: Bool[np.ndarray, "d d"], oriented: Bool[np.ndarray, "d d"]
) -> list[_Reason]:
    """Return a reason for each compelled edge into a node, as far as one is found."""
    linked, found = reference | reference.T, []
    for q in np.flatnonzero(reference[:, i]).tolist():
        apart = _apart(q, i, reference)
        if oriented[q, i]:
            found.append(_Reason(q, None, None, frozenset()))
        elif apart is not None:
            found.append(_Reason(q, apart, None, frozenset({_link(q, apart)})))
        else:
            for a in np.flatnonzero(reference[:, q] & ~linked[i]).tolist():
                why = _why_compelled(a, q, reference, oriented)
                if why is not None:
                    found.append(_Reason(q, None, a, why | {(MISSING, a, q)}))
                    break
    return found


def _why_compelled(
    a: int, q: int, reference: Bool[np.ndarray, "d d"], oriented: Bool[np.ndarray, "d d"]
) -> frozenset[_Event] | None:
    """Return the events without which a → q is compelled in any DAG that has it; None where no reason is found."""
    if oriented[a, q]:
        return frozenset()
    apart = _apart(a, q, reference)
    if apart is not None:  # a v-structure
        return frozenset({(MISSING, apart, q), _link(a, apart)})
    linked = reference | reference.T
    for z in np.flatnonzero(reference[:, a] & ~linked[q]).tolist():  # z → a, so not q → a: Meek's first rule
        why = _why_compelled(z, a, reference, oriented)
        if why is not None:
            return why | {(MISSING, z, a), _link(z, q)}
    return None


def _apart(q: int, i: int, reference: Bool[np.ndarray, "d d"]) -> int | None:
    """Return a parent of i that is not linked to its parent q, if there is one."""
    others = np.flatnonzero(reference[:, i] & ~reference[q] & ~reference[:, q])
    return next((b for b in others.tolist() if b != q), None)


def _link(a: int, b: int) -> _Event:
    return (LINKED, min(a, b), max(a, b))
