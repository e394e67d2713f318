"""The posterior given what is known about paths, which no table of scores can hold."""

import warnings
from dataclasses import replace

from dag_gfn.data.doubts import Doubt
from dag_gfn.errors import ConstraintError, NotConvergedWarning, QueryError
from dag_gfn.knowledge import ResolvedKnowledge
from dag_gfn.posterior import GraphPosterior

FEW_DRAWS = 400.0
"""With fewer effective draws than this left, a probability of one half has a standard error above 0.025."""


def given_paths(posterior: GraphPosterior, known: ResolvedKnowledge) -> GraphPosterior:
    """Return the posterior given the statements about paths, or as it is where there are none.

    A path is a property of the whole graph, not of one node and its parents. So the posterior is found without these
    statements first, and the graphs that keep them remain.

    Parameters
    ----------
    posterior : GraphPosterior
    known : ResolvedKnowledge

    Raises
    ------
    ConstraintError
        If no graph of the posterior keeps them.

    Warns
    -----
    NotConvergedWarning
        If too few draws remain.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.fitting.known_paths import given_paths
    >>> from dag_gfn.knowledge import Knowledge, resolve
    >>> from dag_gfn.posterior import GraphPosterior
    >>> draws = np.zeros((2000, 2, 2), dtype=bool)
    >>> draws[:500, 0, 1] = True
    >>> posterior = GraphPosterior.from_samples(("rain", "wet"), draws)
    >>> known = resolve(Knowledge(required_paths=(("rain", "wet"),)), posterior.names)
    >>> remains = given_paths(posterior, known)
    >>> remains.effective_samples, remains.info["conditions"][0]["probability"]
    (500.0, 0.25)
    """
    query = known.condition
    if query is None:
        return posterior
    try:
        remains = posterior.given(query)
    except QueryError:
        raise ConstraintError(_nothing_left(posterior, query)) from None
    draws = remains.effective_samples
    if draws is None or draws >= FEW_DRAWS:
        return remains
    share = remains.info["conditions"][-1]["probability"]
    doubt = Doubt(
        "few_draws_left",
        "caution",
        "few draws keep the statements about paths",
        f"the statements about paths have the probability {share:.2g}, so that graphs worth {draws:,.0f} independent "
        "draws are left: draw more (num_samples, --num-samples), or require and forbid edges instead.",
    )
    warnings.warn(doubt.warning, NotConvergedWarning, stacklevel=3)
    info = remains.info
    said = {
        "warnings": [*info.get("warnings", []), doubt.warning],
        "doubts": [*info.get("doubts", []), doubt.record()],
    }
    return replace(remains, info={**info, **said})


def _nothing_left(posterior: GraphPosterior, query: str) -> str:
    if posterior.covers_all_dags:
        return f"no DAG that the rest of the knowledge allows has {query}: drop one of the statements"
    return (
        f"none of {len(posterior):,} sampled graphs has {query}: data and knowledge speak against it. Drop one of the "
        "statements, draw more graphs (num_samples, --num-samples), or require and forbid edges, which are kept in "
        "every graph"
    )
