"""What the data say of a graph that somebody believes in."""

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple, final

import networkx as nx
import numpy as np
from jaxtyping import Bool

from dag_gfn.graph_check.independences import Independence, implied_independences
from dag_gfn.graph_check.matched_graph import matched_graph
from dag_gfn.graphs import graph as graphs
from dag_gfn.graphs.interventional import essential_graph
from dag_gfn.posterior import GraphPosterior
from dag_gfn.posterior.class_size import class_size
from dag_gfn.posterior.ranking import evidence_of, ranked_graphs
from dag_gfn.scores.stored_score import log_prior_of, stored_log_scores

FOR = 0.9
"""Probability from which on the data count as being for a statement."""
AGAINST = 0.1
"""Probability up to which they count as being against it."""

Judgement = Literal["supported", "denied", "reversed", "direction open", "undecided"]


class CheckedPair(NamedTuple):
    """What the data say of one pair of variables.

    Attributes
    ----------
    a, b : str
        Where the graph has an edge, it is a → b.
    has_edge : bool
    forward, backward : float
        P(a → b) and P(b → a).
    judgement : str
        Of what the graph says: ``supported`` (probability at least `FOR`); ``denied`` (there is probably no link where
        the graph has an edge, or a link where it has none); ``reversed`` (the link is probable, and in the other
        direction); ``direction open`` (a link is probable, and the data do not tell its direction); ``undecided``.

    Examples
    --------
    >>> from dag_gfn.graph_check.check import CheckedPair
    >>> CheckedPair("a", "b", True, 0.5, 0.48, "direction open").linked
    0.98
    """

    a: str
    b: str
    has_edge: bool
    forward: float
    backward: float
    judgement: Judgement

    @property
    def linked(self) -> float:
        """Probability of a link, either way."""
        return min(self.forward + self.backward, 1.0)


@final
@dataclass(frozen=True, eq=False)
class GraphCheck:
    """What the data say of a graph.

    Attributes
    ----------
    names : tuple of str
    adjacency : ndarray, shape (d, d), bool
        Entry (i, j) is True for i → j (row → column).
    absent : tuple of str
        Columns that the graph does not name, taken as variables without edges.
    log_score : float
        log R of the graph; -inf where the fit's constraints exclude it, nan where it is not known.
    probability, probability_error : float
        P(graph | data); nan where not known.
    class_size : int
        Number of graphs that the data cannot tell from this one, itself included: its equivalence class, under the
        experiments that the table has.
    class_probability, class_error : float
        P(class | data).
    log_odds : float
        log of how many times as probable the graph is as the best one that is known; at most 0.
    log_bayes_factor : float
        The same without the prior over graphs: log of the ratio of marginal likelihoods.
    best : nx.DiGraph
        The best graph that is known.
    pairs : list of CheckedPair
        Every pair of variables.
    independences : list of Independence
        Those that the graph implies, the least probable first.

    Examples
    --------
    See `check_graph`.
    """

    names: tuple[str, ...]
    adjacency: Bool[np.ndarray, "d d"]
    absent: tuple[str, ...]
    log_score: float
    probability: float
    probability_error: float
    class_size: int
    class_probability: float
    class_error: float
    log_odds: float
    log_bayes_factor: float
    best: nx.DiGraph
    pairs: list[CheckedPair]
    independences: list[Independence]

    @property
    def constraints_exclude(self) -> bool:
        """Whether the fit's constraints exclude the graph."""
        return self.log_score == -math.inf

    def judged(self, judgement: Judgement, *, has_edge: bool) -> list[CheckedPair]:
        """Return the edges, or missing edges, of one judgement, the clearest first."""
        chosen = [pair for pair in self.pairs if pair.has_edge == has_edge and pair.judgement == judgement]
        return sorted(chosen, key=lambda pair: pair.linked, reverse=not has_edge)

    def denied_independences(self) -> list[Independence]:
        """Return the independences whose posterior probability is at most `AGAINST`."""
        return [each for each in self.independences if each.probability <= AGAINST]


def check_graph(
    posterior: GraphPosterior,
    graph: nx.DiGraph | Bool[np.ndarray, "d d"],
    *,
    rng: int | np.random.Generator = 0,
) -> GraphCheck:
    """Return what the data say of a graph: how probable it is, and which of its edges they support or deny.

    Parameters
    ----------
    posterior : GraphPosterior
    graph : networkx.DiGraph or ndarray, shape (d, d), bool
        A DAG whose nodes are named as the columns (`dag_gfn.graph_check.read_graph` reads one from a file), or an
        array with entry (i, j) True for i → j (row → column). Columns that it does not name count as unconnected.
    rng : int or numpy.random.Generator
        For draws, where the posterior has many graphs.

    Returns
    -------
    GraphCheck

    Raises
    ------
    DataError
        If a node is no column, or the graph has a directed cycle.

    Examples
    --------
    >>> import networkx as nx
    >>> import numpy as np
    >>> import dag_gfn
    >>> rng = np.random.default_rng(0)
    >>> a = rng.normal(size=300)
    >>> rows = np.column_stack([a, a + rng.normal(size=300), rng.normal(size=300)])
    >>> posterior = dag_gfn.fit(dag_gfn.from_array(rows, ["a", "b", "c"]), progress=False)
    >>> found = dag_gfn.check_graph(posterior, nx.DiGraph([("a", "b"), ("b", "c")]))
    >>> [(pair.a, pair.b, pair.judgement) for pair in found.pairs if pair.has_edge]
    [('a', 'b', 'direction open'), ('b', 'c', 'denied')]
    >>> found.class_size
    3
    """
    matched = matched_graph(graph, posterior.names)
    adjacency = matched.adjacency
    log_score = float(stored_log_scores(posterior, adjacency[None])[0])
    best = ranked_graphs(posterior, 1)
    size = class_size(essential_graph(adjacency, posterior.oriented_pairs))
    probability, error = _probability(posterior, adjacency, log_score)
    of_class, class_error = _class_probability(posterior, adjacency, log_score, size)
    best_score = float(best.log_scores[0])
    log_odds = log_score - best_score
    if math.isnan(log_odds) and not math.isnan(probability) and best.probability[0] > 0:
        log_odds = math.log(probability / best.probability[0]) if probability > 0 else -math.inf
    return GraphCheck(
        names=posterior.names,
        adjacency=adjacency,
        absent=matched.absent,
        log_score=log_score,
        probability=probability,
        probability_error=error,
        class_size=size,
        class_probability=of_class,
        class_error=class_error,
        log_odds=log_odds,
        log_bayes_factor=_log_bayes_factor(posterior, adjacency, best.adjacency[0], log_odds),
        best=posterior.most_probable_graph(),
        pairs=_pairs(posterior, adjacency),
        independences=implied_independences(posterior, adjacency, rng=np.random.default_rng(rng)),
    )


def _probability(
    posterior: GraphPosterior, adjacency: Bool[np.ndarray, "d d"], log_score: float
) -> tuple[float, float]:
    """Return P(graph | data) and its error: by score and evidence, or by weight where only this is known."""
    if log_score == -math.inf:
        return 0.0, 0.0
    evidence = evidence_of(posterior)
    if evidence is not None:
        probability = evidence.probabilities(np.array([log_score]))
        return float(probability[0]), float(evidence.errors(probability)[0])
    held = (posterior.graphs == adjacency).all(axis=(1, 2))
    if not held.any() and not posterior.covers_all_dags:
        return math.nan, math.nan
    weight = posterior.counted(np.minimum(posterior.weights[held].sum(keepdims=True), 1.0))
    return float(weight.values[0]), float(weight.errors()[0])


def _class_probability(
    posterior: GraphPosterior, adjacency: Bool[np.ndarray, "d d"], log_score: float, size: int
) -> tuple[float, float]:
    """Return P(class | data): size · R / Z where all members have the same R, elsewhere the weight of its members."""
    evidence = evidence_of(posterior)
    if posterior.info.get("score_equivalent") and evidence is not None:
        of_class = evidence.probabilities(np.array([log_score + math.log(size)]))
        return float(of_class[0]), float(evidence.errors(of_class)[0])
    oriented = posterior.oriented_pairs
    wanted = essential_graph(adjacency, oriented)
    same = np.zeros(len(posterior), dtype=bool)
    linked = graphs.skeleton(adjacency)
    near = np.flatnonzero((graphs.skeleton(posterior.graphs) == linked).all(axis=(1, 2)))
    if len(near):
        same[near] = (essential_graph(posterior.graphs[near], oriented) == wanted).all(axis=(1, 2))
    if posterior.covers_all_dags and not np.isnan(posterior.log_scores).any():
        log_mass = posterior.log_scores - np.logaddexp.reduce(posterior.log_scores)
        return float(np.exp(log_mass[same]).sum()), 0.0
    weight = posterior.counted(np.minimum(posterior.weights[same].sum(keepdims=True), 1.0))
    return float(weight.values[0]), float(weight.errors()[0])


def _log_bayes_factor(
    posterior: GraphPosterior,
    adjacency: Bool[np.ndarray, "d d"],
    best: Bool[np.ndarray, "d d"],
    log_odds: float,
) -> float:
    """Return the log ratio of marginal likelihoods: the odds without those of the prior."""
    priors = log_prior_of(posterior, np.stack([adjacency, best]))
    if priors is None or not posterior.record.scores_are_probabilities or not math.isfinite(log_odds):
        return math.nan
    return log_odds - float(priors[0] - priors[1])


def _pairs(posterior: GraphPosterior, adjacency: Bool[np.ndarray, "d d"]) -> list[CheckedPair]:
    edge, names = posterior.marginal("edge").values, posterior.names
    found = []
    for i in range(posterior.d):
        for j in range(i + 1, posterior.d):
            has_edge = bool(adjacency[i, j] or adjacency[j, i])
            a, b = (j, i) if adjacency[j, i] else (i, j)
            forward, backward = float(edge[a, b]), float(edge[b, a])
            found.append(
                CheckedPair(
                    names[a], names[b], has_edge, forward, backward, _judged(has_edge, forward, backward)
                )
            )
    return found


def _judged(has_edge: bool, forward: float, backward: float) -> Judgement:
    linked = min(forward + backward, 1.0)
    if not has_edge:
        return "supported" if linked <= AGAINST else "denied" if linked >= FOR else "undecided"
    if linked <= AGAINST:
        return "denied"
    if forward >= FOR:
        return "supported"
    if backward >= FOR:
        return "reversed"
    return "direction open" if linked >= FOR else "undecided"
