"""Distances of a posterior from another one or from the true graph, in float64 and nats."""

import math
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64, Int64
from scipy.special import kl_div, rel_entr

from dag_gfn.errors import DataError
from dag_gfn.graphs import graph
from dag_gfn.posterior import GraphPosterior
from dag_gfn.quiet_import import quiet_import

Probabilities = Float64[np.ndarray, " m"]
PairMatrix = Float64[np.ndarray, "d d"]

_TAIL = 0.2  # largest share of the draws in the tail of their weights
_SMALLEST_TAIL = 5  # draws
_ALIKE = 1e-6  # nats by which equal log-weights may differ
_SHARED = 5  # draws of equal weight, so that this weight is no outlier

# --- distributions over the same outcomes ---


def kl_divergence(p: Probabilities, q: Probabilities) -> float:
    """Return KL(p || q) = Σ p log(p/q) in nats; infinite where p puts mass that q does not.

    Parameters
    ----------
    p, q : ndarray, shape (m,), float64
        Probabilities of the same m outcomes.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior.metrics import kl_divergence
    >>> p, q = np.array([1.0, 0.0]), np.array([0.5, 0.5])
    >>> round(kl_divergence(p, q), 6), kl_divergence(q, p)  # log 2, and mass where p has none
    (0.693147, inf)
    """
    _require_distributions(p, q)
    return max(0.0, float(rel_entr(p, q).sum()))


def jensen_shannon_divergence(p: Probabilities, q: Probabilities) -> float:
    """Return ½ KL(p || m) + ½ KL(q || m), m = ½(p + q), in nats: the divergence, between 0 and log 2.

    Some libraries return its square root under this name.

    Parameters
    ----------
    p, q : ndarray, shape (m,), float64
        Probabilities of the same m outcomes.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior.metrics import jensen_shannon_divergence
    >>> p, q = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    >>> round(jensen_shannon_divergence(p, q), 6)  # nothing in common: log 2
    0.693147
    """
    _require_distributions(p, q)
    mean = (p + q) / 2
    some = mean > 0  # half of the smallest positive number is rounded to zero
    p, q, mean = p[some], q[some], mean[some]
    # Terms x log(x/y) - x + y are never negative, so that a divergence near zero does not cancel into noise.
    return float(kl_div(p, mean).sum() + kl_div(q, mean).sum()) / 2


def total_variation(p: Probabilities, q: Probabilities) -> float:
    """Return ``½ Σ |p - q|``, between 0 and 1.

    Parameters
    ----------
    p, q : ndarray, shape (m,), float64
        Probabilities of the same m outcomes.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior.metrics import total_variation
    >>> total_variation(np.array([0.75, 0.25]), np.array([0.25, 0.75]))
    0.5
    """
    _require_distributions(p, q)
    return float(np.abs(p - q).sum() / 2)


def align(p: GraphPosterior, q: GraphPosterior) -> tuple[Probabilities, Probabilities]:
    """Return the two posteriors' probabilities of the union of their graphs, in one order.

    Variables are matched by name; their order in `q` may differ.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import GraphPosterior
    >>> from dag_gfn.posterior.metrics import align
    >>> graphs = np.zeros((2, 2, 2), dtype=bool)
    >>> graphs[0, 0, 1] = True  # a -> b, and the empty graph
    >>> p = GraphPosterior.from_weights(["a", "b"], graphs, np.log([0.8, 0.2]))
    >>> q = GraphPosterior.from_weights(["b", "a"], graphs, np.log([0.5, 0.5]))  # b -> a
    >>> [weights.round(2).tolist() for weights in align(p, q)]  # the empty graph, b -> a, a -> b
    [[0.2, 0.0, 0.8], [0.5, 0.5, 0.0]]
    """
    order = _matching_order(p, q)
    union = np.concatenate([p.graphs, q.graphs[:, order][:, :, order]])
    first, group = graph.distinct(union)
    aligned_p, aligned_q = np.zeros((2, len(first)))
    aligned_p[group[: len(p)]] = p.weights
    aligned_q[group[len(p) :]] = q.weights
    return aligned_p, aligned_q


def effective_sample_size(log_weights: Float64[np.ndarray, " k"]) -> float:
    """Return (Σ w)² / Σ w² of importance weights w given as logarithms: 1 to k, or 0 if all w are zero.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior.metrics import effective_sample_size
    >>> round(effective_sample_size(np.log([1.0, 3.0])), 6)  # (1 + 3)² / (1 + 9)
    1.6
    """
    if np.all(log_weights == -np.inf):
        return 0.0
    weights = np.exp(log_weights - log_weights.max())
    return float(weights.sum() ** 2 / (weights**2).sum())


def pareto_smoothed(log_weights: Float64[np.ndarray, " k"]) -> tuple[Float64[np.ndarray, " k"], float]:
    r"""Return normalised log-weights whose largest are smoothed, and the shape k̂ of their tail.

    The largest weights are replaced by quantiles of the generalised Pareto distribution that fits them, which
    trades a little bias for much variance. Weighted means are unreliable if k̂ is above
    `dag_gfn.posterior.limits.MAX_SHAPE`. k̂ is infinite for fewer than 25 draws, which do not
    determine a tail, or where a few draws have nearly all weight. It is 0 where all draws of the tail have the largest
    weight, or a few weights that at least five share each, so that nothing is smoothed.

    References
    ----------
    Vehtari, Simpson, Gelman, Yao and Gabry, Pareto smoothed importance sampling, JMLR 25 (2024).

    Examples
    --------
    Where many draws share the largest weight there is no tail to smooth:

    >>> import numpy as np
    >>> from dag_gfn.posterior.metrics import pareto_smoothed
    >>> log_share, shape = pareto_smoothed(np.zeros(100))
    >>> shape, round(float(np.exp(log_share).sum()), 6)
    (0.0, 1.0)
    """
    below = log_weights - log_weights.max()
    log_share = below - np.logaddexp.reduce(below)
    if len(below) < _SMALLEST_TAIL / _TAIL:
        return log_share, math.inf
    tail = min(_TAIL * len(below), 3 * math.sqrt(len(below)))
    if (below > -_ALIKE).sum() >= tail:  # the whole tail has the largest weight: there is nothing to fit
        return log_share, 0.0
    arviz = quiet_import("arviz")  # slow, brings matplotlib, and announces its next version
    # it overflows where few draws have nearly all weight, and divides by 0 where a part of the tail has one weight
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        smoothed, shape = arviz.psislw(below)
    if math.isnan(shape):
        shared = np.unique(np.sort(below)[-int(tail) :].round(6), return_counts=True)[1]
        return log_share, 0.0 if shared.min() >= _SHARED else math.inf
    return np.asarray(smoothed, dtype=np.float64), float(shape)


# --- matrices about ordered pairs; entry (i, j) is about i → j, the diagonal is left out ---


def rmse(a: PairMatrix, b: PairMatrix) -> float:
    """Return the root mean square difference over the d(d-1) ordered pairs.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior.metrics import rmse
    >>> rmse(np.array([[0.0, 0.75], [0.25, 0.0]]), np.full((2, 2), 0.5))  # the diagonal does not count
    0.25
    """
    return float(np.sqrt(np.mean((_pairs(a) - _pairs(b)) ** 2)))


def max_error(a: PairMatrix, b: PairMatrix) -> float:
    """Return the largest absolute difference over the d(d-1) ordered pairs.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior.metrics import max_error
    >>> max_error(np.array([[0.0, 0.75], [0.5, 0.0]]), np.full((2, 2), 0.5))
    0.25
    """
    return float(np.abs(_pairs(a) - _pairs(b)).max())


def pearson_r(a: PairMatrix, b: PairMatrix) -> float:
    """Return the correlation over the d(d-1) ordered pairs; nan where one of the matrices is constant.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior.metrics import pearson_r
    >>> a = np.array([[0.0, 0.9, 0.1], [0.2, 0.0, 0.5], [0.3, 0.4, 0.0]])
    >>> round(pearson_r(a, 0.5 * a + 0.1), 6)
    1.0
    """
    x, y = _pairs(a) - _pairs(a).mean(), _pairs(b) - _pairs(b).mean()
    scale = np.sqrt((x @ x) * (y @ y))
    return float(x @ y / scale) if scale > 0 else float("nan")


# --- structural Hamming distance ---


def expected_shd(posterior: GraphPosterior, true_graph: Bool[np.ndarray, "d d"]) -> float:
    """Return the expected number of pairs on which a draw differs from the true graph.

    A missing, an extra and a reversed edge count one each. The distance is a sum over pairs, so the edge
    marginals give its mean exactly.

    Parameters
    ----------
    posterior : GraphPosterior
    true_graph : ndarray, shape (d, d), bool
        `true_graph[i, j]` is True for the edge i → j (row → column), variables in the posterior's order.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import GraphPosterior
    >>> from dag_gfn.posterior.metrics import expected_shd
    >>> graphs = np.zeros((2, 2, 2), dtype=bool)
    >>> graphs[0, 0, 1] = True  # a -> b, and the empty graph
    >>> p = GraphPosterior.from_weights(["a", "b"], graphs, np.log([0.8, 0.2]))
    >>> round(expected_shd(p, graphs[0]), 6)  # the empty graph misses the edge
    0.2
    """
    return _expected_shd(posterior.marginal("edge").values, true_graph.astype(np.float64))


def expected_shd_between(p: GraphPosterior, q: GraphPosterior) -> float:
    """Return the expected structural Hamming distance of a draw from `p` and an independent draw from `q`.

    It is not zero for `q = p`, unless all mass is on one graph. Variables are matched by name.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import GraphPosterior
    >>> from dag_gfn.posterior.metrics import expected_shd_between
    >>> graphs = np.zeros((2, 2, 2), dtype=bool)
    >>> graphs[0, 0, 1] = True  # a -> b, and the empty graph
    >>> p = GraphPosterior.from_weights(["a", "b"], graphs, np.log([0.8, 0.2]))
    >>> round(expected_shd_between(p, p), 6)  # two draws differ with probability 2 · 0.8 · 0.2
    0.32
    """
    order = _matching_order(p, q)
    return _expected_shd(p.marginal("edge").values, q.marginal("edge").values[np.ix_(order, order)])


def _expected_shd(p: PairMatrix, q: PairMatrix) -> float:
    agree = _pair_states(p) * _pair_states(q)  # (3, pairs)
    return max(0.0, float((1.0 - agree.sum(axis=0)).sum()))


def _pair_states(edge: PairMatrix) -> Float64[np.ndarray, "3 pairs"]:
    """Return the probabilities of i → j, j → i and no edge for every pair i < j."""
    i, j = np.triu_indices(len(edge), 1)
    none = np.clip(1.0 - edge[i, j] - edge[j, i], 0.0, 1.0)
    return np.stack([edge[i, j], edge[j, i], none])


# --- edges against a true graph ---


def auroc(
    edge_probability: PairMatrix, true_graph: Bool[np.ndarray, "d d"], *, include_diagonal: bool = False
) -> float:
    """Return the probability that a true edge is ranked above a false one, ties counting one half.

    Parameters
    ----------
    edge_probability : ndarray, shape (d, d), float64
        Entry (i, j): marginal probability of the edge i → j (row → column).
    true_graph : ndarray, shape (d, d), bool
        `true_graph[i, j]` is True for the edge i → j.
    include_diagonal : bool
        Published figures often rank all d² entries. Every method gets the diagonal right, so that figures without it
        are more informative.

    Returns
    -------
    float
        nan where the true graph has no edge, or every one.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior.metrics import auroc
    >>> truth = np.array([[0, 1], [0, 0]], dtype=bool)
    >>> auroc(np.array([[0.0, 0.7], [0.2, 0.0]]), truth), auroc(np.full((2, 2), 0.5), truth)
    (1.0, 0.5)
    """
    positives, negatives = _edge_counts(edge_probability, true_graph, include_diagonal)
    if positives.sum() == 0 or negatives.sum() == 0:
        return float("nan")
    negatives_below = negatives.sum() - np.cumsum(negatives)
    won = positives * (negatives_below + negatives / 2)
    return float(won.sum() / (positives.sum() * negatives.sum()))


def auprc(
    edge_probability: PairMatrix, true_graph: Bool[np.ndarray, "d d"], *, include_diagonal: bool = False
) -> float:
    """Return the average precision, Σ precision · (increase of recall) over the distinct thresholds.

    Parameters and direction as for `auroc`; nan where the true graph has no edge.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior.metrics import auprc
    >>> truth = np.array([[0, 1], [0, 0]], dtype=bool)
    >>> auprc(np.array([[0.0, 0.2], [0.7, 0.0]]), truth)  # the only true edge is ranked second
    0.5
    """
    positives, negatives = _edge_counts(edge_probability, true_graph, include_diagonal)
    if positives.sum() == 0:
        return float("nan")
    found = np.cumsum(positives)
    precision = found / (found + np.cumsum(negatives))
    return float(positives @ precision / positives.sum())


def _edge_counts(
    edge_probability: PairMatrix, true_graph: Bool[np.ndarray, "d d"], include_diagonal: bool
) -> tuple[Int64[np.ndarray, " levels"], Int64[np.ndarray, " levels"]]:
    """Return the numbers of true and of false edges at each distinct probability, highest first."""
    counted = np.ones_like(true_graph) if include_diagonal else ~np.eye(len(true_graph), dtype=bool)
    levels, level = np.unique(-edge_probability[counted], return_inverse=True)
    truth = true_graph[counted]
    positives, negatives = (np.bincount(level[kind], minlength=len(levels)) for kind in (truth, ~truth))
    return positives, negatives


# --- two posteriors ---


def compare_posteriors(p: GraphPosterior, q: GraphPosterior) -> dict[str, Any]:
    """Return distances between two posteriors over the same variables, as plain JSON values.

    Returns
    -------
    dict
        `edge_rmse`, `edge_max_error` and the edge it is found at (`edge_max_error_at`, [source, target]; None
        where there is none),
        `edge_pearson_r`, `path_rmse`, `path_max_error`, `expected_shd` between independent draws, and `jsd`
        and `tv` over graphs: None unless both posteriors are over all DAGs, as divergences between two
        samples of graphs mostly measure their sizes.

    Raises
    ------
    DataError
        If the variables are not the same.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import GraphPosterior
    >>> from dag_gfn.posterior.metrics import compare_posteriors
    >>> graphs = np.zeros((2, 2, 2), dtype=bool)
    >>> graphs[0, 0, 1] = True  # a -> b, and the empty graph
    >>> p = GraphPosterior.from_weights(["a", "b"], graphs, np.log([0.8, 0.2]))
    >>> q = GraphPosterior.from_weights(["a", "b"], graphs, np.log([0.5, 0.5]))
    >>> found = compare_posteriors(p, q)
    >>> round(found["edge_max_error"], 6), found["edge_max_error_at"]
    (0.3, ['a', 'b'])
    """
    order = np.ix_(*[_matching_order(p, q)] * 2)
    edge_p, edge_q = p.marginal("edge").values, q.marginal("edge").values[order]
    path_p, path_q = p.marginal("path").values, q.marginal("path").values[order]
    source, target = np.unravel_index(np.argmax(np.abs(edge_p - edge_q)), edge_p.shape)
    correlation = pearson_r(edge_p, edge_q)
    over_all_dags = p.covers_all_dags and q.covers_all_dags
    weights = align(p, q) if over_all_dags else None
    return {
        "edge_rmse": rmse(edge_p, edge_q),
        "edge_max_error": max_error(edge_p, edge_q),
        "edge_max_error_at": None if source == target else [p.names[source], p.names[target]],
        "edge_pearson_r": None if np.isnan(correlation) else correlation,
        "path_rmse": rmse(path_p, path_q),
        "path_max_error": max_error(path_p, path_q),
        "expected_shd": expected_shd_between(p, q),
        "jsd": None if weights is None else jensen_shannon_divergence(*weights),
        "tv": None if weights is None else total_variation(*weights),
    }


def _matching_order(p: GraphPosterior, q: GraphPosterior) -> list[int]:
    """Return where the variables of `p` stand in `q`."""
    if set(p.names) != set(q.names):
        only_p, only_q = sorted(set(p.names) - set(q.names)), sorted(set(q.names) - set(p.names))
        raise DataError(
            "only posteriors over the same variables can be compared; "
            f"only the first has {only_p}, only the second has {only_q}"
        )
    return [q.names.index(name) for name in p.names]


def _pairs(matrix: PairMatrix) -> Float64[np.ndarray, " pairs"]:
    return matrix[~np.eye(len(matrix), dtype=bool)]


def _require_distributions(*distributions: Probabilities) -> None:
    for p in distributions:
        if np.any(p < 0) or not np.isclose(p.sum(), 1.0, rtol=0, atol=1e-6):
            raise ValueError(f"expected probabilities that sum to one, not a vector of sum {p.sum()}")
