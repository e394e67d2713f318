"""Sums over the cells of contingency tables, from which every discrete score is computed.

Without interventions a discrete score is a difference of one set function, local(j, P) = g(P + j) - g(P). Here
g(S) sums a function of the count over the occupied cells of the contingency table of the columns S.

All 2^d values g(S) come from one walk over the subsets. Adding a column to S splits each cell by the states of that
column, so the walk refines a partition of the distinct rows by one column at a time. A cell that holds a single
distinct row cannot be split further: it is called settled. Only its count is carried along, and its row is not
visited again. Where rows are many and joint states few, the values come from :mod:`dag_gfn.scores.marginal_tables`
instead.
"""

import math
from math import lgamma
from typing import no_type_check

import numpy as np
from jaxtyping import Float64, Int64
from numba import njit

from dag_gfn.chunked import run_chunks
from dag_gfn.data.distinct_rows import distinct_rows
from dag_gfn.scores.marginal_tables import all_marginal_sums, marginal_tables_pay

MAXIMUM_LIKELIHOOD = 0.0
"""In place of an equivalent sample size: a cell with count N contributes N log N."""
_WORTH_THREADS = 1_000_000  # visits of rows


class ContingencyTables:
    """The contingency tables of all subsets of the columns, held as distinct rows with their counts.

    Parameters
    ----------
    codes : array, shape (n, d), int64
        Codes 0 .. r - 1 of each column; n may be 0.
    cardinalities : tuple of int
        Number of states r of each column, seen or not.
    counts : array, shape (n,), int64 or float64, optional
        How many rows each row of ``codes`` stands for, or their total weight, where these are distinct already.

    Attributes
    ----------
    columns : array, shape (d, u), int64
        The u distinct rows, transposed: one line per column of the data.
    counts : array, shape (u,), int64 or float64
        How many rows of the data each distinct row stands for, or their total weight.

    Examples
    --------
    Two columns that are equal in all four rows:

    >>> import numpy as np
    >>> from dag_gfn.scores.contingency_tables import MAXIMUM_LIKELIHOOD, ContingencyTables
    >>> tables = ContingencyTables(np.array([[0, 0], [0, 0], [1, 1], [1, 1]]), (2, 2))
    >>> tables.counts.tolist()
    [2, 2]
    >>> tables.all_cell_sums(MAXIMUM_LIKELIHOOD).round(3).tolist()  # 4 log 4; else two cells of 2 log 2
    [5.545, 2.773, 2.773, 2.773]
    """

    def __init__(
        self,
        codes: Int64[np.ndarray, "n d"],
        cardinalities: tuple[int, ...],
        counts: Int64[np.ndarray, " n"] | Float64[np.ndarray, " n"] | None = None,
    ):
        if counts is None:
            codes, _, counts = distinct_rows(codes, cardinalities)
        self.columns = np.ascontiguousarray(codes.T)
        self.counts = counts
        self.cardinalities = np.array(cardinalities, dtype=np.int64)
        # Few different counts occur, so settled cells are tallied by their count: counts == levels[ranks].
        levels, ranks = np.unique(self.counts, return_inverse=True)
        self._arrays = (self.columns, self.counts, levels, ranks.astype(np.int64), self.cardinalities)

    @property
    def is_weighted(self) -> bool:
        """Whether counts are weights, which need not be whole."""
        return self.counts.dtype == np.float64

    def all_cell_sums(self, equivalent_sample_size: float) -> Float64[np.ndarray, " subsets"]:
        r"""Return g(S) for all 2^d subsets of the columns; g(S) stands at the index that is the bitmask of S.

        .. math::
            g(S) = \sum_{c} \log\Gamma(a_S + N_c) - \log\Gamma(a_S), \qquad a_S = \alpha / |S|

        over the occupied cells c of the contingency table with |S| cells, :math:`\alpha` being the equivalent
        sample size; or :math:`\sum_c N_c \log N_c` for ``MAXIMUM_LIKELIHOOD``.
        """
        d, u = self.columns.shape
        if marginal_tables_pay(self.cardinalities, int(self.counts.sum()), u):
            shape = tuple(self.cardinalities.tolist())
            table = np.zeros(math.prod(shape), dtype=np.float64 if self.is_weighted else np.int32)
            table[np.ravel_multi_index(tuple(self.columns), shape)] = self.counts
            return all_marginal_sums(table.reshape(shape), equivalent_sample_size)
        # one block, or 64: enough to balance a few threads
        block_bits = max(d - 6, 0) if u << d > _WORTH_THREADS else d
        sums = np.empty(1 << d)

        def fill(block: int) -> None:
            _fill_cell_sums(
                self._arrays,
                equivalent_sample_size,
                block << block_bits,
                sums[block << block_bits : (block + 1) << block_bits],
                self._scratch(),
                self._histogram(),
            )

        run_chunks(fill, range(1 << (d - block_bits)), parallel=u << d > _WORTH_THREADS)
        return sums

    def family_cell_sums(
        self, node: int, parents: Int64[np.ndarray, " m"], equivalent_sample_size: float
    ) -> Float64[np.ndarray, " m"]:
        """Return g(P + node) - g(P) for a batch of parent sets (bitmasks without ``node``), shape (m,)."""
        sums = np.empty(len(parents))
        _fill_family_cell_sums(
            self._arrays,
            equivalent_sample_size,
            node,
            np.ascontiguousarray(parents),
            sums,
            self._scratch(),
            self._histogram(),
        )
        return sums

    def _scratch(self) -> tuple[np.ndarray, ...]:
        """Return the arrays that one walk works in; every thread needs its own.

        A walk holds one partition for each level l = 0 .. d, the number of columns by which it is refined. At
        level 0 all rows are in one open cell.

        Returns
        -------
        rows : array, shape (d + 1, u), int32
            ``rows[l]`` lists the distinct rows in open cells, those of one cell side by side.
        bounds : array, shape (d + 1, u // 2 + 2), int32
            Open cell c is ``rows[l, bounds[l, c] : bounds[l, c + 1]]``. It has two rows or more, hence u // 2 cells.
        num_open : array, shape (d + 1,), int64
            Number of open cells.
        settled : array, shape (d + 1, number of different counts), int64
            ``settled[l, k]``: how many settled cells have the count ``levels[k]``.
        tally : array, shape (largest cardinality,), int32
            Work space of `_refine`, zero between calls.
        seen : array, shape (largest cardinality,), int32
            Work space of `_refine`: the states met in one cell.
        distinct : array, shape (u,), int64
            Work space of `_cell_sum`: the counts that occur.
        """
        d, u = self.columns.shape
        rows = np.empty((d + 1, u), dtype=np.int32)
        rows[0] = np.arange(u)
        bounds = np.zeros((d + 1, u // 2 + 2), dtype=np.int32)
        bounds[0, 1] = u
        num_open = np.zeros(d + 1, dtype=np.int64)
        num_open[0] = min(u, 1)
        settled = np.zeros((d + 1, len(self._arrays[2])), dtype=np.int64)
        tally = np.zeros(self.cardinalities.max(), dtype=np.int32)
        seen = np.empty_like(tally)
        distinct = np.empty(u, dtype=np.int64)
        return rows, bounds, num_open, settled, tally, seen, distinct

    def _histogram(self) -> Int64[np.ndarray, " counts"] | None:
        """Return the work space of `_cell_sum`, zero between calls: how many cells have each count 0 .. n.

        It is None where rows have weights.
        """
        return None if self.is_weighted else np.zeros(int(self.counts.sum()) + 1, dtype=np.int64)


# The compiled functions below share two tuples:
#   arrays   columns (d, u), counts (u,), levels (number of different counts,), ranks (u,), cardinalities (d,)
#   scratch  what `_scratch` returns, and beside it what `_histogram` returns
# The test run's annotation checker would wrap the functions that Numba compiles; @no_type_check keeps it off.


@njit(cache=True, nogil=True)
@no_type_check
def _refine(arrays, scratch, level, node):
    """Split the cells of ``level`` by the states of column ``node``, and write the result to ``level + 1``.

    A counting sort within each open cell: O(rows in open cells).
    """
    columns, _, _, ranks, _ = arrays
    rows, bounds, num_open, settled, tally, seen, _ = scratch
    column, old, new = columns[node], rows[level], rows[level + 1]
    new_bounds, new_settled = bounds[level + 1], settled[level + 1]
    for i in range(len(new_settled)):  # settled cells stay settled
        new_settled[i] = settled[level, i]
    num_cells, filled = 0, 0  # open cells written so far, and the rows in them
    for cell in range(num_open[level]):
        start, stop = bounds[level, cell], bounds[level, cell + 1]
        # Count the rows of this cell in each state; `seen` lists the states in the order in which they are met.
        num_seen = 0
        for i in range(start, stop):
            state = column[old[i]]
            if tally[state] == 0:
                seen[num_seen] = state
                num_seen += 1
            tally[state] += 1
        # Turn counts into places: tally[state] becomes where the state's next row goes, or -1 for a lone row.
        for s in range(num_seen):
            rows_here = tally[seen[s]]
            if rows_here == 1:
                tally[seen[s]] = -1
            else:
                tally[seen[s]] = filled
                filled += rows_here
                num_cells += 1
                new_bounds[num_cells] = filled
        # Move the rows: a lone row settles its cell, the others go to their place.
        for i in range(start, stop):
            state = column[old[i]]
            if tally[state] < 0:
                new_settled[ranks[old[i]]] += 1
            else:
                new[tally[state]] = old[i]
                tally[state] += 1
        for s in range(num_seen):  # zero again for the next cell
            tally[seen[s]] = 0
    num_open[level + 1] = num_cells


@njit(cache=True, nogil=True)
@no_type_check
def _weighted_cell_sum(counts, levels, rows, bounds, num_open, settled, log_size, equivalent_sample_size):
    """Return g of a partition of weighted rows, one cell after the other; log_size as in `_cell_sum`."""
    log_a = np.log(equivalent_sample_size) - log_size if equivalent_sample_size > 0.0 else 0.0
    a = np.exp(log_a)
    offset = log_a - lgamma(1.0 + a)
    total = 0.0
    for cell in range(num_open + len(levels)):
        weight, times = 0.0, 1
        if cell < num_open:
            for i in range(bounds[cell], bounds[cell + 1]):
                weight += counts[rows[i]]
        else:
            weight, times = levels[cell - num_open], settled[cell - num_open]
        if times > 0:
            one = lgamma(a + weight) + offset if equivalent_sample_size > 0.0 else weight * np.log(weight)
            total += times * one
    return total


@njit(cache=True, nogil=True)
@no_type_check
def _cell_sum(arrays, scratch, histogram, level, log_size, equivalent_sample_size):
    """Return g of the partition at ``level``, whose table has exp(log_size) cells.

    Cells of equal count contribute equally. So cells are tallied by count first, and the logarithm or the log gamma
    function is evaluated once for each count that occurs.
    """
    _, counts, levels, _, _ = arrays
    rows, bounds, num_open, settled, _, _, distinct = scratch
    if histogram is None:  # weights: no two cells need have the same total
        return _weighted_cell_sum(
            counts,
            levels,
            rows[level],
            bounds[level],
            num_open[level],
            settled[level],
            log_size,
            equivalent_sample_size,
        )
    num_distinct = 0
    for cell in range(num_open[level]):  # open cells: add up the counts of their rows
        count = 0
        for i in range(bounds[level, cell], bounds[level, cell + 1]):
            count += counts[rows[level, i]]
        if histogram[count] == 0:
            distinct[num_distinct] = count
            num_distinct += 1
        histogram[count] += 1
    for i in range(len(levels)):  # settled cells are tallied by count already
        if settled[level, i] > 0:
            if histogram[levels[i]] == 0:
                distinct[num_distinct] = levels[i]
                num_distinct += 1
            histogram[levels[i]] += settled[level, i]
    total = 0.0
    if equivalent_sample_size > 0.0:
        # With a = alpha / size a cell contributes lgamma(a + N) - lgamma(a). Here
        # lgamma(a) = lgamma(1 + a) - log(a), which is finite even where a itself underflows to 0.
        log_a = np.log(equivalent_sample_size) - log_size
        a = np.exp(log_a)
        offset = log_a - lgamma(1.0 + a)
        for i in range(num_distinct):
            total += histogram[distinct[i]] * (lgamma(a + distinct[i]) + offset)
            histogram[distinct[i]] = 0  # zero again for the next call
    else:  # maximum likelihood: N log N
        for i in range(num_distinct):
            total += histogram[distinct[i]] * (distinct[i] * np.log(distinct[i]))
            histogram[distinct[i]] = 0
    return total


@njit(cache=True, nogil=True)
@no_type_check
def _fill_cell_sums(arrays, equivalent_sample_size, first, sums, scratch, histogram):
    """Write g(first), g(first + 1), ... to ``sums``; its length is a power of two that divides ``first``.

    The walk refines the partition of S without its lowest member by that member. Sets are visited in ascending
    order of their bitmasks, and then the partition of S without its lowest member is the last one of that size that
    was made. So one partition for each size is enough.
    """
    columns, _, _, _, cardinalities = arrays
    d = len(columns)
    log_sizes = np.zeros(d + 1)  # log of the number of cells of the table at each level
    level = 0
    for node in range(d - 1, -1, -1):  # the partition of the set `first`, from its highest member down
        if first >> node & 1:
            _refine(arrays, scratch, level, node)
            log_sizes[level + 1] = log_sizes[level] + np.log(cardinalities[node])
            level += 1
    sums[0] = _cell_sum(arrays, scratch, histogram, level, log_sizes[level], equivalent_sample_size)
    for offset in range(1, len(sums)):  # the set first + offset
        lowest = 0
        while not offset >> lowest & 1:
            lowest += 1
        parent_level = level  # size of the set without its lowest member
        rest = offset & (offset - 1)
        while rest:
            parent_level += 1
            rest &= rest - 1
        _refine(arrays, scratch, parent_level, lowest)
        log_sizes[parent_level + 1] = log_sizes[parent_level] + np.log(cardinalities[lowest])
        sums[offset] = _cell_sum(
            arrays, scratch, histogram, parent_level + 1, log_sizes[parent_level + 1], equivalent_sample_size
        )


@njit(cache=True, nogil=True)
@no_type_check
def _fill_family_cell_sums(arrays, equivalent_sample_size, node, parents, sums, scratch, histogram):
    """Write g(P + node) - g(P) of each parent set to ``sums``; parents and sums have shape (m,).

    The partition of P is refined member by member from the highest down. Members that a set shares with the set before
    it are not refined again: in ascending order many are shared.
    """
    columns, _, _, _, cardinalities = arrays
    d = len(columns)
    path, log_sizes = np.empty(d, dtype=np.int64), np.zeros(d + 1)
    standing = 0  # levels 1 .. standing hold the refinements by path[:standing], made for the set before
    for f in range(len(parents)):
        level = 0
        for i in range(d - 1, -1, -1):
            if parents[f] >> i & 1:
                if level >= standing or path[level] != i:  # from here on this set differs
                    _refine(arrays, scratch, level, i)
                    log_sizes[level + 1] = log_sizes[level] + np.log(cardinalities[i])
                    path[level] = i
                    standing = level + 1
                level += 1
        without = _cell_sum(arrays, scratch, histogram, level, log_sizes[level], equivalent_sample_size)
        _refine(arrays, scratch, level, node)
        standing = level  # the level above holds the node now
        log_size = log_sizes[level] + np.log(cardinalities[node])
        sums[f] = _cell_sum(arrays, scratch, histogram, level + 1, log_size, equivalent_sample_size) - without
