r"""Draws of the parameters of Gaussian networks whose nodes own blocks of columns, compiled.

The prior is that of BGe: with D columns, the covariance :math:`\Sigma` of the complete graph is inverse Wishart with
:math:`\alpha_w` degrees of freedom and scale :math:`T`, and :math:`\mu \mid \Sigma \sim N(\nu, \Sigma / \alpha_\mu)`.
After rows of total weight n it is of the same form, with :math:`n + \alpha_w`, R, :math:`n + \alpha_\mu` and the centre
c. A marginal of l columns is inverse Wishart with :math:`n + \alpha_w - D + l` degrees of freedom. So for a node j with
w columns and parents P of l columns

.. math::
    \Sigma_{j \mid P} &\sim IW(n + \alpha_w - D + l + w, \; R_{jj} - R_{jP} R_{PP}^{-1} R_{Pj}) \\
    B_j \mid \Sigma_{j \mid P} &\sim MN(R_{PP}^{-1} R_{Pj}, \; R_{PP}^{-1}, \; \Sigma_{j \mid P}) \\
    a_j \mid B_j, \Sigma_{j \mid P} &\sim N(c_j - B_j^\top c_P, \; \Sigma_{j \mid P} / (n + \alpha_\mu))

independently of the other nodes: :math:`x_j` given its parents is normal with mean :math:`a_j + B_j^\top x_P`.
"""

from typing import no_type_check

import numpy as np
from numba import njit

# The test run's annotation checker would wrap the functions that Numba compiles; @no_type_check keeps it off.


@njit(cache=True, nogil=True)
@no_type_check
def factor_columns(matrix, members, start, stop, factor):
    """Write rows start .. stop of the Cholesky factor of a matrix over some of its columns.

    `members` are the columns in their order; the rows before `start` must be there. Returns the sum of the logarithms
    of the squared pivots of the rows that were written.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.parameters.block_draws import factor_columns
    >>> factor = np.zeros((2, 2))
    >>> log_det = factor_columns(np.array([[4.0, 2.0], [2.0, 5.0]]), np.array([0, 1]), 0, 2, factor)
    >>> factor.tolist(), round(float(np.exp(log_det)), 6)
    ([[2.0, 0.0], [1.0, 2.0]], 16.0)
    """
    log_det = 0.0
    for a in range(start, stop):
        for b in range(a + 1):
            rest = matrix[members[a], members[b]]
            for i in range(b):
                rest -= factor[a, i] * factor[b, i]
            factor[a, b] = np.sqrt(rest) if a == b else rest / factor[b, b]
        log_det += 2.0 * np.log(factor[a, a])
    return log_det


@njit(cache=True, nogil=True)
@no_type_check
def draw_family(factor, centre, members, size, width, freedom, mean_weight, rng, slopes, spread, intercept):
    """Draw the parameters of one node given its parents.

    With R = L L^T over the parents' columns and then the node's, L = [L11 0; L21 L22], and A the lower triangular
    factor of a standard Wishart matrix (Bartlett), C = L22 A^-T gives Sigma = C C^T, and B = L11^-T (L21^T + Z C^T).

    Parameters
    ----------
    factor : array, (l + w, l + w)
        L; see `factor_columns`.
    centre : array, (D,)
        Posterior mean of the mean of all columns.
    members : array of int
        The parents' columns, then the node's.
    size, width : int
        l and w.
    freedom : float
        Degrees of freedom of the inverse Wishart distribution, n + alpha_w - D + l + w.
    mean_weight : float
        n + alpha_mu.
    rng : numpy.random.Generator
    slopes : array, at least (l, w), written to
        B, coefficients of the node's columns on those of the parents.
    spread : array, at least (w, w), written to
        C, a square root of the noise covariance.
    intercept : array, at least (w,), written to
        a.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.parameters.block_draws import draw_family, factor_columns
    >>> factor, members = np.zeros((2, 2)), np.array([0, 1])
    >>> log_det = factor_columns(np.array([[1e4, 2e4], [2e4, 5e4]]), members, 0, 2, factor)
    >>> slopes, spread, intercept = np.zeros((1, 1)), np.zeros((1, 1)), np.zeros(1)
    >>> where, rng = (members, 1, 1, 1e4, 1e4), np.random.default_rng(0)
    >>> draw_family(factor, np.array([1.0, 5.0]), *where, rng, slopes, spread, intercept)
    >>> slopes.round(1).tolist(), spread.round(1).tolist(), intercept.round(1).tolist()  # 5 = 3 + 2 * 1
    ([[2.0]], [[1.0]], [3.0])
    """
    bartlett = np.zeros((width, width))
    for a in range(width):
        bartlett[a, a] = np.sqrt(rng.chisquare(freedom - a))
        for b in range(a):
            bartlett[a, b] = rng.standard_normal()
    # C A^T = L22, solved row by row from the first column on: A^T is upper triangular
    for a in range(width):
        for b in range(width):
            rest = factor[size + a, size + b] if b <= a else 0.0
            for i in range(b):
                rest -= spread[a, i] * bartlett[b, i]
            spread[a, b] = rest / bartlett[b, b]
    noise = np.empty((size, width))
    for p in range(size):
        for a in range(width):
            noise[p, a] = rng.standard_normal()
    for a in range(width):
        for p in range(size):
            slopes[p, a] = factor[size + a, p]
            for b in range(width):
                slopes[p, a] += noise[p, b] * spread[a, b]
        _solve_upwards(factor, size, slopes, a)
    shift = np.empty(width)
    for b in range(width):
        shift[b] = rng.standard_normal() / np.sqrt(mean_weight)
    for a in range(width):
        intercept[a] = _residual(centre, members, size, slopes, a)
        for b in range(width):
            intercept[a] += spread[a, b] * shift[b]


@njit(cache=True, nogil=True)
@no_type_check
def expect_family(factor, centre, members, size, width, freedom, slopes, covariance, intercept):
    """Write the posterior means of what `draw_family` draws; the covariance itself in place of its root.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.parameters.block_draws import expect_family, factor_columns
    >>> factor, members = np.zeros((2, 2)), np.array([0, 1])
    >>> log_det = factor_columns(np.array([[1.0, 2.0], [2.0, 5.0]]), members, 0, 2, factor)
    >>> slopes, covariance, intercept = np.zeros((1, 1)), np.zeros((1, 1)), np.zeros(1)
    >>> expect_family(factor, np.array([1.0, 5.0]), members, 1, 1, 4.0, slopes, covariance, intercept)
    >>> slopes.tolist(), covariance.tolist(), intercept.tolist()
    ([[2.0]], [[0.5]], [3.0])
    """
    for a in range(width):
        for p in range(size):
            slopes[p, a] = factor[size + a, p]
        _solve_upwards(factor, size, slopes, a)
        intercept[a] = _residual(centre, members, size, slopes, a)
        for b in range(width):
            covariance[a, b] = 0.0
            for i in range(min(a, b) + 1):
                covariance[a, b] += factor[size + a, size + i] * factor[size + b, size + i]
            covariance[a, b] /= freedom - width - 1.0


@njit(cache=True, nogil=True)
@no_type_check
def _solve_upwards(factor, size, slopes, a):
    """Solve L11^T x = slopes[:, a] in place."""
    for p in range(size - 1, -1, -1):
        for i in range(p + 1, size):
            slopes[p, a] -= factor[i, p] * slopes[i, a]
        slopes[p, a] /= factor[p, p]


@njit(cache=True, nogil=True)
@no_type_check
def _residual(centre, members, size, slopes, a):
    """Return the centre of a column minus what the centres of the parents say of it."""
    rest = centre[members[size + a]]
    for p in range(size):
        rest -= slopes[p, a] * centre[members[p]]
    return rest


@njit(cache=True, nogil=True)
@no_type_check
def block_networks(
    matrices,
    centres,
    degrees,
    mean_weights,
    widths,
    graphs,
    drawn,
    rng,
    coefficients,
    intercepts,
    covariances,
):
    """Write the parameters of all nodes in each of k graphs: draws, or their means where `drawn` is False.

    Parameters
    ----------
    matrices, centres : arrays, (1 or d, D, D) and (1 or d, D)
        R and c, shared by the nodes or one for each.
    degrees, mean_weights : arrays, (1 or d,)
        n + alpha_w - D and n + alpha_mu.
    widths : array of int, (d,)
    graphs : array of bool, (k, d, d)
    drawn : bool
    rng : numpy.random.Generator
        Not used for means.
    coefficients : array, (k, D, D), zeros, written to
        Entry (s, a, b): coefficient of column a in the equation of column b.
    intercepts : array, (k, D), written to
    covariances : array, (k, D, largest width), zeros, written to
        Row a: the noise covariance of column a with the columns of its own node, in their order.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.parameters.block_draws import block_networks
    >>> matrices, graphs = np.array([[[1.0, 2.0], [2.0, 5.0]]]), np.array([[[False, True], [False, False]]])
    >>> coefficients, intercepts, covariances = np.zeros((1, 2, 2)), np.zeros((1, 2)), np.zeros((1, 2, 1))
    >>> shared = np.array([[1.0, 5.0]]), np.array([9.0]), np.array([9.0]), np.array([1, 1])
    >>> rng = np.random.default_rng(0)
    >>> block_networks(matrices, *shared, graphs, False, rng, coefficients, intercepts, covariances)
    >>> coefficients[0].tolist(), intercepts[0].tolist()
    ([[0.0, 2.0], [0.0, 0.0]], [1.0, 3.0])
    """
    d, columns = len(widths), matrices.shape[1]
    starts = np.zeros(d + 1, np.int64)
    for i in range(d):
        starts[i + 1] = starts[i] + widths[i]
    factor = np.zeros((columns, columns))
    members = np.empty(columns, np.int64)
    most = covariances.shape[2]
    slopes, spread, intercept = np.zeros((columns, most)), np.zeros((most, most)), np.zeros(most)
    for s in range(len(graphs)):
        for node in range(d):
            line, width, size = node if len(matrices) > 1 else 0, widths[node], 0
            for i in range(d):
                if graphs[s, i, node]:
                    for a in range(widths[i]):
                        members[size] = starts[i] + a
                        size += 1
            for a in range(width):
                members[size + a] = starts[node] + a
            factor_columns(matrices[line], members, 0, size + width, factor)
            freedom = degrees[line] + size + width
            if drawn:
                weight = mean_weights[line]
                draw_family(
                    factor,
                    centres[line],
                    members,
                    size,
                    width,
                    freedom,
                    weight,
                    rng,
                    slopes,
                    spread,
                    intercept,
                )
            else:
                expect_family(factor, centres[line], members, size, width, freedom, slopes, spread, intercept)
            for a in range(width):
                column = starts[node] + a
                intercepts[s, column] = intercept[a]
                for p in range(size):
                    coefficients[s, members[p], column] = slopes[p, a]
                for b in range(width):
                    if drawn:
                        for i in range(width):
                            covariances[s, column, b] += spread[a, i] * spread[b, i]
                    else:
                        covariances[s, column, b] = spread[a, b]


@njit(cache=True, nogil=True)
@no_type_check
def block_path_sums(coefficients, widths, graphs, sums):
    """Write (I - B)^-1 of each of k networks: exactly zero where no path joins two nodes.

    Column b of the result is e_b + sum_a B_ab column a, so columns are computed with causes before effects.

    Parameters
    ----------
    coefficients : array, (k, D, D)
        As `block_networks` writes them.
    widths : array of int, (d,)
    graphs : array of bool, (k, d, d)
    sums : array, (k, D, D), zeros, written to

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.parameters.block_draws import block_path_sums
    >>> coefficients = np.array([[[0.0, 2.0, 0.0], [0.0, 0.0, 3.0], [0.0, 0.0, 0.0]]])
    >>> sums = np.zeros((1, 3, 3))
    >>> block_path_sums(coefficients, np.array([1, 1, 1]), coefficients != 0.0, sums)
    >>> sums[0].tolist()
    [[1.0, 2.0, 6.0], [0.0, 1.0, 3.0], [0.0, 0.0, 1.0]]
    """
    d, columns = len(widths), coefficients.shape[1]
    starts = np.zeros(d + 1, np.int64)
    for i in range(d):
        starts[i + 1] = starts[i] + widths[i]
    waiting = np.empty(d, np.int64)
    order = np.empty(d, np.int64)
    for s in range(len(graphs)):
        ready = 0
        for node in range(d):
            waiting[node] = 0
            for i in range(d):
                waiting[node] += graphs[s, i, node]
            if waiting[node] == 0:
                order[ready] = node
                ready += 1
        done = 0
        while done < ready:
            node = order[done]
            done += 1
            for b in range(starts[node], starts[node + 1]):
                sums[s, b, b] = 1.0
                for i in range(d):
                    if graphs[s, i, node]:
                        for a in range(starts[i], starts[i + 1]):
                            slope = coefficients[s, a, b]
                            for c in range(columns):
                                sums[s, c, b] += slope * sums[s, c, a]
            for j in range(d):
                if graphs[s, node, j]:
                    waiting[j] -= 1
                    if waiting[j] == 0:
                        order[ready] = j
                        ready += 1
