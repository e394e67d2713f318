"""Log-determinants of principal minors, from which every Gaussian score is computed.

BGe, the linear-Gaussian score and Gaussian BIC depend on the data through one symmetric positive definite
matrix M. The score of a family (j, P) needs only log det M[P] and the log of the Schur complement

    M[j | P] = M_jj - M_jP M_PP^-1 M_Pj = det M[P + j] / det M[P].

The entries of M grow with the number of rows. M is scaled to a unit diagonal first, so that differences of
log-determinants keep their digits.

Column means that are large beside the spread would swamp the spread in M. So M is held as A + u u^T: A is made of
deviations from the means, and u is proportional to the means. By the matrix determinant lemma

    det M[P] = det A[P] (1 + u_P^T A_PP^-1 u_P),

so A and u u^T are never added. The bracket is called the corner in the code. With the Cholesky factor A[P] = L L^T
and L z = u_P it is 1 + z^T z, so each further pivot adds one square to it.
"""

from typing import no_type_check

import numpy as np
from jaxtyping import Float64, Int64
from numba import njit


def all_log_minors(
    matrix: Float64[np.ndarray, "d d"], shift: Float64[np.ndarray, " d"] | None = None
) -> tuple[Float64[np.ndarray, " subsets"], Float64[np.ndarray, " subsets"]]:
    r"""Return the log-determinants of all principal minors of A + u u^T in :math:`O(2^d)` operations.

    One recursion on Schur complements. With the last variable as pivot, each matrix of the batch gives two smaller
    ones: without the variable (its row and column are dropped), and with it (the Schur complement; the log pivot is
    added to the log-determinant). After all d variables the batch has 2^d entries.

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
        Sum of log A_ii over the set: ``scaled + diagonal`` is log det M[S].

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.scores.gaussian_minors import all_log_minors
    >>> scaled, diagonal = all_log_minors(np.array([[2.0, 1.0], [1.0, 3.0]]))
    >>> np.exp(scaled + diagonal).round(6).tolist()  # of {}, {0}, {1} and {0, 1}: 2 * 3 - 1 * 1 = 5
    [1.0, 2.0, 3.0, 5.0]
    """
    log_diagonal = np.log(np.diagonal(matrix))
    inverse_root = np.exp(-0.5 * log_diagonal)
    schur = (matrix * inverse_root * inverse_root[:, None])[None]  # (1, d, d)
    scaled, diagonal, corner = np.zeros(1), np.zeros(1), np.ones(1)
    left = (
        None if shift is None else (shift * inverse_root)[None]
    )  # (1, d): u after elimination by the pivots
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

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.scores.gaussian_minors import family_log_minors
    >>> matrix = np.array([[2.0, 1.0], [1.0, 3.0]])
    >>> log_minor, log_variance = family_log_minors(matrix, 1, np.array([0b00, 0b01]))
    >>> np.exp(log_minor).round(6).tolist(), np.exp(log_variance).round(6).tolist()  # 3 - 1 * 1 / 2 = 2.5
    ([1.0, 2.0], [3.0, 2.5])
    """
    minors, variances = np.empty(len(parents)), np.empty(len(parents))
    shift = np.zeros(len(matrix)) if shift is None else np.ascontiguousarray(shift)
    arrays = np.ascontiguousarray(matrix), shift
    _family_log_minors(*arrays, node, np.ascontiguousarray(parents), minors, variances)
    return minors, variances


def centred_scatter(
    values: Float64[np.ndarray, "n d"],
) -> tuple[Float64[np.ndarray, " d"], Float64[np.ndarray, "d d"]]:
    """Return the column means, and the sums of products of deviations from them.

    Two passes: the deviations are centred once more, so that large means cost no digits.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.scores.gaussian_minors import centred_scatter
    >>> mean, scatter = centred_scatter(np.array([[1.0, 4.0], [3.0, 8.0]]))
    >>> mean.tolist(), scatter.tolist()
    ([2.0, 6.0], [[2.0, 4.0], [4.0, 8.0]])
    """
    mean = values.mean(0)
    centred = values - mean
    rest = centred.mean(0)
    centred -= rest
    return mean + rest, centred.T @ centred


# The test run's annotation checker would wrap the function that Numba compiles; @no_type_check keeps it off.
@njit(cache=True, nogil=True)
@no_type_check
def _family_log_minors(matrix, shift, node, parents, minors, variances):
    """Write log det M[P] and log M[node | P] to ``minors`` and ``variances``, shape (m,), for M = A + u u^T.

    For each parent set, a Cholesky factor L of A over the members of P and then the node, row by row (Golub and Van
    Loan, "Matrix computations", section 4.2), in O(k^3) for k parents. matrix: A, shape (d, d); shift: u, shape (d,);
    parents: bitmasks, shape (m,).
    """
    d = len(matrix)
    factor, left = np.empty((d, d)), np.empty(d)  # L, and z with L z = u
    members = np.empty(d, np.int64)
    for f in range(len(parents)):
        size = 0
        for i in range(d):  # the members of P in ascending order, then the node
            if parents[f] >> i & 1:
                members[size] = i
                size += 1
        members[size] = node
        # The node has the last row, so that its squared pivot is the Schur complement A[node | P].
        log_minor, corner, corner_of_parents = 0.0, 1.0, 1.0
        for row in range(size + 1):
            log_minor += (
                np.log(factor[row - 1, row - 1]) if row else 0.0
            )  # in the end, over the parents alone
            corner_of_parents = corner
            for column in range(row + 1):  # L[r, c] = (A[r, c] - sum_i L[r, i] L[c, i]) / L[c, c]
                rest = matrix[members[row], members[column]]
                for i in range(column):
                    rest -= factor[row, i] * factor[column, i]
                factor[row, column] = np.sqrt(rest) if row == column else rest / factor[column, column]
            rest = shift[members[row]]
            for i in range(row):  # forward substitution: z[r] = (u[r] - sum_i L[r, i] z[i]) / L[r, r]
                rest -= factor[row, i] * left[i]
            left[row] = rest / factor[row, row]
            corner += left[row] * left[row]  # 1 + z^T z
        minors[f] = 2.0 * log_minor + np.log(corner_of_parents)
        variances[f] = 2.0 * np.log(factor[size, size]) + np.log(corner / corner_of_parents)
