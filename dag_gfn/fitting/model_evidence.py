"""The evidence of one model of a table: exact where that is quick, by Markov chains beyond."""

from dataclasses import replace

import numpy as np

from dag_gfn.budget import TimeBudget
from dag_gfn.data.contexts import without_contexts
from dag_gfn.data.dataset import Dataset
from dag_gfn.errors import NotTractable
from dag_gfn.exact.contexts import SummedTable
from dag_gfn.exact.dag_dp import estimate, log_evidence
from dag_gfn.fitting.exact_check import REFERENCE_MEMORY
from dag_gfn.fitting.options import FitOptions
from dag_gfn.fitting.prepare import Prepared
from dag_gfn.mcmc.stepping_stones import tempered_evidence
from dag_gfn.model_choice.candidates import NORMAL_SCORES, Candidate, takes_options
from dag_gfn.model_choice.margins import log_jacobian
from dag_gfn.model_choice.prior_mass import log_prior_mass
from dag_gfn.posterior.evidence import Evidence
from dag_gfn.scores import ScoreTable

EXACT_SECONDS = 30.0
"""What the exact evidence of one model may take."""


def options_of_candidate(candidate: Candidate, chosen: FitOptions, data: Dataset) -> FitOptions:
    """Return the options of a fit with one model in the place of what was chosen.

    Examples
    --------
    >>> import dag_gfn
    >>> from dag_gfn.fitting.model_evidence import options_of_candidate
    >>> from dag_gfn.fitting.options import FitOptions
    >>> from dag_gfn.model_choice.candidates import Candidate
    >>> chosen = FitOptions.from_keywords({"alpha_mu": 2.0}, caller="fit")
    >>> found = options_of_candidate(Candidate("bge", "normal_scores"), chosen, dag_gfn.load_example("wine"))
    >>> found.model.margins, found.score.alpha_mu
    ('normal_scores', 2.0)
    """
    kind = without_contexts(data).kind if data.contexts else data.kind
    own = takes_options(candidate.score, kind, chosen.score.values()) | candidate.options
    return replace(
        chosen,
        model=replace(chosen.model, score=candidate.score, margins=candidate.margins, average_models=False),
        score=replace(chosen.score, **own),
    )


def table_evidence(table: ScoreTable, *, seed: int, budget: TimeBudget) -> Evidence:
    """Return log Z of a table of scores.

    Parameters
    ----------
    table : ScoreTable
    seed : int
        Of the chains, where these are needed.
    budget : TimeBudget
        Their time.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.budget import TimeBudget
    >>> from dag_gfn.fitting.model_evidence import table_evidence
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 2)))
    >>> table_evidence(ScoreTable.build(make_score("bge", data)), seed=0, budget=TimeBudget()).source
    'exact'
    """
    needed = estimate(max(table.d - len(table.contexts), 2), marginals=False)
    allowed = budget.remaining()
    limit = EXACT_SECONDS if allowed is None else min(EXACT_SECONDS, allowed)
    if table.is_complete and needed.seconds <= limit and needed.bytes <= REFERENCE_MEMORY:
        try:
            return Evidence(log_evidence(SummedTable.of(table) if table.contexts else table), 0.0, "exact")
        except NotTractable:  # double precision does not suffice
            pass
    return tempered_evidence(table, seed=seed, budget=budget)


def model_evidence(
    prepared: Prepared, numbers: Dataset | None, chosen: FitOptions, budget: TimeBudget
) -> Evidence:
    """Return the log probability of the data under a model and the normalised graph prior, on the standardized scale.

    Where the sum of the prior is not known, it is left out; so it is for all models with this prior.

    Parameters
    ----------
    prepared : Prepared
        Of the model.
    numbers : Dataset or None
        The table with its numbers standardized; None for categories alone.
    chosen : FitOptions
        Of the model.
    budget : TimeBudget

    Examples
    --------
    >>> import dag_gfn
    >>> from dag_gfn.budget import TimeBudget
    >>> from dag_gfn.fitting.model_evidence import model_evidence
    >>> from dag_gfn.fitting.options import FitOptions
    >>> from dag_gfn.fitting.prepare import prepare
    >>> iris, chosen = dag_gfn.load_example("iris"), FitOptions.from_keywords({}, caller="fit")
    >>> found = model_evidence(prepare(iris, chosen), iris.standardize(), chosen, TimeBudget())
    >>> round(found.log_z, 1), found.source
    (-537.2, 'exact')
    """
    found = table_evidence(prepared.table, seed=chosen.method.seed, budget=budget)
    if found.log_z is None:
        return found
    log_z = found.log_z - (log_prior_mass(prepared.table.graph_prior, prepared.constraints) or 0.0)
    if numbers is not None and chosen.model.margins == NORMAL_SCORES:
        log_z += log_jacobian(numbers, prepared.score)
    elif numbers is not None and not prepared.dataset.is_standardized:
        log_z += log_scales(numbers) - log_scales(prepared.dataset)
    return replace(found, log_z=log_z)


def log_scales(data: Dataset) -> float:
    """Return the sum of the logs of the scales of columns over all cells of numbers that were observed.

    It is the log density of a table in units of these scales, minus that in the columns' own units.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.fitting.model_evidence import log_scales
    >>> data = dag_gfn.from_array(np.array([[0.0, 1.0], [20.0, 3.0]])).standardize()
    >>> bool(np.isclose(log_scales(data), 2 * np.log(10.0)))
    True
    """
    total = 0.0
    for j, kind in enumerate(data.kinds):
        if kind != "continuous" or data.names[j] in data.contexts:
            continue
        used = np.ones(data.n) if data.weights is None else data.weights
        seen = ~data.missing[:, j] if data.intervened is None else ~(data.missing | data.intervened)[:, j]
        total += float(used[seen].sum()) * float(np.log(data.scales[j]))
    return total
