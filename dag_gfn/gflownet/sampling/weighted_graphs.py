"""What weighted draws of graphs estimate: the evidence, the entropy, the posterior given a condition."""

import math
import warnings
from collections.abc import Collection, Iterable, Sequence

import numpy as np
import torch

from dag_gfn.errors import ConstraintError, NotConvergedWarning
from dag_gfn.gflownet.sampling.importance import ImportanceEstimate
from dag_gfn.graphs.subsets import MAX_NODES
from dag_gfn.posterior import GraphPosterior, Marginal
from dag_gfn.posterior.family_condition import FamilyCondition
from dag_gfn.posterior.limits import MAX_SHAPE
from dag_gfn.posterior.metrics import pareto_smoothed
from dag_gfn.posterior.sampler import WeightedGraphs
from dag_gfn.scores import ScoreTable

_LEAST_WORTH = 25
"""Independent draws below which neither weights nor their tail tell anything."""


def evidence_of(drawn: WeightedGraphs) -> ImportanceEstimate:
    """Return what the weights say of log Σ_G R(G): estimate, lower bound, effective sample size.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.gflownet.sampling.weighted_graphs import evidence_of
    >>> from dag_gfn.posterior.sampler import WeightedGraphs
    >>> two = np.zeros((2, 3, 3), dtype=bool)
    >>> estimate = evidence_of(WeightedGraphs(two, np.zeros(2), np.log([1.0, 3.0])))
    >>> round(float(np.exp(estimate.log_z)), 6), round(estimate.ess, 6)  # mean weight; (1 + 3)² / (2 · (1² + 3²))
    (2.0, 0.8)
    """
    return ImportanceEstimate.from_log_weights(torch.from_numpy(drawn.log_weights))


def entropy_of(drawn: WeightedGraphs) -> float:
    r"""Return an estimate of the posterior's entropy over graphs in nats: :math:`\log Z - E[\log R(G)]`.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.gflownet.sampling.weighted_graphs import entropy_of
    >>> from dag_gfn.posterior.sampler import WeightedGraphs
    >>> two = np.zeros((2, 3, 3), dtype=bool)  # two draws of score 0, from a posterior of evidence 4: log 4 nats
    >>> round(entropy_of(WeightedGraphs(two, np.zeros(2), np.log([4.0, 4.0]))), 6)
    1.386294
    """
    counts = drawn.log_weights > -np.inf  # the others may have no score
    weight = np.exp(drawn.log_weights[counts] - drawn.log_weights.max())
    return float(max(0.0, evidence_of(drawn).log_z - weight @ drawn.log_scores[counts] / weight.sum()))


def condition_on(
    table: ScoreTable,
    edges: Iterable[tuple[str, str]] = (),
    absent: Iterable[tuple[str, str]] = (),
    tiers: Sequence[Sequence[str]] = (),
) -> tuple[FamilyCondition, ScoreTable]:
    """Return a condition by name, what the table requires among it, and the table restricted to what complies.

    Parameters
    ----------
    table : ScoreTable
    edges, absent, tiers
        As for `FamilyCondition.of`.

    Raises
    ------
    OptionError
        If a name is not a variable.
    ConstraintError
        If the condition contradicts itself or the constraints of the table.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.gflownet.sampling.weighted_graphs import condition_on
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> data = from_array(np.random.default_rng(0).normal(size=(10, 3)), names=["a", "b", "c"])
    >>> condition, narrower = condition_on(ScoreTable.build(make_score("bge", data)), [("a", "c"), ("b", "c")])
    >>> np.argwhere(condition.required).tolist(), float(narrower.log_reward(np.zeros((1, 3), dtype=np.int64))[0])
    ([[0, 2], [1, 2]], -inf)
    """
    wanted = FamilyCondition.of(table.names, edges, absent, tiers)
    condition = FamilyCondition(table.constraints.required_edges | wanted.required, wanted.forbidden)
    condition.require_possible(table.names)
    if not table.possible.hold(condition.required):
        raise ConstraintError(
            f"with more than {MAX_NODES} columns each node has {table.possible.size} possible parents, and an edge "
            "that is given is not among them: fit with it as a required one"
        )
    narrower = table.given(condition.required, condition.forbidden)
    if (
        table.constraints.listed is None
        and not np.isfinite(narrower.log_reward_of(condition.required[None])).all()
    ):
        raise ConstraintError("the constraints of the fit do not allow these edges together")
    return condition, narrower


def named(
    edges: Collection[tuple[str, str]],
    absent: Collection[tuple[str, str]] = (),
    tiers: Sequence[Sequence[str]] = (),
) -> str:
    """Return what is given, in words.

    Examples
    --------
    >>> from dag_gfn.gflownet.sampling.weighted_graphs import named
    >>> named([("a", "b")]), named([], [("a", "b"), ("b", "c")], [["a"], ["b"]])
    ('1 edge', '2 absent edges and 2 tiers')
    """
    parts = [
        f"{len(members)} {what}{'' if len(members) == 1 else 's'}"
        for members, what in ((edges, "edge"), (absent, "absent edge"), (tiers, "tier"))
        if members
    ]
    return " and ".join(parts) or "nothing"


def conditional_posterior(
    table: ScoreTable,
    drawn: WeightedGraphs,
    given: str,
    *,
    tried: int | None = None,
    edge: Marginal | None = None,
) -> GraphPosterior:
    """Return the posterior given a condition, from weighted draws that all comply.

    ``info["diagnostics"]`` has the effective sample size ``ess`` as a share of the draws, and ``pareto_k``, the shape
    of the tail of the weights, which is None where too few draws tell it.

    Parameters
    ----------
    table : ScoreTable
    drawn : WeightedGraphs
    given : str
        The condition in words, for the warning.
    tried : int, optional
        Draws with those that did not comply, whose weight is 0; by default all complied.
    edge : Marginal, optional
        Edge probabilities that are better than counting the draws.

    Warns
    -----
    NotConvergedWarning
        If the tail is too heavy for the standard errors or not known, or the draws are worth few.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.gflownet.sampling.weighted_graphs import conditional_posterior
    >>> from dag_gfn.posterior.sampler import WeightedGraphs
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> data = from_array(np.random.default_rng(0).normal(size=(10, 2)), names=["a", "b"])
    >>> table = ScoreTable.build(make_score("bge", data))
    >>> edge = np.array([[False, True], [False, False]])  # the one DAG that has it
    >>> drawn = WeightedGraphs(np.stack([edge] * 100), np.full(100, -7.0), np.full(100, -7.0))
    >>> given = conditional_posterior(table, drawn, "an edge")
    >>> len(given), round(given.log_evidence, 6)
    (1, -7.0)
    """
    num_samples = len(drawn.log_weights) if tried is None else tried
    without_weight = np.full(num_samples - len(drawn.log_weights), -np.inf)
    every = torch.from_numpy(np.concatenate([drawn.log_weights, without_weight]))
    estimate, pareto_k = ImportanceEstimate.from_log_weights(every), pareto_smoothed(drawn.log_weights)[1]
    worth = estimate.ess * num_samples
    if pareto_k > MAX_SHAPE or worth < _LEAST_WORTH:
        warnings.warn(
            f"given {given}, {num_samples:,} draws are worth {worth:,.0f}, and their weights have a tail of shape "
            f"{pareto_k:.2f} (at most {MAX_SHAPE} is wanted): probabilities may be off by more than their standard "
            "errors. Ask for more draws (num_samples), train longer, or fit with what is given as constraints, which "
            "warm_start (--warm-start) makes shorter",
            NotConvergedWarning,
            stacklevel=3,
        )
    lower = estimate.log_z_lower
    diagnostics = vars(estimate) | {
        "log_z_lower": lower if math.isfinite(lower) else None,
        "num_samples": num_samples,
        "pareto_k": pareto_k,
    }
    return GraphPosterior.from_weights(
        table.names,
        drawn.adjacency,
        drawn.log_weights,
        drawn.log_scores,
        effective_samples=worth,
        marginals=None if edge is None else {"edge": edge},
        log_evidence=estimate.log_z,
        info={"diagnostics": diagnostics},
    )
