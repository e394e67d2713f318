"""Graphs by their probability, P(G | data) = R(G) / Z, rather than by how often they were drawn.

A draw of a flat posterior occurs once, however probable it is. Its score is known, though, and so is the evidence Z,
exactly or with an error; where Z is not known, the odds of two graphs still are.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np
from jaxtyping import Bool, Float64

from dag_gfn.graphs import graph
from dag_gfn.posterior.evidence import Evidence
from dag_gfn.posterior.interop import to_networkx
from dag_gfn.posterior.limits import MAX_EVIDENCE_ERROR

if TYPE_CHECKING:
    from dag_gfn.posterior.posterior import GraphPosterior

ROUNDING = 7
"""Decimals of scores, in nats: those that differ by less count as equal."""
STANDS_OUT = 0.75
"""Probability from which on the most probable graph stands out."""


@dataclass(frozen=True, eq=False)
class RankedGraphs:
    """Graphs, the most probable first.

    Attributes
    ----------
    adjacency : ndarray, shape (k, d, d), bool
        ``[s, i, j]`` is True for i → j in graph s (row → column).
    log_scores : ndarray, shape (k,), float64
        log R in nats; nan where not known.
    probability, standard_error : ndarray, shape (k,), float64
        nan where not known.
    odds : ndarray, shape (k,), float64
        How many times as probable as the first.
    proven : int
        How many of the first are proven to be the most probable: no graph that is missing is more probable than they.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import GraphPosterior
    >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
    >>> posterior = GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([0.75, 0.25]))
    >>> from dag_gfn.posterior.ranking import ranked_graphs
    >>> ranked_graphs(posterior, 2).odds.round(2).tolist()
    [1.0, 0.33]
    """

    adjacency: Bool[np.ndarray, "k d d"]
    log_scores: Float64[np.ndarray, " k"]
    probability: Float64[np.ndarray, " k"]
    standard_error: Float64[np.ndarray, " k"]
    odds: Float64[np.ndarray, " k"]
    proven: int = 0

    def __len__(self) -> int:
        return len(self.adjacency)


def evidence_of(posterior: "GraphPosterior") -> Evidence | None:
    """Return what turns scores into probabilities; None where weights, not scores, are the graphs' probabilities.

    That is so where scores are not known, under the order-modular posterior, whose graphs count by their orders as
    well, in a bootstrap, and where somebody has given graphs and weights without an evidence.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import GraphPosterior
    >>> from dag_gfn.posterior.ranking import evidence_of
    >>> graphs, scores = np.zeros((1, 2, 2), dtype=bool), np.array([-3.0])
    >>> posterior = GraphPosterior.from_weights(("a", "b"), graphs, np.zeros(1), scores, log_evidence=-2.0)
    >>> evidence_of(posterior).log_z
    -2.0
    """
    record = posterior.record
    if not record.scores_are_probabilities or np.isnan(posterior.log_scores).any():
        return None
    if record.normalized_scores:
        return _evidence_of_mixture(posterior)
    if record.exact_check is not None and record.exact_check.log_evidence is not None:
        return Evidence(record.exact_check.log_evidence, 0.0, "the exact check")
    if posterior.covers_all_dags:
        return Evidence(float(np.logaddexp.reduce(posterior.log_scores)), 0.0, "exact")
    if posterior.log_evidence is None and record.method is None:
        return None
    return record.evidence


def _evidence_of_mixture(posterior: "GraphPosterior") -> Evidence:
    """Return the evidence by which scores that are log-probabilities already become probabilities.

    It is 1, or the probability of what was taken as known. The error is the largest of the most probable graphs.
    """
    record, source = posterior.record, "the completed tables"
    largest = max(record.graph_relative_errors, default=None)
    if posterior.covers_all_dags:
        log_z = float(np.logaddexp.reduce(posterior.log_scores))
        return Evidence(log_z, largest, source)
    known = [condition.probability for condition in record.conditions]
    if any(probability is None or not probability > 0 for probability in known):
        return Evidence(None, None, source)
    return Evidence(math.fsum(math.log(p) for p in known if p), largest, source)


def ranked_graphs(posterior: "GraphPosterior", k: int) -> RankedGraphs:
    """Return the k most probable of the graphs that were drawn or found (fewer if there are fewer).

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import GraphPosterior
    >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
    >>> posterior = GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([0.75, 0.25]))
    >>> from dag_gfn.posterior.ranking import ranked_graphs
    >>> ranked_graphs(posterior, 1).probability.round(2).tolist()
    [0.75]
    """
    evidence = evidence_of(posterior)
    if evidence is None:
        weights = posterior.counted(np.minimum(posterior.weights[:k], 1.0))
        return RankedGraphs(
            posterior.graphs[:k],
            posterior.log_scores[:k],
            weights.values,
            weights.errors(),
            np.exp(posterior.log_weights[:k] - posterior.log_weights[0]),
        )
    drawn = np.argsort(-posterior.log_scores, kind="stable")[: k + len(posterior.best_graphs)]
    adjacency = np.concatenate([posterior.best_graphs, posterior.graphs[drawn]])
    log_scores = np.concatenate([posterior.best_log_scores, posterior.log_scores[drawn]])
    first, _ = graph.distinct(adjacency)
    order = first[np.lexsort((first, -log_scores[first].round(ROUNDING)))][:k]
    adjacency, log_scores = adjacency[order], log_scores[order]
    probability = evidence.probabilities(log_scores)
    odds = np.exp(log_scores - log_scores[0])
    errors = evidence.errors(probability)
    if (
        posterior.record.normalized_scores and not posterior.record.conditions
    ):  # each graph has an error of its own
        own = np.array(posterior.record.graph_relative_errors[: len(probability)])
        errors[: len(own)] = probability[: len(own)] * own
    known = (posterior.info.get("search") or {}).get("proven_graphs", 0)
    proven = len(order) if posterior.covers_all_dags else min(known, len(order))
    return RankedGraphs(adjacency, log_scores, probability, errors, odds, proven)


def top_graphs(posterior: "GraphPosterior", k: int) -> list[nx.DiGraph]:
    """Return the k most probable graphs; see `GraphPosterior.top_graphs`.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import GraphPosterior
    >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
    >>> posterior = GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([0.75, 0.25]))
    >>> from dag_gfn.posterior.ranking import top_graphs
    >>> [list(dag.edges) for dag in top_graphs(posterior, 1)]
    [[('rain', 'wet')]]
    """
    ranked, edge = ranked_graphs(posterior, k), posterior.marginal("edge").values
    normalized = (
        posterior.record.normalized_scores
    )  # then the score is the log probability, and says nothing new
    top = []
    for rank, adjacency in enumerate(ranked.adjacency):
        dag = to_networkx(adjacency, posterior.names, probability=edge)
        dag.graph.update(
            probability=_known(ranked.probability[rank]),
            standard_error=_known(ranked.standard_error[rank]),
            odds=float(ranked.odds[rank]),
            log_score=None if normalized else _known(ranked.log_scores[rank]),
            proven=rank < ranked.proven,
        )
        top.append(dag)
    return top


def entropy(posterior: "GraphPosterior") -> float:
    """Return the entropy of the posterior in nats; see `GraphPosterior.entropy`.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import GraphPosterior
    >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
    >>> posterior = GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([0.75, 0.25]))
    >>> from dag_gfn.posterior.ranking import entropy
    >>> round(entropy(posterior), 3)
    0.562
    """
    evidence = evidence_of(posterior)
    if posterior.covers_all_dags or evidence is None or evidence.log_z is None:
        return float(max(0.0, -posterior.weights @ posterior.log_weights))
    return float(max(0.0, evidence.log_z - posterior.weights @ posterior.log_scores))


def spread_sentence(posterior: "GraphPosterior") -> str:
    """Return in words whether a graph stands out, and over how many the posterior is spread.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import GraphPosterior
    >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
    >>> posterior = GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([0.75, 0.25]))
    >>> from dag_gfn.posterior.ranking import spread_sentence
    >>> spread_sentence(posterior)[:50]
    'No graph stands out: the best has probability 0.75'
    """
    evidence = evidence_of(posterior)
    best = ranked_graphs(posterior, 1)
    if evidence is not None and evidence.log_z is None:
        return (
            "The evidence is not known, and so the probabilities of single graphs are not: odds are relative to the "
            "best graph found."
        )
    nats = entropy(posterior)
    if posterior.record.method == "bootstrap":
        number = posterior.record.num_samples
        return (
            f"The most frequent graph was found on {float(best.probability[0]):.1%} of {number:,} resamples."
        )
    many = f"10^{nats / math.log(10):.0f}"
    if nats < math.log(1e6):
        many = f"{math.exp(nats):,.0f}" if nats > math.log(1e3) else f"{math.exp(nats):.3g}"
    least = ""
    if evidence is None and not posterior.covers_all_dags:
        least = "at least "  # draws cannot show a wider spread than their number
    spread = f"spread over about {least}{many} graphs (entropy {nats:.3g} nats)"
    probability = float(best.probability[0])
    error = 0.0 if evidence is None else evidence.standard_error or 0.0
    if error > MAX_EVIDENCE_ERROR:
        return (
            f"By a log evidence that is known to ±{error:.2g} nats only, the best graph has probability "
            f"{probability:.2g}, and the posterior is {spread}."
        )
    if probability >= STANDS_OUT:
        return f"One graph stands out, with probability {probability:.3g}; the posterior is {spread}."
    return f"No graph stands out: the best has probability {probability:.2g}; the posterior is {spread}."


def likely_text(attributes: dict[str, Any]) -> str:
    """Return in words how probable a graph or class of `top_graphs` or `top_classes` is.

    Examples
    --------
    >>> from dag_gfn.posterior.ranking import likely_text
    >>> likely_text({"probability": 0.75, "standard_error": 0.04, "odds": 1.0})
    'probability 0.75 ± 0.04'
    """
    probability, error = attributes["probability"], attributes["standard_error"]
    if probability is None:
        return f"odds {attributes['odds']:.3g} to the best"
    return f"probability {probability:.3g}" + (f" ± {error:.1g}" if error else "")


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
