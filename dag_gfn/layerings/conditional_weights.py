"""Weights of root layerings under a condition on parents: the sums over those parent sets alone that comply.

Where all other nodes are candidate parents, parent sets that do not comply have no weight, and all else is as before.
Where candidates are few, a parent that is required but no candidate takes the place of the least probable candidate.
"""

import numpy as np
from jaxtyping import Bool, Float64

from dag_gfn.errors import NotTractable
from dag_gfn.graphs.subsets import subsets_within, unpack
from dag_gfn.layerings.layer_weights import ODDS, LayerWeights
from dag_gfn.scores import ScoreTable


def conditional_weights(
    weights: LayerWeights,
    narrower: ScoreTable,
    required: Bool[np.ndarray, "d d"],
    forbidden: Bool[np.ndarray, "d d"],
) -> LayerWeights:
    """Return the weights of the parent sets that contain required parents and no forbidden ones.

    Parameters
    ----------
    weights : LayerWeights
    narrower : ScoreTable
        The score table of these weights, restricted in the same way (`ScoreTable.given`).
    required, forbidden : ndarray, shape (d, d), bool
        ``[i, j]`` is True for i -> j (row -> column).

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
    >>> required, forbidden = np.array([[False, True], [False, False]]), np.zeros((2, 2), dtype=bool)  # 0 -> 1
    >>> given = conditional_weights(
    ...     LayerWeights.build(table), table.given(required, forbidden), required, forbidden
    ... )
    >>> np.isfinite(given.log_weight_of(np.array([[0, 0], [0, 0b01]]))).tolist()  # the empty graph, 0 -> 1
    [False, True]
    """
    possible = weights.possible
    needed, barred = possible.masks_of(required), possible.masks_of(forbidden & (possible.bits.T >= 0))
    scores = weights.log_weights + weights.log_scales[:, None]
    candidates, log_odds = weights.candidates.copy(), weights.log_odds.copy()
    for node in np.flatnonzero(needed | barred).tolist():
        log_odds[node, unpack(barred[node : node + 1], possible.size)[0]] = -np.inf
        if needed[node] & ~candidates[node]:
            candidates[node] = _with_required(weights, node, int(needed[node]), log_odds)
            scores[node] = narrower.scores_within(node, int(candidates[node]))
            continue
        sets = subsets_within(int(candidates[node]))
        scores[node, (sets & barred[node] != 0) | (needed[node] & ~sets != 0)] = -np.inf
    return LayerWeights.of(scores, candidates, log_odds, weights.covered, possible=possible)


def _with_required(
    weights: LayerWeights, node: int, required: int, log_odds: Float64[np.ndarray, "d p"]
) -> int:
    """Return candidates among which the required ones are; those that they replace get odds instead, in place."""
    mask = int(weights.candidates[node])
    share = np.exp(weights.log_weights[node] - weights.log_sums[node, -1])
    sets = subsets_within(mask)
    by_probability = sorted(
        (float(share[sets >> u & 1 == 1].sum()), u)
        for u in range(weights.possible.size)
        if mask >> u & 1 and not required >> u & 1
    )
    wanted = [u for u in range(weights.possible.size) if required >> u & 1 and not mask >> u & 1]
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
