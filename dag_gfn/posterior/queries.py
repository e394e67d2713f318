"""Statements about a DAG that are evaluated on many graphs at once, such as "a is an ancestor of b but no parent".

A `Query` is a tree of statements; `dag_gfn.posterior.query_language` reads one from text. A statement maps a batch of
adjacency matrices, with entry (k, i, j) True for the edge i → j of graph k, to its truth in each graph.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import final

import numpy as np
from jaxtyping import Bool, Float64, Int64

from dag_gfn.errors import QueryError
from dag_gfn.graphs import graph
from dag_gfn.posterior.features import FEATURES, OF_CLASSES

Graphs = Bool[np.ndarray, "m d d"]
Answers = Bool[np.ndarray, " m"]

SET_COMPARISONS: dict[str, Callable[[Bool[np.ndarray, "m d"], Bool[np.ndarray, " d"]], Answers]] = {
    "==": lambda sets, other: np.asarray((sets == other).all(axis=1)),
    "!=": lambda sets, other: np.asarray((sets != other).any(axis=1)),
    ">=": lambda sets, other: np.asarray(sets[:, other].all(axis=1)),
    "<=": lambda sets, other: np.asarray(~sets[:, ~other].any(axis=1)),
}
"""Comparisons of sets of nodes with one: equal, not equal, contains, is contained in."""


SIZES: dict[str, Callable[[Float64[np.ndarray, " m"], float], Answers]] = {
    ">": lambda sizes, value: sizes > value,
    "<": lambda sizes, value: sizes < value,
    ">=": lambda sizes, value: sizes >= value,
    "<=": lambda sizes, value: sizes <= value,
}
"""Comparisons of the size of an effect with a number."""


class Batch:
    """Graphs with their features and ancestors, which are computed once for all statements of a query.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior.queries import Batch
    >>> chain = np.zeros((1, 3, 3), dtype=bool)
    >>> chain[0, 0, 1] = chain[0, 1, 2] = True  # 0 -> 1 -> 2
    >>> Batch(chain).feature("path")[0, 0].tolist()
    [False, True, True]
    """

    def __init__(
        self,
        adjacency: Graphs,
        oriented: Bool[np.ndarray, "d d"] | None = None,
        *,
        effects: "Callable[[EffectComparison], np.ndarray] | None" = None,
    ):
        self.adjacency = adjacency
        self.oriented = oriented  # the pairs whose edge experiments orient
        self._effects = effects
        self._features: dict[str, Graphs] = {"edge": adjacency}
        self._separated: dict[DSeparated, Answers] = {}

    def feature(self, name: str) -> Graphs:
        """Return a feature of `FEATURES` for all ordered pairs."""
        if name not in self._features:
            self._features[name] = FEATURES[name](
                self.adjacency, *((self.oriented,) if name in OF_CLASSES else ())
            )
        return self._features[name]

    @cached_property
    def parents(self) -> Int64[np.ndarray, "words m d"]:
        """Every node's parents as words (`graph.parent_words`)."""
        return graph.parent_words(self.adjacency)

    @cached_property
    def ancestors(self) -> Int64[np.ndarray, "words m d"]:
        """Every node's ancestors, itself among them, as words."""
        return graph.parent_words(graph.transitive_closure(self.adjacency))

    def separated(self, query: "DSeparated") -> Answers:
        """Return in which graphs a d-separation holds."""
        if query not in self._separated:
            answers = graph.d_separated(
                self.adjacency,
                query.a,
                query.b,
                query.given,
                ancestors=self.ancestors,
                parents=self.parents,
            )
            self._separated[query] = answers
        return self._separated[query]

    def effect(self, query: "EffectComparison") -> Float64[np.ndarray, " m"]:
        """Return the size of an effect in each graph, with the parameters that were drawn for it.

        Raises
        ------
        QueryError
            If the batch is of graphs alone.
        """
        if self._effects is None:
            raise QueryError(
                "the size of an effect is no property of the graph alone: ask for the probability of a statement about "
                "effects by dag_gfn.effects.probability (dag-gfn query)"
            )
        return self._effects(query)


class Query(ABC):
    """A statement that is true or false of every DAG.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior.queries import PairFeature
    >>> chain = np.zeros((1, 3, 3), dtype=bool)
    >>> chain[0, 0, 1] = chain[0, 1, 2] = True  # 0 -> 1 -> 2
    >>> PairFeature("path", 0, 2).holds(chain).tolist()
    [True]
    """

    @final
    def holds(self, adjacency: Graphs, oriented: Bool[np.ndarray, "d d"] | None = None) -> Answers:
        """Return for which DAGs (m, d, d) the statement is true; experiments orient edges for statements on classes."""
        return self.holds_in(Batch(adjacency, oriented))

    @abstractmethod
    def holds_in(self, batch: Batch) -> Answers:
        """Return for which DAGs of a batch the statement is true."""

    def effects(self) -> "tuple[EffectComparison, ...]":
        """Return the statements in it that are about the size of an effect."""
        return ()


@final
@dataclass(frozen=True)
class PairFeature(Query):
    """A feature of `FEATURES` holds for the ordered pair (source, target).

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior.queries import PairFeature
    >>> chain = np.zeros((1, 3, 3), dtype=bool)
    >>> chain[0, 0, 1] = chain[0, 1, 2] = True  # 0 -> 1 -> 2
    >>> PairFeature("edge", 0, 2).holds(chain).tolist()
    [False]
    """

    feature: str
    source: int
    target: int

    def holds_in(self, batch: Batch) -> Answers:
        return batch.feature(self.feature)[:, self.source, self.target]


@final
@dataclass(frozen=True)
class Parents(Query):
    """The parents of a node compare with a set of nodes, a bitmask, as `SET_COMPARISONS` says.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior.queries import Parents
    >>> chain = np.zeros((1, 3, 3), dtype=bool)
    >>> chain[0, 0, 1] = chain[0, 1, 2] = True  # 0 -> 1 -> 2
    >>> Parents(2, "==", 0b010).holds(chain).tolist()  # node 1 alone
    [True]
    """

    node: int
    comparison: str
    members: int

    def holds_in(self, batch: Batch) -> Answers:
        of_node = batch.adjacency[:, :, self.node]
        members = np.array([bool(self.members >> i & 1) for i in range(of_node.shape[1])])
        return SET_COMPARISONS[self.comparison](of_node, members)


@final
@dataclass(frozen=True)
class VStructure(Query):
    """Both a and c are parents of b, and not linked themselves.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior.queries import VStructure
    >>> chain = np.zeros((1, 3, 3), dtype=bool)
    >>> chain[0, 0, 1] = chain[0, 1, 2] = True  # 0 -> 1 -> 2
    >>> VStructure(0, 1, 2).holds(chain).tolist()
    [False]
    """

    a: int
    b: int
    c: int

    def holds_in(self, batch: Batch) -> Answers:
        a, b, c, adjacency = self.a, self.b, self.c, batch.adjacency
        return adjacency[:, a, b] & adjacency[:, c, b] & ~(adjacency[:, a, c] | adjacency[:, c, a])


@final
@dataclass(frozen=True)
class DSeparated(Query):
    """a and b are d-separated given some nodes, so that the DAG implies their independence.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior.queries import DSeparated
    >>> chain = np.zeros((1, 3, 3), dtype=bool)
    >>> chain[0, 0, 1] = chain[0, 1, 2] = True  # 0 -> 1 -> 2
    >>> DSeparated(0, 2).holds(chain).tolist(), DSeparated(0, 2, given=(1,)).holds(chain).tolist()
    ([False], [True])
    """

    a: int
    b: int
    given: tuple[int, ...] = ()

    def holds_in(self, batch: Batch) -> Answers:
        return batch.separated(self)


@final
@dataclass(frozen=True)
class EffectComparison(Query):
    """The effect of setting one node, on the mean of another or on the probability of a state, is above a number.

    It is true of a graph with its parameters, which are drawn: see :func:`dag_gfn.effects.probability`.

    Attributes
    ----------
    source, target : int
    comparison : str
        One of `SIZES`.
    value : float
    to, from_ : str or None
        The state that a category is set to, and the one that this is compared with; None for a number.
    state : str or None
        The state of the target whose probability changes; None for a number.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior.queries import Batch, EffectComparison
    >>> large = EffectComparison(0, 1, ">", 0.5)
    >>> batch = Batch(np.zeros((2, 2, 2), dtype=bool), effects=lambda query: np.array([0.0, 0.7]))
    >>> large.holds_in(batch).tolist()
    [False, True]
    """

    source: int
    target: int
    comparison: str
    value: float
    to: str | None = None
    from_: str | None = None
    state: str | None = None

    def holds_in(self, batch: Batch) -> Answers:
        return SIZES[self.comparison](batch.effect(self), self.value)

    def effects(self) -> "tuple[EffectComparison, ...]":
        return (self,)


@final
@dataclass(frozen=True)
class Not(Query):
    """The statement `part` is false.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior.queries import Not, PairFeature
    >>> chain = np.zeros((1, 3, 3), dtype=bool)
    >>> chain[0, 0, 1] = chain[0, 1, 2] = True  # 0 -> 1 -> 2
    >>> Not(PairFeature("edge", 0, 2)).holds(chain).tolist()
    [True]
    """

    part: Query

    def holds_in(self, batch: Batch) -> Answers:
        return ~self.part.holds_in(batch)

    def effects(self) -> "tuple[EffectComparison, ...]":
        return self.part.effects()


@final
@dataclass(frozen=True)
class And(Query):
    """All of the statements `parts` are true.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior.queries import And, PairFeature
    >>> chain = np.zeros((1, 3, 3), dtype=bool)
    >>> chain[0, 0, 1] = chain[0, 1, 2] = True  # 0 -> 1 -> 2
    >>> And((PairFeature("edge", 0, 1), PairFeature("edge", 0, 2))).holds(chain).tolist()
    [False]
    """

    parts: tuple[Query, ...]

    def holds_in(self, batch: Batch) -> Answers:
        return reduce(np.logical_and, (part.holds_in(batch) for part in self.parts))

    def effects(self) -> "tuple[EffectComparison, ...]":
        return tuple(effect for part in self.parts for effect in part.effects())


@final
@dataclass(frozen=True)
class Or(Query):
    """At least one of the statements `parts` is true.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior.queries import Or, PairFeature
    >>> chain = np.zeros((1, 3, 3), dtype=bool)
    >>> chain[0, 0, 1] = chain[0, 1, 2] = True  # 0 -> 1 -> 2
    >>> Or((PairFeature("edge", 0, 1), PairFeature("edge", 0, 2))).holds(chain).tolist()
    [True]
    """

    parts: tuple[Query, ...]

    def holds_in(self, batch: Batch) -> Answers:
        return reduce(np.logical_or, (part.holds_in(batch) for part in self.parts))

    def effects(self) -> "tuple[EffectComparison, ...]":
        return tuple(effect for part in self.parts for effect in part.effects())


@final
@dataclass(frozen=True)
class Predicate(Query):
    """A statement given as a function from bool (m, d, d) to bool (m,).

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior.queries import Predicate
    >>> chain = np.zeros((1, 3, 3), dtype=bool)
    >>> chain[0, 0, 1] = chain[0, 1, 2] = True  # 0 -> 1 -> 2
    >>> Predicate(lambda graphs: graphs.sum(axis=(1, 2)) == 2).holds(chain).tolist()
    [True]
    """

    function: Callable[[np.ndarray], np.ndarray]

    def holds_in(self, batch: Batch) -> Answers:
        adjacency = batch.adjacency
        answers = np.asarray(self.function(adjacency))
        if answers.shape != adjacency.shape[:1] or answers.dtype != bool:
            raise QueryError(
                f"a query function maps a bool array (m, d, d) of graphs to a bool array (m,); for "
                f"{adjacency.shape} it gave {answers.dtype} {answers.shape}"
            )
        return answers
