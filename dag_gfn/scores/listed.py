"""The score of a list of families, computed by any program."""

import numpy as np
from jaxtyping import Float64, Int64, Shaped

from dag_gfn.graphs.subsets import remove_bit
from dag_gfn.scores.family_list import FamilyList
from dag_gfn.scores.local_score import LocalScore


class ListedScore(LocalScore):
    """The scores of listed families. It has no data, so nothing but graphs can be asked of its posterior.

    :class:`ScoreTable` excludes the families that are not listed; here they have the score 0.

    Parameters
    ----------
    families : FamilyList

    Examples
    --------
    >>> from dag_gfn.scores import FamilyList, ListedScore, ScoreTable
    >>> families = FamilyList.of(("a", "b"), [{0b00: -2.0}, {0b00: -3.0, 0b01: -1.5}])
    >>> ScoreTable.build(ListedScore(families)).complete.tolist()  # of each node: no parent, the other one
    [[-2.0, -inf], [-3.0, -1.5]]
    """

    name = "listed"
    kind = "mixed"

    def __init__(self, families: FamilyList):
        self.families = self.listed = families

    @property
    def names(self) -> tuple[str, ...]:
        """See :class:`LocalScore`."""
        return self.families.names

    @property
    def families_per_second(self) -> float:
        """See :class:`LocalScore`; a family is looked up."""
        return 1e6

    @property
    def has_interventions(self) -> bool:
        """See :class:`LocalScore`; what was set is not known."""
        return False

    def statistics(self) -> dict[str, Shaped[np.ndarray, "..."]]:
        """Return nothing: there are no data."""
        return {}

    def local_scores(self, node: int, parents: Int64[np.ndarray, " m"]) -> Float64[np.ndarray, " m"]:
        """Return the listed scores, and 0 for sets that are not listed; see :class:`LocalScore`."""
        return self.families.scores_of(node, parents)

    def complete_table(self) -> Float64[np.ndarray, "d sets"]:
        """Return the listed scores, and 0 elsewhere; see :class:`LocalScore`."""
        table = np.zeros((self.d, 1 << (self.d - 1)))
        for node in range(self.d):
            table[node, remove_bit(self.families.sets[node], node)] = self.families.scores[node]
        return table
