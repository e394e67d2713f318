r"""Draws of the parameters of a node whose parents act through curves, compiled.

A family of w columns and parents of l columns and K curves has, for each shrinkage :math:`\lambda` of curves, the
posterior of :mod:`dag_gfn.parameters.block_draws` with R of all l + K columns, in which
:math:`\lambda \rho_k` takes the place of t for a curve of roughness :math:`\rho_k`. Curves take no degrees of freedom.
:math:`\lambda` itself is drawn by its evidence; infinite, it leaves the lines alone.
"""

from typing import no_type_check

import numpy as np
from numba import njit

from dag_gfn.parameters.block_draws import draw_family, factor_columns

# The test run's annotation checker would wrap the functions that Numba compiles; @no_type_check keeps it off.


@njit(cache=True, nogil=True)
@no_type_check
def draw_additive_family(
    matrix,
    centre,
    parents,
    own,
    roughness,
    shrinkages,
    line_probability,
    prior_scale,
    freedom,
    mean_weight,
    rng,
    count,
):
    """Return draws of slopes, roots of the noise covariance and intercepts of one node, and which shrinkage each has.

    Parameters
    ----------
    matrix : array, (E, E)
        Scatter of all lines and curves, with the part of the mean, without the prior.
    centre : array, (E,)
        Posterior mean of the mean of all columns.
    parents, own : arrays of int
        The columns of the parents, curves among them, and of the node.
    roughness : array, (E,)
        0 for lines.
    shrinkages : array, (S,)
        All are as probable.
    line_probability : float
        Prior probability that no parent acts by a curve.
    prior_scale : float
        t.
    freedom : float
        n + alpha_w - D + l + w, in which curves do not count.
    mean_weight : float
        n + alpha_mu.
    rng : numpy.random.Generator
    count : int

    Returns
    -------
    slopes : array, (count, l + K, w)
    roots : array, (count, w, w)
    intercepts : array, (count, w)
    log_weights : array, (S + 1,)
        Log posterior probability of no curves, then of each shrinkage, not normalised.

    Examples
    --------
    y = 2 x and no curve:

    >>> import numpy as np
    >>> from dag_gfn.parameters.additive_draws import draw_additive_family
    >>> matrix, parents, own = np.array([[1e4, 2e4], [2e4, 5e4]]), np.array([0]), np.array([1])
    >>> of_prior = (np.zeros(2), np.array([1.0]), 0.5, 0.5, 1e4, 1e4)
    >>> drawn = draw_additive_family(matrix, np.array([1.0, 5.0]), parents, own, *of_prior, np.random.default_rng(0), 3)
    >>> drawn[0].round(1).ravel().tolist(), drawn[2].round(1).ravel().tolist()  # 5 = 3 + 2 * 1
    ([2.0, 2.0, 2.0], [3.0, 3.0, 3.0])
    """
    size, width = len(parents), len(own)
    lines = np.empty(size, np.int64)
    num_lines, sum_log = 0, 0.0
    for p in range(size):
        if roughness[parents[p]] == 0.0:
            lines[num_lines] = p
            num_lines += 1
        else:
            sum_log += np.log(roughness[parents[p]])
    num_curves = size - num_lines
    components = 1 + (len(shrinkages) if num_curves > 0 else 0)
    factors = np.zeros((components, size + width, size + width))
    members = np.empty((components, size + width), np.int64)
    log_weights = np.full(len(shrinkages) + 1, -np.inf)
    used = matrix.copy()
    for c in range(components):
        kept = num_lines if c == 0 else size
        for p in range(kept):
            members[c, p] = parents[lines[p]] if c == 0 else parents[p]
        for a in range(width):
            members[c, kept + a] = own[a]
        for m in range(kept + width):
            column = members[c, m]
            rough = roughness[column]
            used[column, column] = matrix[column, column] + (
                prior_scale if rough == 0.0 else shrinkages[c - 1] * rough
            )
        log_minor = factor_columns(used, members[c], 0, kept, factors[c])
        log_variance = factor_columns(used, members[c], kept, kept + width, factors[c])
        log_weights[c] = -0.5 * width * log_minor - 0.5 * freedom * log_variance
        if c == 0:
            log_weights[c] += np.log(line_probability)
        else:
            log_weights[c] += 0.5 * width * (sum_log + num_curves * np.log(shrinkages[c - 1]))
            log_weights[c] += np.log((1.0 - line_probability) / len(shrinkages))
    cumulative = np.cumsum(np.exp(log_weights[:components] - log_weights[:components].max()))
    slopes, roots, intercepts = (
        np.zeros((count, size, width)),
        np.zeros((count, width, width)),
        np.zeros((count, width)),
    )
    found = np.zeros((size, width))
    for s in range(count):
        target, c = rng.random() * cumulative[-1], 0
        while c < components - 1 and cumulative[c] <= target:
            c += 1
        kept = num_lines if c == 0 else size
        draw_family(
            factors[c],
            centre,
            members[c],
            kept,
            width,
            freedom,
            mean_weight,
            rng,
            found,
            roots[s],
            intercepts[s],
        )
        for p in range(kept):
            for a in range(width):
                slopes[s, lines[p] if c == 0 else p, a] = found[p, a]
    return slopes, roots, intercepts, log_weights
