"""A score of more than 63 nodes: each node has possible parents of its own, to which its parent masks refer."""

from collections.abc import Sequence
from threading import Lock

import numpy as np
from jaxtyping import Float64, Int64, Shaped

from dag_gfn.data.doubts import Doubt
from dag_gfn.graphs.possible_parents import PossibleParents
from dag_gfn.scores.local_score import LocalScore

MAX_KEPT = 512_000_000
"""Bytes of rows that the scores of single nodes may keep; others are made again when they are asked for."""


class WideScore(LocalScore):
    """Another score on masks over possible parents. For each node it is taken of these nodes alone (`on_nodes`).

    Parameters
    ----------
    score : LocalScore
        Of all nodes, more than 63 as a rule.
    possible : PossibleParents

    Examples
    --------
    Of four nodes, node 0 can have the parents 1 and 3, which are bits 0 and 1:

    >>> import numpy as np
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.graphs.possible_parents import PossibleParents
    >>> from dag_gfn.scores import BGe
    >>> from dag_gfn.scores.wide import WideScore
    >>> score = BGe(from_array(np.random.default_rng(0).normal(size=(9, 4))))
    >>> wide = WideScore(score, PossibleParents(np.array([[1, 3], [0, 2], [0, 1], [0, 1]])))
    >>> found, wanted = wide.local_scores(0, np.array([0b10])), score.local_scores(0, np.array([0b1000]))
    >>> bool(np.isclose(found, wanted)[0])
    True
    """

    def __init__(self, score: LocalScore, possible: PossibleParents):
        self.score = score
        self.possible = possible  # in place of the property of the base class
        self.name, self.kind = score.name, score.kind  # type: ignore[misc]  # those of the score inside
        self.is_equivalent = score.is_equivalent  # type: ignore[misc]
        self.honours_interventions = score.honours_interventions  # type: ignore[misc]
        if hasattr(score, "data"):
            self.data = score.data
        self._of_node: dict[int, LocalScore] = {}
        self._lock = Lock()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the nodes."""
        return self.score.names

    @property
    def contexts(self) -> tuple[int, ...]:
        """See :class:`LocalScore`."""
        return self.score.contexts

    @property
    def families_per_second(self) -> float:
        """See :class:`LocalScore`."""
        return self.score.families_per_second

    @property
    def hyperparameters(self) -> dict[str, object]:
        """See :class:`LocalScore`."""
        return self.score.hyperparameters

    @property
    def has_interventions(self) -> bool:
        """See :class:`LocalScore`."""
        return self.score.has_interventions

    def doubts(self) -> list[Doubt]:
        """See :class:`LocalScore`."""
        return self.score.doubts()

    def statistics(self) -> dict[str, Shaped[np.ndarray, "..."]]:
        """See :class:`LocalScore`."""
        return self.score.statistics()

    def on_nodes(self, nodes: Sequence[int]) -> LocalScore:
        """See :class:`LocalScore`; masks are over these nodes."""
        return self.score.on_nodes(nodes)

    def local_scores(self, node: int, parents: Int64[np.ndarray, " m"]) -> Float64[np.ndarray, " m"]:
        """See :class:`LocalScore`."""
        return self._single(node).local_scores(0, parents << 1)

    def scores_within(self, node: int, candidates: int) -> Float64[np.ndarray, " sets"]:
        """See :class:`LocalScore`."""
        return self._single(node).scores_within(0, candidates << 1)

    def _single(self, node: int) -> LocalScore:
        """Return the score of a node and its possible parents, which are nodes 0 and from 1 on there."""
        with self._lock:
            kept = self._of_node.pop(node, None)
        if kept is None:
            kept = self.score.on_nodes([node, *self.possible.nodes[node].tolist()])
        with self._lock:
            self._of_node[node] = kept  # the last that was asked for
            own = vars(kept).get("data")
            rows = 0 if own is None or own is vars(self.score).get("data") else own.values.nbytes
            while len(self._of_node) > 1 and rows * len(self._of_node) > MAX_KEPT:
                del self._of_node[next(iter(self._of_node))]
        return kept
