"""Markov equivalence classes under a posterior over DAGs.

Observations alone cannot tell the DAGs of one class apart, and scores such as BGe and BDeu give them the same
value; so the class, drawn as its CPDAG, is what the data speak about.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import networkx as nx
import numpy as np
from jaxtyping import Bool, Float64, Int64

from dag_gfn import graph
from dag_gfn.posterior.features import chunks
from dag_gfn.posterior.interop import to_networkx
from dag_gfn.posterior.marginal import Marginal


@final
@dataclass(frozen=True, eq=False, repr=False)
class ClassPosterior:
    """A distribution over Markov equivalence classes of DAGs.

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
        Of the classes: `exp(log_weights)` with source and Monte-Carlo standard error.
    edge_probability : ndarray, shape (d, d), float64
        Marginal P(i → j), row → column.
    """

    names: tuple[str, ...]
    cpdags: Bool[np.ndarray, "c d d"]
    log_weights: Float64[np.ndarray, " c"]
    class_of_graph: Int64[np.ndarray, " m"]
    probability: Marginal
    edge_probability: Float64[np.ndarray, "d d"]

    @classmethod
    def from_graphs(
        cls,
        names: tuple[str, ...],
        graphs: Bool[np.ndarray, "m d d"],
        log_weights: Float64[np.ndarray, " m"],
        *,
        counted: Callable[[np.ndarray], Marginal],
        edge_probability: Float64[np.ndarray, "d d"],
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
            Gives probabilities that were summed over graphs their source and standard error.
        edge_probability
            As the attribute.
        """
        m, d, _ = graphs.shape
        cpdags = np.concatenate([graph.cpdag(graphs[part]) for part in chunks(m, d)])
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
            edge_probability=edge_probability,
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

    def top_classes(self, k: int = 5) -> list[nx.DiGraph]:
        """Return the k most probable classes (fewer if there are fewer), most probable first.

        Each is a `networkx.DiGraph` that stands for a mixed graph: a compelled edge once, with the attribute
        `compelled=True`; a reversible edge in both directions, with `compelled=False`. Every edge has its
        marginal `probability`; the graph has `probability`, `standard_error` (None where not known) and
        `num_graphs`, how many different members the posterior holds.
        """
        if k < 1:
            raise ValueError(f"k must be at least 1, not {k}")
        sizes = np.bincount(self.class_of_graph)
        errors = self.probability.standard_error
        if errors is None and self.probability.source == "exact":
            errors = np.zeros(len(self))
        top = []
        for index, cpdag in enumerate(self.cpdags[:k]):
            mixed = to_networkx(cpdag, self.names, probability=self.edge_probability)
            for source, target, attributes in mixed.edges(data=True):
                attributes["compelled"] = not mixed.has_edge(target, source)
            mixed.graph.update(
                probability=float(self.weights[index]),
                standard_error=None if errors is None else float(errors[index]),
                num_graphs=int(sizes[index]),
            )
            top.append(mixed)
        return top
