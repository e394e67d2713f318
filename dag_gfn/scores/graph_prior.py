"""Priors over DAGs: by the number of parents of each node, and by beliefs about single edges. Not normalised."""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, no_type_check

import numpy as np
from jaxtyping import Float64, Int64
from numba import njit
from scipy.special import expit, gammaln

from dag_gfn.errors import OptionError
from dag_gfn.graphs.possible_parents import PossibleParents
from dag_gfn.graphs.subsets import popcount
from dag_gfn.scores.local_score import require_positive


@dataclass(frozen=True, eq=False)
class GraphPrior:
    r"""A modular prior, :math:`\log P(G) = \sum_j [a(|Pa_j|) + \sum_{i \in Pa_j} b_{ij}]` + constant.

    Parameters
    ----------
    name : str
    log_prior_by_size : array, shape (d,), float64
        Log prior of a family with 0 .. d-1 parents.
    hyperparameters : dict
        Its options with their values, defaults filled in.
    log_odds : array, shape (d, d), float64, or None
        ``[i, j]`` is b, what the edge i -> j (row -> column) adds; 0 says nothing. None where no edge adds anything.
        For masks over possible parents (`among`), i is a bit of the masks of j, and there are fewer rows.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.scores import GraphPrior
    >>> at_most_one_parent_is_likely = GraphPrior("sparse", np.array([0.0, 0.0, -5.0]))
    >>> none, both = 0b000, 0b110  # parents of node 0
    >>> at_most_one_parent_is_likely.log_prior(0, np.array([none, both])).tolist()
    [0.0, -5.0]
    """

    name: str
    log_prior_by_size: Float64[np.ndarray, " d"]
    hyperparameters: dict[str, float] = field(default_factory=dict)
    log_odds: Float64[np.ndarray, "p d"] | None = None

    @property
    def is_symmetric(self) -> bool:
        """Whether an edge adds as much as the reverse edge, for all pairs."""
        return self.log_odds is None or np.array_equal(self.log_odds, self.log_odds.T)

    @property
    def beliefs(self) -> Float64[np.ndarray, "d d"]:
        """The beliefs about edges as probabilities; one half where nothing is believed."""
        d = len(self.log_prior_by_size)
        return np.full((d, d), 0.5) if self.log_odds is None else expit(self.log_odds)

    def with_beliefs(self, probability: Float64[np.ndarray, "d d"]) -> "GraphPrior":
        r"""Return this prior with beliefs about edges: b = log(p / (1 - p)).

        Parameters
        ----------
        probability : array, shape (d, d), float64
            ``[i, j]`` is the belief in i -> j (row -> column), between 0 and 1; one half says nothing.

        Examples
        --------
        >>> import numpy as np
        >>> from dag_gfn.scores import make_prior
        >>> believed = make_prior("uniform", 2).with_beliefs(np.array([[0.5, 0.9], [0.5, 0.5]]))
        >>> np.exp(believed.log_prior(1, np.array([0b00, 0b01]))).round(3).tolist()  # odds of 9 to 1
        [1.0, 9.0]
        """
        log_odds = np.log(probability) - np.log1p(-probability)
        return replace(self, log_odds=log_odds if log_odds.any() else None)

    def without_beliefs(self) -> "GraphPrior":
        """Return this prior without beliefs about edges."""
        return replace(self, log_odds=None)

    def among(self, possible: PossibleParents) -> "GraphPrior":
        """Return this prior for masks over possible parents; its `log_odds` are then by bit, ``[b, j]``."""
        if self.log_odds is None or possible.is_all:
            return self
        return replace(self, log_odds=np.ascontiguousarray(possible.by_bit(self.log_odds.T).T))

    def log_prior(
        self, node: int | Int64[np.ndarray, " m"], parents: Int64[np.ndarray, " m"]
    ) -> Float64[np.ndarray, " m"]:
        """Return the log prior of parent sets (bitmasks, shape (m,)); ``node`` is one node, or one for each set."""
        values = np.asarray(self.log_prior_by_size[popcount(parents)])
        if self.log_odds is not None:
            nodes = np.broadcast_to(np.asarray(node, dtype=np.int64), parents.shape)
            _add_log_odds(self.log_odds, nodes, parents, values)
        return values


def recorded_beliefs(probability: Float64[np.ndarray, "d d"], names: Sequence[str]) -> list[dict[str, Any]]:
    """Return beliefs about edges as posterior.json has them; those of one half say nothing, and are left out.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.scores.graph_prior import recorded_beliefs
    >>> recorded_beliefs(np.array([[0.5, 0.9], [0.5, 0.5]]), ("a", "b"))
    [{'source': 'a', 'target': 'b', 'probability': 0.9}]
    """
    return [
        {"source": names[i], "target": names[j], "probability": float(probability[i, j])}
        for i, j in np.argwhere(probability != 0.5)
    ]


def beliefs_of(recorded: Iterable[Mapping[str, Any]], names: Sequence[str]) -> Float64[np.ndarray, "d d"]:
    """Return the probabilities of edges that `recorded_beliefs` has recorded, one half elsewhere.

    Examples
    --------
    >>> from dag_gfn.scores.graph_prior import beliefs_of
    >>> beliefs_of([{"source": "a", "target": "b", "probability": 0.9}], ("a", "b")).tolist()
    [[0.5, 0.9], [0.5, 0.5]]
    """
    probability, place = np.full((len(names), len(names)), 0.5), {name: k for k, name in enumerate(names)}
    for each in recorded:
        probability[place[each["source"]], place[each["target"]]] = each["probability"]
    return probability


def _uniform(d: int) -> Float64[np.ndarray, " d"]:
    return np.zeros(d)


def _edge(d: int, *, beta: float | int = 0.5) -> Float64[np.ndarray, " d"]:
    return np.arange(d, dtype=np.float64) * np.log(beta)


def _erdos_renyi(d: int, *, edges_per_node: float | int = 1.0) -> Float64[np.ndarray, " d"]:
    k = np.arange(d, dtype=np.float64)
    p = min(2.0 * edges_per_node / (d - 1), 0.5) if d > 1 else 0.5
    return k * np.log(p) + (d - 1 - k) * np.log1p(-p)


def _fair(d: int) -> Float64[np.ndarray, " d"]:
    k = np.arange(d, dtype=np.float64)
    return gammaln(k + 1) + gammaln(d - k) - gammaln(d)  # C(d-1, k): a node is not its own parent


_LOG_PRIORS: dict[str, Callable[..., Float64[np.ndarray, " d"]]] = {
    "uniform": _uniform,
    "edge": _edge,
    "erdos_renyi": _erdos_renyi,
    "fair": _fair,
}
"""A new prior is one function and one line here. Its options are its keywords, positive numbers with a default."""

PRIORS = tuple(_LOG_PRIORS)


def prior_options(name: str) -> tuple[str, ...]:
    """Return the names of the options that a prior takes.

    Examples
    --------
    >>> from dag_gfn.scores.graph_prior import prior_options
    >>> prior_options("edge"), prior_options("uniform")
    (('beta',), ())
    """
    return tuple(_defaults(name))


def make_prior(name: str, d: int, **options: float | int | None) -> GraphPrior:
    r"""Return the graph prior of this name for d nodes.

    Parameters
    ----------
    name : {"uniform", "edge", "erdos_renyi", "fair"}
        With k parents: ``uniform`` 0; ``edge`` :math:`k \log\beta`; ``erdos_renyi`` :math:`k \log p +
        (d - 1 - k) \log(1 - p)` with :math:`p = \min(2m / (d - 1), 1/2)`; ``fair``
        :math:`-\log\binom{d-1}{k}`.
    d : int
        Number of nodes.
    **options
        ``beta``, only for ``edge``: the factor by which each edge multiplies the prior; 0.5 when left out.
        ``edges_per_node``, only for ``erdos_renyi``: m, which sets p; 1 when left out. It is not the mean of the prior,
        see Notes. None is the same as leaving one out.

    Notes
    -----
    Each prior is a product over nodes, restricted to DAGs. The restriction changes what the factors are named for:

    - ``uniform``: every DAG has the same probability. Most DAGs are dense: with 10 nodes two of them are linked with
      probability 0.56, and there are 25.1 edges on average.
    - ``erdos_renyi``: p is the probability of each of the d (d - 1) directed edges before graphs with cycles are
      excluded. Excluding them removes mostly dense graphs. So the mean number of edges over DAGs is not m d: with m = 1
      it is 13.8 for 10 nodes and 20.3 for 14. With p = 1/2 the prior is the uniform one.
    - ``fair``: every number of parents has the same mass in a sum over the parent sets of one node. Over DAGs few
      parents are more probable: one of 5 nodes has 0, 1, 2, 3 or 4 with probabilities 0.45, 0.25, 0.15, 0.09 and 0.06.

    Raises
    ------
    OptionError
        If the name is unknown, or an option is not positive or belongs to another prior.
    TypeError
        If no prior has an option of this name.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.scores import make_prior
    >>> np.exp(make_prior("edge", 4, beta=0.1).log_prior_by_size).round(6).tolist()
    [1.0, 0.1, 0.01, 0.001]
    >>> np.exp(make_prior("fair", 4).log_prior_by_size).round(3).tolist()  # 1 / C(3, k)
    [1.0, 0.333, 0.333, 1.0]
    """
    owners = {option: prior for prior in PRIORS for option in _defaults(prior)}
    for option in options:
        if option not in owners:
            raise TypeError(f"make_prior() got an unexpected keyword argument {option!r}")
    if name not in PRIORS:
        raise OptionError(f"unknown graph prior {name!r}: choose one of {', '.join(PRIORS)}")
    given = {option: value for option, value in options.items() if value is not None}
    for option, value in given.items():
        if name != owners[option]:
            raise OptionError(
                f"option {option!r} belongs to the prior {owners[option]!r}, not to {name!r}: leave it out"
            )
        require_positive(**{option: value})
    values = {option: float(value) for option, value in (_defaults(name) | given).items()}
    return GraphPrior(name, _LOG_PRIORS[name](d, **values), values)


# The test run's annotation checker would wrap the function that Numba compiles; @no_type_check keeps it off.


@njit(cache=True, nogil=True)
@no_type_check
def _add_log_odds(log_odds, nodes, parents, values):
    """Add the log-odds of all edges of each family to its value; the last three arrays have shape (m,)."""
    for f in range(len(nodes)):
        rest, i = parents[f], 0
        while rest:  # for each member i of the set, from the lowest bit
            if rest & 1:
                values[f] += log_odds[i, nodes[f]]
            rest >>= 1
            i += 1


def _defaults(name: str) -> dict[str, float]:
    """Return the options of a prior with their defaults: the keywords of its function."""
    parameters = inspect.signature(_LOG_PRIORS[name]).parameters.values()
    return {p.name: p.default for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY}
