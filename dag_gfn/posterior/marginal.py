"""A probability or an array of them, with its source and its standard error."""

from dataclasses import dataclass
from typing import Literal, final

import numpy as np
from jaxtyping import Float64

Source = Literal["exact", "rao_blackwell", "policy", "samples", "rounding", "mixture"]
"""Where a probability comes from.

"exact": the probability under the posterior itself. "policy": that under a trained sampler's own distribution, without
Monte-Carlo error, but only as accurate as the sampler. "rao_blackwell": conditional probabilities averaged over draws,
which is less noisy than counting. "samples": counted in weighted graphs. "rounding": one minus an exact probability
near one, which is smaller than rounding errors; the standard error bounds how large it can be. "mixture": the weighted
mean over completed tables, where cells were not seen; the standard error includes that of there being so few tables.
"""


@final
@dataclass(frozen=True, eq=False)
class Marginal:
    """Probabilities of one kind of feature, with their source and their standard errors.

    Attributes
    ----------
    values : ndarray, float64
        For pairs of nodes shape (d, d), entry (i, j) being about i → j (row → column). For "parent_sets"
        shape (d, 2^(d-1)), row j over the sets without j in the order of `subsets.remove_bit`.
    source : {"exact", "rao_blackwell", "policy", "samples", "mixture"}
        See `Source`.
    standard_error : ndarray or None
        Monte-Carlo standard error of `values`; None where it is zero (exact) or not known.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import Marginal
    >>> Marginal(np.array([[0.0, 0.8], [0.2, 0.0]]), "exact").errors().tolist()
    [[0.0, 0.0], [0.0, 0.0]]
    """

    values: Float64[np.ndarray, "*shape"]
    source: Source
    standard_error: Float64[np.ndarray, "*shape"] | None = None

    def __post_init__(self) -> None:
        tolerance = 1e-9
        if not np.all((self.values >= -tolerance) & (self.values <= 1.0 + tolerance)):
            raise ValueError(
                f"marginals must be probabilities, not within [{self.values.min()}, {self.values.max()}]"
            )

    def errors(self) -> Float64[np.ndarray, "*shape"]:
        """Return the standard errors: zero where the values are exact, nan where the errors are not known."""
        if self.standard_error is not None:
            return self.standard_error
        return np.full(self.values.shape, 0.0 if self.source == "exact" else np.nan)


@final
@dataclass(frozen=True)
class Probability:
    """The probability of one statement about the graph.

    Attributes
    ----------
    value : float
    standard_error : float
        Monte-Carlo standard error of `value`: zero where it is exact, nan where it is not known. Where no draw
        or every draw agrees with the statement it is zero too, although the probability need not be 0 or 1. Where
        `source` is "rounding" it bounds the rounding error.
    source : {"exact", "rao_blackwell", "policy", "samples", "rounding", "mixture"}
        See `Source`.

    Examples
    --------
    >>> from dag_gfn.posterior import Probability
    >>> float(Probability(value=0.75, standard_error=0.01, source="samples"))
    0.75
    """

    value: float
    standard_error: float
    source: Source

    def __float__(self) -> float:
        """Return `value`."""
        return self.value
