"""Log-determinants of principal minors, the engine behind every Gaussian score.

BGe, the linear-Gaussian score and Gaussian BIC see the data through one symmetric positive definite
matrix M, and a family (j, P) only through log det M[P] and the log of the Schur complement

    M[j | P] = M_jj - M_jP M_PP^-1 M_Pj = det M[P + j] / det M[P].

Work is done on M scaled to a unit diagonal, so that differences of log-determinants do not cancel
when the entries grow with the number of rows.

Column means that are large beside the spread would hide the spread in M. So M is held as A + u u^T, with A about
the means and u in proportion to these, and

    det M[P] = det A[P] (1 + u_P^T A_PP^-1 u_P)

is found without adding the two: the bracket, called the corner, grows by a square with each pivot.
"""

from abc import abstractmethod
from typing import no_type_check

import numpy as np
from jaxtyping import Float64, Int64
from numba import njit

from dag_gfn.errors import DataError
from dag_gfn.graphs.subsets import popcount, unpack
from dag_gfn.scores.local_score import LocalScore, without_and_with

MAX_ROUNDING = 0.01
"""Rounding error of a local score, in nats, beyond which it is refused."""
_ROUNDINGS = 4.0
"""Roundings in units of the machine epsilon that a pivot near 1 collects, as seen in comparison with exact values."""


def all_log_minors(
    matrix: Float64[np.ndarray, "d d"], shift: Float64[np.ndarray, " d"] | None = None
) -> tuple[Float64[np.ndarray, " subsets"], Float64[np.ndarray, " subsets"]]:
    r"""Return the log-determinants of all principal minors of A + u u^T in :math:`O(2^d)` operations.

    One recursion on Schur complements: with the last variable as pivot, the batch of matrices splits
    into "without it" (drop the row and column) and "with it" (Schur complement, add the log pivot).

    Parameters
    ----------
    matrix : array, shape (d, d), float64
        A, symmetric positive definite.
    shift : array, shape (d,), float64, optional
        u; zero when left out.

    Returns
    -------
    scaled : array, shape (2^d,), float64
        log-determinant of the minor of the matrix scaled to a unit diagonal; the set S is at the index
        that is its bitmask, the empty set at 0.
    diagonal : array, shape (2^d,), float64
        Sum of log M_ii over the set: ``scaled + diagonal`` is log det M[S].
    """
    log_diagonal = np.log(np.diagonal(matrix))
    inverse_root = np.exp(-0.5 * log_diagonal)
    schur = (matrix * inverse_root * inverse_root[:, None])[None]  # (1, d, d)
    scaled, diagonal, corner = np.zeros(1), np.zeros(1), np.ones(1)
    left = None if shift is None else (shift * inverse_root)[None]  # (1, d): u less what pivots explain of it
    for last in range(len(matrix) - 1, -1, -1):
        pivot = schur[:, last, last]
        column = schur[:, :last, last]  # (batch, last)
        scaled = np.stack([scaled, scaled + np.log(pivot)], axis=-1).reshape(-1)
        diagonal = np.stack([diagonal, diagonal + log_diagonal[last]], axis=-1).reshape(-1)
        if left is not None:
            at_pivot = left[:, last]
            corner = np.stack([corner, corner + at_pivot**2 / pivot], axis=-1).reshape(-1)
            eliminated = left[:, :last] - column * (at_pivot / pivot)[:, None]
            left = np.stack([left[:, :last], eliminated], axis=1).reshape(2 * len(left), last)
        without = schur[:, :last, :last]
        schur = np.empty((2 * len(without), last, last))
        schur[0::2] = without
        np.multiply((column / pivot[:, None])[:, :, None], column[:, None, :], out=schur[1::2])
        np.subtract(without, schur[1::2], out=schur[1::2])
    return (scaled if left is None else scaled + np.log(corner)), diagonal


def family_log_minors(
    matrix: Float64[np.ndarray, "d d"],
    node: int,
    parents: Int64[np.ndarray, " m"],
    shift: Float64[np.ndarray, " d"] | None = None,
) -> tuple[Float64[np.ndarray, " m"], Float64[np.ndarray, " m"]]:
    """Return log det M[P] and log M[node | P] of M = A + u u^T for a batch of parent sets, one Cholesky factor each.

    Parameters
    ----------
    matrix : array, shape (d, d), float64
        A, symmetric positive definite.
    node : int
    parents : array, shape (m,), int64
        Bitmasks over all d nodes that do not contain ``node``.
    shift : array, shape (d,), float64, optional
        u; zero when left out.
    """
    minors, variances = np.empty(len(parents)), np.empty(len(parents))
    shift = np.zeros(len(matrix)) if shift is None else np.ascontiguousarray(shift)
    arrays = np.ascontiguousarray(matrix), shift
    _family_log_minors(*arrays, node, np.ascontiguousarray(parents), minors, variances)
    return minors, variances


def centred_scatter(
    values: Float64[np.ndarray, "n d"],
) -> tuple[Float64[np.ndarray, " d"], Float64[np.ndarray, "d d"]]:
    """Return the means and the sums of products about them; two passes, so that large means cost no digits."""
    mean = values.mean(0)
    centred = values - mean
    rest = centred.mean(0)
    centred -= rest
    return mean + rest, centred.T @ centred


# The test run's annotation checker would wrap the function that Numba compiles; @no_type_check keeps it off.
@njit(cache=True, nogil=True)
@no_type_check
def _family_log_minors(matrix, shift, node, parents, minors, variances):
    d = len(matrix)
    factor, left = np.empty((d, d)), np.empty(d)
    members = np.empty(d, np.int64)
    for f in range(len(parents)):
        size = 0
        for i in range(d):
            if parents[f] >> i & 1:
                members[size] = i
                size += 1
        members[size] = node
        # Cholesky factor of the minor with the node in the last row: its pivot is the Schur complement.
        log_minor, corner, corner_of_parents = 0.0, 1.0, 1.0
        for row in range(size + 1):
            log_minor += np.log(factor[row - 1, row - 1]) if row else 0.0
            corner_of_parents = corner
            for column in range(row + 1):
                rest = matrix[members[row], members[column]]
                for i in range(column):
                    rest -= factor[row, i] * factor[column, i]
                factor[row, column] = np.sqrt(rest) if row == column else rest / factor[column, column]
            rest = shift[members[row]]
            for i in range(row):
                rest -= factor[row, i] * left[i]
            left[row] = rest / factor[row, row]
            corner += left[row] * left[row]
        minors[f] = 2.0 * log_minor + np.log(corner_of_parents)
        variances[f] = 2.0 * np.log(factor[size, size]) + np.log(corner / corner_of_parents)


class GaussianScore(LocalScore):
    """A score that is a function of |P|, log det M[P] and log M[j | P].

    Attributes
    ----------
    matrices : array, shape (1, d, d) or (d, d, d), float64
        A, shared by all nodes or one for each node; set by the subclass.
    shifts : array, shape (1, d) or (d, d), float64, or None
        u for each of these, where M = A + u u^T; None where it is zero.
    """

    kind = "continuous"
    matrices: np.ndarray
    shifts: np.ndarray | None = None

    @property
    def families_per_second(self) -> float:
        """See :class:`LocalScore`."""
        return 2e6

    def matrix(self, node: int) -> Float64[np.ndarray, "d d"]:
        """Return the matrix A that the local scores of ``node`` see."""
        return self.matrices[node if len(self.matrices) > 1 else 0]

    def shift(self, node: int) -> Float64[np.ndarray, " d"] | None:
        """Return what the local scores of ``node`` see beside it: u, or None for zero."""
        return None if self.shifts is None else self.shifts[node if len(self.shifts) > 1 else 0]

    def _set_shifts(self, shifts: Float64[np.ndarray, "matrices d"]) -> None:
        """Keep u where it is not lost beside the diagonal of A anyway."""
        if (shifts**2 > np.finfo(float).eps * np.diagonal(self.matrices, axis1=1, axis2=2)).any():
            self.shifts = shifts

    def _rounding_of_full_sets(self) -> Float64[np.ndarray, " d"]:
        """Return how much the score of each node given all others changes with the order of the columns, shape (d,).

        It is the largest number where a column follows from the others to the last digit.
        """
        d = self.d
        everything, differences = (1 << d) - 1, np.zeros(d)
        size = np.array([d - 1], dtype=np.int64)
        for node in range(d):
            matrix, shift = self.matrix(node), self.shift(node)
            parents = np.array([everything & ~(1 << node)], dtype=np.int64)
            turned = np.array([everything & ~(1 << (d - 1 - node))], dtype=np.int64)
            turned_shift = None if shift is None else shift[::-1]
            try:
                one = family_log_minors(matrix, node, parents, shift)
                other = family_log_minors(matrix[::-1, ::-1], d - 1 - node, turned, turned_shift)
            except ZeroDivisionError:
                differences[node] = np.finfo(float).max
                continue
            scores = [self.score_from_minors(node, size, *minors)[0] for minors in (one, other)]
            differences[node] = abs(scores[0] - scores[1])
        return differences

    def _refuse_rounding(self, rows: Float64[np.ndarray, " matrices"], remedy: str) -> None:
        """Raise DataError where a score in which log M[j | P] counts rows / 2 times has lost its digits.

        Rounding of about one unit in M of unit diagonal is magnified by 1 / M[j | all others], which is least where a
        column nearly follows from the others.
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
                column = self.data.names[int(error.argmax())]
                raise DataError(
                    f"column {column!r} follows so nearly from the others that double precision knows score "
                    f"{self.name!r} to ±{error.max():.2g} nats only: {remedy}"
                )

    @abstractmethod
    def score_from_minors(
        self,
        node: int,
        num_parents: Int64[np.ndarray, " m"],
        log_minor: Float64[np.ndarray, " m"],
        log_variance: Float64[np.ndarray, " m"],
    ) -> Float64[np.ndarray, " m"]:
        """Return the local scores of families with |P|, log det M[P] and log M[node | P], each shape (m,)."""

    def local_scores(self, node: int, parents: Int64[np.ndarray, " m"]) -> Float64[np.ndarray, " m"]:
        """Return local_score(node, P) for a batch of parent sets; see :class:`LocalScore`."""
        log_minor, log_variance = family_log_minors(self.matrix(node), node, parents, self.shift(node))
        return self.score_from_minors(node, popcount(parents), log_minor, log_variance)

    def scores_within(self, node: int, candidates: int) -> Float64[np.ndarray, " sets"]:
        """Return local scores from all minors of the candidates with the node; see :class:`LocalScore`."""
        members = np.flatnonzero(unpack(np.asarray(candidates, dtype=np.int64), self.d))
        family = [node, *members.tolist()]
        shift = self.shift(node)
        scaled, diagonal = all_log_minors(
            self.matrix(node)[np.ix_(family, family)], None if shift is None else shift[family]
        )
        return self._scores_from_all(node, 0, scaled, diagonal)

    def _scores_from_all(
        self,
        node: int,
        place: int,
        scaled: Float64[np.ndarray, " subsets"],
        diagonal: Float64[np.ndarray, " subsets"],
    ) -> Float64[np.ndarray, " sets"]:
        """Return the scores of all parent sets from all minors of a matrix in which the node has this place."""
        scaled_parents, scaled_family = without_and_with(scaled, place)
        log_minor = scaled_parents + without_and_with(diagonal, place)[0]
        log_variance = scaled_family - scaled_parents + np.log(self.matrix(node)[node, node])
        num_parents = popcount(np.arange(len(log_minor), dtype=np.int64))
        return self.score_from_minors(node, num_parents, log_minor, log_variance)

    def complete_table(self) -> Float64[np.ndarray, "d sets"]:
        """Return all local scores from all 2^d minors of each matrix; see :class:`LocalScore`."""
        table = np.empty((self.d, 1 << (self.d - 1)))
        for node in range(self.d):
            if node < len(self.matrices):
                scaled, diagonal = all_log_minors(self.matrices[node], self.shift(node))
            table[node] = self._scores_from_all(node, node, scaled, diagonal)
        return table
