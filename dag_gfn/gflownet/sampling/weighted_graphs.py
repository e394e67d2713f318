"""What weighted draws of graphs estimate: the evidence, the entropy, the posterior given edges."""

import warnings

import numpy as np
import torch
from jaxtyping import Int64

from dag_gfn.errors import ConstraintError, NotConvergedWarning, OptionError
from dag_gfn.gflownet.sampling.importance import ImportanceEstimate
from dag_gfn.graphs import graph
from dag_gfn.posterior import GraphPosterior
from dag_gfn.posterior.metrics import pareto_smoothed
from dag_gfn.posterior.sampler import WeightedGraphs
from dag_gfn.posterior.verdict import MAX_SHAPE
from dag_gfn.scores import ScoreTable


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


def masks_with_edges(table: ScoreTable, edges: list[tuple[str, str]]) -> Int64[np.ndarray, " d"]:
    """Return the parents that each node has by the required edges of the table and by the given ones, as bitmasks.

    Raises
    ------
    OptionError
        If a name is not a variable.
    ConstraintError
        If the edges close a cycle or are not allowed.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.gflownet.sampling.weighted_graphs import masks_with_edges
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> data = from_array(np.random.default_rng(0).normal(size=(10, 3)), names=["a", "b", "c"])
    >>> masks_with_edges(ScoreTable.build(make_score("bge", data)), [("a", "c"), ("b", "c")]).tolist()
    [0, 0, 3]
    """
    masks = table.constraints.required.copy()
    for source, target in edges:
        for name in (source, target):
            if name not in table.names:
                raise OptionError(f"no variable is called '{name}': there are {', '.join(table.names)}")
        masks[table.names.index(target)] |= np.int64(1) << table.names.index(source)
    if not graph.is_dag(graph.adjacency_from_masks(masks, table.d)):
        raise ConstraintError(f"the edges {edges} close a cycle, with the required ones if there are any")
    if not np.isfinite(table.log_reward(masks[None, :])).all():
        raise ConstraintError("the constraints of the fit do not allow these edges together")
    return masks


def conditional_posterior(
    table: ScoreTable, drawn: WeightedGraphs, edges: list[tuple[str, str]]
) -> GraphPosterior:
    """Return the posterior given edges, from weighted draws that all have them.

    ``info["diagnostics"]`` has the effective sample size ``ess`` as a share of the draws, and ``pareto_k``, the shape
    of the tail of the weights, which is None where too few draws tell it.

    Warns
    -----
    NotConvergedWarning
        If the tail is too heavy for the standard errors, or not known.

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
    >>> given = conditional_posterior(table, drawn, [("a", "b")])
    >>> len(given), round(given.log_evidence, 6)
    (1, -7.0)
    """
    estimate, pareto_k = evidence_of(drawn), pareto_smoothed(drawn.log_weights)[1]
    num_samples = len(drawn.log_weights)
    if pareto_k > MAX_SHAPE:
        warnings.warn(
            f"given {len(edges)} edges, the weights of {num_samples:,} draws have a tail of shape "
            f"{pareto_k:.2f}, at most {MAX_SHAPE} is wanted: probabilities may be off by more than their standard "
            "errors. Ask for more draws (num_samples), train longer, or fit with these edges as required ones",
            NotConvergedWarning,
            stacklevel=3,
        )
    return GraphPosterior.from_weights(
        table.names,
        drawn.adjacency,
        drawn.log_weights,
        drawn.log_scores,
        effective_samples=estimate.ess * num_samples,
        log_evidence=estimate.log_z,
        info={"diagnostics": vars(estimate) | {"num_samples": num_samples, "pareto_k": pareto_k}},
    )
