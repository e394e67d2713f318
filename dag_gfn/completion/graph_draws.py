"""Draws of a DAG given a complete table: exact ones for few nodes, steps of a chain for more."""

from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float64, Int64

from dag_gfn.completion.block_scores import BlockScores
from dag_gfn.completion.structure_moves import LocalScores, first_graph, move_graph
from dag_gfn.errors import ConstraintError
from dag_gfn.exact.dag_recursion import DagRecursion
from dag_gfn.exact.dag_sampling import DagSampler
from dag_gfn.graphs.graph import parent_masks
from dag_gfn.graphs.subsets import parent_sets
from dag_gfn.scores.constraints import Constraints
from dag_gfn.scores.graph_prior import GraphPrior, make_prior

MAX_EXACT_NODES = 12
"""Up to this many nodes each sweep draws its DAG exactly."""

_PROPOSALS_PER_PAIR = 4
_EXCHANGES_PER_NODE = 1


class _Table:
    """A complete table, as the exact algorithms read it."""

    def __init__(self, complete: Float64[np.ndarray, "d sets"]):
        self.d = len(complete)
        self.complete: Float64[np.ndarray, "d sets"] | None = complete


@runtime_checkable
class GraphDraws(Protocol):
    """Draws DAGs with probability proportional to R(G), the scores of a table times the graph prior."""

    def first(self, scores: BlockScores) -> Int64[np.ndarray, " d"]:
        """Return a DAG to begin with, as bitmasks of the parents of each node."""

    def draw(
        self, scores: BlockScores, parents: Int64[np.ndarray, " d"], *, rng: np.random.Generator
    ) -> Int64[np.ndarray, " d"]:
        """Return a DAG given the current one; R(G) stays the distribution if it was so before."""


class ExactGraphs:
    """Independent exact draws: a complete table and the recursion over it for each draw.

    Parameters
    ----------
    prior : GraphPrior
    constraints : Constraints

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.completion.block_scores import BlockScores
    >>> from dag_gfn.completion.graph_draws import ExactGraphs
    >>> from dag_gfn.completion.normal_wishart import BlockLayout, NormalWishartPrior
    >>> from dag_gfn.scores import Constraints, make_prior
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=100)
    >>> moments = NormalWishartPrior.of(2).after(np.column_stack([x, x + 0.1 * rng.normal(size=100)]))
    >>> scores = BlockScores(moments, BlockLayout([[0], [1]]))
    >>> graphs = ExactGraphs(make_prior("uniform", 2), Constraints.from_names(("a", "b"), forbidden=[("b", "a")]))
    >>> graphs.draw(scores, graphs.first(scores), rng=rng).tolist()  # 0 -> 1
    [0, 1]
    """

    def __init__(self, prior: GraphPrior, constraints: Constraints):
        d = constraints.d
        sets = np.stack([parent_sets(node, d) for node in range(d)])
        allowed = np.stack([constraints.allow(node, sets[node]) for node in range(d)])
        log_prior = np.stack([prior.log_prior(node, sets[node]) for node in range(d)])
        self._log_prior = np.where(allowed, log_prior, -np.inf)
        self._constraints = constraints

    def first(self, scores: BlockScores) -> Int64[np.ndarray, " d"]:
        """See :class:`GraphDraws`."""
        return self._constraints.required.copy()

    def table(self, scores: BlockScores) -> Float64[np.ndarray, "d sets"]:
        """Return log R of every family: scores, prior and constraints."""
        return scores.complete_table() + self._log_prior

    def draw(
        self, scores: BlockScores, parents: Int64[np.ndarray, " d"], *, rng: np.random.Generator
    ) -> Int64[np.ndarray, " d"]:
        """See :class:`GraphDraws`; the current DAG does not matter."""
        complete = self.table(scores)
        recursion = DagRecursion(complete)
        recursion.solve(with_sources=False)
        drawn = DagSampler(_Table(complete), recursion=recursion).sample(1, rng=rng)
        return np.asarray(parent_masks(drawn.adjacency)[0], dtype=np.int64)


class MovedGraphs:
    """Steps of a chain that adds, deletes, reverses and exchanges edges.

    Parameters
    ----------
    prior : GraphPrior
    constraints : Constraints
    proposals : int, optional
        Edges to propose for each draw; a few for each pair of nodes when left out.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.completion.block_scores import BlockScores
    >>> from dag_gfn.completion.graph_draws import MovedGraphs
    >>> from dag_gfn.completion.normal_wishart import BlockLayout, NormalWishartPrior
    >>> from dag_gfn.scores import Constraints, make_prior
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=100)
    >>> moments = NormalWishartPrior.of(2).after(np.column_stack([x, x + 0.1 * rng.normal(size=100)]))
    >>> scores = BlockScores(moments, BlockLayout([[0], [1]]))
    >>> graphs = MovedGraphs(make_prior("uniform", 2), Constraints.from_names(("a", "b"), forbidden=[("b", "a")]))
    >>> graphs.draw(scores, graphs.first(scores), rng=rng).tolist()  # 0 -> 1
    [0, 1]
    """

    def __init__(self, prior: GraphPrior, constraints: Constraints, *, proposals: int | None = None):
        d = constraints.d
        self._prior, self._constraints = prior, constraints
        self._proposals = _PROPOSALS_PER_PAIR * d * d if proposals is None else proposals

    def first(self, scores: BlockScores) -> Int64[np.ndarray, " d"]:
        """See :class:`GraphDraws`."""
        return first_graph(self._constraints.required, self._with_prior(scores))

    def draw(
        self, scores: BlockScores, parents: Int64[np.ndarray, " d"], *, rng: np.random.Generator
    ) -> Int64[np.ndarray, " d"]:
        """See :class:`GraphDraws`."""
        return move_graph(
            parents,
            self._with_prior(scores),
            proposals=self._proposals,
            exchanges=_EXCHANGES_PER_NODE,
            rng=rng,
        )

    def _with_prior(self, scores: BlockScores) -> LocalScores:
        """Return the function of nodes and parent sets that gives scores with prior, -inf where forbidden."""

        def local_scores(
            nodes: Int64[np.ndarray, " m"], parents: Int64[np.ndarray, " m"]
        ) -> Float64[np.ndarray, " m"]:
            found = np.full(len(nodes), -np.inf)
            allowed = np.asarray(self._constraints.allow(nodes, parents))
            of, kept = nodes[allowed], parents[allowed]
            found[allowed] = scores.local_scores(of, kept) + self._prior.log_prior(of, kept)
            return found

        return local_scores


def graph_draws(
    d: int, *, prior: GraphPrior | None = None, constraints: Constraints | None = None
) -> ExactGraphs | MovedGraphs:
    """Return exact draws up to `MAX_EXACT_NODES` nodes, and a chain's beyond.

    Parameters
    ----------
    d : int
    prior : GraphPrior, optional
        Uniform when left out.
    constraints : Constraints, optional
        None when left out.

    Raises
    ------
    ConstraintError
        If the prior or the constraints are for another number of nodes.

    Examples
    --------
    >>> from dag_gfn.completion.graph_draws import graph_draws
    >>> type(graph_draws(5)).__name__, type(graph_draws(30)).__name__
    ('ExactGraphs', 'MovedGraphs')
    """
    prior = make_prior("uniform", d) if prior is None else prior
    constraints = Constraints.none(d) if constraints is None else constraints
    if constraints.d != d or len(prior.log_prior_by_size) != d:
        raise ConstraintError(
            f"expected a prior and constraints for {d} nodes, not {len(prior.log_prior_by_size)} and {constraints.d}"
        )
    return (ExactGraphs if d <= MAX_EXACT_NODES else MovedGraphs)(prior, constraints)
