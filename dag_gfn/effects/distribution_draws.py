"""Draws of P(y | do(x)) in discrete networks, for many pairs at once.

Pairs and graphs share work: a draw's tables serve all pairs, and draws with the same factors are summed together.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, final

import numpy as np
from jaxtyping import Bool, Float64, Int64

from dag_gfn.effects.row_simulation import SIMULATED_ROWS, simulated_frequencies
from dag_gfn.effects.variable_elimination import Factor, elimination_order, sum_product
from dag_gfn.errors import NotTractable
from dag_gfn.graphs import graph, subsets
from dag_gfn.parameters import DiscreteParameters
from dag_gfn.parameters.family_tables import FamilyTables

MAX_CELLS = 1 << 22
"""Largest product of tables in memory, in cells; where a draw needs more, rows are simulated instead."""
BLOCK_CELLS = 1 << 20
"""Cells of the tables that are held at once: few enough for the processor's cache."""
SECONDS_PER_CELL, SECONDS_PER_SUM, SECONDS_PER_ROW = 3e-9, 5e-4, 1e-7
"""Measured times: of a cell that is drawn or summed, of a sum of any size, and of one column of a simulated row."""

Family = tuple[int, int]
"""A node and the bitmask of its parents."""


class PairDraws(NamedTuple):
    """The distribution of one variable when another is set.

    Attributes
    ----------
    samples : ndarray, shape (k, r_x, r_y), float64
        Entry (s, a, b): P(y = b | do(x = a)) in draw s.
    mean : ndarray, shape (r_x, r_y), float64
        Mean over the drawn graphs, with the tables integrated out.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.effects.distribution_draws import PairDraws
    >>> draws = PairDraws(np.array([[[0.8, 0.2], [0.3, 0.7]]]), np.array([[0.75, 0.25], [0.35, 0.65]]))
    >>> float(draws.samples[0, 1, 1])  # P(y = 1 | do(x = 1)) in the first draw
    0.7
    """

    samples: Float64[np.ndarray, "k a b"]
    mean: Float64[np.ndarray, "a b"]


@final
@dataclass(eq=False)
class _Factorisation:
    """The factors that P(y | do(x)) is a sum of, and the draws whose graphs have exactly these factors.

    Attributes
    ----------
    x, y : int
    families : dict of int to (int, tuple of int)
        For each ancestor of y that is not x, and y itself: its parents, as a bitmask and as a tuple. Where x is a
        parent of none, the distribution does not depend on x.
    order : list of int
        The order in which variables are summed out.
    cells : int
        Cells of the largest product on the way.
    draws_of_pair : dict of int to ndarray
        For each pair (its position in the list of pairs), the draws with these factors, in ascending order.
    """

    x: int
    y: int
    families: dict[int, tuple[int, tuple[int, ...]]]
    order: list[int]
    cells: int
    draws_of_pair: dict[int, Int64[np.ndarray, " m"]] = field(default_factory=dict)

    @cached_property
    def draws(self) -> Int64[np.ndarray, " m"]:
        """The draws that any pair needs, in ascending order."""
        return np.unique(np.concatenate(list(self.draws_of_pair.values())))

    @property
    def depends_on_x(self) -> bool:
        """Whether x is in any factor."""
        return any(self.x in parents for _, parents in self.families.values())


def distribution_draws(
    parameters: DiscreteParameters,
    graphs: Bool[np.ndarray, "k d d"],
    pairs: Sequence[tuple[int, int]],
    rng: np.random.Generator,
    *,
    max_seconds: float | int = math.inf,
    on_progress: Callable[[float, float], None] | None = None,
) -> list[PairDraws]:
    r"""Return draws of P(y | do(x = a)) for pairs (x, y), one for each graph.

    Each draw has one table for each of its families, from the Dirichlet posterior, which all pairs share. The
    truncated factorisation :math:`\prod_{v \ne x} P(v \mid Pa_v)` is summed over the ancestors of y. Where
    that needs a product of more than `MAX_CELLS` cells, rows are simulated instead.

    Parameters
    ----------
    parameters : DiscreteParameters
    graphs : ndarray, shape (k, d, d), bool
        `graphs[s, i, j]` is True for the edge i → j (row → column) of draw s.
    pairs : sequence of (int, int)
    rng : numpy.random.Generator
    max_seconds : float
        Largest estimated time; more is refused.
    on_progress : callable, optional
        Called with the share that is done, in [0, 1], and the estimated seconds in total.

    Raises
    ------
    NotTractable
        If the estimated time is more than `max_seconds`, or a family has more than 2^62 cells.

    Examples
    --------
    40 rows of one column that sets another to its own state:

    >>> import numpy as np
    >>> from dag_gfn.effects.distribution_draws import distribution_draws
    >>> from dag_gfn.parameters import DiscreteParameters
    >>> rows, counts, states = np.array([[0, 0], [1, 1]]), np.array([[20, 20]]), (("0", "1"),) * 2
    >>> parameters = DiscreteParameters(rows, counts, (2, 2), states, equivalent_sample_size=4.0)
    >>> graphs = np.repeat(np.array([[[False, True], [False, False]]]), 100, axis=0)
    >>> (draws,) = distribution_draws(parameters, graphs, [(0, 1)], np.random.default_rng(0))
    >>> draws.mean.round(3).tolist()  # (20 + 1) / (20 + 2) on the diagonal
    [[0.955, 0.045], [0.045, 0.955]]
    >>> draws.samples.shape
    (100, 2, 2)
    """
    families = _Families(parameters)
    in_order = np.argsort(graph.distinct(graphs)[1], kind="stable")  # equal graphs are neighbours
    found = _factorisations(parameters, graphs[in_order], pairs)
    exact = sorted((f for f in found if f.cells <= MAX_CELLS), key=lambda f: (f.y, _keys(f)))
    simulated = [f for f in found if f.cells > MAX_CELLS]
    r = parameters.cardinalities
    results = [PairDraws(np.empty((len(graphs), r[x], r[y])), np.zeros((r[x], r[y]))) for x, y in pairs]
    seconds = _seconds(exact, simulated, families)
    if seconds > max_seconds:
        raise NotTractable(
            f"the effects of {len(pairs)} pairs of columns would take about {seconds:,.0f} seconds, beyond the "
            f"{max_seconds:g} allowed: some columns have likely parents with very many joint states"
        )
    work = _Progress(seconds, on_progress)
    for factorisation in exact:
        expected = {key: families.expected(key) for key in _keys(factorisation)}
        _add_mean(results, factorisation, _summed(factorisation, expected)[0], len(graphs))
        work.done(factorisation.cells * SECONDS_PER_CELL + SECONDS_PER_SUM)
    for block in _blocks(exact, families, len(graphs)):
        _fill_block(results, block, families, rng, work)
    for factorisation in simulated:
        tables = {v: (families[v, mask], parents) for v, (mask, parents) in factorisation.families.items()}
        shape = (r[factorisation.x] if factorisation.depends_on_x else 1, r[factorisation.y])
        nodes = (factorisation.x, factorisation.y)
        mean = simulated_frequencies(tables, *nodes, shape, rng, expected=True)
        _add_mean(results, factorisation, mean, len(graphs))
        draws = factorisation.draws
        values = np.empty((len(draws), *shape))
        for s in range(len(draws)):
            values[s] = simulated_frequencies(tables, *nodes, shape, rng, expected=False)
            work.done(shape[0] * len(tables) * SIMULATED_ROWS * SECONDS_PER_ROW)
        _put(results, factorisation, draws, values)
    work.done(math.inf)
    as_given = np.argsort(in_order)
    return [PairDraws(samples[as_given], mean) for samples, mean in results]


class _Families(dict[Family, FamilyTables]):
    """The tables of every family; each is made when it is first asked for."""

    def __init__(self, parameters: DiscreteParameters):
        super().__init__()
        self.parameters = parameters
        self.means: dict[Family, np.ndarray] = {}

    def __missing__(self, family: Family) -> FamilyTables:
        node, mask = family
        parents = [i for i in range(mask.bit_length()) if mask >> i & 1]
        self[family] = self.parameters.family(node, parents)
        return self[family]

    def expected(self, family: Family) -> np.ndarray:
        """Return the mean of a table, shape (1, r, *cardinalities of the parents); recent ones are kept."""
        if family not in self.means:
            if sum(mean.size for mean in self.means.values()) > MAX_CELLS:
                self.means.clear()
            self.means[family] = np.ascontiguousarray(np.moveaxis(self[family].expected(), -1, 0))[None]
        return self.means[family]


class _Progress:
    """Adds up the estimated seconds of the work that is done, and reports the share."""

    def __init__(self, seconds: float, tell: Callable[[float, float], None] | None):
        self.seconds, self.tell, self.spent = max(seconds, 1e-9), tell, 0.0
        self.done(0.0)

    def done(self, seconds: float) -> None:
        """Add finished work, in estimated seconds."""
        self.spent = min(self.spent + seconds, self.seconds)
        if self.tell is not None:
            self.tell(self.spent / self.seconds, self.seconds)


def _factorisations(
    parameters: DiscreteParameters,
    graphs: Bool[np.ndarray, "k d d"],
    pairs: Sequence[tuple[int, int]],
) -> list[_Factorisation]:
    """Return the distinct factorisations of all pairs and draws, each with its draws."""
    first, graph_of = graph.distinct(graphs)
    representatives = graphs[first]
    families = [subsets.distinct_sets(representatives[:, :, v]) for v in range(representatives.shape[1])]
    masks = [[sum(1 << i for i in np.flatnonzero(row).tolist()) for row in sets] for sets, _ in families]
    numbers = np.stack([which for _, which in families], axis=1)  # of each node's parent set
    found: dict[tuple, _Factorisation] = {}
    orders: dict[tuple, tuple[list[int], int]] = {}
    ancestors: dict[int, np.ndarray] = {}
    for p, (x, y) in enumerate(pairs):
        if x not in ancestors:
            cut = representatives.copy()  # setting x removes the edges into it
            cut[:, :, x] = False
            ancestors[x] = graph.transitive_closure(cut)
        relevant = ancestors[x][:, :, y].copy()
        relevant[:, x] = False
        # graphs whose relevant nodes have the same parents have the same factors
        distinct, which = np.unique(np.where(relevant, numbers, -1), axis=0, return_inverse=True)
        which = which.reshape(-1)[graph_of]
        by_draw = np.argsort(which, kind="stable")
        starts = np.searchsorted(which[by_draw], np.arange(len(distinct) + 1))
        for f, of_nodes in enumerate(distinct.tolist()):
            row = [-1 if number < 0 else masks[v][number] for v, number in enumerate(of_nodes)]
            scoped = any(mask >= 0 and mask >> x & 1 for mask in row)
            key = (tuple(row), y, x if scoped else None)
            if key not in found:
                members = {
                    v: (mask, tuple(i for i in range(len(row)) if mask >> i & 1))
                    for v, mask in enumerate(row)
                    if mask >= 0
                }
                scopes = tuple((v, *parents) for v, (_, parents) in members.items())
                kept = (x, y) if scoped else (y,)
                if (scopes, kept) not in orders:
                    orders[scopes, kept] = elimination_order(scopes, kept, parameters.cardinalities)
                found[key] = _Factorisation(x, y, members, *orders[scopes, kept])
            found[key].draws_of_pair[p] = by_draw[starts[f] : starts[f + 1]]
    return list(found.values())


def _keys(factorisation: _Factorisation) -> list[Family]:
    """Return the families of a factorisation."""
    return [(v, mask) for v, (mask, _) in factorisation.families.items()]


def _summed(factorisation: _Factorisation, tables: dict[Family, np.ndarray]) -> np.ndarray:
    """Return the sum of one factorisation, shape (g, r_x or 1, r_y)."""
    factors = [
        Factor((v, *parents), tables[v, mask]) for v, (mask, parents) in factorisation.families.items()
    ]
    return sum_product(factors, factorisation.order, (factorisation.x, factorisation.y))


def _add_mean(results: list[PairDraws], factorisation: _Factorisation, mean: np.ndarray, k: int) -> None:
    """Add the mean of a factorisation, by its share of the k draws, to every pair that has it."""
    for p, draws in factorisation.draws_of_pair.items():
        results[p].mean[...] += mean * (len(draws) / k)


def _put(
    results: list[PairDraws], factorisation: _Factorisation, draws: np.ndarray, values: np.ndarray
) -> None:
    """Write the values of some draws, in ascending order, to every pair that has them."""
    for p, wanted in factorisation.draws_of_pair.items():
        here = wanted[np.isin(wanted, draws, assume_unique=True)]
        results[p].samples[here] = values[np.searchsorted(draws, here)]


def _blocks(
    exact: Sequence[_Factorisation], families: _Families, k: int
) -> list[list[tuple[_Factorisation, np.ndarray]]]:
    """Return factorisations with their draws, in blocks of draws whose tables have at most `BLOCK_CELLS` cells.

    A draw with more cells has a block of its own. Draws with the same largest table are put together.
    """
    needed: dict[Family, np.ndarray] = {}
    for factorisation in exact:
        for key in _keys(factorisation):
            needed.setdefault(key, np.zeros(k, dtype=bool))[factorisation.draws] = True
    cells, largest, holder = np.zeros(k), np.zeros(k), np.zeros(k, dtype=np.int64)
    for number, (key, draws) in enumerate(needed.items()):
        size = families[key].size
        cells[draws] += size
        holder[draws & (size > largest)] = number
        largest[draws & (size > largest)] = size
    block_of = np.zeros(k, dtype=np.int64)
    block, filled = 0, 0.0
    for s in np.lexsort((holder, -largest)).tolist():
        if filled and filled + cells[s] > BLOCK_CELLS:
            block, filled = block + 1, 0.0
        filled += cells[s]
        block_of[s] = block
    blocks: list[list[tuple[_Factorisation, np.ndarray]]] = [[] for _ in range(block + 1)]
    for factorisation in exact:
        its_blocks = block_of[factorisation.draws]
        for b in np.unique(its_blocks).tolist():
            blocks[b].append((factorisation, factorisation.draws[its_blocks == b]))
    return blocks


def _fill_block(
    results: list[PairDraws],
    block: list[tuple[_Factorisation, np.ndarray]],
    families: _Families,
    rng: np.random.Generator,
    work: _Progress,
) -> None:
    """Draw the tables of a block of draws, each once, and sum every factorisation that needs them."""
    holders: dict[Family, list[np.ndarray]] = {}
    for factorisation, draws in block:
        for key in _keys(factorisation):
            holders.setdefault(key, []).append(draws)
    held = {key: np.unique(np.concatenate(draws)) for key, draws in holders.items()}
    tables = {key: families[key].sample(len(draws), rng) for key, draws in held.items()}
    work.done(sum(table.size for table in tables.values()) * SECONDS_PER_CELL)
    for factorisation, draws in block:
        step = max(1, MAX_CELLS // factorisation.cells)
        for start in range(0, len(draws), step):
            part = draws[start : start + step]
            chosen = {key: _rows(tables[key], held[key], part) for key in _keys(factorisation)}
            _put(results, factorisation, part, _summed(factorisation, chosen))
            work.done(SECONDS_PER_SUM + len(part) * factorisation.cells * SECONDS_PER_CELL)


def _rows(table: np.ndarray, held: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return the wanted draws of a table; a view where they are consecutive, else a copy."""
    at = np.searchsorted(held, wanted)
    return table[at[0] : at[-1] + 1] if at[-1] - at[0] + 1 == len(at) else table[at]


def _seconds(
    exact: Sequence[_Factorisation], simulated: Sequence[_Factorisation], families: _Families
) -> float:
    """Return the estimated time of all sums and simulations, in seconds."""
    r = families.parameters.cardinalities
    seconds = 0.0
    drawn: dict[Family, int] = {}
    for factorisation in exact:
        m = len(factorisation.draws)
        seconds += 2 * SECONDS_PER_SUM + (m + 1) * factorisation.cells * SECONDS_PER_CELL
        for key in _keys(factorisation):
            drawn[key] = max(drawn.get(key, 0), m)
    seconds += sum(m * families[key].size for key, m in drawn.items()) * SECONDS_PER_CELL
    for factorisation in simulated:
        rows = r[factorisation.x] * SIMULATED_ROWS * len(factorisation.families)
        seconds += (len(factorisation.draws) + 1) * rows * SECONDS_PER_ROW
    return seconds
