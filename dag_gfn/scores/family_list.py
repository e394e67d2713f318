"""Families that are listed with their scores, as files of other programs hold them: all others are excluded."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import comb

import numpy as np
from jaxtyping import Bool, Float64, Int64

from dag_gfn.errors import ConstraintError, DataError
from dag_gfn.graphs.subsets import popcount

AllowedSets = Callable[[int, np.ndarray], np.ndarray]
"""From a node and bitmasks of parent sets, shape (m,), to which of them count, shape (m,), bool."""


@dataclass(frozen=True, eq=False)
class FamilyList:
    """Parent sets of each node with their scores. A set that is not listed has no score, and its graphs are excluded.

    Parameters
    ----------
    names : tuple of str
        The variables.
    sets : tuple of arrays of int64
        For each node, the bitmasks of its listed parent sets, in ascending order.
    scores : tuple of arrays of float64
        For each node, the score of each of these sets: a natural logarithm, the higher the better.
    source : str
        Where the list comes from, such as the name of a file.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.scores import FamilyList
    >>> listed = FamilyList.of(("a", "b"), [{0b00: -2.0}, {0b00: -3.0, 0b01: -1.5}])
    >>> listed.allow(np.array([0, 1]), np.array([0b10, 0b01])).tolist()  # b as the parent of a, a as that of b
    [False, True]
    >>> listed.num_listed, listed.num_possible, listed.is_pruned
    (3, 4, True)
    """

    names: tuple[str, ...]
    sets: tuple[Int64[np.ndarray, " _"], ...]
    scores: tuple[Float64[np.ndarray, " _"], ...]
    source: str = "a list"

    @classmethod
    def of(
        cls, names: Sequence[str], families: Sequence[Mapping[int, float]], source: str = "a list"
    ) -> "FamilyList":
        """Return the list of a mapping from bitmask to score for each node.

        Raises
        ------
        DataError
            If a set holds its own node, or a node that does not exist, or a score is not finite.
        """
        sets = [np.array(sorted(family), dtype=np.int64) for family in families]
        scores = [
            np.array([family[mask] for mask in of.tolist()], dtype=np.float64)
            for family, of in zip(families, sets, strict=True)
        ]
        for node, (masks, values) in enumerate(zip(sets, scores, strict=True)):
            if (masks >> node & 1).any() or (masks >> len(names)).any():
                raise DataError(
                    f"a parent set of {names[node]!r} holds the node itself or one that does not exist"
                )
            if not np.isfinite(values).all():
                raise DataError(f"a score of {names[node]!r} is not a finite number: leave its set out")
        return cls(tuple(names), tuple(sets), tuple(scores), source)

    @property
    def d(self) -> int:
        """Number of nodes."""
        return len(self.names)

    @property
    def num_listed(self) -> int:
        """Number of listed families."""
        return sum(map(len, self.sets))

    @property
    def largest(self) -> int:
        """The number of parents of the largest listed set."""
        return max((int(popcount(masks).max()) for masks in self.sets if len(masks)), default=0)

    @property
    def num_possible(self) -> int:
        """Number of families with at most as many parents as the largest listed set."""
        return self.d * sum(comb(self.d - 1, size) for size in range(self.largest + 1))

    @property
    def is_complete(self) -> bool:
        """Whether every family up to the largest number of parents is listed."""
        return self.num_listed == self.num_possible

    @property
    def is_pruned(self) -> bool:
        """Whether sets seem to be left out because a smaller one scores as well: no listed set scores below a subset.

        Each set is compared with the empty one, which is always kept, and with those that have one parent less. Where
        all sets are listed, some parents do not pay.
        """
        if self.is_complete or not all(0 in masks for masks in self.sets):
            return False
        return all((gains > 0).all() for gains in self._gains())

    def _gains(self) -> Iterator[Float64[np.ndarray, " _"]]:
        """Yield how much listed sets score above the empty set, and above listed ones with one parent less."""
        for node in range(self.d):
            masks, values = self.sets[node], self.scores[node]
            yield values[1:] - values[0]  # the empty set is the first
            for bit in range(self.d):
                of = np.flatnonzero(masks >> bit & 1)
                where, listed = self._places(node, masks[of] ^ np.int64(1) << bit)
                yield values[of[listed]] - values[where[listed]]

    def is_closed(self, required: Int64[np.ndarray, " d"], allowed: AllowedSets | None = None) -> bool:
        """Return whether any parent of a listed set may be left out, but for required ones.

        Parameters
        ----------
        required : array, shape (d,), int64
            Bitmask of the required parents of each node.
        allowed : callable, optional
            From a node and masks to which of them count; all by default.
        """
        for node, masks in enumerate(self.sets):
            masks = masks if allowed is None else masks[allowed(node, masks)]
            for bit in range(self.d):
                smaller = masks[masks >> bit & 1 == 1] ^ np.int64(1) << bit
                if not required[node] >> bit & 1 and not np.isin(smaller, masks).all():
                    return False
        return True

    def _places(
        self, node: int, parents: Int64[np.ndarray, " m"]
    ) -> tuple[Int64[np.ndarray, " m"], Bool[np.ndarray, " m"]]:
        """Return where parent sets stand in the list of a node, and whether they do."""
        masks = self.sets[node]
        if not len(masks):
            return np.zeros(len(parents), dtype=np.int64), np.zeros(len(parents), dtype=bool)
        where = np.minimum(np.searchsorted(masks, parents), len(masks) - 1)
        return where, masks[where] == parents

    def scores_of(self, node: int, parents: Int64[np.ndarray, " m"]) -> Float64[np.ndarray, " m"]:
        """Return the scores of parent sets of a node, 0 for those that are not listed; see `allow`."""
        where, listed = self._places(node, parents)
        values = np.zeros(len(parents))
        values[listed] = self.scores[node][where[listed]]
        return values

    def allow(
        self, node: int | Int64[np.ndarray, " m"], parents: Int64[np.ndarray, " m"]
    ) -> Bool[np.ndarray, " m"]:
        """Return which parent sets are listed; ``node`` is one node, or one for each set."""
        if isinstance(node, int | np.integer):
            return self._places(int(node), parents)[1]
        found = np.zeros(len(parents), dtype=bool)
        for each in np.unique(node).tolist():
            here = node == each
            found[here] = self._places(each, parents[here])[1]
        return found

    def require_some(self, allowed: AllowedSets) -> None:
        """Raise ConstraintError, which names the node, where none of its listed sets is allowed."""
        for node, masks in enumerate(self.sets):
            if not allowed(node, masks).any():
                raise ConstraintError(
                    f"none of the {len(masks):,} parent sets of {self.names[node]!r} in {self.source} goes with what "
                    "is required, forbidden and limited: relax that, or list more sets"
                )

    def describe(self) -> str:
        """Return how many families are listed, in a sentence."""
        share = (
            f"{self.num_listed:,} of the {self.num_possible:,} families with at most {self.largest} parents"
        )
        return f"{self.source} lists {share}"

    def to_json(self) -> dict[str, object]:
        """Return what posterior.json records."""
        return {
            "source": self.source,
            "listed": self.num_listed,
            "possible": self.num_possible,
            "largest": self.largest,
            "pruned": self.is_pruned,
        }
