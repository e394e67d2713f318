"""The sum of scores of several tables that share a graph and no parameters: sites, for example."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64, Int64, Shaped

from dag_gfn.data.dataset import Dataset
from dag_gfn.data.doubts import Doubt
from dag_gfn.scores.local_score import LocalScore


class SummedScore(LocalScore):
    r"""The score of several tables with the same graph and parameters of their own.

    Given a graph the tables are independent, so that

    .. math:: \text{local}(j, P) = \sum_s \text{local}_s(j, P).

    The prior over graphs counts once.

    Parameters
    ----------
    scores : sequence of LocalScore
        Of the same nodes in the same order.
    data : Dataset, optional
        What stands for all tables together, where there is such a table.

    Raises
    ------
    ValueError
        If the nodes differ.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.scores import BGe
    >>> from dag_gfn.scores.summed import SummedScore
    >>> rng = np.random.default_rng(0)
    >>> sites = [BGe(from_array(rng.normal(size=(20, 2)))) for _ in range(2)]
    >>> both = SummedScore(sites).complete_table()
    >>> bool(np.allclose(both, sites[0].complete_table() + sites[1].complete_table()))
    True
    """

    name = "bge"
    kind = "mixed"

    def __init__(self, scores: Sequence[LocalScore], data: Dataset | None = None):
        self.scores = tuple(scores)
        first = self.scores[0]
        if any(score.names != first.names for score in self.scores):
            raise ValueError(
                f"scores of the same nodes are needed: {[list(score.names) for score in self.scores]}"
            )
        if data is not None:
            self.data = data
        self._names = first.names
        self.name = first.name  # type: ignore[misc]  # that of the scores inside
        self.is_equivalent = all(score.is_equivalent for score in self.scores)  # type: ignore[misc]

    @property
    def names(self) -> tuple[str, ...]:
        """See :class:`LocalScore`."""
        return self._names

    @property
    def has_interventions(self) -> bool:
        """See :class:`LocalScore`."""
        return any(score.has_interventions for score in self.scores)

    @property
    def families_per_second(self) -> float:
        """See :class:`LocalScore`."""
        return 1.0 / sum(1.0 / score.families_per_second for score in self.scores)

    @property
    def hyperparameters(self) -> dict[str, object]:
        """See :class:`LocalScore`; those of the first."""
        return self.scores[0].hyperparameters

    def doubts(self) -> list[Doubt]:
        """Return the doubts about the first score that has any."""
        return next((found for score in self.scores if (found := score.doubts())), [])

    def statistics(self) -> dict[str, Shaped[np.ndarray, "..."]]:
        """Return nothing: each table has parameters of its own."""
        return {}

    def local_scores(self, node: int, parents: Int64[np.ndarray, " m"]) -> Float64[np.ndarray, " m"]:
        """Return the sum of the local scores; see :class:`LocalScore`."""
        return np.sum([score.local_scores(node, parents) for score in self.scores], axis=0)

    def scores_within(self, node: int, candidates: int) -> Float64[np.ndarray, " sets"]:
        """Return the sum of the scores of all subsets; see :class:`LocalScore`."""
        return np.sum([score.scores_within(node, candidates) for score in self.scores], axis=0)

    def complete_table(self) -> Float64[np.ndarray, "d sets"]:
        """Return the sum of the complete tables; see :class:`LocalScore`."""
        total = self.scores[0].complete_table()
        for score in self.scores[1:]:
            total += score.complete_table()
        return total
