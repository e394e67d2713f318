r"""One sweep that draws every cell that was not seen, given the parameters of the Gaussian model.

The density of a row x is proportional to :math:`\exp(h^\top x - \tfrac12 x^\top \Omega x)`, with the precision
:math:`\Omega` and :math:`h = \Omega \mu`. Given the other cells O of the row, the cells M have the precision
:math:`\Omega_{MM}` and the mean :math:`\Omega_{MM}^{-1} (h_M - \Omega_{MO} x_O)`. So neither covariances nor means are
needed. Where the experimenter has set a node, the factor of that node is absent from h and :math:`\Omega` of the row:
rows in which the same nodes were set share them. Such a set of rows is called a regime.
"""

from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float64, Int64
from numba import njit

from dag_gfn.completion.gaussian_cells import GaussianCells
from dag_gfn.completion.truncated_normal import draw_between


class GaussianDraws:
    """Draws the cells that were not seen, one sweep after the other.

    Missing numbers of a row are drawn together; then categories whose level is missing, one at a time, by the density
    of the row at the vector of each level; then the columns of ranks, one cell at a time, from normal distributions
    cut off at the neighbouring levels. Each step leaves the distribution given the parameters as it is.

    Parameters
    ----------
    cells : GaussianCells

    Attributes
    ----------
    targets : array, shape (regimes, nodes), bool
        Which nodes were set in the rows of each regime.
    regime : array, shape (n,), int64
        The regime of each row.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.completion.gaussian_draws import GaussianDraws
    >>> from dag_gfn.completion.gaussian_cells import GaussianCells
    >>> cells = GaussianCells(np.array([[1.0, 2.0], [np.nan, 3.0]]), nodes=[[0], [1]])
    >>> rng = np.random.default_rng(0)
    >>> values = cells.start(rng)
    >>> precision = np.array([[1.0, -0.99], [-0.99, 1.0]])  # the columns are nearly equal
    >>> draws = []
    >>> for _ in range(1_000):
    ...     GaussianDraws(cells).sweep(values, np.zeros((1, 2)), precision[None], rng=rng)
    ...     draws.append(values[1, 0])
    >>> bool(abs(np.mean(draws) - 0.99 * 3.0) < 0.1), values[0].tolist()
    (True, [1.0, 2.0])
    """

    targets: Bool[np.ndarray, "regimes nodes"]
    regime: Int64[np.ndarray, " n"]

    def __init__(self, cells: GaussianCells):
        if cells.intervened is None:
            self.targets = np.zeros((1, cells.d), dtype=bool)
            self.regime = np.zeros(cells.n, dtype=np.int64)
        else:
            self.targets, regime = np.unique(cells.intervened, axis=0, return_inverse=True)
            self.regime = np.asarray(regime, dtype=np.int64).reshape(-1)
        self._missing = self._missing_numbers(cells.missing)
        self._categories = _missing_categories(cells)
        self._ranks = _rank_columns(cells)

    def sweep(
        self,
        values: Float64[np.ndarray, "n D"],
        linear: Float64[np.ndarray, "regimes D"],
        precision: Float64[np.ndarray, "regimes D D"],
        *,
        rng: np.random.Generator,
    ) -> None:
        """Draw all cells that were not seen, once; `values` is a complete table and is changed in place.

        Parameters
        ----------
        values : array, shape (n, D), float64
            C-contiguous.
        linear : array, shape (regimes, D), float64
            h of each regime.
        precision : array, shape (regimes, D, D), float64
        rng : numpy.random.Generator
        """
        arguments = values, self.regime, linear, precision, rng
        _draw_numbers(*arguments, *self._missing)
        _draw_categories(*arguments, *self._categories)
        _draw_ranks(*arguments, *self._ranks)

    def _missing_numbers(self, missing: Bool[np.ndarray, "n D"]) -> tuple[np.ndarray, ...]:
        """Return rows with missing numbers, those of one regime and pattern together, and where each kind begins.

        Returns
        -------
        rows : array, shape (m,), int64
        starts : array, shape (patterns + 1,), int64
        columns : array, shape (patterns, D), int64
            The missing columns first, then the others.
        sizes : array, shape (patterns,), int64
            How many are missing.
        """
        rows = np.flatnonzero(missing.any(axis=1)).astype(np.int64)
        keys = np.column_stack([self.regime[rows], missing[rows]])
        patterns, kind = np.unique(keys, axis=0, return_inverse=True)
        kind = np.asarray(kind).reshape(-1)
        order = np.argsort(kind, kind="stable")
        starts = np.searchsorted(kind[order], np.arange(len(patterns) + 1)).astype(np.int64)
        patterns = patterns[:, 1:].astype(bool)
        columns = np.argsort(~patterns, axis=1, kind="stable").astype(np.int64)
        return rows[order], starts, columns, patterns.sum(axis=1).astype(np.int64)


def _missing_categories(cells: GaussianCells) -> tuple[np.ndarray, ...]:
    """Return, for each category with missing levels: their rows, its columns and its vectors, as padded arrays."""
    kept = [category for category in cells.categories if (category.levels < 0).any()]
    rows = [np.flatnonzero(category.levels < 0) for category in kept]
    starts = np.cumsum([0, *(len(each) for each in rows)]).astype(np.int64)
    most = max((len(category.vectors) for category in kept), default=1)
    widest = max((len(category.columns) for category in kept), default=1)
    sizes, widths = np.zeros((2, len(kept)), dtype=np.int64)
    columns = np.zeros((len(kept), widest), dtype=np.int64)
    vectors = np.zeros((len(kept), most, widest))
    for c, category in enumerate(kept):
        sizes[c], widths[c] = category.vectors.shape
        columns[c, : widths[c]] = category.columns
        vectors[c, : sizes[c], : widths[c]] = category.vectors
    return np.concatenate([np.zeros(0, dtype=np.int64), *rows]), starts, columns, widths, vectors, sizes


def _rank_columns(cells: GaussianCells) -> tuple[np.ndarray, ...]:
    """Return, for each column of ranks: its place, its rows from the lowest level up, and where each level begins.

    Rows whose level is missing come last. `starts`, shape (columns, levels + 1), has the number of the rows that are
    not missing from the last level on.
    """
    columns = np.array([rank.column for rank in cells.ranks], dtype=np.int64)
    rows = np.zeros((len(columns), cells.n), dtype=np.int64)
    present = [np.unique(rank.levels[rank.levels >= 0], return_inverse=True) for rank in cells.ranks]
    most = max((len(levels) for levels, _ in present), default=0)
    starts = np.zeros((len(columns), most + 1), dtype=np.int64)
    for q, (rank, (levels, codes)) in enumerate(zip(cells.ranks, present, strict=True)):
        seen, unseen = np.flatnonzero(rank.levels >= 0), np.flatnonzero(rank.levels < 0)
        order = np.argsort(codes, kind="stable")
        rows[q] = np.concatenate([seen[order], unseen])
        starts[q] = len(seen)
        starts[q, : len(levels)] = np.searchsorted(codes[order], np.arange(len(levels)))
    return columns, rows, starts


# The test run's annotation checker would wrap the functions that Numba compiles; @no_type_check keeps it off.


@njit(cache=True, nogil=True)
@no_type_check
def _draw_numbers(values, regime, linear, precision, rng, rows, starts, columns, sizes):
    """Draw the missing numbers of each row together; see `GaussianDraws._missing_numbers` for the last four.

    With Omega_MM = L L^T, x_M = L^-T (L^-1 (h_M - Omega_MO x_O) + z), z standard normal.
    """
    num_columns = values.shape[1]
    factor, solved = np.empty((num_columns, num_columns)), np.empty(num_columns)
    for p in range(len(sizes)):
        size, own = sizes[p], regime[rows[starts[p]]]
        for a in range(size):
            for b in range(a + 1):
                rest = precision[own, columns[p, a], columns[p, b]]
                for i in range(b):
                    rest -= factor[a, i] * factor[b, i]
                factor[a, b] = np.sqrt(rest) if a == b else rest / factor[b, b]
        for index in range(starts[p], starts[p + 1]):
            row = rows[index]
            for a in range(size):
                rest = linear[own, columns[p, a]]
                for b in range(size, num_columns):
                    rest -= precision[own, columns[p, a], columns[p, b]] * values[row, columns[p, b]]
                for i in range(a):
                    rest -= factor[a, i] * solved[i]
                solved[a] = rest / factor[a, a]
            for a in range(size):
                solved[a] += rng.standard_normal()
            for a in range(size - 1, -1, -1):
                for i in range(a + 1, size):
                    solved[a] -= factor[i, a] * solved[i]
                solved[a] /= factor[a, a]
                values[row, columns[p, a]] = solved[a]


@njit(cache=True, nogil=True)
@no_type_check
def _draw_categories(values, regime, linear, precision, rng, rows, starts, columns, widths, vectors, sizes):
    """Draw the missing levels of each category by the density of the row at each level's vector."""
    num_columns = values.shape[1]
    pull, weight = np.empty(vectors.shape[2]), np.empty(vectors.shape[1])
    for c in range(len(sizes)):
        width = widths[c]
        for index in range(starts[c], starts[c + 1]):
            row = rows[index]
            own = regime[row]
            for a in range(width):  # h_M - Omega_MO x_O: the other columns alone
                values[row, columns[c, a]] = 0.0
            for a in range(width):
                pull[a] = linear[own, columns[c, a]]
                for b in range(num_columns):
                    pull[a] -= precision[own, columns[c, a], b] * values[row, b]
            largest = -np.inf
            for level in range(sizes[c]):
                density = 0.0
                for a in range(width):
                    bent = 0.0
                    for b in range(width):
                        bent += precision[own, columns[c, a], columns[c, b]] * vectors[c, level, b]
                    density += vectors[c, level, a] * (pull[a] - 0.5 * bent)
                weight[level] = density
                largest = max(largest, density)
            total = 0.0
            for level in range(sizes[c]):
                weight[level] = np.exp(weight[level] - largest)
                total += weight[level]
            goal, chosen = total * rng.random(), sizes[c] - 1
            for level in range(sizes[c] - 1):
                goal -= weight[level]
                if goal < 0.0:
                    chosen = level
                    break
            for a in range(width):
                values[row, columns[c, a]] = vectors[c, chosen, a]


@njit(cache=True, nogil=True)
@no_type_check
def _draw_ranks(values, regime, linear, precision, rng, columns, rows, starts):
    """Draw the columns of ranks, cell by cell, between the numbers of the neighbouring levels."""
    num_rows, num_columns = values.shape
    for q in range(len(columns)):
        column = columns[q]
        num_seen = starts[q, starts.shape[1] - 1]
        level, below, own_largest, above = -1, -np.inf, -np.inf, -np.inf
        for index in range(num_rows):
            if index >= num_seen:
                below, above = -np.inf, np.inf
            else:
                while level + 1 < starts.shape[1] - 1 and starts[q, level + 1] <= index:
                    # the next level begins: what was drawn last lies below it, and all of the level after it above
                    level += 1
                    below, own_largest, above = own_largest, -np.inf, np.inf
                    if starts[q, level + 1] < num_seen:
                        end = num_seen if level + 2 >= starts.shape[1] else starts[q, level + 2]
                        for i in range(starts[q, level + 1], end):
                            above = min(above, values[rows[q, i], column])
            row = rows[q, index]
            own = regime[row]
            rest = linear[own, column]
            for b in range(num_columns):
                if b != column:
                    rest -= precision[own, column, b] * values[row, b]
            root = np.sqrt(precision[own, column, column])
            mean = rest / (root * root)
            drawn = mean + draw_between((below - mean) * root, (above - mean) * root, rng) / root
            drawn = min(max(drawn, below), above)
            values[row, column] = drawn
            own_largest = max(own_largest, drawn)
