"""The base class of Gaussian scores: functions of principal minors of one matrix."""

import copy
from abc import abstractmethod
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64, Int64

from dag_gfn.errors import DataError
from dag_gfn.graphs.subsets import popcount, unpack
from dag_gfn.scores.gaussian_minors import all_log_minors, family_log_minors
from dag_gfn.scores.local_score import LocalScore, without_and_with

MAX_ROUNDING = 0.01
"""Rounding error of a local score, in nats, beyond which it is refused."""
_ROUNDINGS = 4.0
"""Rounding error of a pivot near 1 in units of the machine epsilon, as measured against exact values."""


class GaussianScore(LocalScore):
    """A score that is a function of the number of columns of P, log det M[P] and log M[j | P].

    A subclass sets `matrices`, and `shifts` by `_set_shifts`, and defines `score_from_minors`. Where nodes own several
    of the D columns of the matrices, it sets `widths` too.

    Attributes
    ----------
    matrices : array, shape (1, D, D) or (d, D, D), float64
        A, shared by all nodes or one for each node.
    shifts : array, shape (1, D) or (d, D), float64, or None
        u for each of these, where M = A + u u^T; None where it is zero.
    widths : array, shape (d,), int64, or None
        Number of columns that each node owns, which stand side by side in the order of the nodes; None: one each.

    Examples
    --------
    A Gaussian score is one subclass with a formula, here the maximised log-likelihood without its constants:

    >>> import numpy as np
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.scores.gaussian_minors import centred_scatter
    >>> from dag_gfn.scores.gaussian_score import GaussianScore
    >>> class LogLikelihood(GaussianScore):
    ...     name = "log_likelihood"
    ...     def __init__(self, data):
    ...         super().__init__(data)
    ...         self.matrices = centred_scatter(data.values)[1][None]
    ...     def score_from_minors(self, node, num_columns, log_minor, log_variance):
    ...         return -0.5 * self.data.total_weight * log_variance
    >>> x = np.array([0.0, 1.0, 2.0, 3.0])
    >>> score = LogLikelihood(from_array(np.column_stack([x, x**2])))
    >>> score.local_scores(1, np.array([0b00, 0b01])).round(3).tolist()  # residual sum of squares 49, then 4
    [-7.784, -2.773]
    """

    kind = "continuous"
    needs_rows = False
    matrices: np.ndarray
    shifts: np.ndarray | None = None
    widths: np.ndarray | None = None
    _some_names: tuple[str, ...] | None = None  # of a part of the nodes

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the nodes."""
        return super().names if self._some_names is None else self._some_names

    def on_nodes(self, nodes: Sequence[int]) -> "GaussianScore":
        """Return this score of some nodes alone, from the same matrices; see :class:`LocalScore`."""
        columns = np.concatenate([np.flatnonzero(self.column_nodes == node) for node in nodes])
        some = copy.copy(self)
        some._some_names = tuple(self.names[node] for node in nodes)
        some.matrices = self._of_nodes(self.matrices, nodes)[:, columns[:, None], columns]
        some.shifts = None if self.shifts is None else self._of_nodes(self.shifts, nodes)[:, columns]
        some.widths = None if self.widths is None else self.widths[list(nodes)]
        return some

    def _of_nodes(self, values: np.ndarray, nodes: Sequence[int]) -> np.ndarray:
        """Return the entries of some nodes, where each node has one of its own."""
        return values[list(nodes)] if len(self.matrices) > 1 else values

    @property
    def families_per_second(self) -> float:
        """See :class:`LocalScore`. The number of rows does not matter."""
        return 2e6

    @property
    def column_nodes(self) -> Int64[np.ndarray, " D"]:
        """The node that owns each column of the matrices."""
        nodes = np.arange(self.d, dtype=np.int64)
        return nodes if self.widths is None else np.repeat(nodes, self.widths)

    def width(self, node: int) -> int:
        """Return how many columns a node owns."""
        return 1 if self.widths is None else int(self.widths[node])

    def matrix(self, node: int) -> Float64[np.ndarray, "D D"]:
        """Return the matrix A that the local scores of ``node`` use."""
        return self.matrices[node if len(self.matrices) > 1 else 0]

    def shift(self, node: int) -> Float64[np.ndarray, " D"] | None:
        """Return the vector u that the local scores of ``node`` use, or None where it is zero."""
        return None if self.shifts is None else self.shifts[node if len(self.shifts) > 1 else 0]

    def _set_shifts(self, shifts: Float64[np.ndarray, "matrices D"]) -> None:
        """Set u, unless u u^T is below the rounding of the diagonal of A."""
        if (shifts**2 > np.finfo(float).eps * np.diagonal(self.matrices, axis1=1, axis2=2)).any():
            self.shifts = shifts

    def _rounding_of_full_sets(self) -> Float64[np.ndarray, " d"]:
        """Return the rounding error of the score of each node given all others, shape (d,).

        It is measured: the score is computed with the columns in their order and in reverse. The largest float stands
        where a column follows from the others to the last digit.
        """
        d = self.d
        everything, differences = (1 << d) - 1, np.zeros(d)
        size = np.array([d - 1], dtype=np.int64)
        for node in range(d):
            matrix, shift = self.matrix(node), self.shift(node)
            parents = np.array([everything & ~(1 << node)], dtype=np.int64)
            reverse = np.array([everything & ~(1 << (d - 1 - node))], dtype=np.int64)
            reverse_shift = None if shift is None else shift[::-1]
            try:
                one = family_log_minors(matrix, node, parents, shift)
                other = family_log_minors(matrix[::-1, ::-1], d - 1 - node, reverse, reverse_shift)
            except ZeroDivisionError:
                differences[node] = np.finfo(float).max
                continue
            scores = [self.score_from_minors(node, size, *minors)[0] for minors in (one, other)]
            differences[node] = abs(scores[0] - scores[1])
        return differences

    def _refuse_rounding(self, rows: Float64[np.ndarray, " matrices"], remedy: str) -> None:
        """Raise DataError where rounding makes the scores of a column uncertain by more than `MAX_ROUNDING` nats.

        The score contains rows / 2 times log M[j | P]. Rounding of M, scaled to a unit diagonal, changes this
        logarithm by about the machine epsilon over M[j | all others]. That denominator is small where a column nearly
        follows from the others.

        Parameters
        ----------
        rows : array, shape (1,) or (d,), float64
            Factor of log M[j | P] / 2 in the score, for each of `matrices`.
        remedy : str
            What the message tells the user to do.
        """
        for matrix, count in zip(self.matrices, rows, strict=True):
            with np.errstate(all="ignore"):
                scale = 1.0 / np.sqrt(np.diagonal(matrix))
                correlation = matrix * scale * scale[:, None]
                if not np.isfinite(correlation).all():
                    continue  # reported where the table is built
                variances, vectors = np.linalg.eigh(correlation)
                own = 1.0 / (vectors**2 / np.maximum(variances, np.finfo(float).eps)).sum(1)
            error = 0.5 * count * _ROUNDINGS * np.finfo(float).eps / own
            if error.max() > MAX_ROUNDING:
                column = self.names[self.column_nodes[error.argmax()]]
                raise DataError(
                    f"column {column!r} follows so nearly from the others that double precision knows score "
                    f"{self.name!r} to ±{error.max():.2g} nats only: {remedy}"
                )

    @abstractmethod
    def score_from_minors(
        self,
        node: int,
        num_columns: Int64[np.ndarray, " m"],
        log_minor: Float64[np.ndarray, " m"],
        log_variance: Float64[np.ndarray, " m"],
    ) -> Float64[np.ndarray, " m"]:
        """Return the local scores of families, shape (m,).

        Parameters
        ----------
        node : int
        num_columns : array, shape (m,), int64
            Number of columns that the parents own: of parents, where each node owns one.
        log_minor, log_variance : arrays, shape (m,), float64
            log det M[P] and log M[node | P].
        """

    def local_scores(self, node: int, parents: Int64[np.ndarray, " m"]) -> Float64[np.ndarray, " m"]:
        """Return local_score(node, P) for a batch of parent sets; see :class:`LocalScore`."""
        minors = family_log_minors(self.matrix(node), node, parents, self.shift(node), self.widths)
        return self.score_from_minors(node, _num_columns(parents, self.widths), *minors)

    def scores_within(self, node: int, candidates: int) -> Float64[np.ndarray, " sets"]:
        """Return local scores from all minors of the candidates with the node; see :class:`LocalScore`."""
        members = np.flatnonzero(unpack(np.asarray(candidates, dtype=np.int64), self.d))
        family = [node, *members.tolist()]
        columns = np.concatenate([np.flatnonzero(self.column_nodes == member) for member in family])
        widths = None if self.widths is None else self.widths[family]
        shift = self.shift(node)
        scaled, diagonal = all_log_minors(
            self.matrix(node)[np.ix_(columns, columns)], None if shift is None else shift[columns], widths
        )
        return self._scores_from_all(node, 0, scaled, diagonal, widths)

    def _scores_from_all(
        self,
        node: int,
        place: int,
        scaled: Float64[np.ndarray, " subsets"],
        diagonal: Float64[np.ndarray, " subsets"],
        widths: Int64[np.ndarray, " nodes"] | None,
    ) -> Float64[np.ndarray, " sets"]:
        """Return the scores of all parent sets from all minors of a matrix in which the node has this place."""
        scaled_parents, scaled_family = without_and_with(scaled, place)
        log_minor = scaled_parents + without_and_with(diagonal, place)[0]
        own = np.diagonal(self.matrix(node))[self.column_nodes == node]
        log_variance = scaled_family - scaled_parents + np.log(own).sum()
        sets = np.arange(len(log_minor), dtype=np.int64)
        num_columns = _num_columns(sets, None if widths is None else np.delete(widths, place))
        return self.score_from_minors(node, num_columns, log_minor, log_variance)

    def complete_table(self) -> Float64[np.ndarray, "d sets"]:
        """Return all local scores from all 2^d minors of each matrix; see :class:`LocalScore`."""
        table = np.empty((self.d, 1 << (self.d - 1)))
        for node in range(self.d):
            if node < len(self.matrices):
                scaled, diagonal = all_log_minors(self.matrices[node], self.shift(node), self.widths)
            table[node] = self._scores_from_all(node, node, scaled, diagonal, self.widths)
        return table


def _num_columns(
    sets: Int64[np.ndarray, " m"], widths: Int64[np.ndarray, " d"] | None
) -> Int64[np.ndarray, " m"]:
    """Return how many columns the nodes of each set (a bitmask) own."""
    if widths is None:
        return popcount(sets)
    total = np.zeros(len(sets), dtype=np.int64)
    for node, width in enumerate(widths.tolist()):
        total += width * (sets >> np.int64(node) & 1)
    return total
