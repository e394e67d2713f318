"""Priors over DAGs that depend on the number of parents of each node. Not normalised."""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float64, Int64
from scipy.special import gammaln

from dag_gfn.errors import OptionError
from dag_gfn.scores.local_score import require_positive

PRIORS = ("uniform", "edge", "erdos_renyi", "fair")


@dataclass(frozen=True, eq=False)
class GraphPrior:
    """A modular prior, log P(G) = sum_j log_prior(|Pa_j|) + constant.

    Parameters
    ----------
    name : str
    log_prior_by_size : array, shape (d,), float64
        Log prior of a family with 0 .. d-1 parents.
    hyperparameters : dict
        What it depends on beside d, by name.
    """

    name: str
    log_prior_by_size: Float64[np.ndarray, " d"]
    hyperparameters: dict[str, float] = field(default_factory=dict)

    def log_prior(self, num_parents: Int64[np.ndarray, "*shape"]) -> Float64[np.ndarray, "*shape"]:
        """Return the log prior of families with these numbers of parents."""
        return np.asarray(self.log_prior_by_size[num_parents])


def make_prior(
    name: str,
    d: int,
    *,
    beta: float | int | None = None,
    edges_per_node: float | int | None = None,
) -> GraphPrior:
    r"""Return the graph prior of this name for d nodes.

    Parameters
    ----------
    name : {"uniform", "edge", "erdos_renyi", "fair"}
        With k parents: ``uniform`` 0; ``edge`` :math:`k \log\beta`; ``erdos_renyi`` :math:`k \log p +
        (d - 1 - k) \log(1 - p)` with :math:`p = \min(2m / (d - 1), 1/2)`; ``fair``
        :math:`-\log\binom{d-1}{k}`.
    d : int
        Number of nodes.
    beta : float, optional
        Only for ``edge``: the factor by which each edge multiplies the prior; 0.5 when left out.
    edges_per_node : float, optional
        Only for ``erdos_renyi``: m, which sets p; 1 when left out. It is not the mean of the prior, see Notes.

    Notes
    -----
    Each prior is a product over nodes that is restricted to DAGs, and the restriction takes away what the factors are
    named for:

    - ``uniform``: every DAG has the same probability. Most DAGs are dense: with 10 nodes two of them are linked with
      probability 0.56, and there are 25.1 edges on average.
    - ``erdos_renyi``: p is the probability of each of the d (d - 1) directed edges before graphs with cycles are
      excluded, which thins out the dense ones. The mean number of edges over DAGs is not m d: with m = 1 it is 13.8 for
      10 nodes and 20.3 for 14, and with p = 1/2 the prior is the uniform one.
    - ``fair``: every number of parents has the same mass in a sum over the parent sets of one node. Over DAGs few
      parents are more probable: one of 5 nodes has 0, 1, 2, 3 or 4 with probabilities 0.45, 0.25, 0.15, 0.09 and 0.06.

    Raises
    ------
    OptionError
        If the name is unknown, or an option is not positive or belongs to another prior.
    """
    if name not in PRIORS:
        raise OptionError(f"unknown graph prior {name!r}: choose one of {', '.join(PRIORS)}")
    for option, value, owner in (("beta", beta, "edge"), ("edges_per_node", edges_per_node, "erdos_renyi")):
        if value is not None and name != owner:
            raise OptionError(
                f"option {option!r} belongs to the prior {owner!r}, not to {name!r}: leave it out"
            )
        if value is not None:
            require_positive(**{option: value})
    k = np.arange(d, dtype=np.float64)
    options: dict[str, float] = {}
    if name == "edge":
        options["beta"] = 0.5 if beta is None else float(beta)
        by_size = k * np.log(options["beta"])
    elif name == "erdos_renyi":
        m = options["edges_per_node"] = 1.0 if edges_per_node is None else float(edges_per_node)
        p = min(2.0 * m / (d - 1), 0.5) if d > 1 else 0.5
        by_size = k * np.log(p) + (d - 1 - k) * np.log1p(-p)
    elif name == "fair":
        by_size = gammaln(k + 1) + gammaln(d - k) - gammaln(d)  # C(d-1, k): a node is not its own parent
    else:
        by_size = np.zeros(d)
    return GraphPrior(name, by_size, options)
