"""Every pair of variables: its likelier direction, the probability of a link, and its standard error."""

from typing import NamedTuple

from dag_gfn.posterior import GraphPosterior
from dag_gfn.posterior.shape import PREFERRED

LIKELY = 0.5
"""Probability from which two variables count as likely linked."""
UNLIKELY = 0.05
"""Probability up to which two variables count as almost surely not linked; views list pairs above it."""
SETTLED = 0.9
"""Share of a link's probability from which its direction counts as settled."""
OPEN = PREFERRED
"""Share of a link's probability below which neither direction is preferred."""


class Pair(NamedTuple):
    """Two variables; `a` → `b` is the likelier direction.

    Attributes
    ----------
    a, b : int
    forward, backward : float
        P(a → b) and P(b → a).
    linked : float
        Probability that one of them holds.
    error : float
        Monte-Carlo standard error of `linked`; nan where not known.
    by_shape : bool
        Whether the likelier direction rests on the shape of the dependence alone; see `dag_gfn.posterior.shape`.

    Examples
    --------
    >>> from dag_gfn.views.pairs import Pair
    >>> Pair(a=0, b=1, forward=0.7, backward=0.1, linked=0.8, error=0.01).direction
    'leaning'
    """

    a: int
    b: int
    forward: float
    backward: float
    linked: float
    error: float
    by_shape: bool = False

    @property
    def share(self) -> float:
        """The likelier direction's share of the link's probability, from ½ to 1."""
        total = self.forward + self.backward
        return self.forward / total if total > 0 else 0.5

    @property
    def direction(self) -> str:
        """Whether the direction is `settled`, `leaning` or `open`."""
        if self.share >= SETTLED:
            return "settled"
        return "leaning" if self.share >= OPEN else "open"


def pairs(posterior: GraphPosterior) -> list[Pair]:
    """Return all pairs, most likely linked first.

    Parameters
    ----------
    posterior : GraphPosterior

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import GraphPosterior
    >>> from dag_gfn.views.pairs import pairs
    >>> draws = np.array([[[False, True], [False, False]], [[False, False], [True, False]]])
    >>> (pair,) = pairs(GraphPosterior.from_weights(("x", "y"), draws, np.log([0.25, 0.75])))
    >>> pair.a, pair.b, round(pair.forward, 2)
    (1, 0, 0.75)
    """
    index = {name: i for i, name in enumerate(posterior.names)}
    shaped = {(each["source"], each["target"]) for each in posterior.info.get("directions_by_shape") or ()}
    return [
        Pair(
            index[row.a],
            index[row.b],
            float(row.a_to_b),
            float(row.b_to_a),
            float(row.linked),
            float(row.standard_error),
            (row.a, row.b) in shaped,
        )
        for row in posterior.pair_table().itertuples()
    ]
