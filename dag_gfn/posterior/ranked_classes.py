"""Equivalence classes by their probability, and the smallest set of them that holds most of the posterior.

Where all members of a class have the same score R, the probability of the class is size · R / Z, whether it was drawn
or not. Elsewhere it is the weight of the class among the graphs.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import networkx as nx
import numpy as np
from jaxtyping import Bool, Float64, Int64

from dag_gfn.graphs import graph
from dag_gfn.graphs.interventional import essential_graph
from dag_gfn.posterior.class_size import class_size
from dag_gfn.posterior.evidence import Evidence
from dag_gfn.posterior.features import chunks
from dag_gfn.posterior.interop import to_networkx
from dag_gfn.posterior.ranking import evidence_of

if TYPE_CHECKING:
    from dag_gfn.posterior.posterior import GraphPosterior

CLASSES_SEARCHED = 1_000
"""Graphs, by score and as many by weight, among whose classes the most probable are looked for."""
LEVEL = 0.9
"""Share of the posterior that a credible set of classes holds, unless another is asked for."""
WORTH_TELLING = 0.01
"""Least share of the posterior of known classes that a sentence tells."""
_ROUNDING = 1e-6  # in sums of probabilities


@dataclass(frozen=True, eq=False)
class RankedClasses:
    """Equivalence classes, the most probable first.

    Attributes
    ----------
    cpdags : ndarray, shape (c, d, d), bool
        Essential graphs: reversible edges have both entries.
    probability, standard_error : ndarray, shape (c,), float64
        nan where not known.
    odds : ndarray, shape (c,), float64
        How many times as probable as the first.
    held : ndarray, shape (c,), int64
        How many members of each are among the graphs of the posterior.
    proven : int
        How many of the first are proven to be the most probable: no class that is missing is more probable than they.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import GraphPosterior
    >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
    >>> posterior = GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([0.75, 0.25]))
    >>> from dag_gfn.posterior.ranked_classes import ranked_classes
    >>> ranked = ranked_classes(posterior)
    >>> len(ranked), ranked.held.tolist(), ranked.proven
    (1, [2], 0)
    """

    cpdags: Bool[np.ndarray, "c d d"]
    probability: Float64[np.ndarray, " c"]
    standard_error: Float64[np.ndarray, " c"]
    odds: Float64[np.ndarray, " c"]
    held: Int64[np.ndarray, " c"]
    proven: int = 0

    def __len__(self) -> int:
        return len(self.cpdags)


class CredibleClasses(NamedTuple):
    """The smallest set of equivalence classes that holds a share of the posterior, or as much of it as is known.

    Attributes
    ----------
    level : float
        The share that was asked for.
    classes : list of DiGraph
        As `GraphPosterior.top_classes` gives them, the most probable first. They are the most probable classes for
        certain.
    probability : float
        Their probability together.
    is_complete : bool
        Whether this is at least `level`. Else every set that holds so much is larger.

    Examples
    --------
    >>> from dag_gfn.posterior.ranked_classes import CredibleClasses
    >>> CredibleClasses(0.9, [], 0.0, is_complete=False)
    CredibleClasses(0 classes hold 0, short of 0.9)
    """

    level: float
    classes: list[nx.DiGraph]
    probability: float
    is_complete: bool

    def __repr__(self) -> str:
        held = f"{len(self.classes):,} classes hold {self.probability:.3g}"
        return f"CredibleClasses({held}, {'at least' if self.is_complete else 'short of'} {self.level:g})"


def ranked_classes(posterior: "GraphPosterior") -> RankedClasses:
    """Return the classes of the graphs that were drawn or found, by descending probability.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import GraphPosterior
    >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
    >>> posterior = GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([0.75, 0.25]))
    >>> from dag_gfn.posterior.ranked_classes import ranked_classes
    >>> ranked_classes(posterior).probability.round(2).tolist()
    [1.0]
    """
    evidence = evidence_of(posterior)
    if evidence is not None and posterior.covers_all_dags:
        log_mass = posterior.log_scores - np.logaddexp.reduce(posterior.log_scores)
        return _by_weight(posterior, log_mass, is_exact=True)
    if evidence is not None and posterior.info.get("score_equivalent"):
        return _by_size(posterior, evidence)
    return _by_weight(posterior, posterior.log_weights, is_exact=False)


def top_classes(posterior: "GraphPosterior", k: int) -> list[nx.DiGraph]:
    """Return the k most probable equivalence classes; see `GraphPosterior.top_classes`.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import GraphPosterior
    >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
    >>> posterior = GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([0.75, 0.25]))
    >>> from dag_gfn.posterior.ranked_classes import top_classes
    >>> [mixed.graph["num_graphs"] for mixed in top_classes(posterior, 3)]
    [2]
    """
    return _drawn(posterior, ranked_classes(posterior), k)


def credible_classes(posterior: "GraphPosterior", level: float = LEVEL) -> CredibleClasses:
    """Return the smallest set of classes that holds a share of the posterior; see `GraphPosterior.credible_classes`.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.posterior.ranked_classes import credible_classes
    >>> posterior = dag_gfn.fit(dag_gfn.simulate(3, 200, rng=np.random.default_rng(1)), progress=False)
    >>> found = credible_classes(posterior, 0.5)
    >>> found.is_complete, len(found.classes), found.probability >= 0.5
    (True, 2, True)
    """
    ranked, size = ranked_classes(posterior), 0
    together = np.cumsum(ranked.probability[: ranked.proven])
    if evidence_is_exact(posterior):
        size = min(int(np.searchsorted(together, level)) + 1, ranked.proven)
    probability = float(together[size - 1]) if size else 0.0
    return CredibleClasses(level, _drawn(posterior, ranked, size), probability, probability >= level)


def credible_sentence(posterior: "GraphPosterior") -> str:
    """Return in words how many classes hold 90 % of the posterior, or how much of it the known ones hold.

    Empty where the most probable classes or the evidence are not known for certain, or hold less than 1 %.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.posterior.ranked_classes import credible_sentence
    >>> credible_sentence(dag_gfn.fit(dag_gfn.simulate(3, 200, rng=np.random.default_rng(1)), progress=False))
    '3 equivalence classes hold 90 % of the posterior.'
    """
    ranked = ranked_classes(posterior)
    if not ranked.proven or not evidence_is_exact(posterior):
        return ""
    classes = "classes" if posterior.experiments else "equivalence classes"
    together = np.cumsum(ranked.probability[: ranked.proven])
    size = int(np.searchsorted(together, LEVEL)) + 1
    if size == 1:
        return f"One of the {classes} holds {LEVEL:.0%} of the posterior.".replace("%", " %")
    if size <= ranked.proven:
        return f"{size:,} {classes} hold {LEVEL:.0%} of the posterior.".replace("%", " %")
    if together[-1] < WORTH_TELLING:
        return ""
    return f"The {ranked.proven:,} most probable {classes} hold {100 * together[-1]:.2g} % of the posterior."


def evidence_is_exact(posterior: "GraphPosterior") -> bool:
    """Return whether probabilities of single graphs have no error.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import GraphPosterior
    >>> from dag_gfn.posterior.ranked_classes import evidence_is_exact
    >>> graphs = np.zeros((1, 2, 2), dtype=bool)
    >>> evidence_is_exact(GraphPosterior.from_weights(("rain", "wet"), graphs, np.zeros(1)))
    False
    """
    evidence = evidence_of(posterior)
    return evidence is not None and evidence.log_z is not None and evidence.standard_error == 0


def _drawn(posterior: "GraphPosterior", ranked: RankedClasses, k: int) -> list[nx.DiGraph]:
    """Return the first k classes as mixed graphs with their attributes."""
    edge, top = posterior.marginal("edge").values, []
    for rank in range(min(k, len(ranked))):
        mixed = to_networkx(ranked.cpdags[rank], posterior.names, probability=edge)
        for source, target, of_edge in mixed.edges(data=True):
            of_edge["compelled"] = not mixed.has_edge(target, source)
        mixed.graph.update(
            probability=_known(ranked.probability[rank]),
            standard_error=_known(ranked.standard_error[rank]),
            odds=float(ranked.odds[rank]),
            num_graphs=int(ranked.held[rank]),
            size=class_size(ranked.cpdags[rank]),
            proven=rank < ranked.proven,
        )
        top.append(mixed)
    return top


def _by_weight(
    posterior: "GraphPosterior", log_weights: Float64[np.ndarray, " m"], *, is_exact: bool
) -> RankedClasses:
    """Return classes by the summed weight of their members among the graphs."""
    cpdags, group = _classes(posterior.graphs, posterior.oriented_pairs)
    log_mass = np.full(len(cpdags), -np.inf)
    np.logaddexp.at(log_mass, group, log_weights)
    first = np.full(len(cpdags), len(group))
    np.minimum.at(first, group, np.arange(len(group)))
    order = np.lexsort((first, -log_mass))
    share = posterior.counted(np.minimum(np.exp(log_mass[order]), 1.0))
    return RankedClasses(
        cpdags[order],
        share.values,
        np.zeros(len(order)) if is_exact and share.source == "exact" else share.errors(),
        np.exp(log_mass[order] - log_mass[order[0]]),
        np.bincount(group)[order],
        len(order) if is_exact else 0,
    )


def _by_size(posterior: "GraphPosterior", evidence: Evidence) -> RankedClasses:
    """Return classes by size · R / Z, where all members of a class have the same R."""
    by_score = np.argsort(-posterior.log_scores, kind="stable")[:CLASSES_SEARCHED]
    chosen = np.union1d(by_score, np.arange(min(len(posterior), CLASSES_SEARCHED)))
    found = len(posterior.best_graphs)
    cpdags, group = _classes(
        np.concatenate([posterior.best_graphs, posterior.graphs[chosen]]), posterior.oriented_pairs
    )
    log_scores = np.full(len(cpdags), -np.inf)
    every = np.concatenate([posterior.best_log_scores, posterior.log_scores[chosen]])
    np.maximum.at(log_scores, group, every)
    log_mass = log_scores + np.array([math.log(class_size(cpdag)) for cpdag in cpdags])
    order = np.lexsort((np.arange(len(cpdags)), -log_mass))
    probability = evidence.probabilities(log_mass[order])
    proven = (posterior.info.get("search") or {}).get("proven_classes", 0)
    if evidence.log_z is not None and evidence.standard_error == 0:
        missing = 1 - probability.sum()  # of all classes that are not known together
        proven = max(proven, int((probability > missing + _ROUNDING).sum()))
    return RankedClasses(
        cpdags[order],
        probability,
        evidence.errors(probability),
        np.exp(log_mass[order] - log_mass[order[0]]),
        np.bincount(group[found:], minlength=len(cpdags))[order],
        min(proven, len(order)),
    )


def _classes(
    graphs: Bool[np.ndarray, "m d d"], oriented: Bool[np.ndarray, "d d"] | None
) -> tuple[Bool[np.ndarray, "c d d"], np.ndarray]:
    """Return the distinct essential graphs of graphs, and which one each graph has."""
    m, d, _ = graphs.shape
    cpdags = np.concatenate([essential_graph(graphs[part], oriented) for part in chunks(m, d)])
    first, group = graph.distinct(cpdags)
    return cpdags[first], group


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
