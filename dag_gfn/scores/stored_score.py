"""The score of any graph, from what a saved posterior holds: statistics of the data, score, prior and constraints.

A graph that was drawn has its score beside it. That of another graph is computed anew. Graphs whose scores are known
are computed as well, and where one differs, something of the fit is not known here, and no score is given.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64

from dag_gfn.data import Dataset, from_covariance
from dag_gfn.errors import DagGfnError
from dag_gfn.graphs import graph
from dag_gfn.graphs.possible_parents import PossibleParents
from dag_gfn.graphs.subsets import MAX_NODES
from dag_gfn.posterior import GraphPosterior
from dag_gfn.posterior.table_statistics import num_tables, statistics_of_table
from dag_gfn.scores.additive import Additive
from dag_gfn.scores.block import BlockBGe
from dag_gfn.scores.cell_limit import CellLimit
from dag_gfn.scores.constraints import Constraints
from dag_gfn.scores.contingency_tables import ContingencyTables
from dag_gfn.scores.graph_prior import GraphPrior, beliefs_of, make_prior
from dag_gfn.scores.local_score import LocalScore
from dag_gfn.scores.moments import Moments
from dag_gfn.scores.registry import make_score
from dag_gfn.scores.wide import WideScore

CHECKED = 20
"""Graphs of known score that are computed for comparison."""
TOLERANCE = 1e-6
"""Largest difference from a known score, relative to its size."""


class _Counts(NamedTuple):
    """The local scores of BDeu from counts, of one table for all nodes or of one for each."""

    tables: tuple[ContingencyTables, ...]
    equivalent_sample_size: float

    def local_scores(self, node: int, parents: Int64[np.ndarray, " m"]) -> Float64[np.ndarray, " m"]:
        table = self.tables[node if len(self.tables) > 1 else 0]
        return table.family_cell_sums(node, parents, self.equivalent_sample_size)


def stored_log_scores(
    posterior: GraphPosterior, graphs: Bool[np.ndarray, "k d d"]
) -> Float64[np.ndarray, " k"]:
    """Return log R of graphs as the fit has scored, or would have scored them, shape (k,).

    Parameters
    ----------
    posterior : GraphPosterior
    graphs : ndarray, shape (k, d, d), bool
        DAGs; `graphs[s, i, j]` is True for i → j (row → column).

    Returns
    -------
    ndarray, shape (k,), float64
        -inf for a graph that the fit's constraints exclude; nan where the score is not known.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.scores.stored_score import stored_log_scores
    >>> posterior = dag_gfn.fit(np.random.default_rng(0).normal(size=(50, 3)), progress=False)
    >>> bool(np.allclose(stored_log_scores(posterior, posterior.graphs), posterior.log_scores))
    True
    """
    known = np.concatenate([posterior.graphs, posterior.best_graphs])
    known_scores = np.concatenate([posterior.log_scores, posterior.best_log_scores])
    place = {bits.tobytes(): k for k, bits in enumerate(_packed(known))}
    found = np.full(len(graphs), np.nan)
    missing = []
    for k, bits in enumerate(_packed(graphs)):
        at = place.get(bits.tobytes())
        if at is None:
            missing.append(k)
        else:
            found[k] = known_scores[at]
    if not missing:
        return found
    if posterior.covers_all_dags and posterior.d <= 5 and not posterior.info.get("conditions"):
        found[missing] = -np.inf  # all that are possible are held
        return found
    some = np.flatnonzero(np.isfinite(known_scores))[:CHECKED]
    if len(some):
        found[missing] = _computed(posterior, graphs[missing], known[some], known_scores[some])
    return found


def log_prior_of(
    posterior: GraphPosterior, graphs: Bool[np.ndarray, "k d d"]
) -> Float64[np.ndarray, " k"] | None:
    """Return the log prior of graphs, not normalised, as if nothing were excluded; None where it is not recorded.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.scores.stored_score import log_prior_of
    >>> posterior = dag_gfn.fit(np.random.default_rng(0).normal(size=(50, 3)), prior="edge", progress=False)
    >>> bool(np.allclose(log_prior_of(posterior, posterior.graphs), posterior.graphs.sum(axis=(1, 2)) * np.log(0.5)))
    True
    """
    prior = _prior(posterior)
    return None if prior is None else _log_prior(prior, graphs)


def _computed(
    posterior: GraphPosterior,
    graphs: Bool[np.ndarray, "k d d"],
    known: Bool[np.ndarray, "m d d"],
    known_scores: Float64[np.ndarray, " m"],
) -> Float64[np.ndarray, " k"]:
    """Return log R of graphs, or nan if those of known graphs come out different."""
    unknown, statistics = np.full(len(graphs), np.nan), posterior.statistics
    prior, constraints = _prior(posterior), _constraints(posterior)
    if prior is None or not statistics:
        return unknown
    every = np.concatenate([graphs, known])
    tables = num_tables(statistics)
    parts = np.empty((tables, len(every)))
    try:
        for t in range(tables):
            one = statistics_of_table(statistics, t)
            score = score_of_statistics(
                posterior.info.get("score"), posterior.info.get("score_options") or {}, posterior.names, one
            )
            if score is None:
                return unknown
            parts[t] = _log_rewards(score, prior, constraints, every)
    except (DagGfnError, KeyError, ValueError):  # statistics or options that this score does not take
        return unknown
    if tables > 1:
        if "table_log_evidence" not in statistics:
            return unknown
        parts += (statistics["table_log_weights"] - statistics["table_log_evidence"])[:, None]
    scores = np.logaddexp.reduce(parts, axis=0) if tables > 1 else parts[0]
    gap = np.abs(scores[len(graphs) :] - known_scores)
    if not (gap <= TOLERANCE * np.maximum(np.abs(known_scores), 1.0)).all():
        return unknown
    return scores[: len(graphs)]


def _log_rewards(
    score: LocalScore | _Counts,
    prior: GraphPrior,
    constraints: Constraints,
    graphs: Bool[np.ndarray, "k d d"],
) -> Float64[np.ndarray, " k"]:
    if graphs.shape[1] > MAX_NODES:
        if not isinstance(score, LocalScore):
            raise ValueError("a table of counts of more than 63 columns is not taken apart")
        return np.array([_log_reward_alone(score, prior, constraints, one) for one in graphs])
    masks = graph.parent_masks(graphs)
    total = np.zeros(len(graphs))
    for node in range(masks.shape[1]):
        sets, which = np.unique(masks[:, node], return_inverse=True)
        allowed = constraints.allow(node, sets)
        values = np.full(len(sets), -np.inf)
        values[allowed] = score.local_scores(node, sets[allowed])
        total += values[which.reshape(-1)]
    return total + _log_prior(prior, graphs)


def _log_reward_alone(
    score: LocalScore, prior: GraphPrior, constraints: Constraints, one: Bool[np.ndarray, "d d"]
) -> float:
    """Return log R of one graph, whose parents are taken as the possible ones of each node."""
    size = max(int(one.sum(axis=0).max()), 1)
    if size >= MAX_NODES or (constraints.required_edges & ~one).any():
        return -np.inf
    order = np.argsort(
        ~one.T, axis=1, kind="stable"
    )  # parents first, and no node is its own where others remain
    own = np.arange(len(one))[:, None]
    nodes = order[order != own].reshape(len(one), -1)[:, :size]
    possible = PossibleParents(np.sort(nodes, axis=1))
    masks, wide = possible.masks_of(one), WideScore(score, possible)
    among, total = constraints.among(possible), float(_log_prior(prior, one[None])[0])
    for node, mask in enumerate(masks[:, None]):
        if not among.allow(node, mask)[0]:
            return -np.inf
        total += float(wide.local_scores(node, mask)[0])
    return total


def _log_prior(prior: GraphPrior, graphs: Bool[np.ndarray, "k d d"]) -> Float64[np.ndarray, " k"]:
    total = prior.log_prior_by_size[graphs.sum(axis=1)].sum(axis=1)
    return total if prior.log_odds is None else total + (graphs * prior.log_odds).sum(axis=(1, 2))


def score_of_statistics(
    name: str | None, options: Mapping[str, Any], names: tuple[str, ...], statistics: Mapping[str, np.ndarray]
) -> LocalScore | _Counts | None:
    """Return the score of one table from its sufficient statistics; None where they do not determine it.

    Parameters
    ----------
    name : str or None
        Of the score.
    options : mapping
        Its hyperparameters.
    names : tuple of str
        The variables.
    statistics : mapping of str to ndarray
        As `LocalScore.statistics` gives them.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.scores import make_score
    >>> from dag_gfn.scores.stored_score import score_of_statistics
    >>> score = make_score("bge", from_array(np.random.default_rng(0).normal(size=(9, 2)), ["a", "b"]))
    >>> again = score_of_statistics("bge", score.hyperparameters, ("a", "b"), score.statistics())
    >>> sets = np.array([0b00, 0b10])
    >>> bool(np.allclose(again.local_scores(0, sets), score.local_scores(0, sets)))
    True
    """
    options = dict(options)
    if "rows" in statistics:
        if name not in ("bdeu", "bde", "bic"):
            return None
        lines = statistics["counts"].reshape(-1, len(statistics["rows"]))
        cardinalities = tuple(statistics["cardinalities"].tolist())
        if name != "bic":
            tables = [ContingencyTables(statistics["rows"][c > 0], cardinalities, c[c > 0]) for c in lines]
            return _Counts(tuple(tables), float(options["equivalent_sample_size"]))
        return make_score("bic", _counted_rows(names, statistics, lines[0]))
    if name == "additive":
        return Additive.from_statistics(statistics, names, **options)
    block = name in ("block", "copula")
    if not block and name not in ("bge", "bic", "linear_gaussian"):
        return None
    scatter = statistics["block_scatter" if block else "scatter"]
    size = scatter.shape[-1]
    scatter = scatter.reshape(-1, size, size)
    means = statistics["block_means" if block else "column_means"].reshape(-1, size)
    rows = statistics["num_rows"][: len(scatter)].tolist()
    if name in ("bic", "linear_gaussian"):
        n = float(rows[0])
        data = from_covariance(scatter[0] / n, n=n, names=list(names), means=means[0], ddof=0)
        return make_score(name, data, **options)
    shift = np.asarray(options.pop("mean_obs", 0.0), dtype=np.float64)
    moments = [Moments(n, mean - shift, of) for n, mean, of in zip(rows, means, scatter, strict=True)]
    widths = statistics["block_widths"] if block else np.ones(size, dtype=np.int64)
    return BlockBGe.from_moments(
        moments,
        widths,
        names,
        alpha_mu=float(options["alpha_mu"]),
        alpha_w=float(options["alpha_w"]),
    )


def _counted_rows(
    names: tuple[str, ...], statistics: Mapping[str, np.ndarray], counts: np.ndarray
) -> Dataset:
    """Return a table of the distinct rows, with their counts as weights."""
    seen = counts > 0
    cardinalities = tuple(statistics["cardinalities"].tolist())
    d = len(names)
    return Dataset(
        values=statistics["rows"][seen].astype(np.float64),
        names=names,
        kinds=("discrete",) * d,
        cardinalities=cardinalities,
        states=tuple(tuple(map(str, range(r))) for r in cardinalities),  # no score reads labels
        means=np.zeros(d),
        scales=np.ones(d),
        weights=counts[seen].astype(np.float64),
    )


def _prior(posterior: GraphPosterior) -> GraphPrior | None:
    info: dict[str, Any] = posterior.info
    try:
        prior = make_prior(info["prior"], posterior.d, **(info.get("prior_options") or {}))
        return prior.with_beliefs(beliefs_of(info.get("beliefs") or (), posterior.names))
    except (DagGfnError, KeyError, TypeError):
        return None


def _constraints(posterior: GraphPosterior) -> Constraints:
    """Return the constraints that are recorded."""
    recorded = posterior.info.get("constraints") or {}
    constraints = Constraints.from_names(
        posterior.names,
        recorded.get("required") or (),
        recorded.get("forbidden") or (),
        recorded.get("max_parents"),
        recorded.get("max_parents_of"),
    )
    statistics = posterior.statistics
    if recorded.get("sparse_families") != "drop" or "cardinalities" not in statistics:
        return constraints
    states = statistics["cardinalities"].astype(np.float64)
    limit = CellLimit(states, statistics["num_rows"].astype(np.float64), constraints.required_edges)
    return replace(constraints, cell_limit=limit)


def _packed(graphs: Bool[np.ndarray, "k d d"]) -> np.ndarray:
    return np.packbits(graphs.reshape(len(graphs), -1), axis=1)
