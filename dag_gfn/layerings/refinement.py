r"""Candidate parents and odds anew, from layerings that chains have visited.

Candidates and odds are first chosen for each node alone (:mod:`dag_gfn.layerings.candidates`), as if every other node
could be its parent. But a child, or a descendant, explains a node as well as a parent does, and where it comes later in
the layering it is no parent. So odds without a graph are far from those within one, and the product of the ratios of
true to approximate weights varies by tens of nats. Where chains have been is known how each node u matters as a parent
of v. With parent sets T drawn for v given these layerings, and

.. math:: \rho_{vu}(T) = \frac{w_v(T \cup \{u\})}{w_v(T \setminus \{u\})}

- u is a parent of v with probability :math:`\rho / (1 + \rho)` where it comes before v. The K most probable nodes
  become candidates. Layerings in which u comes later count less, but they do count: otherwise children of v are no
  candidates, layerings that turn these edges seem improbable, and chains never find out. For the same reason what v
  would need where one of its edges is turned counts (:mod:`dag_gfn.layerings.turned_edges`). Places that remain go
  to what is likely in random orders;
- any other node takes the odds of that probability over the draws in which it comes before v. The mean of :math:`\rho`
  would do in theory, but a single draw of a set that the true weights rule out can decide it.

The chains of the new weights visit other layerings, so this is done a few times.
"""

import numpy as np
from jaxtyping import Bool, Float64, Int, Int64

from dag_gfn.chunked import run_chunks
from dag_gfn.graphs.subsets import pack, unpack
from dag_gfn.layerings.layer_weights import ODDS, LayerWeights
from dag_gfn.layerings.outside_parents import draw_sets
from dag_gfn.scores import ScoreTable

_DRAWS = 2  # parent sets of each node for each layering
_FEW = 8  # draws in which a node comes before another: with fewer, its odds are those over all draws
_LATER = 0.3  # what the probability as a parent counts in layerings in which the node comes later
_IN_ORDERS = 0.0005  # part of odds that are those in random orders: odds that are too low do more harm
_ANYWHERE = (
    0.01  # what the probability in random orders counts: more of it takes places from likelier parents
)
_TURNED = 0.3  # what the probability counts that it is needed where an edge is turned
_TIE = 1e-6  # what the odds and candidates so far count, where layerings tell nothing
_HALVINGS = 8  # of the members outside the candidates of a set that is not possible
_LARGEST = 50.0  # nats of a ratio: beyond, it is certain


def refine(
    weights: LayerWeights,
    table: ScoreTable,
    layer_of: Int[np.ndarray, "k d"],
    *,
    size: int | None = None,
    in_orders: Float64[np.ndarray, "d p"] | None = None,
    where_turned: Float64[np.ndarray, "d p"] | None = None,
    rng: np.random.Generator,
) -> LayerWeights:
    """Return weights whose candidates and odds are those of the parents given some layerings, in threads.

    Parameters
    ----------
    weights : LayerWeights
        With parents outside the candidates (`LayerWeights.has_outside`).
    table : ScoreTable
        The table that the weights were built from.
    layer_of : ndarray, shape (k, d)
        Layerings from all over the posterior.
    size : int, optional
        K, the number of candidates of each node; as many as before by default.
    in_orders : ndarray, shape (d, p), float64, optional
        Probability of each node as a parent of another in random orders (`Candidates.in_orders`): counts beside what
        the layerings tell.
    where_turned : ndarray, shape (d, p), float64, optional
        How often a node needs each as a parent where an edge is turned (`needed_where_turned`): counts for candidates.
    rng : numpy.random.Generator
        The result does not depend on the number of threads.

    Examples
    --------
    Column 0 is nearly the sum of columns 2 and 3, and comes last. As its candidate, column 1 is of no use:

    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.layerings.layer_weights import ODDS, LayerWeights
    >>> from dag_gfn.layerings.refinement import refine
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> x = np.random.default_rng(0).normal(size=(40, 4))
    >>> x[:, 0] = x[:, 2] + x[:, 3] + 0.1 * x[:, 0]
    >>> table = ScoreTable.build(make_score("bge", dag_gfn.from_array(x)))
    >>> candidates, log_odds = np.array([0b0010, 0b0001, 0b0001, 0b0001]), np.full((4, 4), -np.inf)
    >>> for node, others in enumerate([(2, 3), (2, 3), (1, 3), (1, 2)]):
    ...     log_odds[node, list(others)] = np.log(ODDS[0])
    >>> scores = np.stack([table.scores_within(v, int(candidates[v])) for v in range(4)])
    >>> poor = LayerWeights.of(scores, candidates, log_odds)
    >>> layerings = np.tile([2, 0, 0, 1], (20, 1))
    >>> bin(refine(poor, table, layerings, size=2, rng=np.random.default_rng(0)).candidates[0])
    '0b1100'
    """
    layer_of = layer_of.astype(np.int16)
    size = weights.tables.members.shape[1] if size is None else size
    streams = rng.spawn(weights.d)
    others = np.zeros_like(weights.log_odds) if in_orders is None else in_orders
    turned = np.zeros_like(others) if where_turned is None else where_turned
    found = run_chunks(
        lambda v: _refined(weights, table, v, layer_of, size, others[v], turned[v], streams[v]),
        range(weights.d),
    )
    masks, log_odds, covered, scores = (np.array(each) for each in zip(*found, strict=True))
    return LayerWeights.of(scores, masks, log_odds, covered, possible=table.possible)


def _refined(
    weights: LayerWeights,
    table: ScoreTable,
    node: int,
    layer_of: Int[np.ndarray, "k d"],
    size: int,
    in_orders: Float64[np.ndarray, " p"],
    where_turned: Float64[np.ndarray, " p"],
    rng: np.random.Generator,
) -> tuple[int, Float64[np.ndarray, " p"], float, Float64[np.ndarray, " sets"]]:
    """Return the mask of a node's candidates, the log-odds of the others, the covered share, and scores of all sets."""
    constraints, possible = table.constraints, table.possible
    own = possible.own_bit(node)
    of_node = [constraints.required[node], constraints.forbidden[node] | own, own, weights.candidates[node]]
    required, impossible, itself, so_far = unpack(np.array(of_node), possible.size)
    log_ratio, possible_draw = _log_ratios(weights, table, node, layer_of, rng)
    before = np.repeat(layer_of[:, possible.nodes[node]] < layer_of[:, [node]], _DRAWS, axis=0)
    known = np.where(so_far, 1.0, 1 / (1 + np.exp(-weights.log_odds[node])))
    probability = 1.0 / (1.0 + np.exp(-log_ratio))
    if possible_draw.any():
        probability, before = probability[possible_draw], before[possible_draw]
    else:  # nothing new
        probability = np.broadcast_to(known, probability.shape)
    rank = (
        np.where(before, probability, _LATER * probability).mean(axis=0)
        + _ANYWHERE * in_orders
        + _TURNED * where_turned
        + _TIE * known
    )
    rank[required], rank[itself] = np.inf, -np.inf
    candidates = np.zeros(len(rank), dtype=bool)
    candidates[np.argsort(-rank, kind="stable")[:size]] = True
    outside = ~candidates & ~impossible
    outside &= required.sum() < constraints.limit(node)
    counted = before | (before.sum(axis=0) < _FEW)
    share = (probability * counted).sum(axis=0) / counted.sum(axis=0)
    share = (1.0 - _IN_ORDERS) * share + _IN_ORDERS * in_orders
    odds = (share / np.maximum(1.0 - share, 1e-12)).clip(*ODDS)
    log_odds = np.where(outside, np.log(odds), -np.inf)
    covered = np.exp(-(np.logaddexp(0.0, log_odds) * before).sum(axis=1)).mean()
    mask = int(pack(candidates))
    return mask, log_odds, float(covered), table.scores_within(node, mask)


def _log_ratios(
    weights: LayerWeights,
    table: ScoreTable,
    node: int,
    layer_of: Int[np.ndarray, "k d"],
    rng: np.random.Generator,
) -> tuple[Float64[np.ndarray, "m p"], Bool[np.ndarray, " m"]]:
    """Return log rho of each possible parent beside each of the sets drawn for the layerings, and which are possible.

    Where a set has as many parents as it can have, the nodes that are none of them compete for the place of the one
    that gives the least.
    """
    bits = np.int64(1) << np.arange(table.possible.size, dtype=np.int64)
    sets = draw_sets(weights, node, layer_of, _DRAWS, rng=rng).reshape(-1)
    sets = _made_possible(weights, table, node, sets, rng)
    drawn, which = np.unique(sets, return_inverse=True)
    members = unpack(drawn, table.possible.size)
    now = table.scores_of(node, drawn)
    toggled = table.scores_of_repeated(node, drawn[:, None] ^ bits)
    with np.errstate(invalid="ignore"):  # -inf less -inf: neither is possible
        gains = np.where(members, now[:, None] - toggled, toggled - now[:, None])
    without = np.where(members, toggled, -np.inf)
    full = (now > -np.inf) & (without.max(axis=1) > -np.inf) & ((toggled == -np.inf) & ~members).any(axis=1)
    if full.any():
        exchanged = drawn[full, None] ^ bits[without[full].argmax(axis=1), None] ^ bits
        left = members[full] | (toggled[full] > -np.inf)  # parents, and what finds a place anyway
        instead = np.where(left, -np.inf, table.scores_of_repeated(node, exchanged))
        rivals = np.logaddexp(now[full], without[full].max(axis=1))
        rivals = np.logaddexp(rivals, np.logaddexp.reduce(instead, axis=1))
        share = np.exp(instead - rivals[:, None])
        with np.errstate(divide="ignore"):  # log 0
            gains[full] = np.where(left, gains[full], np.log(share) - np.log1p(-share.clip(max=1.0 - 1e-12)))
    gains = np.nan_to_num(gains, nan=-_LARGEST).clip(-_LARGEST, _LARGEST)
    which = which.reshape(-1)
    return gains[which], now[which] > -np.inf


def _made_possible(
    weights: LayerWeights,
    table: ScoreTable,
    node: int,
    sets: Int64[np.ndarray, " m"],
    rng: np.random.Generator,
) -> Int64[np.ndarray, " m"]:
    """Return sets that lose half of their members outside the candidates, at random, until they are possible.

    Odds that are too high make all draws impossible, from which nothing could be learned.
    """
    outside = np.int64(weights.tables.outside[node])
    sets = sets.copy()
    for _ in range(_HALVINGS):
        which = np.flatnonzero((sets & outside != 0) & (table.scores_of_repeated(node, sets) == -np.inf))
        if not len(which):
            break
        kept = pack(rng.random((len(which), table.possible.size)) < 0.5)
        sets[which] &= kept | ~outside
    return sets
