"""Contingency counts, the engine behind every discrete score.

Without interventions a discrete score is a difference of one set function,
local(j, P) = g(P + j) - g(P), where g(S) sums a function of the count over the occupied cells of the
contingency table of S. All 2^d values come from one walk over the subsets that refines the partition
of the distinct rows by one column at a time; a cell that holds a single distinct row is settled, its
count travels along and the row is never looked at again. Where rows are many and joint states few, the
values come from marginal tables instead.
"""

import math
import os
from concurrent.futures import ThreadPoolExecutor
from math import lgamma
from typing import no_type_check

import numpy as np
from jaxtyping import Float64, Int64
from numba import njit

from dag_gfn.data.dataset import Dataset
from dag_gfn.data.distinct_rows import distinct_rows
from dag_gfn.scores.local_score import LocalScore, without_and_with
from dag_gfn.scores.marginal_tables import all_marginal_sums, marginal_tables_pay

MAXIMUM_LIKELIHOOD = 0.0
"""In place of an equivalent sample size: a cell with count N contributes N log N."""


class DistinctRows:
    """The distinct rows of a table of codes, with their multiplicities, laid out for the kernels.

    Parameters
    ----------
    codes : array, shape (n, d), int64
        Codes 0 .. r - 1 of each column; n may be 0.
    cardinalities : tuple of int
        Number of states r of each column, seen or not.
    counts : array, shape (n,), int64, optional
        How many rows each row of ``codes`` stands for, where these are distinct already.

    Attributes
    ----------
    columns : array, shape (d, u), int64
        The u distinct rows, one line per variable.
    counts : array, shape (u,), int64
        How many rows of the table each stands for.
    """

    def __init__(
        self,
        codes: Int64[np.ndarray, "n d"],
        cardinalities: tuple[int, ...],
        counts: Int64[np.ndarray, " n"] | None = None,
    ):
        if counts is None:
            codes, _, counts = distinct_rows(codes, cardinalities)
        self.columns = np.ascontiguousarray(codes.T)
        self.counts = counts
        self.cardinalities = np.array(cardinalities, dtype=np.int64)
        # Distinct counts are few, so settled cells are tallied by count: counts == levels[ranks].
        levels, ranks = np.unique(self.counts, return_inverse=True)
        self._arrays = (self.columns, self.counts, levels, ranks.astype(np.int64), self.cardinalities)

    def all_cell_sums(self, equivalent_sample_size: float) -> Float64[np.ndarray, " subsets"]:
        r"""Return g(S) for all 2^d subsets of the columns, at the index that is the bitmask of S.

        .. math::
            g(S) = \sum_{c} \log\Gamma(a_S + N_c) - \log\Gamma(a_S), \qquad a_S = \alpha / |S|

        over the occupied cells c of the contingency table with |S| cells, :math:`\alpha` the equivalent
        sample size; or :math:`\sum_c N_c \log N_c` for ``MAXIMUM_LIKELIHOOD``.
        """
        d, u = self.columns.shape
        if marginal_tables_pay(self.cardinalities, int(self.counts.sum()), u):
            shape = tuple(self.cardinalities.tolist())
            table = np.zeros(math.prod(shape), dtype=np.int32)
            table[np.ravel_multi_index(tuple(self.columns), shape)] = self.counts
            return all_marginal_sums(table.reshape(shape), equivalent_sample_size)
        block_bits = max(d - 6, 0)  # up to 64 blocks: enough to balance a few threads
        sums = np.empty(1 << d)

        def fill(block: int) -> None:
            _fill_cell_sums(
                self._arrays,
                equivalent_sample_size,
                block << block_bits,
                sums[block << block_bits : (block + 1) << block_bits],
                self._scratch(),
            )

        with ThreadPoolExecutor(os.cpu_count()) as threads:
            list(threads.map(fill, range(1 << (d - block_bits))))
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
        )
        return sums

    def _scratch(self) -> tuple[np.ndarray, ...]:
        """Return work space for one walk: a partition for each number of refinements, and tallies.

        ``rows[l]`` lists the rows in open cells after l refinements; cell c of the ``num_open[l]`` is
        ``rows[l, bounds[l, c] : bounds[l, c + 1]]``; ``settled[l]`` tallies the settled cells by their count.
        At l = 0 all rows are in one open cell.
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
        histogram = np.zeros(self.counts.sum() + 1, dtype=np.int64)
        distinct = np.empty(u, dtype=np.int64)
        return rows, bounds, num_open, settled, tally, seen, histogram, distinct


# The test run's annotation checker would wrap the functions that Numba compiles; @no_type_check keeps it off.


@njit(cache=True, nogil=True)
@no_type_check
def _refine(arrays, scratch, level, node):
    """Split the cells of ``level`` by the states of ``node`` into ``level + 1``."""
    columns, _, _, ranks, _ = arrays
    rows, bounds, num_open, settled, tally, seen, _, _ = scratch
    column, old, new = columns[node], rows[level], rows[level + 1]
    new_bounds, new_settled = bounds[level + 1], settled[level + 1]
    for i in range(len(new_settled)):
        new_settled[i] = settled[level, i]
    num_cells, filled = 0, 0
    for cell in range(num_open[level]):
        start, stop = bounds[level, cell], bounds[level, cell + 1]
        num_seen = 0
        for i in range(start, stop):
            state = column[old[i]]
            if tally[state] == 0:
                seen[num_seen] = state
                num_seen += 1
            tally[state] += 1
        # From here on tally[state] is where the state's next row goes, or -1 for a lone row.
        for s in range(num_seen):
            rows_here = tally[seen[s]]
            if rows_here == 1:
                tally[seen[s]] = -1
            else:
                tally[seen[s]] = filled
                filled += rows_here
                num_cells += 1
                new_bounds[num_cells] = filled
        for i in range(start, stop):
            state = column[old[i]]
            if tally[state] < 0:
                new_settled[ranks[old[i]]] += 1
            else:
                new[tally[state]] = old[i]
                tally[state] += 1
        for s in range(num_seen):
            tally[seen[s]] = 0
    num_open[level + 1] = num_cells


@njit(cache=True, nogil=True)
@no_type_check
def _cell_sum(arrays, scratch, level, log_size, equivalent_sample_size):
    """Return g of the partition at ``level``; equal counts are evaluated once."""
    _, counts, levels, _, _ = arrays
    rows, bounds, num_open, settled, _, _, histogram, distinct = scratch
    num_distinct = 0
    for cell in range(num_open[level]):
        count = 0
        for i in range(bounds[level, cell], bounds[level, cell + 1]):
            count += counts[rows[level, i]]
        if histogram[count] == 0:
            distinct[num_distinct] = count
            num_distinct += 1
        histogram[count] += 1
    for i in range(len(levels)):
        if settled[level, i] > 0:
            if histogram[levels[i]] == 0:
                distinct[num_distinct] = levels[i]
                num_distinct += 1
            histogram[levels[i]] += settled[level, i]
    total = 0.0
    if equivalent_sample_size > 0.0:
        # lgamma(a) = lgamma(1 + a) - log(a), finite however small a is.
        log_a = np.log(equivalent_sample_size) - log_size
        a = np.exp(log_a)
        offset = log_a - lgamma(1.0 + a)
        for i in range(num_distinct):
            total += histogram[distinct[i]] * (lgamma(a + distinct[i]) + offset)
            histogram[distinct[i]] = 0
    else:
        for i in range(num_distinct):
            total += histogram[distinct[i]] * (distinct[i] * np.log(distinct[i]))
            histogram[distinct[i]] = 0
    return total


@njit(cache=True, nogil=True)
@no_type_check
def _fill_cell_sums(arrays, equivalent_sample_size, first, sums, scratch):
    """Write g(first), g(first + 1), ...; ``len(sums)`` is a power of two that divides ``first``.

    A set's parent in the walk lacks its lowest member. In ascending order the parent of each set is the last
    set of its size - 1 that was visited, so that one partition for each size is all that has to be kept.
    """
    columns, _, _, _, cardinalities = arrays
    d = len(columns)
    log_sizes = np.zeros(d + 1)
    level = 0
    for node in range(d - 1, -1, -1):
        if first >> node & 1:
            _refine(arrays, scratch, level, node)
            log_sizes[level + 1] = log_sizes[level] + np.log(cardinalities[node])
            level += 1
    sums[0] = _cell_sum(arrays, scratch, level, log_sizes[level], equivalent_sample_size)
    for offset in range(1, len(sums)):
        lowest = 0
        while not offset >> lowest & 1:
            lowest += 1
        parent_level = level
        rest = offset & (offset - 1)
        while rest:
            parent_level += 1
            rest &= rest - 1
        _refine(arrays, scratch, parent_level, lowest)
        log_sizes[parent_level + 1] = log_sizes[parent_level] + np.log(cardinalities[lowest])
        sums[offset] = _cell_sum(
            arrays, scratch, parent_level + 1, log_sizes[parent_level + 1], equivalent_sample_size
        )


@njit(cache=True, nogil=True)
@no_type_check
def _fill_family_cell_sums(arrays, equivalent_sample_size, node, parents, sums, scratch):
    columns, _, _, _, cardinalities = arrays
    d = len(columns)
    path, log_sizes = np.empty(d, dtype=np.int64), np.zeros(d + 1)
    standing = 0  # refinements by path[:standing] are there already: sets in ascending order share many
    for f in range(len(parents)):
        level = 0
        for i in range(d - 1, -1, -1):
            if parents[f] >> i & 1:
                if level >= standing or path[level] != i:
                    _refine(arrays, scratch, level, i)
                    log_sizes[level + 1] = log_sizes[level] + np.log(cardinalities[i])
                    path[level] = i
                    standing = level + 1
                level += 1
        without = _cell_sum(arrays, scratch, level, log_sizes[level], equivalent_sample_size)
        _refine(arrays, scratch, level, node)
        standing = level
        log_size = log_sizes[level] + np.log(cardinalities[node])
        sums[f] = _cell_sum(arrays, scratch, level + 1, log_size, equivalent_sample_size) - without


class CountScore(LocalScore):
    """A score that is a difference g(P + j) - g(P) of sums over the cells of contingency tables.

    Attributes
    ----------
    equivalent_sample_size : float
        Of the Dirichlet prior, or ``MAXIMUM_LIKELIHOOD``; set by the subclass.
    tables : tuple of DistinctRows
        The rows that count: one table for all nodes, or one for each where interventions make them differ.
    """

    kind = "discrete"
    equivalent_sample_size: float

    def __init__(self, data: Dataset):
        super().__init__(data)
        rows, row_of, _ = data.distinct_rows
        tables = []
        for node in range(self.d if self.has_interventions else 1):
            counts = np.bincount(row_of[self.observed_rows(node)], minlength=len(rows))
            tables.append(DistinctRows(rows[counts > 0], data.cardinalities, counts[counts > 0]))
        self.tables = tuple(tables)

    @property
    def families_per_second(self) -> float:
        """See :class:`LocalScore`: in proportion to the rows."""
        return 5e7 / max(self.data.n, 100)

    def local_scores(self, node: int, parents: Int64[np.ndarray, " m"]) -> Float64[np.ndarray, " m"]:
        """Return local_score(node, P) for a batch of parent sets; see :class:`LocalScore`."""
        table = self.tables[node if len(self.tables) > 1 else 0]
        return table.family_cell_sums(node, parents, self.equivalent_sample_size)

    def complete_table(self) -> Float64[np.ndarray, "d sets"]:
        """Return all local scores from all 2^d contingency tables; see :class:`LocalScore`."""
        table = np.empty((self.d, 1 << (self.d - 1)))
        for node in range(self.d):
            if node < len(self.tables):
                sums = self.tables[node].all_cell_sums(self.equivalent_sample_size)
            parents, family = without_and_with(sums, node)
            np.subtract(family, parents, out=table[node])
        return table
