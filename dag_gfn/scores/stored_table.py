"""A score table as plain arrays, from which it can be made again without the data.

A complete table is stored as it is, or, where constraints leave few parent sets, as the list of these with their
values. A table that scores families when they are asked for is stored as what its score knows of the data (moments or
counts), where the score can be made again from that, else as the list of its families, where these are few.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
from jaxtyping import Float64, Int64

from dag_gfn.errors import DagGfnError, OptionError
from dag_gfn.graphs.possible_parents import PossibleParents
from dag_gfn.graphs.subsets import MAX_NODES, insert_bit, remove_bit
from dag_gfn.scores.cell_limit import CellLimit
from dag_gfn.scores.constraints import Constraints
from dag_gfn.scores.family_list import FamilyList
from dag_gfn.scores.graph_prior import GraphPrior
from dag_gfn.scores.local_score import LocalScore
from dag_gfn.scores.score_table import MEMORY_LIMIT, ScoreTable
from dag_gfn.scores.stored_score import score_of_statistics
from dag_gfn.scores.wide import WideScore

MAX_LISTED = 2_000_000
"""Families that are listed at most, where a table is not complete."""
_DENSE = 0.6
"""Share of possible families from which on a complete table is smaller as it is than as a list."""
_CHECKED = 40
_TOLERANCE = 1e-9
_EDGE_LIMITS = ("required", "forbidden")


class StoredLocalScore(LocalScore):
    """A local score that was made again from what is stored; by name it is the score of the fit.

    Parameters
    ----------
    names : tuple of str
        The variables.
    score : str
        Name of the score.
    options : mapping
        Its hyperparameters.
    source : object or None
        What has ``local_scores(node, parents)``; None where a complete table says all.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.scores import FamilyList
    >>> from dag_gfn.scores.listed import ListedScore
    >>> from dag_gfn.scores.stored_table import StoredLocalScore
    >>> families = FamilyList.of(("a", "b"), [{0b00: -2.0}, {0b00: -3.0, 0b01: -1.5}])
    >>> score = StoredLocalScore(("a", "b"), "bge", {}, ListedScore(families))
    >>> score.name, score.local_scores(1, np.array([0b01])).tolist()
    ('bge', [-1.5])
    """

    kind = "mixed"

    def __init__(self, names: tuple[str, ...], score: str, options: Mapping[str, Any], source: Any):
        self._names, self._options, self._source = names, dict(options), source
        self.name = score  # type: ignore[misc]  # of the instance: it stands for another class

    @cached_property
    def possible(self) -> PossibleParents:
        """See :class:`LocalScore`; those of the source."""
        return self._source.possible if isinstance(self._source, WideScore) else PossibleParents.all(self.d)

    @property
    def names(self) -> tuple[str, ...]:
        """See :class:`LocalScore`."""
        return self._names

    @property
    def hyperparameters(self) -> dict[str, object]:
        """See :class:`LocalScore`."""
        return self._options

    @property
    def has_interventions(self) -> bool:
        """See :class:`LocalScore`; what was set is not stored."""
        return False

    def statistics(self) -> dict[str, np.ndarray]:
        """Return nothing: there are no data."""
        return {}

    def local_scores(self, node: int, parents: Int64[np.ndarray, " m"]) -> Float64[np.ndarray, " m"]:
        """See :class:`LocalScore`."""
        if self._source is None:
            raise OptionError("the stored table holds all scores that are known of these data")
        return np.asarray(self._source.local_scores(node, parents), dtype=np.float64)

    def scores_within(self, node: int, candidates: int) -> Float64[np.ndarray, " sets"]:
        """See :class:`LocalScore`."""
        within = getattr(self._source, "scores_within", None)
        return super().scores_within(node, candidates) if within is None else within(node, candidates)


def table_arrays(table: ScoreTable) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return a table as arrays of numbers and a description that JSON can hold.

    Raises
    ------
    OptionError
        If a table that is not complete cannot be made again from statistics and allows too many families for a list.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> from dag_gfn.scores.stored_table import table_arrays, table_of
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 3)))
    >>> table = ScoreTable.build(make_score("bge", data))
    >>> same = table_of(*table_arrays(table))
    >>> np.array_equal(same.complete, table.complete), same.score
    (True, 'bge')
    """
    constraints, prior = table.constraints, table.graph_prior
    arrays = {name: getattr(constraints, name) for name in _EDGE_LIMITS}
    if not table.possible.is_all:
        arrays["possible_parents"] = table.possible.nodes
    arrays["log_prior_by_size"] = prior.log_prior_by_size
    if prior.log_odds is not None:
        arrays["log_odds"] = prior.log_odds
    if constraints.max_parents_of is not None:
        arrays["max_parents_of"] = constraints.max_parents_of
    if constraints.cell_limit is not None:
        limit = constraints.cell_limit
        arrays |= {"states": limit.states, "rows": limit.num_rows, "cell_required": limit.required}
    description = {
        "names": list(table.names),
        "score": table.score,
        "score_options": table.score_options,
        "prior": table.prior,
        "prior_options": table.prior_options,
        "max_parents": constraints.max_parents,
        "only_listed": None if constraints.listed is None else constraints.listed.source,
    }
    if table.complete is not None:
        finite = np.isfinite(table.complete)
        if finite.mean() >= _DENSE:
            return arrays | {"complete": table.complete}, description | {"storage": "complete"}
        nodes, at = np.nonzero(finite)
        sets = insert_bit(at.astype(np.int64), nodes.astype(np.int64))
        listed = {"counts": finite.sum(axis=1), "sets": sets, "values": table.complete[finite]}
        return arrays | listed, description | {"storage": "listed"}
    kept = _statistics(table)
    if kept is not None:
        return arrays | kept, description | {"storage": "statistics"}
    sets_of = _allowed_sets(table)
    raw = [table.scores_of(node, sets) - prior.log_prior(node, sets) for node, sets in enumerate(sets_of)]
    return arrays | {
        "counts": np.array([len(sets) for sets in sets_of]),
        "sets": np.concatenate(sets_of),
        "values": np.concatenate(raw),
    }, description | {"storage": "lazily listed"}


def require_storable(table: ScoreTable) -> None:
    """Raise OptionError where `table_arrays` would, before any work.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> from dag_gfn.scores.stored_table import require_storable
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 3)))
    >>> require_storable(ScoreTable.build(make_score("bge", data)))  # a complete table always is
    """
    if table.complete is not None or _statistics(table) is not None or _num_allowed(table) <= MAX_LISTED:
        return
    raise OptionError(
        f"the sampler of score '{table.score}' over {table.d} columns cannot be saved: its scores cannot be made again "
        f"without the rows, and there are {_num_allowed(table):,} parent sets to list ({MAX_LISTED:,} at most). Limit "
        "them (max_parents, --max-parents), or leave save_sampler (--save-sampler) out"
    )


def table_of(arrays: Mapping[str, np.ndarray], description: Mapping[str, Any]) -> ScoreTable:
    """Return the table that `table_arrays` has stored.

    Raises
    ------
    KeyError, ValueError, TypeError, IndexError, DagGfnError
        If arrays and description are not those of a table.

    Examples
    --------
    See `table_arrays`.
    """
    names = tuple(map(str, description["names"]))
    d, storage = len(names), description["storage"]
    _check(arrays, d)
    possible = PossibleParents.all(d) if d <= MAX_NODES else PossibleParents(arrays["possible_parents"])
    log_odds = arrays.get("log_odds")
    prior = GraphPrior(
        description["prior"], arrays["log_prior_by_size"], dict(description["prior_options"]), log_odds
    )
    limit = None
    if "states" in arrays:
        limit = CellLimit(arrays["states"], arrays["rows"], possible.adjacency_of(arrays["cell_required"]))
    constraints = Constraints(
        possible.adjacency_of(arrays["required"]),
        possible.adjacency_of(arrays["forbidden"]),
        description["max_parents"],
        limit,
        arrays.get("max_parents_of"),
        _families(names, arrays, str(description["only_listed"])) if description["only_listed"] else None,
    )
    source: Any = None
    complete: np.ndarray | None = None
    if storage == "complete":
        complete = arrays["complete"]
        if complete.shape != (d, 1 << (d - 1)) or np.isnan(complete).any() or (complete == np.inf).any():
            raise ValueError(f"its table has shape {complete.shape} for {d} nodes, or holds no numbers")
    elif storage == "listed":
        complete = np.full((d, 1 << (d - 1)), -np.inf)
        families = _families(names, arrays, "the file")
        for node in range(d):
            complete[node, remove_bit(families.sets[node], node)] = families.scores[node]
    elif storage == "statistics":
        kept = {
            name.removeprefix("statistics/"): value
            for name, value in arrays.items()
            if name.startswith("statistics/")
        }
        source = score_of_statistics(description["score"], description["score_options"], names, kept)
        if isinstance(source, LocalScore) and not possible.is_all:
            source = WideScore(source, possible)
        if source is None:
            raise ValueError(f"score '{description['score']}' cannot be made from statistics")
    elif storage == "lazily listed":
        from dag_gfn.scores.listed import ListedScore

        source = ListedScore(_families(names, arrays, "the file"))
    else:
        raise ValueError(f"its storage is {storage!r}")
    score = StoredLocalScore(names, description["score"], description["score_options"], source)
    if storage == "lazily listed" and constraints.listed is None:
        constraints = replace(constraints, listed=source.families)
    return ScoreTable(score, prior, constraints, complete, MEMORY_LIMIT)


def _check(arrays: Mapping[str, np.ndarray], d: int) -> None:
    """Raise ValueError where an array has another shape or kind than those of d nodes."""
    bits = d
    if d > MAX_NODES:
        nodes = arrays.get("possible_parents", np.zeros((0, 0), dtype=np.int64))
        bits = nodes.shape[1] if nodes.ndim == 2 else 0
        if nodes.shape[0] != d or not 0 < bits < MAX_NODES or ((nodes < 0) | (nodes >= d)).any():
            raise ValueError("array 'possible_parents' does not name possible parents of each node")
    shapes: dict[str, tuple[tuple[int, ...], str]] = dict.fromkeys(
        (*_EDGE_LIMITS, "max_parents_of", "cell_required", "counts"), ((d,), "i")
    )
    shapes |= {"log_prior_by_size": ((d,), "f"), "log_odds": ((d, d), "f")}
    shapes |= {"states": ((d,), "f"), "rows": ((d,), "f")}
    for name, (shape, kind) in shapes.items():
        if name in arrays and (arrays[name].shape != shape or arrays[name].dtype.kind != kind):
            raise ValueError(f"array '{name}' should have shape {shape}, not {arrays[name].shape}")
    for name in _EDGE_LIMITS:
        if ((arrays[name] < 0) | (arrays[name] >> bits != 0)).any():
            raise ValueError(f"array '{name}' names nodes that are not there")


def _families(names: tuple[str, ...], arrays: Mapping[str, np.ndarray], source: str) -> FamilyList:
    ends = np.cumsum(arrays["counts"])
    if (arrays["counts"] < 0).any() or not len(arrays["sets"]) == len(arrays["values"]) == ends[-1]:
        raise ValueError("its families are not as many as it says")
    parts = [
        dict(zip(sets.tolist(), values.tolist(), strict=True))
        for sets, values in zip(
            np.split(arrays["sets"], ends[:-1]), np.split(arrays["values"], ends[:-1]), strict=True
        )
    ]
    return FamilyList.of(names, parts, source)


def _statistics(table: ScoreTable) -> dict[str, np.ndarray] | None:
    """Return what the score knows of the data, if it can be made again from that alone."""
    kept = {name: array for name, array in table.statistics().items() if array.dtype.kind in "fiub"}
    options = table.score_options
    rng, possible = np.random.default_rng(0), table.possible
    nodes = rng.integers(table.d, size=_CHECKED)
    limits = table.constraints.limit(nodes)
    sets = np.array(
        [
            sum(1 << int(bit) for bit in rng.permutation(_bits(possible.everyone(node)))[: min(most, k % 4)])
            for k, (node, most) in enumerate(zip(nodes.tolist(), limits.tolist(), strict=True))
        ],
        dtype=np.int64,
    )
    prior = table.graph_prior.among(possible)
    unlimited = ScoreTable.local_scores(table, nodes, sets)
    try:
        again = score_of_statistics(table.score, options, table.names, kept)
        if again is None or (not possible.is_all and not isinstance(again, LocalScore)):
            return None
        if not possible.is_all and isinstance(again, LocalScore):
            again = WideScore(again, possible)
        for node, mask, value in zip(nodes.tolist(), sets, unlimited, strict=True):
            if not np.isfinite(value):
                continue
            one = np.array([mask])
            found = float((again.local_scores(node, one) + prior.log_prior(node, one))[0])
            if abs(found - value) > _TOLERANCE * max(abs(value), 1.0):
                return None
    except (DagGfnError, KeyError, ValueError, TypeError):
        return None
    return {f"statistics/{name}": np.ascontiguousarray(array) for name, array in kept.items()}


def _bits(mask: int) -> list[int]:
    return [bit for bit in range(mask.bit_length()) if mask >> bit & 1]


def _num_allowed(table: ScoreTable) -> int:
    """Return how many parent sets there are within the limits on edges and numbers of parents."""
    if table.constraints.listed is not None:
        return table.constraints.listed.num_listed
    total = 0
    for free, most in _free(table):
        total += sum(comb(len(free), size) for size in range(min(most, len(free)) + 1))
    return total


def _free(table: ScoreTable) -> list[tuple[list[int], int]]:
    """Return, for each node, the parents that are neither required nor forbidden, and how many of them it may have."""
    constraints, found = table.constraints, []
    for node in range(table.d):
        fixed = int(constraints.required[node] | constraints.forbidden[node])
        most = int(constraints.limit(node)) - int(constraints.required_edges[:, node].sum())
        found.append((_bits(table.possible.everyone(node) & ~fixed), most))
    return found


def _allowed_sets(table: ScoreTable) -> list[Int64[np.ndarray, " _"]]:
    if table.constraints.listed is not None:
        every = list(table.constraints.listed.sets)
    else:
        every = []
        for (free, most), base in zip(_free(table), table.constraints.required.tolist(), strict=True):
            masks = [
                base | sum(1 << i for i in chosen)
                for size in range(min(most, len(free)) + 1)
                for chosen in combinations(free, size)
            ]
            every.append(np.sort(np.array(masks, dtype=np.int64)))
    return [sets[table.constraints.allow(node, sets)] for node, sets in enumerate(every)]
