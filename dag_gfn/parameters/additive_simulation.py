"""Simulated rows of networks whose parents act through curves, compiled: means of columns when some are set.

Splines lie on evenly spaced knots, so that four of them at most differ from zero at any point.
"""

from typing import no_type_check

import numpy as np
from numba import njit

_DEGREE = 3

# The test run's annotation checker would wrap the functions that Numba compiles; @no_type_check keeps it off.


@njit(cache=True, nogil=True)
@no_type_check
def spline_value(x, knots, splines):
    """Return the sum of cubic splines at a point, which is moved into the range of the knots, and the moved point.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.parameters.additive_simulation import spline_value
    >>> knots = np.arange(-3.0, 5.0)  # the range is [0, 1]
    >>> [round(v, 6) for v in spline_value(0.25, knots, np.ones(4))], spline_value(7.0, knots, np.ones(4))[1]
    ([1.0, 0.25], 1.0)
    """
    low, high = knots[_DEGREE], knots[len(knots) - _DEGREE - 1]
    inside = min(max(x, low), high)
    step = (high - low) / (len(knots) - 2 * _DEGREE - 1)
    place = (inside - low) / step
    first = min(int(place), len(knots) - 2 * _DEGREE - 2)
    u = place - first
    v = 1.0 - u
    value = splines[first] * v * v * v
    value += splines[first + 1] * (3.0 * u * u * u - 6.0 * u * u + 4.0)
    value += splines[first + 2] * (3.0 * v * v * v - 6.0 * v * v + 4.0)
    value += splines[first + 3] * u * u * u
    return value / 6.0, inside


@njit(cache=True, nogil=True)
@no_type_check
def _between(x, points, values):
    """Return the value at a point of the straight lines through points, at their ends beyond these."""
    last = len(points) - 1
    if x <= points[0]:
        return values[0]
    if x >= points[last]:
        return values[last]
    low, high = 0, last
    while high - low > 1:
        middle = (low + high) // 2
        if points[middle] <= x:
            low = middle
        else:
            high = middle
    share = (x - points[low]) / (points[high] - points[low])
    return values[low] + share * (values[high] - values[low])


@njit(cache=True, nogil=True)
@no_type_check
def simulated_means(
    graphs,
    coefficients,
    intercepts,
    roots,
    starts,
    all_starts,
    knots,
    splines,
    slopes,
    offsets,
    counts,
    scored,
    own,
    centers,
    scales,
    in_own,
    is_set,
    settings,
    wanted,
    quantiles,
    rng,
    means,
):
    """Write the mean of each wanted column in each of k networks at each setting, over the same simulated noise.

    What does not descend from a node that is set has exactly the same mean at all settings.

    Parameters
    ----------
    graphs : array of bool, (k, d, d)
    coefficients : array, (k, E, D)
        Entry (s, e, b): coefficient of line or curve e in the equation of column b.
    intercepts : array, (k, D)
    roots : array, (k, D, w)
        Row b: that of a square root of the noise covariance of its node.
    starts, all_starts : arrays of int, (d + 1,)
        The first of the D columns of each node, and of its E lines and curves.
    knots, splines : arrays, (d, m + 4) and (d, m, K)
    slopes, offsets : arrays, (d, K)
    counts : array of int, (d,)
        Points of the map from a node's one column to its own units; 0: the mean is of the column itself.
    scored, own : arrays, (d, Q)
        These points.
    centers, scales : arrays, (d,)
        A number in its own units is center + scale * what its equation gives,
    in_own : array of bool, (k, d)
        where the equation is in these.
    is_set : array of bool, (d,)
    settings : array, (S, D)
        Values of the columns that are set.
    wanted : array of bool, (d,)
    quantiles : array, (N,)
        Of the standard normal distribution, evenly spread. Each column's noise has them in an order of its own.
    rng : numpy.random.Generator
    means : array, (k, S, D), zeros, written to

    Examples
    --------
    y = 2 x + noise:

    >>> import numpy as np
    >>> from scipy.special import ndtri
    >>> from dag_gfn.parameters.additive_simulation import simulated_means
    >>> graphs, means = np.array([[[False, True], [False, False]]]), np.zeros((1, 2, 2))
    >>> network = (graphs, np.array([[[0.0, 2.0], [0.0, 0.0]]]), np.zeros((1, 2)), np.ones((1, 2, 1)))
    >>> places, none = (np.arange(3), np.arange(3)), np.zeros((2, 0))
    >>> curves = (np.zeros((2, 17)), np.zeros((2, 13, 0)), none, none, np.zeros(2, np.int64), none, none)
    >>> curves += (np.zeros(2), np.ones(2), np.zeros((1, 2), dtype=bool))
    >>> asked = (np.array([True, False]), np.array([[1.0, 0.0], [3.0, 0.0]]), np.array([False, True]))
    >>> simulated_means(*network, *places, *curves, *asked, ndtri([0.25, 0.75]), np.random.default_rng(0), means)
    >>> means[0, :, 1].round(9).tolist()
    [2.0, 6.0]
    """
    d, num_settings, rows = len(is_set), len(settings), len(quantiles)
    columns = int(starts[d])
    values = np.empty((columns, num_settings, rows))
    noise = np.empty((columns, rows))
    order, waiting = np.empty(d, np.int64), np.empty(d, np.int64)
    needed, varies = np.empty(d, np.bool_), np.empty(d, np.bool_)
    curve = np.empty(splines.shape[1])
    for s in range(len(graphs)):
        ready, done = 0, 0
        for node in range(d):
            waiting[node] = 0
            if not is_set[node]:
                for i in range(d):
                    waiting[node] += graphs[s, i, node]
            if waiting[node] == 0:
                order[ready] = node
                ready += 1
        while done < ready:
            node = order[done]
            done += 1
            for j in range(d):
                if graphs[s, node, j] and not is_set[j]:
                    waiting[j] -= 1
                    if waiting[j] == 0:
                        order[ready] = j
                        ready += 1
        for place in range(d - 1, -1, -1):
            node = order[place]
            needed[node] = wanted[node]
            for j in range(d):
                if graphs[s, node, j] and not is_set[j] and needed[j]:
                    needed[node] = True
        for node in order:
            if not needed[node]:
                continue
            first, last = starts[node], starts[node + 1]
            varies[node] = is_set[node]
            if is_set[node]:
                for b in range(first, last):
                    for at in range(num_settings):
                        values[b, at] = settings[at, b]
            else:
                for i in range(d):
                    if graphs[s, i, node] and varies[i]:
                        varies[node] = True
                for b in range(first, last):
                    for r in range(rows - 1, -1, -1):  # an order of its own (Fisher and Yates)
                        noise[b, r] = quantiles[r]
                    for r in range(rows - 1, 0, -1):
                        other = int(rng.random() * (r + 1))
                        kept = noise[b, r]
                        noise[b, r] = noise[b, other]
                        noise[b, other] = kept
                for b in range(first, last):
                    for at in range(num_settings if varies[node] else 1):
                        for r in range(rows):
                            value = intercepts[s, b]
                            for a in range(first, last):
                                value += roots[s, b, a - first] * noise[a, r]
                            values[b, at, r] = value
                    for i in range(d):
                        if not graphs[s, i, node]:
                            continue
                        reach = num_settings if varies[i] else 1
                        repeats = 1 if varies[i] or not varies[node] else num_settings
                        own_width = starts[i + 1] - starts[i]
                        num_curves = all_starts[i + 1] - all_starts[i] - own_width
                        for e in range(own_width):
                            slope, a = coefficients[s, all_starts[i] + e, b], starts[i] + e
                            for at in range(reach):
                                for again in range(repeats):
                                    for r in range(rows):
                                        values[b, at + again, r] += slope * values[a, at, r]
                        if num_curves == 0:
                            continue
                        tilt, shift, some = 0.0, 0.0, False
                        curve[:] = 0.0
                        for c in range(num_curves):
                            weight = coefficients[s, all_starts[i] + own_width + c, b]
                            if weight != 0.0:
                                some = True
                                tilt += weight * slopes[i, c]
                                shift += weight * offsets[i, c]
                                for m in range(len(curve)):
                                    curve[m] += weight * splines[i, m, c]
                        if not some:
                            continue
                        a = starts[i]
                        for at in range(reach):
                            for r in range(rows):
                                bend, inside = spline_value(values[a, at, r], knots[i], curve)
                                for again in range(repeats):
                                    values[b, at + again, r] += bend - tilt * inside - shift
            of_own = in_own[s, node] and not is_set[node]
            if of_own:
                for at in range(num_settings if varies[node] else 1):
                    for r in range(rows):
                        values[first, at, r] = centers[node] + scales[node] * values[first, at, r]
            if wanted[node]:
                for b in range(first, last):
                    for at in range(num_settings):
                        source = at if varies[node] else 0
                        if source != at:
                            means[s, at, b] = means[s, source, b]
                            continue
                        total = 0.0
                        for r in range(rows):
                            value = values[b, at, r]
                            if counts[node] > 0 and not of_own:
                                points = counts[node]
                                value = _between(value, scored[node, :points], own[node, :points])
                            total += value
                        means[s, at, b] = total / rows
            if of_own:
                points = counts[node]
                for at in range(num_settings if varies[node] else 1):
                    for r in range(rows):
                        value = values[first, at, r]
                        values[first, at, r] = _between(value, own[node, :points], scored[node, :points])
