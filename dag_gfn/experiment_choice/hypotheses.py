"""The graphs that an experiment should tell apart, with their weights: all DAGs, or draws from the posterior."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float64, Int64

from dag_gfn.experiment_choice.families import Families
from dag_gfn.experiment_choice.outcomes import OBSERVE
from dag_gfn.graphs import graph
from dag_gfn.posterior import GraphPosterior

LOST = 1e-6
"""Posterior mass of the least probable DAGs that are left out where all are known."""


@dataclass(frozen=True, eq=False)
class Hypotheses:
    """Weighted graphs.

    Attributes
    ----------
    graphs : ndarray, shape (k, d, d), bool
        `graphs[s, i, j]` is True for i → j (row → column).
    weights : ndarray, shape (k,), float64
        They sum to one.
    num_draws : int or None
        How many independent draws the graphs are; None where they are all DAGs of any weight.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.experiment_choice.hypotheses import Hypotheses
    >>> posterior = dag_gfn.fit(np.random.default_rng(0).normal(size=(100, 3)), progress=False)
    >>> known = Hypotheses.of(posterior, 50, np.random.default_rng(0))
    >>> known.num_draws is None, len(known.graphs)
    (True, 25)
    """

    graphs: Bool[np.ndarray, "k d d"]
    weights: Float64[np.ndarray, " k"]
    num_draws: int | None

    @classmethod
    def of(cls, posterior: GraphPosterior, num_graphs: int, rng: np.random.Generator) -> "Hypotheses":
        """Return all DAGs where the posterior holds them, else at most `num_graphs` draws, equal ones together."""
        weights = posterior.weights / posterior.weights.sum()
        if posterior.covers_all_dags:
            kept = 1 + int(np.searchsorted(np.cumsum(weights), 1.0 - LOST))
            weights = weights[:kept]
            return cls(posterior.graphs[:kept], weights / weights.sum(), None)
        drawn = rng.choice(len(posterior), size=num_graphs, p=weights)
        distinct, counts = np.unique(drawn, return_counts=True)
        return cls(posterior.graphs[distinct], counts / num_graphs, num_graphs)

    @cached_property
    def families(self) -> Families:
        """The families of the graphs."""
        return Families.of(self.graphs)

    def spread(self, size: int, rng: np.random.Generator) -> Int64[np.ndarray, " size"]:
        """Return which graphs to draw outcomes from: in proportion to the weights, as evenly as can be."""
        points = (np.arange(size) + rng.random()) / size
        return np.minimum(np.searchsorted(np.cumsum(self.weights), points), len(self.weights) - 1)


def outcome_classes(graphs: Bool[np.ndarray, "k d d"], targets: tuple[int, ...]) -> Int64[np.ndarray, " k"]:
    """Return the class of each graph that any number of rows of an experiment can tell from the others.

    While a node is set, its causes do not act on it. The outcomes are therefore those of the graph without the edges
    into the node, and graphs that are Markov equivalent without these edges have the same outcomes.

    Parameters
    ----------
    graphs : ndarray, shape (k, d, d), bool
        `graphs[s, i, j]` is True for i → j (row → column).
    targets : tuple of int
        The nodes that are set, each in rows of its own; `OBSERVE` where nothing is.

    Examples
    --------
    Setting node 0 tells 0 → 1 from the others, but not 1 → 0 from no edge:

    >>> import numpy as np
    >>> from dag_gfn.experiment_choice.hypotheses import outcome_classes
    >>> graphs = np.zeros((3, 2, 2), dtype=bool)
    >>> graphs[1, 0, 1] = graphs[2, 1, 0] = True  # none, 0 -> 1, 1 -> 0
    >>> outcome_classes(graphs, (0,)).tolist(), outcome_classes(graphs, (0, 1)).tolist()
    ([0, 1, 0], [0, 2, 1])
    """
    classes = []
    for target in targets:
        cut = graphs.copy()
        if target != OBSERVE:
            cut[:, :, target] = False
        classes.append(graph.distinct(graph.cpdag(cut))[1])
    _, number = np.unique(np.stack(classes, axis=1), axis=0, return_inverse=True)
    return number.reshape(-1).astype(np.int64)
