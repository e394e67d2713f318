r"""What knowledge changes: the posterior without it, and how well the data go with it.

With :math:`Z` the sum of R(G) over all DAGs and :math:`Z_0` the same without data, :math:`Z / Z_0` is the probability
of the data under the normalised prior. The Bayes factor of the knowledge is this ratio with it, divided by the same
without it. Statements about paths are no part of it.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64

from dag_gfn.budget import TimeBudget
from dag_gfn.data.doubts import Doubt
from dag_gfn.errors import NotTractable
from dag_gfn.exact.dag_dp import exact_marginals, log_evidence
from dag_gfn.exact.reference import exact_reference, reference_seconds
from dag_gfn.fitting.options import NOT_BY_SCORES, FitOptions
from dag_gfn.fitting.prepare import WITHOUT_CELLS, Prepared
from dag_gfn.knowledge.support import times_in_words
from dag_gfn.model_choice.prior_mass import PriorTable
from dag_gfn.scores import Constraints, ScoreTable

AFFORDABLE = 1.0
"""Seconds that one of the four exact posteriors may take."""
AGAINST = 20.0
"""Data that are so many times less probable with the knowledge than without it speak against it."""


@dataclass(frozen=True, eq=False)
class KnowledgeEffect:
    """Edge probabilities without the knowledge, and before the data; entry (i, j) is about i -> j (row -> column).

    Attributes
    ----------
    edges : ndarray, shape (d, d), float64
        Posterior probabilities without the knowledge.
    before_data : ndarray, shape (d, d), float64
        Prior probabilities with the knowledge.
    log_bayes_factor : float
        Log of how many times as probable the data are with the knowledge as without it.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.fitting.knowledge_effect import KnowledgeEffect
    >>> effect = KnowledgeEffect(np.zeros((2, 2)), np.zeros((2, 2)), np.log(0.01))
    >>> effect.doubts()[0].verdict
    'the data speak against what was said to be known'
    """

    edges: Float64[np.ndarray, "d d"]
    before_data: Float64[np.ndarray, "d d"]
    log_bayes_factor: float

    def to_json(self) -> dict[str, Any]:
        """Return what posterior.json has of it."""
        return {
            "edges": self.edges.tolist(),
            "before_data": self.before_data.tolist(),
            "log_bayes_factor": self.log_bayes_factor,
        }

    def doubts(self) -> list[Doubt]:
        """Return the doubt that the data speak against the knowledge, where they do."""
        if self.log_bayes_factor > -math.log(AGAINST):
            return []
        return [
            Doubt(
                "against_knowledge",
                "mild",
                "the data speak against what was said to be known",
                f"the data are {times_in_words(self.log_bayes_factor)} less probable with what was said to be known "
                "than without it: look at which edges it changes, and whether it is right.",
            )
        ]


def knowledge_effect(prepared: Prepared, chosen: FitOptions, budget: TimeBudget) -> KnowledgeEffect | None:
    """Return what the knowledge changes; None where there is none, or where that takes longer than a second or two.

    Parameters
    ----------
    prepared : Prepared
    chosen : FitOptions
    budget : TimeBudget

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.budget import TimeBudget
    >>> from dag_gfn.fitting.knowledge_effect import knowledge_effect
    >>> from dag_gfn.fitting.options import FitOptions
    >>> from dag_gfn.fitting.prepare import prepare
    >>> data = dag_gfn.simulate(3, 100, rng=np.random.default_rng(1))
    >>> chosen = FitOptions.from_keywords({"roots": ["x1"]}, caller="fit")
    >>> effect = knowledge_effect(prepare(data, chosen), chosen, TimeBudget())
    >>> float(effect.before_data[:, 1].max())  # a root has no parents
    0.0
    """
    table, known = prepared.table, prepared.known
    seconds, left = reference_seconds(table.d), budget.remaining()
    of_scores = not chosen.method.order_modular and chosen.method.method not in NOT_BY_SCORES
    if known.knowledge.is_empty or not of_scores or not table.is_complete:
        return None
    if prepared.score.needs_completion(prepared.dataset) or seconds > AFFORDABLE:
        return None
    if left is not None and 4.0 * seconds > 0.2 * left:
        return None
    prior, constraints = table.graph_prior.without_beliefs(), _limits_alone(prepared, chosen)
    try:
        with budget.phase("without the knowledge"):
            without = exact_reference(ScoreTable.build(prepared.score, prior, constraints))
            before = exact_marginals(PriorTable(table.graph_prior, prepared.constraints))
            gain = log_evidence(table) - before.log_evidence
            gain -= without.log_evidence - log_evidence(PriorTable(prior, constraints))
    except NotTractable:  # double precision does not suffice, and nobody asked for it
        return None
    return KnowledgeEffect(without.features["edge"], before.edge, gain)


def _limits_alone(prepared: Prepared, chosen: FitOptions) -> Constraints:
    """Return the constraints that the options make without any knowledge."""
    names, impossible = prepared.table.names, prepared.known.impossible
    edges = [] if impossible is None else [(names[i], names[j]) for i, j in np.argwhere(impossible)]
    constraints = Constraints.from_names(names, forbidden=edges, max_parents=chosen.model.max_parents)
    data = prepared.filled
    limited = data.kind == "discrete" and prepared.table.score not in WITHOUT_CELLS
    if limited and chosen.model.sparse_families == "drop":
        return constraints.without_sparse_families(data)
    return constraints
