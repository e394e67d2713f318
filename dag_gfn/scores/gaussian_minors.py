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

A node may own several rows and columns of M that stand side by side, its block. Sets are sets of nodes then: one with d
nodes has 2^d minors, however many columns they own, and M[j | P] is the determinant of the Schur complement of block j.
"""

from typing import no_type_check

import numpy as np
from jaxtyping import Float64, Int64
from numba import njit

_BATCH_BYTES = 1 << 26
"""A larger batch of Schur complements is worked off in halves."""


def all_log_minors(
    matrix: Float64[np.ndarray, "D D"],
    shift: Float64[np.ndarray, " D"] | None = None,
    widths: Int64[np.ndarray, " d"] | None = None,
) -> tuple[Float64[np.ndarray, " subsets"], Float64[np.ndarray, " subsets"]]:
    r"""Return the log-determinants of all principal minors of A + u u^T in :math:`O(2^d)` operations.

    One recursion on Schur complements. With the last node as pivot, each matrix of the batch gives two smaller
    ones: without the node (its rows and columns are dropped), and with it (the Schur complement; the log pivots are
    added to the log-determinant). After all d nodes the batch has 2^d entries.

    Parameters
    ----------
    matrix : array, shape (D, D), float64
        A, symmetric positive definite.
    shift : array, shape (D,), float64, optional
        u; zero when left out.
    widths : array, shape (d,), int64, optional
        Number of columns that each node owns, in their order; one each when left out.

    Returns
    -------
    scaled : array, shape (2^d,), float64
        log-determinant of the minor of the matrix scaled to a unit diagonal; the set S is at the index
        that is its bitmask, the empty set at 0.
    diagonal : array, shape (2^d,), float64
        Sum of log A_ii over the columns of the set: ``scaled + diagonal`` is log det M[S].

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.scores.gaussian_minors import all_log_minors
    >>> scaled, diagonal = all_log_minors(np.array([[2.0, 1.0], [1.0, 3.0]]))
    >>> np.exp(scaled + diagonal).round(6).tolist()  # of {}, {0}, {1} and {0, 1}: 2 * 3 - 1 * 1 = 5
    [1.0, 2.0, 3.0, 5.0]
    >>> scaled, diagonal = all_log_minors(np.diag([2.0, 3.0, 7.0]), widths=np.array([2, 1]))  # node 0 owns two columns
    >>> np.exp(scaled + diagonal).round(6).tolist()
    [1.0, 6.0, 7.0, 42.0]
    """
    widths = np.ones(len(matrix), dtype=np.int64) if widths is None else widths
    order = np.argsort(widths, kind="stable")  # wide nodes last: they are the pivots while the batch is small
    is_in_order = bool((order == np.arange(len(widths))).all())
    if not is_in_order:
        stops = np.cumsum(widths)
        columns = np.concatenate([np.arange(stops[j] - widths[j], stops[j]) for j in order])
        matrix, widths = matrix[np.ix_(columns, columns)], widths[order]
        shift = None if shift is None else shift[columns]
    log_diagonal = np.log(np.diagonal(matrix))
    inverse_root = np.exp(-0.5 * log_diagonal)
    schur = (matrix * inverse_root * inverse_root[:, None])[None]  # (1, D, D)
    # (1, D): u after elimination by the pivots
    left = None if shift is None else (shift * inverse_root)[None]
    start = np.zeros(1), np.zeros(1), np.ones(1)
    scaled, diagonal, corner = _all_log_minors(schur, left, start, log_diagonal, widths.tolist())
    if left is not None:
        scaled = scaled + np.log(corner)
    if is_in_order:
        return scaled, diagonal
    # The first axis of the cube belongs to the last node in `order`; node j shall have the axis d - 1 - j.
    axes = (len(widths) - 1 - np.argsort(order))[::-1].tolist()
    cube = (2,) * len(widths)
    return tuple(sums.reshape(cube).transpose(axes).reshape(-1) for sums in (scaled, diagonal))  # type: ignore[return-value]


def _all_log_minors(
    schur: Float64[np.ndarray, "batch D D"],
    left: Float64[np.ndarray, "batch D"] | None,
    sums: tuple[Float64[np.ndarray, " batch"], ...],
    log_diagonal: Float64[np.ndarray, " D"],
    widths: list[int],
) -> tuple[Float64[np.ndarray, " subsets"], ...]:
    """Return the scaled and diagonal log-determinants and the corner of all sets, continued from those of a batch."""
    for node in range(len(widths) - 1, -1, -1):
        if (
            schur.nbytes > _BATCH_BYTES and len(schur) > 1
        ):  # in two halves, one after the other, to save memory
            half = len(schur) // 2
            parts = [
                _all_log_minors(
                    schur[part],
                    None if left is None else left[part],
                    tuple(each[part] for each in sums),
                    log_diagonal[: schur.shape[1]],
                    widths[: node + 1],
                )
                for part in (slice(half), slice(half, None))
            ]
            return tuple(np.concatenate(pair) for pair in zip(*parts, strict=True))
        scaled, diagonal, corner = sums
        first = schur.shape[1] - widths[node]
        reduced, reduced_left = schur, left  # what is left after elimination by the columns of the node
        for last in range(schur.shape[1] - 1, first - 1, -1):
            pivot = reduced[:, last, last]
            column = reduced[:, :last, last]  # (batch, last)
            scaled, diagonal = scaled + np.log(pivot), diagonal + log_diagonal[last]
            if reduced_left is not None:
                at_pivot = reduced_left[:, last]
                corner = corner + at_pivot**2 / pivot
                reduced_left = reduced_left[:, :last] - column * (at_pivot / pivot)[:, None]
            if last > first:
                reduced = (
                    reduced[:, :last, :last] - (column / pivot[:, None])[:, :, None] * column[:, None, :]
                )
        sums = tuple(
            np.stack(pair, axis=-1).reshape(-1) for pair in zip(sums, (scaled, diagonal, corner), strict=True)
        )
        if left is not None and reduced_left is not None:
            left = np.stack([left[:, :first], reduced_left], axis=1).reshape(2 * len(left), first)
        both = np.empty((2 * len(schur), first, first))
        both[0::2] = schur[:, :first, :first]
        np.multiply((column / pivot[:, None])[:, :, None], column[:, None, :], out=both[1::2])
        np.subtract(reduced[:, :first, :first], both[1::2], out=both[1::2])
        schur = both
    return sums


def family_log_minors(
    matrix: Float64[np.ndarray, "D D"],
    node: int,
    parents: Int64[np.ndarray, " m"],
    shift: Float64[np.ndarray, " D"] | None = None,
    widths: Int64[np.ndarray, " d"] | None = None,
) -> tuple[Float64[np.ndarray, " m"], Float64[np.ndarray, " m"]]:
    """Return log det M[P] and log M[node | P] of M = A + u u^T for a batch of parent sets, one Cholesky factor each.

    Parameters
    ----------
    matrix : array, shape (D, D), float64
        A, symmetric positive definite.
    node : int
    parents : array, shape (m,), int64
        Bitmasks over all d nodes that do not contain ``node``.
    shift : array, shape (D,), float64, optional
        u; zero when left out.
    widths : array, shape (d,), int64, optional
        Number of columns that each node owns, in their order; one each when left out.

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
    widths = np.ones(len(matrix), dtype=np.int64) if widths is None else widths
    arrays = np.ascontiguousarray(matrix), shift, np.concatenate([[0], np.cumsum(widths)])
    _family_log_minors(*arrays, node, np.ascontiguousarray(parents), minors, variances)
    return minors, variances


def centred_scatter(
    values: Float64[np.ndarray, "n d"], weights: Float64[np.ndarray, " n"] | None = None
) -> tuple[Float64[np.ndarray, " d"], Float64[np.ndarray, "d d"]]:
    """Return the column means, and the sums of products of deviations from them, both weighted if weights are given.

    Two passes: the deviations are centred once more, so that large means cost no digits.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.scores.gaussian_minors import centred_scatter
    >>> mean, scatter = centred_scatter(np.array([[1.0, 4.0], [3.0, 8.0]]))
    >>> mean.tolist(), scatter.tolist()
    ([2.0, 6.0], [[2.0, 4.0], [4.0, 8.0]])
    >>> mean, scatter = centred_scatter(np.array([[1.0], [4.0]]), np.array([2.0, 1.0]))  # as of 1, 1 and 4
    >>> mean.tolist(), scatter.tolist()
    ([2.0], [[6.0]])
    """
    if weights is None:
        mean = values.mean(0)
        centred = values - mean
        rest = centred.mean(0)
        centred -= rest
        return mean + rest, centred.T @ centred
    share = weights / weights.sum()
    mean = share @ values
    centred = values - mean
    rest = share @ centred
    centred -= rest
    centred *= np.sqrt(weights)[:, None]
    return mean + rest, centred.T @ centred


# The test run's annotation checker would wrap the function that Numba compiles; @no_type_check keeps it off.
@njit(cache=True, nogil=True)
@no_type_check
def _family_log_minors(matrix, shift, stops, node, parents, minors, variances):
    """Write log det M[P] and log M[node | P] to ``minors`` and ``variances``, shape (m,), for M = A + u u^T.

    For each parent set, a Cholesky factor L of A over the columns of P and then those of the node, row by row (Golub
    and Van Loan, "Matrix computations", section 4.2), in O(k^3) for k columns. matrix: A, shape (D, D); shift: u, shape
    (D,); stops: node i owns the columns stops[i] .. stops[i + 1] - 1; parents: bitmasks, shape (m,).
    """
    d = len(matrix)
    factor, left = np.empty((d, d)), np.empty(d)  # L, and z with L z = u
    members = np.empty(d, np.int64)
    for f in range(len(parents)):
        size = 0
        for i in range(len(stops) - 1):  # the columns of P in ascending order, then those of the node
            if parents[f] >> i & 1:
                for column in range(stops[i], stops[i + 1]):
                    members[size] = column
                    size += 1
        total = size
        for column in range(stops[node], stops[node + 1]):
            members[total] = column
            total += 1
        # The node has the last rows, so that its squared pivots multiply to the Schur complement A[node | P].
        log_minor, log_variance, corner, corner_of_parents = 0.0, 0.0, 1.0, 1.0
        for row in range(total):
            if row == size:
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
            if row < size:
                log_minor += np.log(factor[row, row])
            else:
                log_variance += np.log(factor[row, row])
        minors[f] = 2.0 * log_minor + np.log(corner_of_parents)
        variances[f] = 2.0 * log_variance + np.log(corner / corner_of_parents)
