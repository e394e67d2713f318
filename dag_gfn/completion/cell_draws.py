r"""Draws of the missing cells of a discrete table, given families whose probability tables are integrated out.

Under a Dirichlet prior the probability of a row, given all others and without the tables, is a product over the
families: the count of the row's cell plus its pseudo-count, by the same of the row's parent configuration. So the
missing cells of a row have the probabilities

.. math:: P(x_t \mid \text{other rows}) \propto \prod_f \frac{N_f(x_t) + a_f}{N_f(\text{parents of } x_t) + a_f r_f},

where f runs over the families with a missing cell of the row, and the counts are those of the other rows. One
sweep draws the rows one after the other: a Gibbs sampler without the probability tables (Liu, "The collapsed Gibbs
sampler in Bayesian computations", JASA 89, 1994). A draw of the tables themselves would have nearly all its mass on
few states where pseudo-counts are small, and the cells would then hardly change.

Up to `MAX_COMPLETIONS` completions of a row are listed, and one is drawn. Where there are more, the row's missing cells
are divided into parts at random, and one part is drawn after the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float64, Int64
from numba import njit

from dag_gfn.completion.discrete_cells import DiscreteCells
from dag_gfn.errors import NotTractable

MAX_COMPLETIONS = 64
"""Largest number of completions of a row that are listed, to draw its missing cells at once."""
MAX_CODE = 1 << 62
DENSE_CELLS = 1 << 20
"""Up to so many cells in all families, counts are kept in one array; beyond, in a hash table of those that occur."""


@dataclass(frozen=True, eq=False)
class Families:
    """Families of columns with their pseudo-counts, as the compiled sweep takes them.

    Parameters
    ----------
    nodes : array, shape (f,), int64
        The node of each family, whose set values do not count; -1 for none.
    strides : array, shape (f, d), int64
        A row's cell in a family is the sum over columns of stride times state; 0 for columns outside.
    states : array, shape (f,), int64
        How many cells a parent configuration has: cell // states is the configuration.
    sizes : array, shape (f,), int64
        Number of cells.
    pseudo_counts : array, shape (f,), float64
        Of each cell.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.completion.cell_draws import Families
    >>> families = Families.of_graph(np.array([0b00, 0b01]), np.array([2, 3]), 1.0)  # 0 -> 1
    >>> families.strides.tolist(), families.sizes.tolist()
    ([[1, 0], [3, 1]], [2, 6])
    """

    nodes: Int64[np.ndarray, " f"]
    strides: Int64[np.ndarray, "f d"]
    states: Int64[np.ndarray, " f"]
    sizes: Int64[np.ndarray, " f"]
    pseudo_counts: Float64[np.ndarray, " f"]

    @classmethod
    def of_graph(
        cls,
        parents: Int64[np.ndarray, " d"],
        cardinalities: Int64[np.ndarray, " d"],
        equivalent_sample_size: float,
    ) -> "Families":
        """Return the families of a DAG, given as bitmasks, under the BDeu prior.

        Raises
        ------
        NotTractable
            If a table has more cells than int64 can number.
        """
        d = len(parents)
        strides = np.zeros((d, d), dtype=np.int64)
        sizes = []
        for node in range(d):
            members = [node, *(i for i in range(d) if parents[node] >> i & 1)]
            strides[node], size = _strides(members, cardinalities)
            sizes.append(size)
        return cls(
            np.arange(d, dtype=np.int64),
            strides,
            cardinalities.astype(np.int64),
            np.array(sizes, dtype=np.int64),
            equivalent_sample_size / np.array(sizes, dtype=np.float64),
        )

    @classmethod
    def saturated(cls, cardinalities: Int64[np.ndarray, " d"], equivalent_sample_size: float) -> "Families":
        """Return the one family of all columns: the saturated model, with a pseudo-count for each joint state."""
        strides, size = _strides(range(len(cardinalities)), cardinalities)
        sizes = np.array([size], dtype=np.int64)
        return cls(
            np.array([-1]), strides[None], sizes, sizes, equivalent_sample_size / sizes.astype(np.float64)
        )

    def touching(self, columns: Bool[np.ndarray, " d"]) -> "Families":
        """Return the families that have one of the columns."""
        kept = (self.strides[:, columns] > 0).any(axis=1)
        return Families(
            self.nodes[kept],
            self.strides[kept],
            self.states[kept],
            self.sizes[kept],
            self.pseudo_counts[kept],
        )


def redraw_cells(
    codes: Int64[np.ndarray, "n d"], cells: DiscreteCells, families: Families, rng: np.random.Generator
) -> Int64[np.ndarray, "n d"]:
    """Return the table after one sweep: each row's missing cells drawn given all other rows.

    Parameters
    ----------
    codes : array, shape (n, d), int64
        The table, its missing cells filled in so far.
    cells : DiscreteCells
    families : Families
    rng : numpy.random.Generator

    Raises
    ------
    NotTractable
        If the families have more cells in all than int64 can number.

    Examples
    --------
    The second column repeats the first one in 40 rows, and so it does in the row where it is missing:

    >>> import numpy as np
    >>> import dag_gfn
    >>> from dataclasses import replace
    >>> from dag_gfn.completion.cell_draws import Families, redraw_cells
    >>> from dag_gfn.completion.discrete_cells import DiscreteCells
    >>> data = dag_gfn.from_array(np.repeat([[0, 0], [1, 1]], 20, axis=0), discrete="all")
    >>> values = data.values.copy()
    >>> values[-1, 1] = np.nan
    >>> cells = DiscreteCells.of(replace(data, values=values))
    >>> families, rng = Families.saturated(cells.cardinalities, 1.0), np.random.default_rng(0)
    >>> codes = cells.first_draw(rng)
    >>> [int(redraw_cells(codes, cells, families, rng)[-1, 1]) for _ in range(5)]
    [1, 1, 1, 1, 1]
    """
    families = families.touching(np.bincount(cells.columns, minlength=codes.shape[1]) > 0)
    filled = codes.copy()
    if len(families.sizes) == 0:
        return filled
    n, d = codes.shape
    total = sum(families.sizes.tolist())
    if total > MAX_CODE:
        raise NotTractable(
            "the tables of a graph's families have more cells than can be numbered: limit the parents with "
            "--max-parents (max_parents=), or leave out sparse families (sparse_families='drop')"
        )
    # A hash table has two slots or more for every cell that can come to occur in this sweep.
    dense = total <= DENSE_CELLS
    most = (n + int(cells.missing.sum())) * len(families.sizes)
    slots = total if dense else 1 << (2 * most).bit_length()
    offsets = np.concatenate([[0], np.cumsum(families.sizes)[:-1]]).astype(np.int64)
    counts = tuple(
        (np.full(0 if dense else slots, -1, dtype=np.int64), np.zeros(slots)) for _ in range(2)
    )  # of cells, and of parent configurations, each in the slot of the first cell
    member, column = np.nonzero(families.strides.T > 0)
    of_column = np.searchsorted(member, np.arange(d + 1)).astype(np.int64)
    _redraw(
        filled,
        (cells.rows, cells.starts, cells.columns),
        cells.cardinalities.astype(np.int64),
        np.zeros((0, d), dtype=np.bool_) if cells.data.intervened is None else cells.data.intervened,
        np.zeros(0) if cells.weights is None else cells.weights,
        (families.nodes, families.strides, families.states, families.pseudo_counts, offsets),
        (of_column, column.astype(np.int64)),
        counts[0],
        counts[1],
        rng,
    )
    return filled


def _strides(
    members: Sequence[int] | range, cardinalities: Int64[np.ndarray, " d"]
) -> tuple[Int64[np.ndarray, " d"], int]:
    """Return the strides of a table of the columns, the first one the fastest, and its number of cells."""
    strides, size = np.zeros(len(cardinalities), dtype=np.int64), 1
    for i in members:
        strides[i] = size
        size *= int(cardinalities[i])
        if size > MAX_CODE:
            raise NotTractable(
                f"a table of {len(members)} columns has more cells than can be numbered: limit the parents with "
                "--max-parents (max_parents=), or leave out sparse families (sparse_families='drop')"
            )
    return strides, size


# The test run's annotation checker would wrap the functions that Numba compiles; @no_type_check keeps it off.


@njit(cache=True, nogil=True)
@no_type_check
def _slot(table, key):
    """Return the slot of a cell in a table of counts: its number, or where the hash table has it or would have it.

    The hash is that of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
    """
    keys, _ = table
    if len(keys) == 0:
        return key
    last = np.uint64(len(keys) - 1)
    h = np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)
    h = (h ^ (h >> np.uint64(29))) * np.uint64(0x94D049BB133111EB)
    slot = (h ^ (h >> np.uint64(32))) & last
    while keys[slot] >= 0 and keys[slot] != key:
        slot = (slot + np.uint64(1)) & last
    return np.int64(slot)


@njit(cache=True, nogil=True)
@no_type_check
def _add(table, key, weight):
    """Add to the count of a cell."""
    slot = _slot(table, key)
    if len(table[0]):
        table[0][slot] = key
    table[1][slot] += weight


@njit(cache=True, nogil=True)
@no_type_check
def _count_row(row, factor, families, of_cells, of_configurations, weight):
    """Add a row to the counts of one family."""
    _, strides, states, _, offsets = families
    cell = np.int64(0)
    for j in range(len(row)):
        cell += row[j] * strides[factor, j]
    _add(of_cells, offsets[factor] + cell, weight)
    _add(of_configurations, offsets[factor] + cell // states[factor], weight)


@njit(cache=True, nogil=True)
@no_type_check
def _redraw(
    codes, missing, cardinalities, intervened, weights, families, of_column, of_cells, of_configurations, rng
):  # fmt: skip
    """Draw each row's missing cells anew, in place.

    missing: the three lists of `DiscreteCells`; of_column: which families have each column, as (starts, families).
    intervened and weights are empty where there are none.
    """
    n, d = codes.shape
    rows, starts, columns = missing
    nodes, strides, states, pseudo_counts, offsets = families
    column_starts, column_families = of_column
    count = len(nodes)
    for t in range(n):
        weight = weights[t] if len(weights) else 1.0
        for f in range(count):
            if not (len(intervened) and nodes[f] >= 0 and intervened[t, nodes[f]]):
                _count_row(codes[t], f, families, of_cells, of_configurations, weight)
    part = np.empty(d, dtype=np.int64)  # columns that are drawn at once
    touched, is_touched = np.empty(count, dtype=np.int64), np.zeros(count, dtype=np.bool_)
    base = np.empty(count, dtype=np.int64)  # cell of each touched family, the part's columns at state 0
    log_weights = np.empty(MAX_COMPLETIONS + cardinalities.max())
    for k in range(len(rows)):
        t = rows[k]
        row = codes[t]
        left = columns[starts[k] : starts[k + 1]].copy()
        for i in range(len(left) - 1, 0, -1):  # in random order
            other = np.int64(rng.random() * (i + 1))
            left[i], left[other] = left[other], left[i]
        at = 0
        while at < len(left):
            completions, size = 1, 0
            while at < len(left) and (size == 0 or completions * cardinalities[left[at]] <= MAX_COMPLETIONS):
                part[size] = left[at]
                completions *= cardinalities[left[at]]
                size += 1
                at += 1
            # take the row out of the families that the part touches
            num_touched = 0
            for s in range(size):
                for m in range(column_starts[part[s]], column_starts[part[s] + 1]):
                    f = column_families[m]
                    if is_touched[f] or (len(intervened) and nodes[f] >= 0 and intervened[t, nodes[f]]):
                        continue
                    is_touched[f] = True
                    touched[num_touched] = f
                    num_touched += 1
                    _count_row(row, f, families, of_cells, of_configurations, -1.0)
            for m in range(num_touched):
                f = touched[m]
                is_touched[f] = False
                base[m] = 0
                for j in range(d):
                    base[m] += row[j] * strides[f, j]
                for s in range(size):
                    base[m] -= row[part[s]] * strides[f, part[s]]
            # the probability of each completion, up to a factor; completion c counts the part's states
            largest = -np.inf
            for c in range(completions):
                log_weight, rest = 0.0, c
                for s in range(size):
                    row[part[s]] = rest % cardinalities[part[s]]
                    rest //= cardinalities[part[s]]
                for m in range(num_touched):
                    f, cell = touched[m], base[m]
                    for s in range(size):
                        cell += row[part[s]] * strides[f, part[s]]
                    a = pseudo_counts[f]
                    above = of_cells[1][_slot(of_cells, offsets[f] + cell)] + a
                    below = of_configurations[1][_slot(of_configurations, offsets[f] + cell // states[f])]
                    log_weight += np.log(above / (below + a * states[f]))
                log_weights[c] = log_weight
                largest = max(largest, log_weight)
            total = 0.0
            for c in range(completions):
                log_weights[c] = np.exp(log_weights[c] - largest)
                total += log_weights[c]
            goal = rng.random() * total
            c = 0
            while c < completions - 1 and goal >= log_weights[c]:
                goal -= log_weights[c]
                c += 1
            for s in range(size):
                row[part[s]] = c % cardinalities[part[s]]
                c //= cardinalities[part[s]]
            for m in range(num_touched):
                _count_row(row, touched[m], families, of_cells, of_configurations, 1.0)
