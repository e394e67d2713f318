"""Knowledge about the variables of one table: matrices that scores take, and statements about paths."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64

from dag_gfn.knowledge.knowledge import Knowledge
from dag_gfn.scores.constraints import Constraints
from dag_gfn.scores.graph_prior import GraphPrior

Index = tuple[int, int]


@dataclass(frozen=True, eq=False)
class ResolvedKnowledge:
    """Knowledge about the variables of one table. Entry (i, j) of a matrix is about i -> j (row -> column).

    Attributes
    ----------
    names : tuple of str
    knowledge : Knowledge
        What was said.
    required, forbidden : ndarray, shape (d, d), bool
        Edges; what a statement about paths means for single edges is among the forbidden ones.
    max_parents_of : dict of str to int
    belief : ndarray, shape (d, d), float64
        Probabilities; one half where nothing is believed.
    required_paths, forbidden_paths : tuple of (int, int)
    notes : tuple of str
        What has no effect, and why.
    impossible : ndarray, shape (d, d), bool, or None
        The forbidden edges that the table itself rules out, whatever is known.

    Examples
    --------
    >>> from dag_gfn.knowledge import Knowledge, resolve
    >>> known = resolve(Knowledge(tiers=(("age",), ("x*",))), ("x1", "x2", "age"))
    >>> known.forbidden.astype(int).tolist()  # x1 -> age and x2 -> age
    [[0, 0, 1], [0, 0, 1], [0, 0, 0]]
    """

    names: tuple[str, ...]
    knowledge: Knowledge
    required: Bool[np.ndarray, "d d"]
    forbidden: Bool[np.ndarray, "d d"]
    max_parents_of: dict[str, int]
    belief: Float64[np.ndarray, "d d"]
    required_paths: tuple[Index, ...] = ()
    forbidden_paths: tuple[Index, ...] = ()
    notes: tuple[str, ...] = ()
    impossible: Bool[np.ndarray, "d d"] | None = None

    def constraints(self, max_parents: int | None = None) -> Constraints:
        """Return what is required and forbidden as constraints, with a largest number of parents of all nodes.

        Raises
        ------
        ConstraintError
            If no DAG satisfies them.
        """
        required, forbidden = (
            [(self.names[i], self.names[j]) for i, j in np.argwhere(matrix)]
            for matrix in (self.required, self.forbidden)
        )
        return Constraints.from_names(self.names, required, forbidden, max_parents, self.max_parents_of)

    def prior(self, prior: GraphPrior) -> GraphPrior:
        """Return a prior with the beliefs."""
        return prior if (self.belief == 0.5).all() else prior.with_beliefs(self.belief)

    @property
    def condition(self) -> str | None:
        """The query that holds where the statements about paths do; None where there are none."""
        parts = [f"path({self._quoted(i)}, {self._quoted(j)})" for i, j in self.required_paths]
        parts += [f"!path({self._quoted(i)}, {self._quoted(j)})" for i, j in self.forbidden_paths]
        return " & ".join(parts) or None

    def _quoted(self, node: int) -> str:
        name = self.names[node]
        plain = name.isidentifier() and name not in ("and", "or", "not")
        return name if plain else '"' + name.replace('"', '""') + '"'
