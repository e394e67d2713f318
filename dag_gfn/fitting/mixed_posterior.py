"""The posterior of a mixture of completed tables, with its diagnostics and statistics."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64, Int64

from dag_gfn.budget import TimeBudget
from dag_gfn.completion.completed_tables import CompletedTables
from dag_gfn.exact.enumeration import ExactPosterior, graph_posterior
from dag_gfn.fitting.mixture import (
    MixedFeature,
    TableWeights,
    effective_samples,
    mixed_feature,
    relative_error,
)
from dag_gfn.fitting.mixture_graphs import MixtureScores, most_probable
from dag_gfn.graphs import graph
from dag_gfn.posterior import GraphPosterior, Marginal
from dag_gfn.posterior.diagnostics import MixtureDiagnostics
from dag_gfn.posterior.features import FEATURES, monte_carlo_error
from dag_gfn.posterior.limits import MAX_SWEEP_R_HAT, MAX_TABLE_R_HAT
from dag_gfn.posterior.method_result import MethodResult, Search
from dag_gfn.posterior.verdict import judge
from dag_gfn.scores import LocalScore, ScoreTable
from dag_gfn.scores.stacked_statistics import pair_statistics, stacked_statistics

_STARTS = 50  # of the draws, for the search for the most probable graphs
_JUDGED_GRAPHS = 100  # most probable graphs, whose errors are recorded


@dataclass(frozen=True, eq=False)
class TableFit:
    """The posterior of one completed table.

    Attributes
    ----------
    score : LocalScore
    table : ScoreTable
    every : ExactPosterior or None
        The probabilities of all DAGs, where these were listed.
    result : MethodResult or None
        Otherwise.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.exact.enumeration import exact_posterior
    >>> from dag_gfn.fitting.mixed_posterior import TableFit
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> score = make_score("bge", dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 2))))
    >>> table = ScoreTable.build(score)
    >>> TableFit(score, table, exact_posterior(table), None).interrupted
    False
    """

    score: LocalScore
    table: ScoreTable
    every: ExactPosterior | None
    result: MethodResult | None

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended the work on this table early."""
        return self.result is not None and self.result.interrupted


@dataclass(frozen=True, eq=False)
class Mixed:
    """A mixture of tables.

    Attributes
    ----------
    posterior : GraphPosterior
    diagnostics : MixtureDiagnostics
    edges : MixedFeature
    settings : dict
        What posterior.json records of the probabilities of graphs.
    statistics : dict of str to array
    search : Search or None
    cut_short : bool
        Whether time ended the search for the most probable graphs.

    Examples
    --------
    See `enumerated_mixture`.
    """

    posterior: GraphPosterior
    diagnostics: MixtureDiagnostics
    edges: MixedFeature
    statistics: dict[str, np.ndarray]
    settings: dict[str, Any] = field(default_factory=dict)
    search: Search | None = None
    cut_short: bool = False


def enumerated_mixture(
    fits: list[TableFit],
    tables: TableWeights,
    completed: CompletedTables,
    *,
    num_pairs: int,
    rng: np.random.Generator,
) -> Mixed:
    """Return the mixture of tables where the probabilities of all DAGs are known for each.

    Parameters
    ----------
    fits : list of TableFit
        One for each distinct table.
    tables : TableWeights
        Numbered as `fits`.
    completed : CompletedTables
        Its route and diagnostics are recorded.
    num_pairs : int
        About how many pairs of graph and table are kept for effects.
    rng : numpy.random.Generator
        Draws these.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.completion.completed_tables import CompletedTables
    >>> from dag_gfn.exact.enumeration import exact_posterior
    >>> from dag_gfn.fitting.mixed_posterior import TableFit, enumerated_mixture
    >>> from dag_gfn.fitting.mixture import TableWeights
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> rng = np.random.default_rng(0)
    >>> scores = [make_score("bge", dag_gfn.from_array(rng.normal(size=(9, 2)))) for _ in range(2)]
    >>> completed = CompletedTables(scores, np.log([0.5, 0.5]), np.zeros(2, int), np.arange(2), "weighted")
    >>> tables = [ScoreTable.build(score) for score in scores]
    >>> fits = [TableFit(s, t, exact_posterior(t), None) for s, t in zip(scores, tables)]
    >>> mixed = enumerated_mixture(fits, TableWeights.of(completed)[0], completed, num_pairs=10, rng=rng)
    >>> len(mixed.posterior), mixed.posterior.covers_all_dags
    (3, True)
    """
    every = [fit.every for fit in fits if fit.every is not None]
    masks = every[0].masks
    by_table = np.stack([one.log_probabilities for one in every])
    joint = by_table + np.log(tables.of_distinct())[:, None]
    log_probability = np.logaddexp.reduce(joint, axis=0)
    names = fits[0].table.names
    d = len(names)
    adjacency = graph.adjacency_from_masks(masks.astype(np.int64), d)
    probabilities = np.exp(by_table)
    features = {}
    for feature in ("edge", "path", "markov_blanket"):
        holds = FEATURES[feature](adjacency).reshape(len(masks), -1).astype(np.float64)
        features[feature] = mixed_feature(
            np.clip(probabilities @ holds, 0.0, 1.0).reshape(-1, d, d), None, tables
        )
    edges = features["edge"]
    diagnostics = _diagnostics(fits, tables, completed, edges)
    worth = effective_samples(edges, diagnostics.effective_tables or 1.0, None)
    whole = graph_posterior(
        names, masks, log_probability, log_scores=log_probability, source="mixture", info=_worth(worth)
    )
    marginals = dict(whole.marginals) | {name: found.marginal for name, found in features.items()}
    sets = whole.marginals["parent_sets"].values
    error = np.zeros_like(sets) if worth is None else monte_carlo_error(np.clip(sets, 0, 1), worth)
    marginals["parent_sets"] = Marginal(sets, "mixture", error)
    posterior = GraphPosterior(
        names=whole.names,
        graphs=whole.graphs,
        log_weights=whole.log_weights,
        log_scores=whole.log_scores,
        marginals=marginals,
        info=whole.info,
    )
    best = np.argsort(-log_probability, kind="stable")[:_JUDGED_GRAPHS]
    settings = _graph_settings(relative_error(probabilities[:, best], tables))
    graphs, which, log_weights = _pairs(joint, log_probability, num_pairs, rng)
    evidence = np.array([one.log_evidence for one in every])
    statistics = _statistics(fits, tables, evidence) | pair_statistics(adjacency[graphs], which, log_weights)
    return Mixed(posterior, diagnostics, edges, statistics, settings)


def _pairs(
    joint: Float64[np.ndarray, "r m"],
    log_probability: Float64[np.ndarray, " m"],
    number: int,
    rng: np.random.Generator,
) -> tuple[Int64[np.ndarray, " p"], Int64[np.ndarray, " p"], Float64[np.ndarray, " p"]]:
    """Return pairs of graph and table, at least one for each graph and more for probable ones, with log-weights."""
    possible = np.flatnonzero(np.isfinite(log_probability))
    copies = np.maximum(1, np.ceil(number * np.exp(log_probability[possible]))).astype(np.int64)
    graphs = np.repeat(possible, copies)
    given = np.cumsum(np.exp(joint[:, possible] - log_probability[possible]), axis=0)
    place = np.repeat(np.arange(len(possible)), copies)
    first = np.repeat(np.cumsum(copies) - copies, copies)
    uniform = (np.arange(len(graphs)) - first + rng.random(len(graphs))) / copies[
        place
    ]  # even along the tables
    tables = np.minimum((uniform > given[:, place]).sum(axis=0), len(joint) - 1)
    return graphs, tables.astype(np.int64), log_probability[graphs] - np.log(copies[place])


def mixture_of_fits(
    fits: list[TableFit],
    tables: TableWeights,
    completed: CompletedTables,
    *,
    budget: TimeBudget | None = None,
) -> Mixed:
    """Return the mixture of the posteriors of tables, from their marginals and draws.

    Parameters
    ----------
    fits, tables, completed
        As for `enumerated_mixture`.
    budget : TimeBudget, optional
        Of the fit; the search for the most probable graphs ends with it.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.completion.completed_tables import CompletedTables
    >>> from dag_gfn.fitting.mixed_posterior import TableFit, mixture_of_fits
    >>> from dag_gfn.fitting.mixture import TableWeights
    >>> from dag_gfn.mcmc.posterior import fit_mcmc
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> rng = np.random.default_rng(0)
    >>> scores = [make_score("bge", dag_gfn.from_array(rng.normal(size=(9, 3)))) for _ in range(2)]
    >>> completed = CompletedTables(scores, np.log([0.5, 0.5]), np.zeros(2, int), np.arange(2), "weighted")
    >>> tables = [ScoreTable.build(score) for score in scores]
    >>> results = [fit_mcmc(table, seed=0, num_samples=50, iterations=2_000) for table in tables]
    >>> fits = [TableFit(s, t, None, r) for s, t, r in zip(scores, tables, results)]
    >>> mixed = mixture_of_fits(fits, TableWeights.of(completed)[0], completed)
    >>> mixed.posterior.marginal("edge").source, len(mixed.statistics["pair_tables"]) <= 100
    ('mixture', True)
    """
    results = [fit.result for fit in fits if fit.result is not None]
    posteriors = [result.posterior for result in results]
    share = tables.of_distinct()
    found = {name: _mixed_marginal(name, posteriors, tables) for name in ("edge", "path")}
    edges = found["edge"]
    diagnostics = _diagnostics(fits, tables, completed, edges)
    worths = [posterior.effective_samples for posterior in posteriors]
    of_draws = None  # where every posterior holds all DAGs
    if any(worth is not None for worth in worths):
        of_draws = 1.0 / sum(s * s / worth for s, worth in zip(share, worths, strict=True) if worth)
    worth = effective_samples(edges, diagnostics.effective_tables or 1.0, of_draws)
    marginals = {name: mixed.marginal for name, mixed in found.items()}
    if all("parent_sets" in posterior.marginals for posterior in posteriors):
        sets = np.zeros_like(posteriors[0].marginals["parent_sets"].values)
        for weight, posterior in zip(share, posteriors, strict=True):
            sets += weight * posterior.marginals["parent_sets"].values
        sets = np.clip(sets, 0.0, 1.0)
        error = np.zeros_like(sets) if worth is None else monte_carlo_error(sets, worth)
        marginals["parent_sets"] = Marginal(sets, "mixture", error)
    graphs = np.concatenate([posterior.graphs for posterior in posteriors])
    which = np.repeat(np.arange(len(posteriors)), [len(posterior) for posterior in posteriors])
    log_weights = np.concatenate([posterior.log_weights for posterior in posteriors]) + np.log(share)[which]
    evidence = _log_evidence(results)
    log_scores, best, search, cut = None, None, None, False
    settings: dict[str, Any] = {}
    if evidence is not None:
        mixture = MixtureScores([fit.table for fit in fits], np.log(share), evidence)
        log_scores, settings, best, search, cut = _scored(mixture, graphs, results, tables, budget)
    if all(posterior.covers_all_dags for posterior in posteriors):
        settings["all_dags"] = True
    draws = sum(posterior.record.num_samples or 0 for posterior in posteriors)
    posterior = GraphPosterior.from_weights(
        posteriors[0].names,
        graphs,
        log_weights,
        log_scores,
        num_samples=draws or None,
        effective_samples=worth,
        marginals=marginals,
        info={"all_dags": True} if "all_dags" in settings else None,
    )
    if best is not None:
        adjacency, log_probability = best
        posterior = GraphPosterior(
            names=posterior.names,
            graphs=posterior.graphs,
            log_weights=posterior.log_weights,
            log_scores=posterior.log_scores,
            marginals=posterior.marginals,
            info=posterior.info,
            best_graphs=adjacency,
            best_log_scores=log_probability,
        )
    statistics = _statistics(fits, tables, evidence) | pair_statistics(graphs, which, log_weights)
    return Mixed(posterior, diagnostics, edges, statistics, settings, search, cut)


def _mixed_marginal(name: str, posteriors: list[GraphPosterior], tables: TableWeights) -> MixedFeature:
    """Return the mixture of a feature's probabilities, with the errors that each table's own have."""
    each = [posterior.marginal(name) for posterior in posteriors]
    errors = np.stack([marginal.errors() for marginal in each])
    return mixed_feature(np.stack([marginal.values for marginal in each]), np.nan_to_num(errors), tables)


def _log_evidence(results: list[MethodResult]) -> Float64[np.ndarray, " r"] | None:
    """Return log Z of each table; None where one is not known."""
    found = [result.evidence.log_z for result in results]
    return None if any(log_z is None for log_z in found) else np.array(found, dtype=np.float64)


def _scored(
    mixture: MixtureScores,
    graphs: Bool[np.ndarray, "k d d"],
    results: list[MethodResult],
    tables: TableWeights,
    budget: TimeBudget | None,
) -> tuple[
    Float64[np.ndarray, " k"],
    dict[str, Any],
    tuple[Bool[np.ndarray, "b d d"], Float64[np.ndarray, " b"]],
    Search,
    bool,
]:
    """Return log P(G | seen) of the draws, what is recorded of it, and the most probable graphs."""
    first, which = graph.distinct(graphs)
    log_probability = mixture.log_probability(graph.parent_masks(graphs[first]))
    drawn = graphs[first[np.argsort(-log_probability, kind="stable")[:_STARTS]]]
    starts = [result.best_graph.adjacency[None] for result in results if result.best_graph is not None]
    starts += [result.posterior.best_graphs[:1] for result in results]
    adjacency, best, cut = most_probable(mixture, np.concatenate([*starts, drawn]), budget=budget)
    joint = mixture.log_probability_by_table(graph.parent_masks(adjacency[:_JUDGED_GRAPHS]))
    by_table = np.exp(joint) / tables.of_distinct()[:, None]
    settings = _graph_settings(relative_error(by_table, tables))
    return log_probability[which], settings, (adjacency, best), Search(len(best), proven=False), cut


def _graph_settings(errors: Float64[np.ndarray, " k"]) -> dict[str, Any]:
    """Return what posterior.json records of the probabilities of graphs: scores are their logarithms."""
    return {"normalized_scores": True, "graph_relative_errors": errors.tolist()}


def _worth(worth: float | None) -> dict[str, Any] | None:
    return None if worth is None else {"diagnostics": {"effective_samples": worth}}


def _statistics(
    fits: list[TableFit], tables: TableWeights, evidence: Float64[np.ndarray, " r"] | None
) -> dict[str, np.ndarray]:
    return stacked_statistics(
        [fit.table.statistics() for fit in fits], np.log(tables.of_distinct()), evidence
    )


def _diagnostics(
    fits: list[TableFit], tables: TableWeights, completed: CompletedTables, edges: MixedFeature
) -> MixtureDiagnostics:
    """Return how well the tables agree, how many they are worth, and the worst of what each table's method measured."""
    results = [fit.result for fit in fits if fit.result is not None]
    # a mode that the chains of one table miss is found on others: arrivals at one of them alone are not judged
    verdicts = [
        judge(replace(result.diagnostics, tempering=None), None, result.evidence).converged
        for result in results
    ]
    unconverged = sum(verdict is False for verdict in verdicts)
    agreements = [result.diagnostics.agreement for result in results]
    r_hats = [found.max_r_hat for found in agreements if found is not None]
    draws = [found.min_effective_draws for found in agreements if found is not None]
    weights = [result.diagnostics.importance for result in results]
    shares = [found.ess for found in weights if found is not None]
    effective, r_hat, agree = tables.effective, None, None
    if not tables.independent:
        if edges.chains is not None:
            effective = min(effective, edges.chains.min_effective_draws)
            r_hat, agree = edges.chains.max_r_hat, bool(edges.chains.max_r_hat <= MAX_TABLE_R_HAT)
        if "max_r_hat" in completed.diagnostics:  # of the graphs at every sweep, which says more
            r_hat = float(completed.diagnostics["max_r_hat"])
            agree = r_hat <= MAX_SWEEP_R_HAT
    own = edges.marginal.values * (1.0 - edges.marginal.values)
    total = float(own.sum())
    first = results[0].diagnostics if results else None
    return MixtureDiagnostics(
        iterations=None if first is None else first.iterations,
        cut_short_by_time_budget=any(bool(r.diagnostics.cut_short_by_time_budget) for r in results) or None,
        completion_route=completed.route,
        completed_tables=len(tables),
        distinct_tables=len(fits),
        effective_tables=effective,
        tables_max_r_hat=r_hat,
        tables_agree=agree,
        share_of_missing=float((edges.deviation**2).sum()) / total if total > 0 else 0.0,
        max_edge_standard_error=float(edges.marginal.errors().max(initial=0.0)),
        unconverged_tables=unconverged,
        unjudged_tables=sum(verdict is None for verdict in verdicts),
        worst_max_r_hat=max((r for r in r_hats if r is not None), default=None),
        worst_effective_draws=min((x for x in draws if x is not None), default=None),
        worst_ess=min((x for x in shares if x is not None), default=None),
    )
