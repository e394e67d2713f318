"""The base class of every score: one number for a node and a set of parents."""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Bool, Float64, Int64, Shaped

from dag_gfn.data.dataset import Dataset
from dag_gfn.data.doubts import Doubt
from dag_gfn.data.some_nodes import of_nodes
from dag_gfn.data.statistics import sufficient_statistics
from dag_gfn.errors import DataError, OptionError
from dag_gfn.graphs.possible_parents import PossibleParents
from dag_gfn.graphs.subsets import parent_sets, subsets_within
from dag_gfn.scores.family_list import FamilyList


class LocalScore(ABC):
    """A score of DAGs that is a sum over nodes, log P(D | G) = sum_j local_score(j, Pa_j).

    A new score is one file with a subclass that defines `local_scores`, one line in
    :mod:`dag_gfn.scores.registry`, and one entry in the tests of :func:`dag_gfn.scores.conformance.check_score`. The
    options of a score are the keywords of its constructor, by name.

    Parameters
    ----------
    data : Dataset
        Of the kind the score is for. Interventions are refused unless the score honours them.

    Attributes
    ----------
    name : str
    kind : {"continuous", "discrete", "mixed"}
        Which tables the score is for; `kinds` lists all of them where there are several.
    honours_interventions : bool
        Whether rows in which a node's value was set are left out for that node.
    takes_groups : bool
        Whether a node may own several columns.
    is_equivalent : bool
        Whether Markov-equivalent DAGs get the same score where no value was set, and elsewhere those that the
        experiments cannot tell apart.

    Raises
    ------
    OptionError
        If the score does not go with the kind of the columns, or with interventions.

    Examples
    --------
    A score that charges one nat for each parent:

    >>> import numpy as np
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.graphs.subsets import popcount
    >>> from dag_gfn.scores import LocalScore
    >>> class ParentCount(LocalScore):
    ...     name, kind = "parent_count", "continuous"
    ...     def local_scores(self, node, parents):
    ...         return -popcount(parents).astype(float)
    >>> score = ParentCount(from_array(np.random.default_rng(0).normal(size=(9, 3))))
    >>> score.complete_table().tolist()  # for each node: {}, {first}, {second} and both of the others
    [[-0.0, -1.0, -1.0, -2.0], [-0.0, -1.0, -1.0, -2.0], [-0.0, -1.0, -1.0, -2.0]]
    """

    name: ClassVar[str]
    kind: ClassVar[str]
    honours_interventions: ClassVar[bool] = False
    takes_groups: ClassVar[bool] = False
    is_equivalent: ClassVar[bool] = False
    listed: FamilyList | None = None  # the only families that have a score; None: all
    needs_rows: ClassVar[bool] = True  # False: means and covariances are all that it reads of the data

    def __init__(self, data: Dataset):
        from dag_gfn.scores.registry import (
            scores_of_kind,  # it imports the scores, and they import this class
        )

        if data.kind not in self.kinds():
            raise OptionError(
                f"score {self.name!r} is for {' or '.join(self.kinds())} columns, but the columns of these data are "
                f"{data.kind}: choose one of {', '.join(scores_of_kind(data.kind))}"
            )
        if data.groups and not self.takes_groups:
            raise OptionError(
                f"score {self.name!r} has one column for each node, but the columns of {data.groups[0][0]!r} are a "
                "group: choose score='block' (--score block), or leave out --group (groups)"
            )
        if data.moments_only and self.needs_rows:
            raise OptionError(
                f"score {self.name!r} needs rows, and these data are a covariance matrix: choose score='bge' "
                "(--score bge)"
            )
        if data.has_missing:
            raise DataError(
                f"score {self.name!r} needs complete rows, and {int(data.missing.any(1).sum())} of {data.n} have a "
                "missing cell: fit completes them (missing='impute'), or drop these rows (missing='drop')"
            )
        if data.intervened is not None and not self.honours_interventions:
            raise OptionError(
                f"score {self.name!r} does not honour interventions, and {int(data.intervened.any(1).sum())} "
                f"of {data.n} rows have a value that was set: use {scores_of_kind(data.kind)[0]!r}, or leave "
                "these rows out"
            )
        self.data = data

    @classmethod
    def kinds(cls) -> tuple[str, ...]:
        """Return the kinds of tables that the score takes: "continuous", "discrete", "mixed"."""
        return (cls.kind,)

    @classmethod
    def needs_completion(cls, data: Dataset) -> bool:
        """Return whether cells of the data must be drawn before the score applies: those that were not seen."""
        return data.has_missing

    @property
    def contexts(self) -> tuple[int, ...]:
        """The nodes that can only be parents, of which nothing is modelled."""
        return ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the nodes."""
        return self.data.nodes

    @property
    def d(self) -> int:
        """Number of nodes."""
        return len(self.names)

    @cached_property
    def possible(self) -> PossibleParents:
        """What the bits of parent masks stand for: all nodes, at most 63, but for :class:`WideScore`."""
        return PossibleParents.all(self.d)

    def on_nodes(self, nodes: Sequence[int]) -> "LocalScore":
        """Return this score of some nodes alone: families within them have the same local scores.

        Raises
        ------
        NotTractable
            If the score cannot be taken apart.

        Examples
        --------
        >>> import numpy as np
        >>> from dag_gfn.data import from_array
        >>> from dag_gfn.scores import BGe
        >>> score = BGe(from_array(np.random.default_rng(0).normal(size=(9, 4))))
        >>> some = score.on_nodes([2, 0])  # nodes 2 and 0 of four
        >>> bool(np.isclose(some.local_scores(0, np.array([0b10])), score.local_scores(2, np.array([0b0001])))[0])
        True
        """
        options: dict[str, Any] = self.hyperparameters
        return type(self)(of_nodes(self.data, nodes), **options)

    @property
    def families_per_second(self) -> float:
        """About how many local scores one core computes in a second; searches are sized by it."""
        return 1e4

    @property
    def hyperparameters(self) -> dict[str, object]:
        """The options with their values, defaults filled in, as JSON can hold them."""
        return {}

    def doubts(self) -> list[Doubt]:
        """Return the reasons that the data give to doubt this score with these hyperparameters."""
        return []

    def statistics(self) -> dict[str, Shaped[np.ndarray, "..."]]:
        """Return the sufficient statistics of the data, which parameters and effects are computed from.

        See :func:`dag_gfn.data.sufficient_statistics`, and :func:`dag_gfn.scores.block_statistics` for blocks.
        """
        return sufficient_statistics(self.data)

    @property
    def has_interventions(self) -> bool:
        """Whether any value was set by the experimenter, so that each node has rows of its own."""
        return self.data.intervened is not None

    def observed_rows(self, node: int) -> Bool[np.ndarray, " n"]:
        """Return which rows count for ``node``: those in which its value was not set."""
        if self.data.intervened is None:
            return np.ones(self.data.n, dtype=bool)
        return ~self.data.intervened[:, node]

    @abstractmethod
    def local_scores(self, node: int, parents: Int64[np.ndarray, " m"]) -> Float64[np.ndarray, " m"]:
        """Return local_score(node, P) for a batch of parent sets.

        Parameters
        ----------
        node : int
        parents : array, shape (m,), int64
            Bitmasks over the possible parents of the node, which do not contain ``node``.
        """

    def scores_within(self, node: int, candidates: int) -> Float64[np.ndarray, " sets"]:
        """Return local_score(node, P) for all subsets P of candidate parents, in the order of `subsets_within`.

        Parameters
        ----------
        node : int
        candidates : int
            Bitmask that does not contain ``node``.
        """
        return self.local_scores(node, subsets_within(candidates))

    def complete_table(self) -> Float64[np.ndarray, "d sets"]:
        """Return local_score(j, P) for every node and parent set, shape (d, 2^(d-1)).

        Column ``remove_bit(P, j)`` of row j belongs to the parent set P.
        """
        return np.stack([self.local_scores(node, parent_sets(node, self.d)) for node in range(self.d)])


def without_and_with(
    set_function: Float64[np.ndarray, " subsets"], node: int
) -> tuple[Float64[np.ndarray, " sets"], Float64[np.ndarray, " sets"]]:
    """Return f(P) and f(P + node) for every parent set P of ``node``, from f on all 2^d subsets.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.scores.local_score import without_and_with
    >>> without, with_node = without_and_with(np.array([0.0, 1.0, 2.0, 3.0]), 1)  # f({}), f({0}), f({1}), f({0, 1})
    >>> without.tolist(), with_node.tolist()
    ([0.0, 1.0], [2.0, 3.0])
    """
    halves = set_function.reshape(-1, 2, 1 << node)  # (higher bits, without | with, lower bits)
    return halves[:, 0].reshape(-1), halves[:, 1].reshape(-1)


def require_positive(**options: float | int) -> None:
    """Raise OptionError, which names the option, unless every option is a positive finite number.

    Examples
    --------
    >>> from dag_gfn.scores.local_score import require_positive
    >>> require_positive(alpha_mu=1.0)
    >>> require_positive(alpha_mu=-1.0)
    Traceback (most recent call last):
        ...
    dag_gfn.errors.OptionError: alpha_mu must be positive and finite, not -1.0
    """
    for name, value in options.items():
        if not (math.isfinite(value) and value > 0):
            raise OptionError(f"{name} must be positive and finite, not {value}")
