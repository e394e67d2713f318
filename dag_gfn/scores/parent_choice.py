"""The possible parents of each node where there are more nodes than fit a mask: those that can gain most.

A mask has room for 62 possible parents beside the node itself. Every other node is looked at as a parent alone, and
again beside the parents that a greedy search finds among the most promising ones. So nodes that matter only beside
others are found too. A node is as promising as its larger gain.
"""

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Bool, Float64

from dag_gfn.chunked import run_chunks
from dag_gfn.errors import OptionError
from dag_gfn.graphs.possible_parents import PossibleParents
from dag_gfn.graphs.subsets import MAX_NODES
from dag_gfn.scores.constraints import Constraints
from dag_gfn.scores.local_score import LocalScore

MOST_POSSIBLE = MAX_NODES - 1
"""Possible parents of a node: with the node itself they fit a mask."""
_GREEDY = 8  # parents that the greedy search takes, at most


def choose_possible(
    score: LocalScore,
    constraints: Constraints,
    *,
    size: int = MOST_POSSIBLE,
    on_share: Callable[[float], None] | None = None,
) -> PossibleParents:
    """Return possible parents of each node, those that gain most in score; required ones are always among them.

    Parameters
    ----------
    score : LocalScore
        Of any number of nodes (`LocalScore.on_nodes`).
    constraints : Constraints
        Forbidden parents are taken last.
    size : int
        Possible parents of each node, fewer than there are nodes.
    on_share : callable, optional
        Called with the share that is done, in [0, 1].

    Raises
    ------
    OptionError
        If more parents of a node are required.

    Examples
    --------
    Column 0 is nearly the sum of columns 2 and 3:

    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.scores import Constraints, make_score
    >>> from dag_gfn.scores.parent_choice import choose_possible
    >>> x = np.random.default_rng(0).normal(size=(40, 5))
    >>> x[:, 0] = x[:, 2] + x[:, 3] + 0.1 * x[:, 0]
    >>> score = make_score("bge", dag_gfn.from_array(x))
    >>> choose_possible(score, Constraints.none(5), size=2).nodes[0].tolist()
    [2, 3]
    """
    required = constraints.required_edges.sum(axis=0)
    if required.max() > size:
        name = score.names[int(required.argmax())]
        raise OptionError(
            f"column {name!r} has {required.max()} required parents, and with more than {MAX_NODES} columns at most "
            f"{size} are possible: require fewer"
        )
    chosen = run_chunks(
        lambda node: _choose(score, constraints, node, size), range(score.d), progress=on_share
    )
    return PossibleParents(np.sort(np.stack(chosen), axis=1))


def _choose(score: LocalScore, constraints: Constraints, node: int, size: int) -> np.ndarray:
    d = score.d
    required, forbidden = constraints.required_edges[:, node], constraints.forbidden_edges[:, node].copy()
    forbidden[node] = True
    worth = _gains(score, node, np.flatnonzero(required), ~forbidden & ~required)
    promising = np.argsort(-worth, kind="stable")[:size]
    promising = promising[np.isfinite(worth[promising])]
    most = min(_GREEDY, int(constraints.limit(node)) - 1 - int(required.sum()))
    beside = _greedy(score, node, np.flatnonzero(required), promising, most)
    worth = np.maximum(worth, _gains(score, node, beside, ~forbidden & ~np.isin(np.arange(d), beside)))
    worth[beside] = np.inf
    worth[np.isneginf(worth)] = -1e300  # not finite, but possible: before those that are forbidden
    worth[forbidden] = -np.inf
    worth[required] = np.inf
    order = np.argsort(-worth, kind="stable")
    return order[order != node][:size]


def _greedy(
    score: LocalScore, node: int, start: Sequence[int] | np.ndarray, among: np.ndarray, most: int
) -> np.ndarray:
    """Return parents that are added one after the other as long as each gains, the required ones first."""
    nodes = [node, *start, *[u for u in among.tolist() if u not in start]][:MAX_NODES]
    few = score.on_nodes(nodes)
    bits = np.int64(1) << np.arange(len(nodes), dtype=np.int64)
    chosen = int(bits[1 : 1 + len(start)].sum())
    value = -np.inf
    for _ in range(most):
        free = bits[1:][bits[1:] & chosen == 0]
        if not len(free):
            break
        scores = few.local_scores(0, np.append(free | chosen, chosen))
        value = max(value, float(scores[-1]))
        best = int(np.nan_to_num(scores[:-1], nan=-np.inf).argmax())
        if not scores[best] > value:
            break
        chosen, value = chosen | int(free[best]), float(scores[best])
    return np.array([nodes[k] for k in range(1, len(nodes)) if chosen >> k & 1], dtype=np.int64)


def _gains(
    score: LocalScore, node: int, beside: np.ndarray, possible: Bool[np.ndarray, " d"]
) -> Float64[np.ndarray, " d"]:
    """Return what each possible node gains as a further parent beside others; -inf elsewhere."""
    gains = np.full(score.d, -np.inf)
    others = np.flatnonzero(possible)
    room = MAX_NODES - 1 - len(beside)
    if room < 1:
        return gains
    before = np.int64((1 << len(beside)) - 1) << 1
    for start in range(0, len(others), room):
        block = others[start : start + room]
        part = score.on_nodes([node, *beside.tolist(), *block.tolist()])
        bits = np.int64(1) << np.arange(1 + len(beside), 1 + len(beside) + len(block), dtype=np.int64)
        scores = part.local_scores(0, np.append(bits | before, before))
        with np.errstate(invalid="ignore"):
            gains[block] = np.nan_to_num(scores[:-1] - scores[-1], nan=-np.inf, posinf=np.inf, neginf=-np.inf)
    return gains
