"""The sum of a graph prior over all admissible DAGs, by which evidences under different priors compare."""

from fractions import Fraction
from math import comb, exp, log

import numpy as np
from jaxtyping import Float64

from dag_gfn.exact.dag_dp import log_evidence
from dag_gfn.graphs.subsets import MAX_NODES, parent_sets
from dag_gfn.scores import Constraints, GraphPrior
from dag_gfn.scores.score_table import MAX_COMPLETE_NODES

_BITS = 200  # of the largest weight, as a whole number


class PriorTable:
    """The table of a prior, as the exact algorithms read it: no data.

    Attributes
    ----------
    d : int
    names : tuple of str
    complete : array, shape (d, 2^(d-1)), float64
        As of a complete :class:`dag_gfn.scores.ScoreTable`.

    Examples
    --------
    >>> from dag_gfn.model_choice.prior_mass import PriorTable
    >>> from dag_gfn.scores import Constraints, make_prior
    >>> PriorTable(make_prior("edge", 2, beta=0.5), Constraints.none(2)).complete.round(3).tolist()
    [[-0.0, -0.693], [-0.0, -0.693]]
    """

    def __init__(self, prior: GraphPrior, constraints: Constraints):
        self.d = constraints.d
        self.names = tuple(map(str, range(self.d)))
        sets = np.stack([parent_sets(node, self.d) for node in range(self.d)])
        rows = [
            np.where(constraints.allow(node, sets[node]), prior.log_prior(node, sets[node]), -np.inf)
            for node in range(self.d)
        ]
        self.complete: Float64[np.ndarray, "d sets"] | None = np.stack(rows)


def log_prior_mass(prior: GraphPrior, constraints: Constraints) -> float | None:
    """Return the log of the sum of the prior over all admissible DAGs; None where it is not known.

    It is exact up to 20 nodes, and beyond where nothing but numbers of parents counts.

    Parameters
    ----------
    prior : GraphPrior
    constraints : Constraints

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.model_choice.prior_mass import log_prior_mass
    >>> from dag_gfn.scores import Constraints, make_prior
    >>> round(float(np.exp(log_prior_mass(make_prior("uniform", 4), Constraints.none(4)))), 6)  # DAGs on four nodes
    543.0
    """
    d = constraints.d
    edges = constraints.required_edges.any() or constraints.forbidden_edges.any()
    by_size = prior.log_odds is None and not edges and d <= MAX_NODES  # beyond, not all edges are possible
    if by_size and constraints.max_parents_of is None and constraints.cell_limit is None:
        return log_mass_by_size(prior.log_prior_by_size, constraints.max_parents)
    if d > MAX_COMPLETE_NODES:
        return None
    return log_evidence(PriorTable(prior, constraints))


def log_mass_by_size(log_prior: Float64[np.ndarray, " d"], max_parents: int | None = None) -> float:
    r"""Return the log of the sum over all DAGs of the product of the weights of the nodes' numbers of parents.

    With :math:`\hat w(m) = \sum_k \binom mk w_k` and k the number of nodes without children,
    :math:`a_n = \sum_{k=1}^n (-1)^{k+1} \binom nk \hat w(n - k)^k a_{n-k}` (Robinson 1973, with weights). Whole numbers
    are computed with, so that nothing cancels.

    Parameters
    ----------
    log_prior : ndarray, shape (d,), float64
        Log-weight of 0 .. d-1 parents.
    max_parents : int, optional

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.model_choice.prior_mass import log_mass_by_size
    >>> round(float(np.exp(log_mass_by_size(np.zeros(5)))), 3)
    29281.0
    """
    d, largest = len(log_prior), float(log_prior.max())
    most = d - 1 if max_parents is None else min(max_parents, d - 1)
    weights = [
        round(Fraction(exp(value - largest)) * (1 << _BITS)) for value in log_prior[: most + 1].tolist()
    ]
    within = [sum(comb(m, k) * w for k, w in enumerate(weights) if k <= m) for m in range(d)]
    masses = [1]
    for n in range(1, d + 1):
        terms = ((-1) ** (k + 1) * comb(n, k) * within[n - k] ** k * masses[n - k] for k in range(1, n + 1))
        masses.append(sum(terms))
    return log(masses[d]) - d * _BITS * log(2.0) + d * largest
