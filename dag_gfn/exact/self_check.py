"""A check of exact probabilities: what no distribution over DAGs can have is refused."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64

from dag_gfn.errors import NotTractable

TOLERANCE = 1e-6
"""Largest rounding error by which a probability may exceed what is possible."""


def refuse_impossible(
    names: Sequence[str],
    edge: Float64[np.ndarray, "d d"],
    path: Float64[np.ndarray, "d d"] | None = None,
) -> None:
    """Raise NotTractable unless a distribution over DAGs can have these probabilities of edges and paths.

    Parameters
    ----------
    names : sequence of str, length d
        The columns, for the message.
    edge, path : array, shape (d, d), float64
        Probabilities of i -> j and of a directed path from i to j at (i, j) (row -> column).

    Raises
    ------
    NotTractable
        If P(i -> j) + P(j -> i) exceeds 1, an edge is more probable than a path between its ends, or a number is not
        a probability.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.errors import NotTractable
    >>> from dag_gfn.exact.self_check import refuse_impossible
    >>> try:
    ...     refuse_impossible(["a", "b"], np.array([[0.0, 0.8], [0.4, 0.0]]))
    ... except NotTractable as error:
    ...     print(str(error).partition(":")[2][:40])
     P(a -> b) + P(b -> a) came out as 1.2,
    """
    either = edge + edge.T
    checks = [("P({0} -> {1}) + P({1} -> {0})", "more than 1", either, either - 1.0)]
    checks.append(("P({0} -> {1})", "negative", edge, -edge))
    if path is not None:
        checks.append(("P({0} -> {1})", "more than that of a path between them", edge, edge - path))
        checks.append(("the probability of a path from {0} to {1}", "more than 1", path, path - 1.0))
    for what, wrong, values, excess in checks:
        if not (excess <= TOLERANCE).all():  # nan too
            i, j = np.unravel_index(np.nan_to_num(excess, nan=np.inf).argmax(), excess.shape)
            raise NotTractable(
                f"the exact posterior fails its own check: {what.format(names[i], names[j])} came out as "
                f"{values[i, j]:.6g}, {wrong}. Double precision does not suffice for scores of this size: rescale "
                "columns in large units or let them be standardized (--standardize, standardize=True)"
            )
