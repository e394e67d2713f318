"""Discrete columns that are copies or functions of other columns, exactly or nearly.

A prediction of x from other columns takes the most frequent state of x in each configuration of them. Column x is a
function of them if this prediction is wrong in at most a hundredth of the rows in which the most frequent state of x
alone is wrong. If configurations have few rows, this may happen by chance. Each row after the first of a configuration
is therefore a test: if x did not depend on the columns, the row would have the same state as the first with the
probability that two rows agree in x. The sum of the negative log-probabilities, in nats, has to exceed a limit.
"""

from itertools import combinations
from math import lgamma, log
from typing import NamedTuple, no_type_check

import numpy as np
from jaxtyping import Int64
from numba import njit

from dag_gfn.data.dataset import Dataset
from dag_gfn.data.doubts import Doubt
from dag_gfn.data.messages import listed, quoted
from dag_gfn.data.row_weights import can_repeat_rows, repeat_rows

MAX_WRONG = 0.01
"""Largest number of wrong predictions from other columns, as a share of those from the most frequent state alone."""
MIN_SURPRISE = 15.0
"""Least evidence against chance, in nats; the logarithm of the number of relations tried is added."""
MIN_GAIN = 10.0
"""Two columns together give fewer wrong predictions than either one alone, by at least this factor."""
_SCREENED_ROWS = 2000  # relations are searched in so many rows, and confirmed in all


class _Relation(NamedTuple):
    """How well other columns predict a column: the number of wrong rows, and the evidence against chance in nats."""

    wrong: int
    surprise: float


def copies_and_functions(data: Dataset) -> list[Doubt]:
    """Return the doubts that discrete columns are copies of others, or functions of one or two others.

    Rows with interventions are left out. Relations are searched in up to 2000 rows and confirmed in all.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.data.redundant_columns import copies_and_functions
    >>> a, b = np.random.default_rng(0).integers(2, size=(2, 200))
    >>> data = dag_gfn.from_array(np.column_stack([a, b, a ^ b]), ["a", "b", "xor"], discrete="all")
    >>> [(doubt.code, doubt.level) for doubt in copies_and_functions(data)]
    [('functions', 'mild')]
    """
    if data.kind != "discrete":
        return []
    if can_repeat_rows(data):  # in a table of counts each combination has one row
        data = repeat_rows(data)
    codes = data.values if data.intervened is None else data.values[~data.intervened.any(1)]
    codes = codes[~np.isnan(codes).any(axis=1)]
    if len(codes) < 2:
        return []
    search = _Search(codes.T.astype(np.int64), data.cardinalities)
    function_of = search.functions_of_one()
    copies = [(x, y) for x, y in function_of if x < y and (y, x) in function_of]
    repeated = {y for _, y in copies}
    one = [(x, y) for x, y in function_of if (y, x) not in function_of and not {x, y} & repeated]
    two = search.functions_of_two([x for x in range(data.d) if x not in repeated], one)
    doubts = []
    if copies:
        pairs = []
        for x, y in copies:
            wrong = max(function_of[x, y].wrong, function_of[y, x].wrong)
            nearly = f" (all but {wrong:,} of {len(codes):,} rows)" if wrong else ""
            pairs.append(f"{quoted([data.names[x], data.names[y]])}{nearly}")
        doubts.append(
            Doubt(
                "copies",
                "caution",
                "some columns are copies of each other, which share the links of one between them",
                f"{listed(pairs)} are copies of each other under the same or other labels, so that the data cannot "
                "tell which one is linked to a third; drop one of each pair with --drop.",
            )
        )
    if one or two:
        found = [f"'{data.names[x]}' is a function of '{data.names[y]}'" for x, y in one]
        found += [
            f"'{data.names[x]}' is a function of {quoted(data.names[y] for y in pair)}" for x, pair in two
        ]
        doubts.append(
            Doubt(
                "functions",
                "mild",
                "some columns are functions of others, which hides links of one behind the other",
                f"{listed(found)}, exactly or nearly, so that the data cannot tell which of them is linked to another "
                "column; drop what was computed from others with --drop.",
            )
        )
    return doubts


class _Search:
    """Searches the columns of a table for those that are functions of others."""

    def __init__(self, columns: Int64[np.ndarray, "d n"], cardinalities: tuple[int, ...]):
        self._columns, self._states = columns, cardinalities
        n = columns.shape[1]
        rows = np.unique(np.linspace(0, n - 1, min(n, _SCREENED_ROWS)).astype(np.int64))
        self._sample = np.ascontiguousarray(columns[:, rows])
        self._constant = [len(np.unique(column)) < 2 for column in columns]

    def functions_of_one(self) -> dict[tuple[int, int], _Relation]:
        """Return the relation of each pair (x, y) in which x is a function of y."""
        d, found = len(self._columns), {}
        tests = d * (d - 1)
        for x in range(d):
            for y in range(d):
                if x == y or self._constant[x] or self._constant[y]:
                    continue
                sampled = self._wrong(self._sample, x, self._sample[y], self._states[y])
                if sampled > 3 * MAX_WRONG * self._minority(self._sample, x) + 1:
                    continue
                relation = self._confirmed(x, (y,), tests)
                if relation is not None:
                    found[x, y] = relation
        return found

    def functions_of_two(
        self, among: list[int], known: list[tuple[int, int]]
    ) -> list[tuple[int, tuple[int, int]]]:
        """Return each column that is a function of two others, with these two.

        If several pairs determine a column, the pair with the fewest configurations is returned. Of three columns
        each of which is a function of the other two, only one is returned.

        Parameters
        ----------
        among : list of int
            The columns to search.
        known : list of (int, int)
            Pairs (x, y) in which x is a function of y alone; these x are not searched.
        """
        among = [x for x in among if not self._constant[x]]
        targets = [x for x in among if x not in {x for x, _ in known}]
        tests = len(targets) * len(among) ** 2 // 2
        largest = max((self._states[y] * self._states[z] for y, z in combinations(among, 2)), default=1)
        first, stamp = np.empty(largest, dtype=np.int64), np.full(largest, -1, dtype=np.int64)
        candidates = []
        for x in targets:
            allowed = int(2 * MAX_WRONG * self._minority(self._sample, x))
            others = np.array([y for y in among if y != x], dtype=np.int64)
            pairs = _screened(self._sample, x, others, np.array(self._states), allowed, first, stamp)
            stamp[:] = -1
            candidates += [(self._states[y] * self._states[z], x, (int(y), int(z))) for y, z in pairs]
        found: dict[int, tuple[int, int]] = {}
        triples = []
        for _, x, pair in sorted(candidates):
            if x not in found and {x, *pair} not in triples and self._confirmed(x, pair, tests) is not None:
                found[x] = pair
                triples.append({x, *pair})
        return sorted(found.items())

    def _confirmed(self, x: int, given: tuple[int, ...], tests: int) -> _Relation | None:
        """Return the relation of x to one or two columns; None if x is not a function of them or may be by chance."""
        columns, states = self._columns, self._states
        cells, num_cells = columns[given[0]], states[given[0]]
        for y in given[1:]:
            cells, num_cells = cells * states[y] + columns[y], num_cells * states[y]
        wrong = self._wrong(columns, x, cells, num_cells)
        least = self._minority(columns, x)
        if wrong > MAX_WRONG * least:
            return None
        bases = [columns[y] for y in given] if len(given) > 1 else [np.zeros_like(cells)]
        for base in bases:
            if len(given) > 1 and wrong * MIN_GAIN > self._wrong(columns, x, base, int(base.max()) + 1):
                return None
        # The wrong rows can be chosen in binomial(n, wrong) ways, each of which is another chance to fit.
        surprise = min(self._surprise(x, base, cells, num_cells) for base in bases)
        n = columns.shape[1]
        surprise -= lgamma(n + 1) - lgamma(wrong + 1) - lgamma(n - wrong + 1)
        if surprise < MIN_SURPRISE + log(max(tests, 1)):
            return None
        return _Relation(wrong, surprise)

    def _surprise(self, x: int, base: np.ndarray, cells: np.ndarray, num_cells: int) -> float:
        """Return the evidence, in nats, against x depending on the base alone.

        Given the base, two rows agree in x with probability sum_s p(s)^2. Each row of a cell after its first adds the
        negative logarithm of that.

        Parameters
        ----------
        x : int
        base, cells : ndarray, shape (n,), int64
            Configuration of the base, and of the base with the other columns, in each row.
        num_cells : int
        """
        r, width = self._states[x], int(base.max()) + 1
        joint = np.bincount(base * r + self._columns[x], minlength=width * r).reshape(width, r)
        share = joint / np.maximum(joint.sum(1, keepdims=True), 1)
        agree = np.where(joint.sum(1) > 0, (share**2).sum(1), 1.0)
        rows = np.bincount(cells, minlength=num_cells)
        base_of_cell = np.zeros(num_cells, dtype=np.int64)
        base_of_cell[cells] = base
        return float(-(np.maximum(rows - 1, 0) * np.log(agree[base_of_cell])).sum())

    def _minority(self, columns: np.ndarray, x: int) -> int:
        """Return the number of rows that do not have the most frequent state of x."""
        return int(columns.shape[1] - np.bincount(columns[x]).max())

    def _wrong(self, columns: np.ndarray, x: int, cells: np.ndarray, num_cells: int) -> int:
        """Return the number of rows that do not have the most frequent state of x in their cell."""
        r = self._states[x]
        table = np.bincount(cells * r + columns[x], minlength=num_cells * r).reshape(num_cells, r)
        return int(columns.shape[1] - table.max(1).sum())


# The tests check annotations by wrapping functions, which Numba cannot compile; @no_type_check prevents that.


@njit(cache=True, nogil=True)
@no_type_check
def _screened(columns, x, others, states, allowed, first, stamp):
    """Return the pairs of other columns in whose cells x nearly always has the state of the cell's first row.

    Parameters
    ----------
    columns : ndarray, shape (d, n), int64
    x : int
    others : ndarray, shape (k,), int64
        Columns to form pairs of.
    states : ndarray, shape (d,), int64
        Number of states of each column.
    allowed : int
        Largest number of rows with another state.
    first, stamp : ndarray, shape (largest number of cells,), int64
        Memory to work in. `first[cell]` is the state of x in the cell's first row; it belongs to the pair whose
        number is in `stamp[cell]`, so that neither array has to be cleared between pairs. `stamp` begins with -1.
    """
    found = []
    target = columns[x]
    pair = 0  # number of the pair
    for a in range(len(others)):
        for b in range(a + 1, len(others)):
            y, z = others[a], others[b]
            wrong = 0
            for row in range(len(target)):
                cell = columns[y, row] * states[z] + columns[z, row]
                if stamp[cell] != pair:  # the first row of this cell
                    stamp[cell], first[cell] = pair, target[row]
                elif first[cell] != target[row]:
                    wrong += 1
                    if wrong > allowed:  # most pairs end here, after a few rows
                        break
            if wrong <= allowed:
                found.append((y, z))
            pair += 1
    return found
