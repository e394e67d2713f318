"""Log-determinants of principal minors, the engine behind every Gaussian score.

BGe, the linear-Gaussian score and Gaussian BIC see the data through one symmetric positive definite
matrix M, and a family (j, P) only through log det M[P] and the log of the Schur complement

    M[j | P] = M_jj - M_jP M_PP^-1 M_Pj = det M[P + j] / det M[P].

Work is done on M scaled to a unit diagonal, so that differences of log-determinants do not cancel
when the entries grow with the number of rows.
"""

from abc import abstractmethod
from typing import no_type_check

import numpy as np
from jaxtyping import Float64, Int64
from numba import njit

from dag_gfn.scores.local_score import LocalScore, without_and_with
from dag_gfn.subsets import popcount, unpack


def all_log_minors(
    matrix: Float64[np.ndarray, "d d"],
) -> tuple[Float64[np.ndarray, " subsets"], Float64[np.ndarray, " subsets"]]:
    r"""Return the log-determinants of all principal minors in :math:`O(2^d)` operations.

    One recursion on Schur complements: with the last variable as pivot, the batch of matrices splits
    into "without it" (drop the row and column) and "with it" (Schur complement, add the log pivot).

    Parameters
    ----------
    matrix : array, shape (d, d), float64
        Symmetric positive definite.

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
    scaled, diagonal = np.zeros(1), np.zeros(1)
    for last in range(len(matrix) - 1, -1, -1):
        pivot = schur[:, last, last]
        column = schur[:, :last, last]  # (batch, last)
        scaled = np.stack([scaled, scaled + np.log(pivot)], axis=-1).reshape(-1)
        diagonal = np.stack([diagonal, diagonal + log_diagonal[last]], axis=-1).reshape(-1)
        without = schur[:, :last, :last]
        schur = np.empty((2 * len(without), last, last))
        schur[0::2] = without
        np.multiply((column / pivot[:, None])[:, :, None], column[:, None, :], out=schur[1::2])
        np.subtract(without, schur[1::2], out=schur[1::2])
    return scaled, diagonal


def family_log_minors(
    matrix: Float64[np.ndarray, "d d"], node: int, parents: Int64[np.ndarray, " m"]
) -> tuple[Float64[np.ndarray, " m"], Float64[np.ndarray, " m"]]:
    """Return log det M[P] and log M[node | P] for a batch of parent sets, one Cholesky factor each.

    Parameters
    ----------
    matrix : array, shape (d, d), float64
        Symmetric positive definite.
    node : int
    parents : array, shape (m,), int64
        Bitmasks over all d nodes that do not contain ``node``.
    """
    minors, variances = np.empty(len(parents)), np.empty(len(parents))
    _family_log_minors(np.ascontiguousarray(matrix), node, np.ascontiguousarray(parents), minors, variances)
    return minors, variances


# The test run's annotation checker would wrap the function that Numba compiles; @no_type_check keeps it off.
@njit(cache=True, nogil=True)
@no_type_check
def _family_log_minors(matrix, node, parents, minors, variances):
    d = len(matrix)
    factor = np.empty((d, d))
    members = np.empty(d, np.int64)
    for f in range(len(parents)):
        size = 0
        for i in range(d):
            if parents[f] >> i & 1:
                members[size] = i
                size += 1
        members[size] = node
        # Cholesky factor of the minor with the node in the last row: its pivot is the Schur complement.
        log_minor = 0.0
        for row in range(size + 1):
            log_minor += np.log(factor[row - 1, row - 1]) if row else 0.0
            for column in range(row + 1):
                rest = matrix[members[row], members[column]]
                for i in range(column):
                    rest -= factor[row, i] * factor[column, i]
                factor[row, column] = np.sqrt(rest) if row == column else rest / factor[column, column]
        minors[f] = 2.0 * log_minor
        variances[f] = 2.0 * np.log(factor[size, size])


class GaussianScore(LocalScore):
    """A score that is a function of |P|, log det M[P] and log M[j | P].

    Attributes
    ----------
    matrices : array, shape (1, d, d) or (d, d, d), float64
        M, shared by all nodes or one for each node; set by the subclass.
    """

    kind = "continuous"
    matrices: np.ndarray

    @property
    def families_per_second(self) -> float:
        """See :class:`LocalScore`."""
        return 2e6

    def matrix(self, node: int) -> Float64[np.ndarray, "d d"]:
        """Return the matrix M that the local scores of ``node`` see."""
        return self.matrices[node if len(self.matrices) > 1 else 0]

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
        log_minor, log_variance = family_log_minors(self.matrix(node), node, parents)
        return self.score_from_minors(node, popcount(parents), log_minor, log_variance)

    def scores_within(self, node: int, candidates: int) -> Float64[np.ndarray, " sets"]:
        """Return local scores from all minors of the candidates with the node; see :class:`LocalScore`."""
        members = np.flatnonzero(unpack(np.asarray(candidates, dtype=np.int64), self.d))
        family = [node, *members.tolist()]
        scaled, diagonal = all_log_minors(self.matrix(node)[np.ix_(family, family)])
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
                scaled, diagonal = all_log_minors(self.matrices[node])
            table[node] = self._scores_from_all(node, node, scaled, diagonal)
        return table
