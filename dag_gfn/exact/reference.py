"""The exact posterior that other methods are compared with, by enumeration or by the recursion over subsets."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, UInt8

from dag_gfn.exact.dag_dp import estimate, exact_marginals
from dag_gfn.exact.dag_recursion import DagRecursion, between, complete_of
from dag_gfn.exact.dag_sampling import DagSampler
from dag_gfn.exact.enumeration import exact_posterior, graph_posterior
from dag_gfn.exact.self_check import refuse_impossible
from dag_gfn.scores import ScoreTable

MAX_ENUMERATED = 5
"""Up to this many nodes all DAGs are enumerated, so that distributions over graphs can be compared."""


@dataclass(frozen=True, eq=False)
class ExactReference:
    """Exact features and draws of a posterior. Entry (i, j) of a matrix is about i -> j (row -> column).

    Attributes
    ----------
    features : dict of str to ndarray, shape (d, d), float64
        Probabilities of ``edge`` and ``path``, and, where DAGs were enumerated, ``markov_blanket``.
    log_evidence : float
        log of the sum of R(G), in nats.
    masks, log_probabilities : ndarray or None
        All DAGs as in `enumerate_dags` and their log-probabilities, where they were enumerated.
    draw : callable
        Takes a number k and a NumPy generator; returns k independent draws, shape (k, d, d), bool.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> from dag_gfn.exact.reference import exact_reference
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 3)))
    >>> exact = exact_reference(ScoreTable.build(make_score("bge", data)))
    >>> sorted(exact.features), exact.draw(2, np.random.default_rng(0)).shape
    (['edge', 'markov_blanket', 'path'], (2, 3, 3))
    """

    features: dict[str, Float64[np.ndarray, "d d"]]
    log_evidence: float
    draw: Callable[[int, np.random.Generator], Bool[np.ndarray, "k d d"]]
    masks: UInt8[np.ndarray, "m d"] | None = None
    log_probabilities: Float64[np.ndarray, " m"] | None = None


def exact_reference(table: ScoreTable, *, progress: Callable[[float], None] | None = None) -> ExactReference:
    """Return the exact posterior of a table.

    Parameters
    ----------
    table : ScoreTable
    progress : callable, optional
        Called with the share that is done; an exception in it, or Ctrl-C, ends the computation soon.

    Raises
    ------
    NotTractable
        If the table is not complete, or double precision does not suffice for possible probabilities.
    ConstraintError
        If no DAG has support.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> from dag_gfn.exact.reference import exact_reference
    >>> x = np.random.default_rng(0).normal(size=(50, 2)) @ [[1.0, 1.0], [0.0, 0.1]]
    >>> exact = exact_reference(ScoreTable.build(make_score("bge", dag_gfn.from_array(x))))
    >>> exact.features["edge"].round(3).tolist()
    [[0.0, 0.5], [0.5, 0.0]]
    """
    if table.d <= MAX_ENUMERATED:
        exact = exact_posterior(table)
        names = [str(node) for node in range(table.d)]
        posterior = graph_posterior(names, exact.masks, exact.log_probabilities)
        features = {name: posterior.marginals[name].values for name in ("edge", "path", "markov_blanket")}
        refuse_impossible(table.names, features["edge"], features["path"])
        return ExactReference(
            features,
            exact.log_evidence,
            lambda k, rng: posterior.sample_adjacency(k, rng=rng),
            exact.masks,
            exact.log_probabilities,
        )
    recursion = DagRecursion(complete_of(table))
    recursion.solve(with_sources=True, progress=between(progress, 0.0, 0.5))
    marginals = exact_marginals(table, recursion=recursion, progress=between(progress, 0.5, 1.0))
    refuse_impossible(table.names, marginals.edge, marginals.path)
    recursion.sole_source = None  # as large as the table, and not needed for draws
    return ExactReference(
        {"edge": marginals.edge, "path": marginals.path},
        marginals.log_evidence,
        lambda k, rng: DagSampler(table, recursion=recursion).sample(k, rng=rng).adjacency,
    )


def reference_seconds(d: int) -> float:
    """Return roughly how long `exact_reference` takes for d nodes.

    Examples
    --------
    >>> from dag_gfn.exact.reference import reference_seconds
    >>> reference_seconds(5), reference_seconds(20) > 10 * reference_seconds(17)
    (0.1, True)
    """
    return 0.1 if d <= MAX_ENUMERATED else estimate(d).seconds


def reference_bytes(d: int) -> int:
    """Return roughly how much memory `exact_reference` takes for d nodes, the table not included.

    Examples
    --------
    >>> from dag_gfn.exact.reference import reference_bytes
    >>> reference_bytes(5), reference_bytes(20) > 4 * reference_bytes(17)
    (100000000, True)
    """
    return 100_000_000 if d <= MAX_ENUMERATED else estimate(d).bytes
