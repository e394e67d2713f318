"""The result of a method: graphs, and its record of how they were found."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool

from dag_gfn.posterior.diagnostics import Diagnostics, ExactCheck
from dag_gfn.posterior.evidence import Evidence
from dag_gfn.posterior.marginal import Marginal
from dag_gfn.posterior.posterior import GraphPosterior


class BestGraph(NamedTuple):
    """The most probable DAG.

    Attributes
    ----------
    log_score, probability : float
        log R in nats, and R / Z.
    adjacency : ndarray, shape (d, d), bool
        ``[i, j]`` is True for i → j (row → column).

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior.method_result import BestGraph
    >>> BestGraph(-3.0, 0.5, np.array([[False, True], [False, False]])).to_json(("a", "b"))["edges"]
    [['a', 'b']]
    """

    log_score: float
    probability: float
    adjacency: Bool[np.ndarray, "d d"]

    def to_json(self, names: tuple[str, ...]) -> dict[str, Any]:
        """Return what posterior.json records of it."""
        edges = [[names[i], names[j]] for i, j in np.argwhere(self.adjacency)]
        return {"log_score": self.log_score, "probability": self.probability, "edges": edges}


class Search(NamedTuple):
    """How many of the most probable DAGs are known, and what is proven of them.

    Attributes
    ----------
    graphs : int
        How many were found.
    proven : bool
        Whether the first is proven to be the best.
    proven_graphs : int
        How many of the first are proven to be the most probable DAGs.
    proven_classes : int
        How many of the most probable classes are proven to be among theirs.

    Examples
    --------
    >>> from dag_gfn.posterior.method_result import Search
    >>> Search(graphs=100, proven=True, proven_graphs=100)._asdict()
    {'graphs': 100, 'proven': True, 'proven_graphs': 100, 'proven_classes': 0}
    """

    graphs: int
    proven: bool
    proven_graphs: int = 0
    proven_classes: int = 0


class TrainingRecord(NamedTuple):
    """How a network was trained: the options, and figures at some iterations.

    Examples
    --------
    >>> from dag_gfn.posterior.method_result import TrainingRecord
    >>> TrainingRecord({"iterations": 30}, [{"iteration": 30, "loss": 0.5}]).history[-1]["loss"]
    0.5
    """

    options: Mapping[str, Any]
    history: list[dict[str, Any]]


@dataclass(frozen=True, eq=False, kw_only=True)
class MethodResult:
    """What a method has found.

    Attributes
    ----------
    posterior : GraphPosterior
        Graphs and marginals; its `info` says no more than how many draws there are and what they are worth.
    diagnostics : Diagnostics
    evidence : Evidence
    interrupted : bool
        Whether Ctrl-C ended the work early.
    timing : mapping
        Seconds of parts of the work.
    training : TrainingRecord or None
    best_graph : BestGraph or None
        By an exact method.
    raw_edges : Marginal or None
        Edge probabilities by the sampler's own draws, before they are corrected or pooled.
    settings : mapping
        What posterior.json records of how the method was run.
    exact_check : ExactCheck or None
        The comparison with the exact posterior, where that is known.
    exact_edges : ndarray, shape (d, d), or None
        The exact edge probabilities, row → column.
    search : Search or None

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.exact.posterior import fit_exact
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.scores import ScoreTable, make_prior, make_score
    >>> data = from_array(np.arange(12.0).reshape(6, 2) ** 2, ["a", "b"])
    >>> table = ScoreTable.build(make_score(None, data), make_prior("uniform", 2))
    >>> result = fit_exact(table, num_samples=10, rng=np.random.default_rng(0), memory_limit=1e9)
    >>> len(result.posterior), result.evidence.source
    (3, 'exact')
    """

    posterior: GraphPosterior
    diagnostics: Diagnostics
    evidence: Evidence = field(default_factory=Evidence)
    interrupted: bool = False
    timing: Mapping[str, Any] = field(default_factory=dict)
    training: TrainingRecord | None = None
    best_graph: BestGraph | None = None
    raw_edges: Marginal | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    exact_check: ExactCheck | None = None
    exact_edges: np.ndarray | None = None
    search: Search | None = None
