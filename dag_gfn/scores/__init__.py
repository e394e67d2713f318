"""Local scores, graph priors, constraints, and the table that joins them."""

import numpy as np
from jaxtyping import Float, Int

from dag_gfn.data.dataset import Dataset
from dag_gfn.errors import OptionError
from dag_gfn.scores.bde import BDe
from dag_gfn.scores.bge import BGe
from dag_gfn.scores.bic import DiscreteBIC, GaussianBIC
from dag_gfn.scores.chance_links import chance_links
from dag_gfn.scores.constraints import Constraints
from dag_gfn.scores.graph_prior import PRIORS, GraphPrior, make_prior
from dag_gfn.scores.linear_gaussian import LinearGaussian
from dag_gfn.scores.local_score import DEFAULT_SCORES, LocalScore
from dag_gfn.scores.score_table import MEMORY_LIMIT, ScoreTable, table_bytes
from dag_gfn.scores.sparse_warning import sparse_doubts

__all__ = [
    "MEMORY_LIMIT",
    "PRIORS",
    "SCORES",
    "BDe",
    "BGe",
    "Constraints",
    "DiscreteBIC",
    "GaussianBIC",
    "GraphPrior",
    "LinearGaussian",
    "LocalScore",
    "ScoreTable",
    "chance_links",
    "make_prior",
    "make_score",
    "sparse_doubts",
    "table_bytes",
]

SCORES = ("bge", "bdeu", "bde", "bic", "linear_gaussian")

_OPTIONS = {
    "bge": ("alpha_mu", "alpha_w", "mean_obs"),
    "bdeu": ("equivalent_sample_size",),
    "bde": ("equivalent_sample_size",),
    "bic": (),
    "linear_gaussian": ("noise_variance", "weight_variance"),
}


def make_score(
    name: str | None,
    data: Dataset,
    *,
    alpha_mu: float | int | None = None,
    alpha_w: float | int | None = None,
    mean_obs: float | int | Float[np.ndarray, " d"] | Int[np.ndarray, " d"] | None = None,
    equivalent_sample_size: float | int | None = None,
    noise_variance: float | int | None = None,
    weight_variance: float | int | None = None,
) -> LocalScore:
    """Return the score of this name for these data.

    Parameters
    ----------
    name : {"bge", "bdeu", "bde", "bic", "linear_gaussian"} or None
        None chooses by the kind of the columns: ``bge`` for continuous, ``bdeu`` for discrete.
    data : Dataset
    alpha_mu, alpha_w, mean_obs : optional
        Only for ``bge``: 1, d + 2 and 0 when left out.
    equivalent_sample_size : float, optional
        Only for ``bdeu`` and ``bde``: 1 when left out.
    noise_variance, weight_variance : float, optional
        Only for ``linear_gaussian``: 0.1 and 1 when left out.

    Raises
    ------
    OptionError
        If the name is unknown, an option belongs to another score or has an impossible value, or the score
        does not go with the data.
    DataError
        If the data do not determine the score (BIC with too few rows or collinear columns).
    """
    name = DEFAULT_SCORES[data.kind] if name is None else name
    if name not in SCORES:
        raise OptionError(f"unknown score {name!r}: choose one of {', '.join(SCORES)}")
    given = {
        "alpha_mu": alpha_mu,
        "alpha_w": alpha_w,
        "mean_obs": mean_obs,
        "equivalent_sample_size": equivalent_sample_size,
        "noise_variance": noise_variance,
        "weight_variance": weight_variance,
    }
    options = {option: value for option, value in given.items() if value is not None}
    for option in options:
        if option not in _OPTIONS[name]:
            owners = [repr(score) for score in SCORES if option in _OPTIONS[score]]
            raise OptionError(
                f"option {option!r} belongs to the score {' or '.join(owners)}, not to {name!r}: leave it out"
            )
    if name in ("bdeu", "bde"):
        return BDe(data, name=name, **options)
    if name == "bic":
        return GaussianBIC(data) if data.kind == "continuous" else DiscreteBIC(data)
    return {"bge": BGe, "linear_gaussian": LinearGaussian}[name](data, **options)
