"""Equivalence classes under a posterior over DAGs.

Observations alone cannot tell the DAGs of one Markov equivalence class apart, and scores such as BGe and BDeu give them
the same value. The data therefore inform about the class, which is drawn as its CPDAG. Experiments divide these classes
into smaller ones, which are drawn in the same way (:mod:`dag_gfn.graphs.interventional`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Bool, Float64, Int64

from dag_gfn.graphs import graph
from dag_gfn.graphs.interventional import essential_graph
from dag_gfn.posterior.features import chunks
from dag_gfn.posterior.marginal import Marginal


@final
@dataclass(frozen=True, eq=False, repr=False)
class ClassPosterior:
    """A distribution over the equivalence classes of weighted DAGs, by their weights alone.

    `GraphPosterior.top_classes` returns the most probable classes, ranked by score where scores are known.

    Attributes
    ----------
    names : tuple of str, length d
    cpdags : ndarray, shape (c, d, d), bool
        Distinct classes by descending probability; ties in the order of their first graphs. Compelled i → j:
        only `cpdags[k, i, j]` is True (row → column). Reversible i – j: `cpdags[k, j, i]` is True as well.
    log_weights : ndarray, shape (c,), float64
        Log-probability of every class; normalised.
    class_of_graph : ndarray, shape (m,), int64
        The class of every graph of the posterior, in the order of `GraphPosterior.graphs`.
    probability : Marginal
        Probabilities of the classes, `exp(log_weights)`, with source and Monte-Carlo standard error.

    Examples
    --------
    0 -> 1 and 1 -> 0 are Markov equivalent, so that their probabilities add up:

    >>> import numpy as np
    >>> from dag_gfn.posterior import GraphPosterior
    >>> graphs = np.zeros((3, 2, 2), dtype=bool)
    >>> graphs[0, 0, 1] = graphs[1, 1, 0] = True
    >>> classes = GraphPosterior.from_weights(["a", "b"], graphs, np.log([0.5, 0.3, 0.2])).class_posterior()
    >>> classes.weights.round(3).tolist()
    [0.8, 0.2]
    """

    names: tuple[str, ...]
    cpdags: Bool[np.ndarray, "c d d"]
    log_weights: Float64[np.ndarray, " c"]
    class_of_graph: Int64[np.ndarray, " m"]
    probability: Marginal

    @classmethod
    def from_graphs(
        cls,
        names: tuple[str, ...],
        graphs: Bool[np.ndarray, "m d d"],
        log_weights: Float64[np.ndarray, " m"],
        *,
        counted: Callable[[np.ndarray], Marginal],
        oriented: Bool[np.ndarray, "d d"] | None = None,
    ) -> "ClassPosterior":
        """Return the distribution of the class under weighted DAGs.

        Parameters
        ----------
        names : tuple of str, length d
        graphs : ndarray, shape (m, d, d), bool
            `graphs[k, i, j]` is True for the edge i → j (row → column).
        log_weights : ndarray, shape (m,), float64
            Normalised.
        counted : callable
            Takes probabilities that were summed over graphs; returns them with source and standard error.
        oriented : ndarray, shape (d, d), bool, optional
            The pairs whose edge experiments orient.
        """
        m, d, _ = graphs.shape
        cpdags = np.concatenate([essential_graph(graphs[part], oriented) for part in chunks(m, d)])
        first, group = graph.distinct(cpdags)
        merged = np.full(len(first), -np.inf)
        np.logaddexp.at(merged, group, log_weights)
        order = np.lexsort((first, -merged))
        return cls(
            names=names,
            cpdags=cpdags[first[order]],
            log_weights=merged[order],
            class_of_graph=np.argsort(order)[group],
            probability=counted(np.minimum(np.exp(merged[order]), 1.0)),
        )

    def __len__(self) -> int:
        """Return the number of distinct classes."""
        return len(self.cpdags)

    def __repr__(self) -> str:
        shown = f"{len(self):,} class{'es' if len(self) > 1 else ''} of {len(self.class_of_graph):,} graphs"
        return f"ClassPosterior({shown}, most probable {self.weights[0]:.3g})"

    @property
    def weights(self) -> Float64[np.ndarray, " c"]:
        """Probability of every class, shape (c,)."""
        return np.exp(self.log_weights)
