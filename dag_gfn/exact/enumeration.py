"""Every DAG on a few nodes, and posteriors computed by scoring them all."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float64, Int64, UInt8

from dag_gfn.errors import ConstraintError, NotTractable
from dag_gfn.graphs import graph, subsets
from dag_gfn.posterior import GraphPosterior, Marginal
from dag_gfn.posterior.features import feature_marginals
from dag_gfn.posterior.marginal import Source

NUM_DAGS = (1, 1, 3, 25, 543, 29_281, 3_781_503, 1_138_779_265)
"""Number of DAGs on 0, 1, 2, ... labelled nodes (OEIS A003024)."""

_LARGEST = 6
_CHUNK = 1 << 18


def enumerate_dags(d: int, *, max_nodes: int = 5) -> UInt8[np.ndarray, "m d"]:
    """Return all DAGs on d nodes, fewest edges first.

    Node k joins the DAGs on nodes 0 to k-1 with every pair of parents P and children C such that no child
    reaches a parent. Restricting a DAG to its first k nodes gives a DAG, so each arises exactly once.

    Parameters
    ----------
    d : int
    max_nodes : int
        Largest d to accept; at most 6 (3,781,503 graphs: about a second, 0.2 GB).

    Returns
    -------
    ndarray, shape (m, d), uint8, read-only
        `masks[k, j]` holds the parents of node j in graph k: bit i is set iff i → j. The array is cached; as
        64-bit masks for `graph` and score tables: `masks.astype(np.int64)`.

    Raises
    ------
    NotTractable
        If d exceeds `max_nodes` or 6.

    Examples
    --------
    >>> from dag_gfn.exact.enumeration import enumerate_dags
    >>> enumerate_dags(2).tolist()  # the empty graph, 0 -> 1 and 1 -> 0
    [[0, 0], [0, 1], [2, 0]]
    >>> len(enumerate_dags(4))
    543
    """
    if d > min(max_nodes, _LARGEST):
        count = f"{NUM_DAGS[d]:,}" if d < len(NUM_DAGS) else "more than 10^15"
        remedy = "pass max_nodes=6" if d <= _LARGEST else "use the exact dynamic programme or a sampler"
        raise NotTractable(f"there are {count} DAGs on {d} nodes, too many to enumerate: {remedy}")
    return _enumerate(d)


@lru_cache(maxsize=_LARGEST + 1)
def _enumerate(d: int) -> UInt8[np.ndarray, "m d"]:
    if d == 0:
        return np.zeros((1, 0), dtype=np.uint8)
    smaller = _enumerate(d - 1)
    step = max(1, _CHUNK >> (2 * (d - 1)))
    masks = np.concatenate([_add_node(smaller[i : i + step]) for i in range(0, len(smaller), step)])
    num_edges = np.bitwise_count(masks).sum(axis=1)
    masks = masks[np.argsort(num_edges, kind="stable")]
    masks.flags.writeable = False
    return masks


def _add_node(masks: UInt8[np.ndarray, "m k"]) -> UInt8[np.ndarray, "n k+1"]:
    """Return every DAG that extends one of the given DAGs on k nodes by node k."""
    m, k = masks.shape
    sets = np.arange(1 << k, dtype=np.uint8)
    ancestor = graph.transitive_closure(_adjacency(masks))
    descendants = subsets.pack(ancestor).astype(np.uint8)  # (m, k), the node itself included
    reached = np.zeros((m, 1 << k), dtype=np.uint8)  # by any member of each set
    for node in range(k):
        reached[:, 1 << node : 2 << node] = reached[:, : 1 << node] | descendants[:, node, None]
    which, children, parents = np.nonzero((reached[:, :, None] & sets) == 0)
    becomes_parent = (children[:, None] >> np.arange(k) & 1).astype(np.uint8) << k
    return np.column_stack([masks[which] | becomes_parent, sets[parents]])


@runtime_checkable
class RewardTable(Protocol):
    """The part of a `ScoreTable` that enumeration uses: rewards of whole graphs."""

    d: int

    def log_reward(self, parents: Int64[np.ndarray, "b d"]) -> Float64[np.ndarray, " b"]:
        """Return log R of the graphs whose nodes have these parent masks; -inf where one is forbidden."""


class ExactPosterior(NamedTuple):
    """All DAGs with their posterior probabilities, in the order of `enumerate_dags`.

    Attributes
    ----------
    masks : ndarray, shape (m, d), uint8
        Bit i of `masks[k, j]` is set iff i → j in graph k.
    log_probabilities : ndarray, shape (m,), float64
        Normalised; -inf where constraints exclude the graph.
    log_evidence : float
        log Σ_G R(G).

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.exact.enumeration import exact_posterior
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 3)))
    >>> exact = exact_posterior(ScoreTable.build(make_score("bge", data)))
    >>> len(exact.masks), round(float(np.exp(exact.log_probabilities).sum()), 6)
    (25, 1.0)
    """

    masks: UInt8[np.ndarray, "m d"]
    log_probabilities: Float64[np.ndarray, " m"]
    log_evidence: float


def exact_posterior(table: RewardTable, *, max_nodes: int = 5) -> ExactPosterior:
    """Return the posterior over all DAGs: score every DAG and normalise.

    Parameters
    ----------
    table : RewardTable
        A `ScoreTable`.
    max_nodes : int
        As for `enumerate_dags`.

    Raises
    ------
    NotTractable
        If there are too many nodes.
    ConstraintError
        If every DAG has reward zero.

    Examples
    --------
    A column and its copy with little noise are linked, and the data cannot orient the edge:

    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.exact.enumeration import exact_posterior
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> x = np.random.default_rng(0).normal(size=(50, 2)) @ [[1.0, 1.0], [0.0, 0.1]]
    >>> exact = exact_posterior(ScoreTable.build(make_score("bge", dag_gfn.from_array(x))))
    >>> np.exp(exact.log_probabilities).round(4).tolist()  # the empty graph, 0 -> 1, 1 -> 0
    [0.0, 0.5, 0.5]
    """
    masks = enumerate_dags(table.d, max_nodes=max_nodes)
    log_rewards = np.concatenate(
        [table.log_reward(masks[i : i + _CHUNK].astype(np.int64)) for i in range(0, len(masks), _CHUNK)]
    )
    if np.isnan(log_rewards).any() or np.isposinf(log_rewards).any():
        raise ValueError("log-rewards must be numbers below infinity")
    largest = log_rewards.max()
    if largest == -np.inf:
        raise ConstraintError(
            f"none of the {len(masks):,} DAGs on {table.d} nodes satisfies the constraints: drop some of them"
        )
    # Normalise before adding the largest: next to 1e17 nats the log of the sum would vanish.
    relative = log_rewards - largest
    log_sum = np.log(np.exp(relative).sum())
    return ExactPosterior(masks, relative - log_sum, float(largest + log_sum))


def graph_posterior(
    names: Sequence[str],
    masks: UInt8[np.ndarray, "m d"],
    log_probabilities: Float64[np.ndarray, " m"],
    *,
    log_evidence: float | None = None,
    log_scores: Float64[np.ndarray, " m"] | None = None,
    source: Source = "exact",
    info: Mapping[str, Any] | None = None,
    statistics: Mapping[str, np.ndarray] | None = None,
) -> GraphPosterior:
    """Return a distribution over all DAGs as a `GraphPosterior`.

    The distribution may be the exact posterior or that of a policy. Marginals (edge, path, markov_blanket
    and parent_sets) are summed over all graphs. Up to five nodes every graph of positive probability is kept;
    with six, the most probable that make up all but 1e-12 of the mass.

    Parameters
    ----------
    names : sequence of str, length d
    masks : ndarray, shape (m, d), uint8
        As from `enumerate_dags`: bit i of `masks[k, j]` is set iff i → j in graph k.
    log_probabilities : ndarray, shape (m,), float64
        Normalised.
    log_evidence : float, optional
    log_scores : ndarray, shape (m,), float64, optional
        log R(G). Default `log_probabilities + log_evidence` where the evidence is given.
    source : {"exact", "policy", "mixture"}
        Whether the distribution is the posterior or that of a policy.
    info, statistics
        As the attributes of `GraphPosterior`; `all_dags` is set to True.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.exact.enumeration import enumerate_dags, graph_posterior
    >>> posterior = graph_posterior(["a", "b"], enumerate_dags(2), np.log([0.2, 0.5, 0.3]))
    >>> posterior.marginals["edge"].values.round(6).tolist()
    [[0.0, 0.5], [0.3, 0.0]]
    """
    if log_scores is None and log_evidence is not None:
        log_scores = log_probabilities + log_evidence
    probabilities = np.exp(log_probabilities)
    adjacency = _adjacency(masks)
    marginals = {
        feature: Marginal(feature_marginals(feature, adjacency, probabilities), source)
        for feature in ("edge", "path", "markov_blanket")
    }
    marginals["parent_sets"] = Marginal(_parent_set_marginals(masks, probabilities), source)
    kept = _most_probable(log_probabilities, lost_mass=0.0 if masks.shape[1] < _LARGEST else 1e-12)
    return GraphPosterior.from_weights(
        names,
        adjacency[kept],
        log_probabilities[kept],
        None if log_scores is None else log_scores[kept],
        marginals=marginals,
        log_evidence=log_evidence,
        info={**(info or {}), "all_dags": True},
        statistics=statistics,
    )


def _most_probable(
    log_probabilities: Float64[np.ndarray, " m"], *, lost_mass: float
) -> Int64[np.ndarray, " n"]:
    """Return the indices of the most probable graphs; the others have a total probability of at most `lost_mass`."""
    ascending = np.argsort(log_probabilities, kind="stable")
    cumulative = np.cumsum(np.exp(log_probabilities[ascending]))
    lost = (cumulative <= lost_mass) if lost_mass > 0 else np.isneginf(log_probabilities[ascending])
    return np.sort(ascending[~lost])


def _parent_set_marginals(
    masks: UInt8[np.ndarray, "m d"], probabilities: Float64[np.ndarray, " m"]
) -> Float64[np.ndarray, "d sets"]:
    d = masks.shape[1]
    columns = []
    for node in range(d):
        index = subsets.remove_bit(masks[:, node].astype(np.int64), node)
        columns.append(np.bincount(index, weights=probabilities, minlength=1 << (d - 1)))
    return np.clip(np.stack(columns), 0.0, 1.0)


def _adjacency(masks: UInt8[np.ndarray, "m d"]) -> Bool[np.ndarray, "m d d"]:
    """Return [k, i, j]: i → j in graph k, as `graph.adjacency_from_masks`, without 64-bit temporaries."""
    d = masks.shape[1]
    bits = np.unpackbits(masks[:, :, None], axis=-1, count=d, bitorder="little")  # (m, node, parent)
    return np.ascontiguousarray(bits.view(bool).swapaxes(-1, -2))
