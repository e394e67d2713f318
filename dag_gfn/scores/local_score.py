"""The contract of a decomposable score: one number for a node and a set of parents."""

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
from jaxtyping import Bool, Float64, Int64

from dag_gfn.data.dataset import Dataset
from dag_gfn.data.doubts import Doubt
from dag_gfn.errors import OptionError
from dag_gfn.graphs.subsets import parent_sets, subsets_within


class LocalScore(ABC):
    """A score of DAGs that is a sum over nodes, log P(D | G) = sum_j local_score(j, Pa_j).

    A new score is one subclass with ``local_scores`` and one entry in ``make_score``.

    Parameters
    ----------
    data : Dataset
        Of the kind the score is for. Interventions are refused unless the score honours them.

    Raises
    ------
    OptionError
        If the score does not go with the kind of the columns, or with interventions.
    """

    name: str
    kind: ClassVar[str]
    honours_interventions: ClassVar[bool] = False

    def __init__(self, data: Dataset):
        if data.kind != self.kind:
            others = ", ".join(SCORES_OF_KIND[data.kind])
            raise OptionError(
                f"score {self.name!r} is for {self.kind} columns, but the columns of these data are "
                f"{data.kind}: choose one of {others}"
            )
        if _has_interventions(data) and not self.honours_interventions:
            raise OptionError(
                f"score {self.name!r} does not honour interventions, and {int(data.intervened.any(1).sum())} "
                f"of {data.n} rows have a value that was set: use {DEFAULT_SCORES[data.kind]!r}, or leave "
                "these rows out"
            )
        self.data = data

    @property
    def d(self) -> int:
        """Number of nodes."""
        return self.data.d

    @property
    def families_per_second(self) -> float:
        """Local scores that one core finds in a second, roughly: searches are sized by it."""
        return 1e4

    @property
    def hyperparameters(self) -> dict[str, object]:
        """What the score's values depend on beside the data, by name, JSON-able."""
        return {}

    def doubts(self) -> list[Doubt]:
        """Return what the data say against this score with these hyperparameters."""
        return []

    @property
    def has_interventions(self) -> bool:
        """Whether any value was set by the experimenter, so that each node has rows of its own."""
        return _has_interventions(self.data)

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
            Bitmasks over all d nodes that do not contain ``node``.
        """

    def scores_within(self, node: int, candidates: int) -> Float64[np.ndarray, " sets"]:
        """Return local_score(node, P) for all subsets P of candidate parents, as `subsets_within` orders them.

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


SCORES_OF_KIND = {"continuous": ("bge", "linear_gaussian", "bic"), "discrete": ("bdeu", "bde", "bic")}
DEFAULT_SCORES = {"continuous": "bge", "discrete": "bdeu"}


def _has_interventions(data: Dataset) -> bool:
    return data.intervened is not None and bool(data.intervened.any())


def without_and_with(
    set_function: Float64[np.ndarray, " subsets"], node: int
) -> tuple[Float64[np.ndarray, " sets"], Float64[np.ndarray, " sets"]]:
    """Return f(P) and f(P + node) for every parent set P of ``node``, from f on all 2^d subsets."""
    halves = set_function.reshape(-1, 2, 1 << node)  # (higher bits, without | with, lower bits)
    return halves[:, 0].reshape(-1), halves[:, 1].reshape(-1)


def require_positive(**options: float | int) -> None:
    """Raise OptionError, by name, unless every option is a positive finite number."""
    for name, value in options.items():
        if not (np.isfinite(value) and value > 0):
            raise OptionError(f"{name} must be positive and finite, not {value}")
