"""`GraphPosterior`: what every method returns, and all that summaries, metrics and files need."""

import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, final

import networkx as nx
import numpy as np
from jaxtyping import Bool, Float64

from dag_gfn.graphs import graph
from dag_gfn.notebook import Explored
from dag_gfn.posterior import interop, ranked_classes, ranking
from dag_gfn.posterior.classes import ClassPosterior
from dag_gfn.posterior.consistent import CORRECTED, corrected_counts
from dag_gfn.posterior.diagnostics import Diagnostics
from dag_gfn.posterior.distinct_graphs import merged_graphs, require_dags
from dag_gfn.posterior.experiments import Experiments
from dag_gfn.posterior.features import FEATURES, feature_marginals, monte_carlo_error
from dag_gfn.posterior.fit_record import FitRecord
from dag_gfn.posterior.json_record import plain_json
from dag_gfn.posterior.marginal import Marginal, Probability
from dag_gfn.posterior.marginal_frames import MarginalFrames
from dag_gfn.posterior.median_graph import median_graph
from dag_gfn.posterior.queries import Query
from dag_gfn.posterior.sampler import Sampler


@final
@dataclass(frozen=True, eq=False, repr=False)
class GraphPosterior(MarginalFrames, Explored):
    """A distribution over directed acyclic graphs on named variables.

    Build it with `from_samples` or `from_weights`, which find the distinct graphs and sort them.

    Attributes
    ----------
    names : tuple of str, length d
    graphs : ndarray, shape (m, d, d), bool
        Distinct DAGs by descending weight; ties by descending score, then in the order of their packed
        bits. `graphs[k, i, j]` is True for the edge i → j (row → column).
    log_weights : ndarray, shape (m,), float64
        Log-probability of every graph; normalised.
    log_scores : ndarray, shape (m,), float64
        Unnormalised log R(G), nan where not known.
    marginals : dict of str to `Marginal`
        Marginals that are better than counting `graphs`; they take precedence over it.
    log_evidence : float or None
        log Σ_G R(G).
    info : dict
        How this posterior was made: the content of posterior.json, plain JSON values only, made once and not changed
        afterwards. `names`, `d` and `log_evidence` are always there. `record`, `diagnostics`, `covers_all_dags` and
        `effective_samples` read it.
    statistics : dict of str to ndarray
        Sufficient statistics of the data.
    best_graphs : ndarray, shape (b, d, d), bool
        The most probable DAGs that a search has found, by descending score, whether or not they were drawn. They are
        no part of the weighted graphs, and no marginal counts them.
    best_log_scores : ndarray, shape (b,), float64
        log R of each.
    sampler : Sampler or None
        What drew the graphs and can draw more, where a GFlowNet was fitted. It is saved if the fit was asked for that
        (`save_sampler`), and `dag_gfn.load` then gives it back.

    Raises
    ------
    ValueError
        If a graph has a directed cycle, or an invariant above does not hold.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import GraphPosterior
    >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
    >>> posterior = GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([0.75, 0.25]))
    >>> posterior
    GraphPosterior(2 variables: rain, wet; 2 graphs, largest weight 0.75)
    """

    names: tuple[str, ...]
    graphs: Bool[np.ndarray, "m d d"]
    log_weights: Float64[np.ndarray, " m"]
    log_scores: Float64[np.ndarray, " m"]
    marginals: dict[str, Marginal] = field(default_factory=dict)
    log_evidence: float | None = None
    info: dict[str, Any] = field(default_factory=dict)
    statistics: dict[str, np.ndarray] = field(default_factory=dict)
    best_graphs: Bool[np.ndarray, "b d d"] = field(default_factory=lambda: np.zeros((0, 0, 0), dtype=bool))
    best_log_scores: Float64[np.ndarray, " b"] = field(default_factory=lambda: np.zeros(0))
    sampler: Sampler | None = None

    def __post_init__(self) -> None:
        m, d, _ = self.graphs.shape
        if m == 0:
            raise ValueError("a posterior needs at least one graph of positive weight")
        if len(self.names) != d or len(set(self.names)) != d:
            raise ValueError(f"expected {d} different names for {d} nodes, not {list(self.names)}")
        require_dags(self.graphs)
        if not len(self.best_graphs):
            object.__setattr__(self, "best_graphs", np.zeros((0, d, d), dtype=bool))
        if len(self.best_graphs) != len(self.best_log_scores) or not np.isfinite(self.best_log_scores).all():
            raise ValueError("expected one finite score for each of the best graphs")
        require_dags(self.best_graphs)
        if not np.all(np.isfinite(self.log_weights)):
            raise ValueError("log-weights must be finite; leave graphs of weight zero out")
        if not math.isclose(np.exp(self.log_weights).sum(), 1.0, rel_tol=1e-8):
            raise ValueError(f"weights must sum to one, not {np.exp(self.log_weights).sum()}")
        if np.any(np.diff(self.log_weights) > 0):
            raise ValueError("graphs must be sorted by descending weight")
        for feature in FEATURES.keys() & self.marginals.keys():
            shape = self.marginals[feature].values.shape
            if shape != (d, d):
                raise ValueError(f"{feature} marginals must have shape {(d, d)}, not {shape}")
        objects = [name for name, statistic in self.statistics.items() if statistic.dtype.hasobject]
        if objects:
            raise ValueError(f"statistics must be plain arrays, but {objects} hold Python objects")
        info = {**self.info, "names": self.names, "d": d, "log_evidence": self.log_evidence}
        object.__setattr__(self, "info", plain_json(info))

    @classmethod
    def from_samples(
        cls,
        names: Sequence[str],
        adjacency: Bool[np.ndarray, "k d d"],
        log_scores: Float64[np.ndarray, " k"] | None = None,
        *,
        effective_samples: float | int | None = None,
        marginals: Mapping[str, Marginal] | None = None,
        log_evidence: float | None = None,
        info: Mapping[str, Any] | None = None,
        statistics: Mapping[str, np.ndarray] | None = None,
    ) -> "GraphPosterior":
        """Return the empirical distribution of sampled graphs.

        Parameters
        ----------
        names : sequence of str, length d
        adjacency : ndarray, shape (k, d, d), bool
            The draws, repetitions included; `adjacency[s, i, j]` is True for the edge i → j (row → column).
        log_scores : ndarray, shape (k,), float64, optional
            Unnormalised log R(G) of every draw.
        effective_samples : float, optional
            How many independent draws the k are worth (MCMC: fewer than k). Default k.
        marginals, log_evidence, info, statistics
            As the attributes.

        Examples
        --------
        >>> import numpy as np
        >>> from dag_gfn.posterior import GraphPosterior
        >>> draws = np.zeros((4, 2, 2), dtype=bool)
        >>> draws[1:, 0, 1] = True
        >>> posterior = GraphPosterior.from_samples(("rain", "wet"), draws)
        >>> posterior.weights.round(2).tolist(), posterior.effective_samples
        ([0.75, 0.25], 4.0)
        """
        k = len(adjacency)
        first, group = graph.distinct(adjacency)
        return cls.from_weights(
            names,
            adjacency[first],
            np.log(np.bincount(group) / max(k, 1)),
            None if log_scores is None else log_scores[first],
            num_samples=k,
            effective_samples=float(k if effective_samples is None else effective_samples),
            marginals=marginals,
            log_evidence=log_evidence,
            info=info,
            statistics=statistics,
        )

    @classmethod
    def from_weights(
        cls,
        names: Sequence[str],
        graphs: Bool[np.ndarray, "k d d"],
        log_weights: Float64[np.ndarray, " k"],
        log_scores: Float64[np.ndarray, " k"] | None = None,
        *,
        num_samples: int | None = None,
        effective_samples: float | int | None = None,
        marginals: Mapping[str, Marginal] | None = None,
        log_evidence: float | None = None,
        info: Mapping[str, Any] | None = None,
        statistics: Mapping[str, np.ndarray] | None = None,
    ) -> "GraphPosterior":
        """Return the distribution that gives every graph its (normalised) weight.

        Parameters
        ----------
        names : sequence of str, length d
        graphs : ndarray, shape (k, d, d), bool
            `graphs[s, i, j]` is True for the edge i → j (row → column). Weights of repeated graphs add up.
        log_weights : ndarray, shape (k,), float64
            Not necessarily normalised; -inf for weight zero, and such a graph is left out.
        log_scores : ndarray, shape (k,), float64, optional
            Unnormalised log R(G) of every graph.
        num_samples : int, optional
            How many draws the graphs come from.
        effective_samples : float, optional
            How many independent draws the weights are worth, for standard errors; leave out when the weights
            are not those of draws.
        marginals, log_evidence, info, statistics
            As the attributes.

        Examples
        --------
        >>> import numpy as np
        >>> from dag_gfn.posterior import GraphPosterior
        >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
        >>> posterior = GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([0.75, 0.25]))
        >>> posterior.weights.round(2).tolist()
        [0.75, 0.25]
        """
        scores = np.full(len(graphs), np.nan) if log_scores is None else log_scores
        merged = merged_graphs(graphs, log_weights, scores)
        draws = {"num_samples": num_samples, "effective_samples": effective_samples}
        draws = {key: value for key, value in draws.items() if value is not None}
        info = dict(info or {})
        if draws:
            info["diagnostics"] = {**info.get("diagnostics", {}), **draws}
        return cls(
            names=tuple(names),
            graphs=merged.graphs,
            log_weights=merged.log_weights,
            log_scores=merged.log_scores,
            marginals=dict(marginals or {}),
            log_evidence=log_evidence,
            info=info,
            statistics=dict(statistics or {}),
        )

    def __len__(self) -> int:
        """Return the number of distinct graphs."""
        return len(self.graphs)

    def __repr__(self) -> str:
        shown = ", ".join(self.names[:4]) + (", ..." if self.d > 4 else "")
        graphs = f"{len(self):,} graph{'s' if len(self) > 1 else ''}"
        scope = " over all DAGs" if self.covers_all_dags else ""
        top = math.exp(self.log_weights[0])
        return f"GraphPosterior({self.d} variables: {shown}; {graphs}{scope}, largest weight {top:.3g})"

    @property
    def d(self) -> int:
        """Number of variables."""
        return len(self.names)

    @property
    def weights(self) -> Float64[np.ndarray, " m"]:
        """Probability of every graph, shape (m,)."""
        return np.exp(self.log_weights)

    # --- what is recorded ---

    @property
    def record(self) -> FitRecord:
        """The recorded figures that decide whether the fit can be relied on.

        Examples
        --------
        >>> import numpy as np
        >>> from dag_gfn.posterior import GraphPosterior
        >>> info = {"method": "mcmc", "diagnostics": {"converged": True}}
        >>> posterior = GraphPosterior.from_samples(("a", "b"), np.zeros((3, 2, 2), dtype=bool), info=info)
        >>> posterior.record.method, posterior.record.converged
        ('mcmc', True)
        """
        return FitRecord.from_info(self.info)

    @property
    def diagnostics(self) -> Diagnostics | None:
        """What the method measured of its own run; None where nothing is recorded.

        Examples
        --------
        >>> import numpy as np
        >>> from dag_gfn.posterior import GraphPosterior
        >>> info = {"method": "mcmc", "diagnostics": {"max_r_hat": 1.01}}
        >>> posterior = GraphPosterior.from_samples(("a", "b"), np.zeros((3, 2, 2), dtype=bool), info=info)
        >>> posterior.diagnostics.agreement.max_r_hat
        1.01
        """
        return self.record.diagnostics

    @property
    def covers_all_dags(self) -> bool:
        """Whether the weights are those of every DAG on these variables, rather than of draws."""
        return self.info.get("all_dags") is True

    @property
    def effective_samples(self) -> float | int | None:
        """How many independent draws the weights are worth; None where they are not those of draws."""
        return self.info.get("diagnostics", {}).get("effective_samples")

    @property
    def experiments(self) -> Experiments:
        """What an experimenter set in the rows, and the context columns: they decide what counts as equivalent.

        Examples
        --------
        >>> import numpy as np
        >>> from dag_gfn.posterior import GraphPosterior
        >>> info = {"interventions": [{"nodes": ["a"], "rows": 9}]}
        >>> posterior = GraphPosterior.from_samples(("a", "b"), np.array([[[False, True], [False, False]]]), info=info)
        >>> float(posterior.marginal("compelled").values[0, 1])  # setting a shows the direction of a - b
        1.0
        """
        return Experiments.from_info(self.info)

    @property
    def oriented_pairs(self) -> Bool[np.ndarray, "d d"] | None:
        """The pairs of variables whose edge the experiments orient, symmetric; None without experiments."""
        return self.experiments.oriented(self.names)

    # --- marginals ---

    def marginal(self, feature: str) -> Marginal:
        """Return a feature's probabilities with source and standard error: stored if possible, else counted.

        Parameters
        ----------
        feature : {"edge", "linked", "path", "markov_blanket", "compelled", "reversible"}

        Returns
        -------
        Marginal
            `values` of shape (d, d); entry (i, j) is about i → j (row → column). The standard error is None
            where it is not known. That of "linked" from stored edge marginals is the sum of the two
            directions' errors, which is an upper bound.

        Examples
        --------
        >>> import numpy as np
        >>> from dag_gfn.posterior import GraphPosterior
        >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
        >>> posterior = GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([0.75, 0.25]))
        >>> edge = posterior.marginal("edge")
        >>> edge.values.round(2).tolist(), edge.source  # row → column
        ([[0.0, 0.75], [0.25, 0.0]], 'samples')
        """
        if feature not in FEATURES:
            raise ValueError(f"unknown feature {feature!r}; there are {', '.join(FEATURES)}")
        if feature in self.marginals:
            return self.marginals[feature]
        if feature == "linked" and "edge" in self.marginals:
            edge = self.marginals["edge"]
            error = None if edge.standard_error is None else edge.standard_error + edge.standard_error.T
            return Marginal(np.clip(edge.values + edge.values.T, 0.0, 1.0), edge.source, error)
        if feature in CORRECTED and "edge" in self.marginals and not self.covers_all_dags:
            return self._beside_edges(feature)
        return self.counted(feature_marginals(feature, self.graphs, self.weights, self.oriented_pairs))

    def _beside_edges(self, feature: str) -> Marginal:
        """Return a counted feature that agrees with the stored edges, and its error: of these and of the counts."""
        edge = self.marginals["edge"]
        values, part = corrected_counts(feature, self.graphs, self.weights, edge.values, self.oriented_pairs)
        counted = self.counted(part).standard_error
        stored = self.marginal("linked" if feature == "markov_blanket" else "edge").standard_error
        if counted is None or stored is None or feature not in ("path", "markov_blanket"):
            return Marginal(values, "samples", counted)
        return Marginal(values, "samples", np.hypot(counted, stored))

    def counted(self, values: Float64[np.ndarray, "*shape"]) -> Marginal:
        """Return probabilities that were summed over `weights`, with their source and standard error.

        Examples
        --------
        >>> import numpy as np
        >>> from dag_gfn.posterior import GraphPosterior
        >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
        >>> posterior = GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([0.75, 0.25]))
        >>> posterior.counted(np.array([0.75])).source
        'samples'
        """
        if self.covers_all_dags:
            edge = self.marginals.get("edge")
            if edge is None or edge.source not in ("policy", "mixture"):
                return Marginal(values, "exact")
            if edge.source == "policy":
                return Marginal(values, "policy")
        draws = self.effective_samples
        if self.covers_all_dags:  # of a mixture: nothing but the tables was drawn
            error = np.zeros_like(values) if draws is None else monte_carlo_error(values.clip(0, 1), draws)
            return Marginal(values, "mixture", error)
        return Marginal(values, "samples", None if draws is None else monte_carlo_error(values, draws))

    # --- graphs ---

    def sample_adjacency(self, k: int, *, rng: int | np.random.Generator) -> Bool[np.ndarray, "k d d"]:
        """Return k graphs drawn independently by weight: entry (s, i, j) is True for i → j in draw s.

        Examples
        --------
        >>> import numpy as np
        >>> from dag_gfn.posterior import GraphPosterior
        >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
        >>> posterior = GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([0.75, 0.25]))
        >>> posterior.sample_adjacency(5, rng=0).shape
        (5, 2, 2)
        """
        weights = self.weights
        drawn = np.random.default_rng(rng).choice(len(self), size=k, p=weights / weights.sum())
        return self.graphs[drawn]

    def sample(self, k: int, *, rng: int | np.random.Generator) -> list[nx.DiGraph]:
        """Return k graphs drawn independently by weight, with names and `probability` on every edge.

        `probability` is the edge's marginal probability. `rng` is a seed or a NumPy generator.

        Examples
        --------
        >>> import numpy as np
        >>> from dag_gfn.posterior import GraphPosterior
        >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
        >>> posterior = GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([0.75, 0.25]))
        >>> [list(drawn.edges) for drawn in posterior.sample(2, rng=0)]
        [[('rain', 'wet')], [('rain', 'wet')]]
        """
        probability = self.marginal("edge").values
        return [
            interop.to_networkx(adjacency, self.names, probability=probability)
            for adjacency in self.sample_adjacency(k, rng=rng)
        ]

    def top_graphs(self, k: int = 5) -> list[nx.DiGraph]:
        """Return the k most probable graphs, most probable first, of those that were drawn or found by search.

        Each has the graph attributes `probability`, which is R(G)/Z, its `standard_error` by that of log Z,
        `log_score` (None where they are not known), `odds`: how many times as probable it is as the first, and
        `proven`: whether it is for certain that no graph which is missing is more probable. Every edge has its
        marginal `probability`. Where no score is known, and under the order-modular posterior, the
        probability is the graph's weight.

        Examples
        --------
        >>> import numpy as np
        >>> from dag_gfn.posterior import GraphPosterior
        >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
        >>> posterior = GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([0.75, 0.25]))
        >>> [(list(dag.edges), round(dag.graph["probability"], 2)) for dag in posterior.top_graphs(2)]
        [([('rain', 'wet')], 0.75), ([('wet', 'rain')], 0.25)]
        """
        if k < 1:
            raise ValueError(f"k must be at least 1, not {k}")
        return ranking.top_graphs(self, k)

    def consensus_graph(self, threshold: float = 0.5) -> nx.DiGraph:
        """Return the edges of marginal probability above `threshold`; this can have cycles.

        Two opposite edges never both exceed ½, but all edges of a longer cycle can.

        Examples
        --------
        >>> import numpy as np
        >>> from dag_gfn.posterior import GraphPosterior
        >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
        >>> posterior = GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([0.75, 0.25]))
        >>> list(posterior.consensus_graph(threshold=0.5).edges)
        [('rain', 'wet')]
        """
        return interop.consensus_graph(self.marginal("edge").values, self.names, threshold=threshold)

    def most_probable_graph(self) -> nx.DiGraph:
        """Return the first of `top_graphs`.

        Examples
        --------
        >>> import numpy as np
        >>> from dag_gfn.posterior import GraphPosterior
        >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
        >>> posterior = GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([0.75, 0.25]))
        >>> list(posterior.most_probable_graph().edges)
        [('rain', 'wet')]
        """
        return self.top_graphs(1)[0]

    def median_graph(self) -> nx.DiGraph:
        """Return the DAG of least expected structural Hamming distance to a draw.

        Unlike `consensus_graph` it never has cycles, and it has an edge wherever one of the two directions is
        likelier than no edge. See `dag_gfn.posterior.median_graph`.

        Examples
        --------
        >>> import numpy as np
        >>> from dag_gfn.posterior import GraphPosterior
        >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
        >>> posterior = GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([0.75, 0.25]))
        >>> list(posterior.median_graph().edges)
        [('rain', 'wet')]
        """
        edge = self.marginal("edge").values
        return interop.to_networkx(median_graph(edge), self.names, probability=edge)

    def class_posterior(self) -> ClassPosterior:
        """Return the distribution over equivalence classes by weight; see `dag_gfn.posterior.classes`.

        They are Markov equivalence classes, or the smaller ones that the experiments of `experiments` leave.

        Examples
        --------
        >>> import numpy as np
        >>> from dag_gfn.posterior import GraphPosterior
        >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
        >>> posterior = GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([0.75, 0.25]))
        >>> len(posterior.class_posterior())  # both graphs are in one class
        1
        """
        return ClassPosterior.from_graphs(
            self.names,
            self.graphs,
            self.log_weights,
            counted=self.counted,
            oriented=self.oriented_pairs,
        )

    def top_classes(self, k: int = 5) -> list[nx.DiGraph]:
        """Return the k most probable equivalence classes (fewer if there are fewer), most probable first.

        Each is a `networkx.DiGraph` that stands for a mixed graph: a compelled edge once, with the attribute
        `compelled=True`; a reversible edge in both directions, with `compelled=False`. Every edge has its
        marginal `probability`. The graph has `probability`, `standard_error` (None where not known), `odds` relative to
        the first, `size`, the number of DAGs in the class, `num_graphs`, how many of these the posterior holds, and
        `proven`, whether it is for certain that no class which is missing is more probable.

        With experiments, classes are those that these cannot tell apart; see `experiments`.
        Where all DAGs of a class have the same score (`info["score_equivalent"]`), its probability is size · R/Z;
        elsewhere the weight of its members among the graphs.

        Examples
        --------
        >>> import numpy as np
        >>> from dag_gfn.posterior import GraphPosterior
        >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
        >>> posterior = GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([0.75, 0.25]))
        >>> (best,) = posterior.top_classes(3)
        >>> sorted(best.edges), round(best.graph["probability"], 2)
        ([('rain', 'wet'), ('wet', 'rain')], 1.0)
        """
        if k < 1:
            raise ValueError(f"k must be at least 1, not {k}")
        return ranked_classes.top_classes(self, k)

    def credible_classes(self, level: float = ranked_classes.LEVEL) -> ranked_classes.CredibleClasses:
        """Return the smallest set of equivalence classes that holds at least `level` of the posterior.

        The result has `classes`, as `top_classes` gives them, their `probability` together, and `is_complete`. Where
        the evidence or the most probable classes are not known for certain, or 1,000 classes hold less, it is False,
        and every such set has more classes than those that are given.

        Examples
        --------
        >>> import numpy as np
        >>> import dag_gfn
        >>> posterior = dag_gfn.fit(dag_gfn.simulate(3, 200, rng=np.random.default_rng(1)), progress=False)
        >>> found = posterior.credible_classes(0.5)
        >>> found.is_complete, len(found.classes), found.probability >= 0.5
        (True, 2, True)
        """
        if not 0 < level < 1:
            raise ValueError(f"level must lie between 0 and 1, not {level}")
        return ranked_classes.credible_classes(self, level)

    def entropy(self) -> float:
        """Return the entropy of the posterior in nats.

        It is that of the weights where all DAGs are held. From draws it is log Z less the mean of log R, which is not
        bounded by their number; where Z is not known, the entropy of the weights of k draws, at most log k.

        Examples
        --------
        >>> import numpy as np
        >>> from dag_gfn.posterior import GraphPosterior
        >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
        >>> posterior = GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([0.75, 0.25]))
        >>> round(posterior.entropy(), 3)
        0.562
        """
        return ranking.entropy(self)

    def num_effective_graphs(self) -> float:
        """Return exp(entropy): as many equally probable graphs have the same entropy; infinity beyond 1e308.

        Examples
        --------
        >>> import numpy as np
        >>> from dag_gfn.posterior import GraphPosterior
        >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
        >>> posterior = GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([0.75, 0.25]))
        >>> round(posterior.num_effective_graphs(), 2)
        1.75
        """
        nats = self.entropy()
        return math.exp(nats) if nats < math.log(np.finfo(float).max) else math.inf

    # --- queries ---

    def probability(self, query: str | Query | Callable[[np.ndarray], np.ndarray]) -> Probability:
        """Return the probability of a statement about the DAG.

        Parameters
        ----------
        query : str, Query or callable
            Text such as `'edge(a, b) & !path(b, "age at death")'` (docs/queries.md has the language), or a
            function from bool (m, d, d) to bool (m,), entry (k, i, j) being True for i → j in graph k.

        Returns
        -------
        Probability
            A statement about one pair, or about one node's parents, is answered by a stored marginal if there
            is one; others are counted over `graphs`.

        Raises
        ------
        QueryError
            If the query cannot be read.

        Examples
        --------
        >>> import numpy as np
        >>> from dag_gfn.posterior import GraphPosterior
        >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
        >>> posterior = GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([0.75, 0.25]))
        >>> round(posterior.probability("edge(rain, wet)").value, 2)
        0.75
        """
        from dag_gfn.posterior.conditioning import probability  # which itself takes a GraphPosterior

        return probability(self, query)

    def given(
        self,
        query: str | Query | Callable[[np.ndarray], np.ndarray],
        *,
        new_draws: int | None = None,
        seed: int = 0,
    ) -> "GraphPosterior":
        """Return the posterior given that a statement is true: the graphs that comply, renormalised.

        Its marginals are counted over those graphs, none of the stored ones is taken over. It is worth
        `effective_samples` in proportion to their weight. `log_evidence` gains log P(query), and
        `info["conditions"]` records the statement with its probability.

        Parameters
        ----------
        query : str, Query or callable
            As in `probability`.
        new_draws : int, optional
            Draw so many objects anew by the trained sampler, all of which comply, instead of keeping those graphs held
            here that do; see `dag_gfn.posterior.sampled_condition`. For conditions that few graphs meet.
        seed : int
            Of the new draws.

        Raises
        ------
        QueryError
            If the query cannot be read, no graph held here complies, or there is no sampler for new draws.

        Examples
        --------
        >>> import numpy as np
        >>> from dag_gfn.posterior import GraphPosterior
        >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
        >>> posterior = GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([0.75, 0.25]))
        >>> restricted = posterior.given("edge(wet, rain)")
        >>> len(restricted), round(restricted.info["conditions"][0]["probability"], 2)
        (1, 0.25)
        """
        if new_draws is not None:
            from dag_gfn.posterior.sampled_condition import drawn_given

            return drawn_given(self, query, num_samples=new_draws, seed=seed)
        from dag_gfn.posterior.conditioning import given

        return given(self, query)

    # --- files ---

    def save(self, folder: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write a posterior folder, complete or not at all; see `dag_gfn.posterior.storage`.

        Examples
        --------
        >>> import numpy as np
        >>> from dag_gfn.posterior import GraphPosterior
        >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
        >>> posterior = GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([0.75, 0.25]))
        >>> import dag_gfn
        >>> posterior.save("weather")
        >>> len(dag_gfn.load("weather"))
        2
        """
        from dag_gfn.posterior.storage import save_posterior  # storage itself builds GraphPosterior

        save_posterior(self, folder, overwrite=overwrite)
