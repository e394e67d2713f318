"""Discrete columns that are copies or functions of others, nearly or exactly.

Column x counts as a function of others where the likeliest state of x in each of their configurations is wrong in at
most a hundredth of the rows in which the commonest state of x is wrong. That could be chance where configurations have
few rows: every row after the first of a configuration is a test, which unrelated columns pass with the probability that
two rows agree in x.
"""

from itertools import combinations
from math import lgamma, log
from typing import NamedTuple, no_type_check

import numpy as np
from jaxtyping import Int64
from numba import njit

from dag_gfn.data.columns import listed, quoted
from dag_gfn.data.dataset import Dataset
from dag_gfn.data.doubts import Doubt

MAX_WRONG = 0.01
"""Largest share of the errors without other columns that is left with them."""
MIN_SURPRISE = 15.0
"""Nats by which chance has to be excluded, for each of the relations that are tried."""
MIN_GAIN = 10.0
"""Two columns together leave less than this part of the errors of the better one alone."""
_SCREENED_ROWS = 2000


class _Relation(NamedTuple):
    """How well a column follows from others: rows in which it does not, and nats by which chance is excluded."""

    wrong: int
    surprise: float


def copies_and_functions(data: Dataset) -> list[Doubt]:
    """Return the doubts that discrete columns are copies of others, or functions of one or two others.

    Rows with interventions are left out. Relations are looked for in up to 2000 rows, and those found are confirmed in
    all.
    """
    if data.kind != "discrete":
        return []
    codes = data.values if data.intervened is None else data.values[~data.intervened.any(1)]
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
                f"{listed(found)}, exactly or nearly, so that links of the ones and the others cannot be told apart; "
                "drop what was computed from others with --drop.",
            )
        )
    return doubts


class _Search:
    """The relations among the columns of a table."""

    def __init__(self, columns: Int64[np.ndarray, "d n"], cardinalities: tuple[int, ...]):
        self._columns, self._states = columns, cardinalities
        n = columns.shape[1]
        rows = np.unique(np.linspace(0, n - 1, min(n, _SCREENED_ROWS)).astype(np.int64))
        self._sample = np.ascontiguousarray(columns[:, rows])
        self._constant = [len(np.unique(column)) < 2 for column in columns]

    def functions_of_one(self) -> dict[tuple[int, int], _Relation]:
        """Return (x, y) for every column x that is a function of y."""
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
        """Return one pair of columns, that with the fewest configurations, for each column that is a function of two.

        Of three columns each of which follows from the others, one is returned.
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
        """Return how well x follows from one or two columns, or None where it does not, or may by chance."""
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
        # A few errors among many tests: the binomial coefficient tells in how many ways these could fall.
        surprise = min(self._surprise(x, base, cells, num_cells) for base in bases)
        n = columns.shape[1]
        surprise -= lgamma(n + 1) - lgamma(wrong + 1) - lgamma(n - wrong + 1)
        if surprise < MIN_SURPRISE + log(max(tests, 1)):
            return None
        return _Relation(wrong, surprise)

    def _surprise(self, x: int, base: np.ndarray, cells: np.ndarray, num_cells: int) -> float:
        """Return the nats that the rows after the first of each cell are worth if x depended on the base alone."""
        r, width = self._states[x], int(base.max()) + 1
        joint = np.bincount(base * r + self._columns[x], minlength=width * r).reshape(width, r)
        share = joint / np.maximum(joint.sum(1, keepdims=True), 1)
        agree = np.where(joint.sum(1) > 0, (share**2).sum(1), 1.0)
        rows = np.bincount(cells, minlength=num_cells)
        base_of_cell = np.zeros(num_cells, dtype=np.int64)
        base_of_cell[cells] = base
        return float(-(np.maximum(rows - 1, 0) * np.log(agree[base_of_cell])).sum())

    def _minority(self, columns: np.ndarray, x: int) -> int:
        """Return the number of rows that do not have the commonest state of x."""
        return int(columns.shape[1] - np.bincount(columns[x]).max())

    def _wrong(self, columns: np.ndarray, x: int, cells: np.ndarray, num_cells: int) -> int:
        """Return the number of rows that do not have the commonest state of x in their cell."""
        r = self._states[x]
        table = np.bincount(cells * r + columns[x], minlength=num_cells * r).reshape(num_cells, r)
        return int(columns.shape[1] - table.max(1).sum())


# The test run's annotation checker would wrap the function that Numba compiles; @no_type_check keeps it off.


@njit(cache=True, nogil=True)
@no_type_check
def _screened(columns, x, others, states, allowed, first, stamp):
    """Return pairs of other columns in whose cells x is nearly always as it was in the cell's first row."""
    found = []
    target = columns[x]
    pair = 0
    for a in range(len(others)):
        for b in range(a + 1, len(others)):
            y, z = others[a], others[b]
            wrong = 0
            for row in range(len(target)):
                cell = columns[y, row] * states[z] + columns[z, row]
                if stamp[cell] != pair:
                    stamp[cell], first[cell] = pair, target[row]
                elif first[cell] != target[row]:
                    wrong += 1
                    if wrong > allowed:
                        break
            if wrong <= allowed:
                found.append((y, z))
            pair += 1
    return found
