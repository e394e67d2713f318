"""Weights of root layerings under a condition on parents: the sums over those parent sets alone that comply.

Where all other nodes are candidate parents, parent sets that do not comply have no weight, and all else is as before.
Where candidates are few, a parent that is required but no candidate takes the place of the least probable candidate.
"""

import numpy as np
from jaxtyping import Float64, Int64

from dag_gfn.errors import NotTractable
from dag_gfn.graphs.subsets import subsets_within, unpack
from dag_gfn.layerings.layer_weights import ODDS, LayerWeights
from dag_gfn.scores import ScoreTable


def conditional_weights(
    weights: LayerWeights,
    narrower: ScoreTable,
    required: Int64[np.ndarray, " d"],
    forbidden: Int64[np.ndarray, " d"],
) -> LayerWeights:
    """Return the weights of the parent sets that contain required parents and no forbidden ones.

    Parameters
    ----------
    weights : LayerWeights
    narrower : ScoreTable
        The score table of these weights, restricted in the same way (`ScoreTable.given`).
    required, forbidden : ndarray, shape (d,), int64
        For each node, a bitmask of parents.

    Raises
    ------
    NotTractable
        If more parents of a node are required than it can have candidates.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.layerings.conditional_weights import conditional_weights
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 2)))
    >>> table = ScoreTable.build(make_score("bge", data))
    >>> required, forbidden = np.array([0, 0b01]), np.array([0, 0])  # 0 -> 1
    >>> given = conditional_weights(
    ...     LayerWeights.build(table), table.given(required, forbidden), required, forbidden
    ... )
    >>> np.isfinite(given.log_weight_of(np.array([[0, 0], [0, 0b01]]))).tolist()  # the empty graph, 0 -> 1
    [False, True]
    """
    d = weights.d
    scores = weights.log_weights + weights.log_scales[:, None]
    candidates, log_odds = weights.candidates.copy(), weights.log_odds.copy()
    for node in np.flatnonzero(required | forbidden).tolist():
        log_odds[node, unpack(forbidden[node : node + 1], d)[0]] = -np.inf
        if required[node] & ~candidates[node]:
            candidates[node] = _with_required(weights, node, int(required[node]), log_odds)
            scores[node] = narrower.scores_within(node, int(candidates[node]))
            continue
        sets = subsets_within(int(candidates[node]))
        scores[node, (sets & forbidden[node] != 0) | (required[node] & ~sets != 0)] = -np.inf
    return LayerWeights.of(scores, candidates, log_odds, weights.covered)


def _with_required(
    weights: LayerWeights, node: int, required: int, log_odds: Float64[np.ndarray, "d d"]
) -> int:
    """Return candidates among which the required ones are; those that they replace get odds instead, in place."""
    mask = int(weights.candidates[node])
    share = np.exp(weights.log_weights[node] - weights.log_sums[node, -1])
    sets = subsets_within(mask)
    by_probability = sorted(
        (float(share[sets >> u & 1 == 1].sum()), u)
        for u in range(weights.d)
        if mask >> u & 1 and not required >> u & 1
    )
    wanted = [u for u in range(weights.d) if required >> u & 1 and not mask >> u & 1]
    if len(wanted) > len(by_probability):
        raise NotTractable(
            f"more parents of one node are given than the {weights.tables.members.shape[1]} candidates that it can "
            "have at a time: fit with these edges as required ones (required, --required)"
        )
    for (p, out), enters in zip(by_probability, wanted, strict=False):
        mask ^= 1 << out | 1 << enters
        log_odds[node, enters] = -np.inf
        log_odds[node, out] = np.log(np.clip(p / max(1.0 - p, 1e-300), *ODDS))
    return mask
