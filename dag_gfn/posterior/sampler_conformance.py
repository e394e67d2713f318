"""Whether a sampler keeps its protocol, checked against the exact distribution that the caller supplies."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64

from dag_gfn.errors import ConstraintError, NotConvergedWarning, OptionError
from dag_gfn.graphs import graph
from dag_gfn.posterior.sampler import ConditionalSampler, Sampler, WeightedGraphs

_ERRORS = 5.0  # standard errors by which an estimate may be off
_ROUNDING = 1e-4  # of probabilities and of nats: networks may have single precision


def check_sampler(
    sampler: Sampler,
    names: Sequence[str],
    graphs: Bool[np.ndarray, "m d d"],
    log_scores: Float64[np.ndarray, " m"],
    *,
    seed: int,
    num_samples: int = 4000,
) -> None:
    """Hold a sampler to its protocol, for a posterior whose DAGs can be enumerated.

    Draws are DAGs with their scores. Their weights give the evidence, the edges and the entropy of the posterior.
    Probabilities of all graphs sum to one and are those with which graphs are drawn. The upper bound of the evidence is
    none too low. If it is a `ConditionalSampler`, the posteriors given nothing, each single edge, an absent edge, and
    tiers are the conditional ones. Every estimate may be off by five of its standard errors.

    Parameters
    ----------
    sampler : Sampler
        Of a table without constraints. It should not be far from the posterior: a check of weighted draws has no power
        where their weights are worth few draws.
    names : sequence of str, length d
        The variables.
    graphs : ndarray, shape (m, d, d), bool
        All DAGs on them; ``graphs[s, i, j]`` is True for i -> j.
    log_scores : ndarray, shape (m,), float64
        log R of each, in nats.
    seed : int
    num_samples : int
        Draws for each estimate.

    Raises
    ------
    AssertionError
        If the sampler does not do what its protocol says.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.gflownet.env.root_layers import RootLayers
    >>> from dag_gfn.gflownet.layers.model import build_layer_model
    >>> from dag_gfn.gflownet.layers.sampler import LayerSampler
    >>> from dag_gfn.gflownet.training.config import make_objective
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> from dag_gfn.posterior.sampler_conformance import check_sampler
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> table = ScoreTable.build(make_score("bge", from_array(np.random.default_rng(0).normal(size=(10, 2)))))
    >>> weights = LayerWeights.build(table)
    >>> model = build_layer_model(RootLayers(weights), make_objective("subtrajectory_balance"), None)
    >>> dags = np.array([[[0, 0], [0, 0]], [[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
    >>> log_scores = table.log_reward(np.array([[0, 0], [0, 1], [2, 0]]))  # of the parents as bitmasks
    >>> check_sampler(LayerSampler(table, weights, model), table.names, dags, log_scores, seed=0, num_samples=200)
    """
    assert isinstance(sampler, Sampler), f"{type(sampler).__name__} lacks a method of Sampler"
    drawn = _check_draws(sampler, graphs, log_scores, num_samples, seed)
    _check_estimates(sampler, drawn, graphs, log_scores, num_samples, seed)
    _check_probabilities(sampler, drawn, graphs, log_scores, num_samples, seed)
    if isinstance(sampler, ConditionalSampler):
        _check_conditionals(sampler, names, graphs, log_scores, num_samples, seed)


def _check_draws(
    sampler: Sampler,
    graphs: Bool[np.ndarray, "m d d"],
    log_scores: Float64[np.ndarray, " m"],
    k: int,
    seed: int,
) -> WeightedGraphs:
    """Check that draws are DAGs with their scores, and that the seed decides; return them."""
    drawn, again, other = (
        sampler.sample(k, seed=seed),
        sampler.sample(k, seed=seed),
        sampler.sample(k, seed=seed + 1),
    )
    assert drawn.adjacency.shape == (k, *graphs.shape[1:]), f"draws have shape {drawn.adjacency.shape}"
    assert graph.is_dag(drawn.adjacency).all(), "a draw has a directed cycle"
    expected = log_scores[_places(graphs, drawn.adjacency)]
    assert np.allclose(drawn.log_scores, expected, rtol=0, atol=_ROUNDING), "a draw has another score"
    assert not np.isnan(drawn.log_weights).any(), "a weight is not a number"
    for field in ("adjacency", "log_scores", "log_weights"):
        assert np.array_equal(getattr(drawn, field), getattr(again, field)), (
            f"the seed does not decide {field}"
        )
    assert not np.array_equal(drawn.adjacency, other.adjacency), "two seeds give the same draws"
    assert len(sampler.sample(0, seed=seed).adjacency) == 0, "no draws are some"
    return drawn


def _check_estimates(
    sampler: Sampler,
    drawn: WeightedGraphs,
    graphs: Bool[np.ndarray, "m d d"],
    log_scores: Float64[np.ndarray, " m"],
    k: int,
    seed: int,
) -> None:
    """Check evidence, entropy and edges, as weights and methods give them."""
    log_z, p = _normalised(log_scores)
    estimate = sampler.log_z(num_samples=k, seed=seed)
    assert 0 < estimate.ess <= 1 + 1e-9, f"the effective sample size is {estimate.ess} of the draws"
    assert estimate.log_z_lower <= estimate.log_z + 1e-9, "the lower bound is above the estimate"
    _require(estimate.log_z, log_z, estimate.standard_error, "log_z")

    w = np.exp(drawn.log_weights - log_z)
    _require(w.mean(), 1.0, w.std() / np.sqrt(k), "the mean weight, relative to the evidence,")
    edge = np.tensordot(p, graphs, axes=1)
    found = np.tensordot(w / w.sum(), drawn.adjacency, axes=1)
    error = np.sqrt(np.tensordot((w / w.sum()) ** 2, (drawn.adjacency - found) ** 2, axes=1))
    _require(found, edge, error, "weighted edge probabilities")

    entropy = -float(p[p > 0] @ np.log(p[p > 0]))
    # log Z - Σ w log R / Σ w, by the delta method
    error = np.std(w * (log_z - drawn.log_scores - entropy) + w) / np.sqrt(k)
    _require(sampler.entropy(num_samples=k, seed=seed), entropy, error, "entropy")


def _check_probabilities(
    sampler: Sampler,
    drawn: WeightedGraphs,
    graphs: Bool[np.ndarray, "m d d"],
    log_scores: Float64[np.ndarray, " m"],
    k: int,
    seed: int,
) -> None:
    """Check that probabilities of graphs are those with which they are drawn, and bound the evidence from above."""
    log_p, log_error = sampler.log_probability(graphs, seed=seed)
    assert log_p.shape == log_error.shape == (len(graphs),), f"probabilities have shape {log_p.shape}"
    p, known = np.exp(log_p), np.isfinite(log_error)
    error = np.where(known, p * log_error, 0.0)
    if known.all():
        _require(p.sum(), 1.0, float(np.sqrt((error**2).sum())), "the sum of all probabilities")
    counts = np.bincount(_places(graphs, drawn.adjacency), minlength=len(graphs))
    sampling = np.sqrt(k * p * (1 - p).clip(0)) + 1 / _ERRORS  # one more or fewer is no wonder
    off = np.abs(counts - k * p) - _ERRORS * np.hypot(sampling, k * error) - k * _ROUNDING
    assert (off[known] <= 0).all(), f"graph {int(off[known].argmax())} is not drawn with its probability"

    log_z, target = _normalised(log_scores)
    chosen = np.random.default_rng(seed).choice(len(graphs), k, p=target)
    upper = sampler.log_z_upper(graphs[chosen], seed=seed)
    log_ratio = (
        log_scores[chosen] - log_p[chosen]
    )  # has a mean of log Z plus a divergence, which is at least 0
    if (log_error == 0).all():
        _require(upper, log_ratio.mean(), 0.0, "the upper bound")
    # where P(G) is estimated, trajectories give a bound that varies more, and is at least as high in expectation
    slack = _ERRORS * (np.std(log_ratio) + 1.0) / np.sqrt(k)
    assert upper >= max(log_z, log_ratio.mean()) - slack, (
        f"the upper bound {upper:.4f} is too low for a log evidence of {log_z:.4f}"
    )


def _check_conditionals(
    sampler: ConditionalSampler,
    names: Sequence[str],
    graphs: Bool[np.ndarray, "m d d"],
    log_scores: Float64[np.ndarray, " m"],
    k: int,
    seed: int,
) -> None:
    """Check the posteriors given nothing, each edge, an absent edge and tiers, and what cannot be given."""
    d = len(names)
    place = {one.tobytes(): row for row, one in enumerate(graphs)}
    pairs = [(i, j) for i in range(d) for j in range(d) if i != j]
    asked: list[tuple[str, dict[str, Any], np.ndarray]] = [
        ("given nothing", {}, np.ones(len(graphs), dtype=bool)),
        *(
            (f"given {names[i]} -> {names[j]}", {"edges": [(names[i], names[j])]}, graphs[:, i, j])
            for i, j in pairs
        ),
        ("given an absent edge", {"absent": [(names[0], names[1])]}, np.logical_not(graphs[:, 0, 1])),
        ("given tiers", {"tiers": [names[1:], names[:1]]}, np.logical_not(graphs[:, 0, 1:].any(axis=1))),
    ]
    for what, condition, has in asked:
        log_z, p = _normalised(log_scores[has])
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", NotConvergedWarning
            )  # the errors are held against the truth below
            given = sampler.given(**condition, num_samples=k, seed=seed)
        assert all(has[place[one.tobytes()]] for one in given.graphs), f"{what}, a graph does not comply"
        marginal = given.marginal("edge")
        _require(
            marginal.values,
            np.tensordot(p, graphs[has], axes=1),
            0.0 if marginal.standard_error is None else marginal.standard_error,
            f"edge probabilities {what}",
        )
        ess = given.info["diagnostics"]["ess"]
        _require(given.log_evidence, log_z, np.sqrt(max(1 / ess - 1, 0.0) / k), f"the log evidence {what}")
    _require_refused(sampler, [("no such variable", names[0])], OptionError, seed)
    _require_refused(sampler, [(names[0], names[1]), (names[1], names[0])], ConstraintError, seed)


def _require_refused(
    sampler: ConditionalSampler, edges: list[tuple[str, str]], expected: type[Exception], seed: int
) -> None:
    try:
        sampler.given(edges, num_samples=10, seed=seed)
    except expected:
        return
    raise AssertionError(f"given {edges}, there is no {expected.__name__}")


def _require(
    found: float | np.ndarray | None, truth: float | np.ndarray, error: float | np.ndarray, what: str
) -> None:
    """Check that an estimate is within five of its standard errors."""
    assert found is not None, f"{what} is not known"
    off = np.abs(np.asarray(found) - truth)
    allowed = _ERRORS * np.asarray(error) + _ROUNDING
    worst = np.unravel_index((off - allowed).argmax(), off.shape)
    assert (off <= allowed).all(), (
        f"{what}: off by {off[worst]:.3g}, with {np.broadcast_to(allowed, off.shape)[worst]:.3g} allowed"
    )


def _normalised(log_scores: Float64[np.ndarray, " m"]) -> tuple[float, Float64[np.ndarray, " m"]]:
    """Return the log of the sum of R, and R as shares of it."""
    log_z = float(np.logaddexp.reduce(log_scores))
    return log_z, np.exp(log_scores - log_z)


def _places(graphs: Bool[np.ndarray, "m d d"], drawn: Bool[np.ndarray, "k d d"]) -> np.ndarray:
    """Return the place of each draw among all graphs."""
    place = {one.tobytes(): k for k, one in enumerate(graphs)}
    return np.array([place[one.tobytes()] for one in drawn], dtype=np.int64)
