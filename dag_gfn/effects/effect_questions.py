"""Statements about the sizes of effects, alone or together with statements about the graph, and their probability.

Each draw is of a graph and of parameters given it. A statement about the size of an effect is true or false of it, and
so is every combination with statements about the graph. The probability is the share of the draws in which it is true.
"""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float64

from dag_gfn.effects.contrast_effect import contrast_effects
from dag_gfn.effects.contrast_posterior import ContrastEffect
from dag_gfn.effects.interventional_distribution import (
    InterventionalDistribution,
    interventional_distributions,
)
from dag_gfn.effects.total_effect import total_effects
from dag_gfn.errors import QueryError
from dag_gfn.graphs import graph
from dag_gfn.parameters import AdditiveParameters, BlockGaussianParameters, DiscreteParameters
from dag_gfn.parameters.from_posterior import parameter_model
from dag_gfn.posterior import GraphPosterior, Probability
from dag_gfn.posterior.conditioning import as_query
from dag_gfn.posterior.features import chunks
from dag_gfn.posterior.queries import Batch, EffectComparison, Query


def probability(
    posterior: GraphPosterior,
    query: str | Query,
    *,
    num_draws: int = 4000,
    rng: int | np.random.Generator,
) -> Probability:
    """Return the probability of a statement about effects and the graph, such as ``effect(a, b) > 0.2 & edge(a, c)``.

    A statement about the graph alone is answered by `GraphPosterior.probability`.

    Parameters
    ----------
    posterior : GraphPosterior
        Of a score that has parameters (all but ``bic``).
    query : str or Query
        In the language of docs/queries.md. ``effect(a, b) > 0.2``: the mean of b rises by more than 0.2 when a is set
        one unit higher; where a acts through a curve (score ``additive``), per unit, on average from its 25 % to its
        75 % quantile. Of categories ``effect(drug = yes over no, well = yes) > 0``: P(well = yes) is larger when
        drug is set to yes than when it is set to no.
    num_draws : int
        Draws of graph and parameters.
    rng : int or numpy.random.Generator
        Seed or generator.

    Returns
    -------
    Probability
        Its error is that of the draws, and of the graphs where these are draws themselves.

    Raises
    ------
    QueryError
        If the query cannot be read, or a level does not fit its column.
    OptionError
        If the score has no parameters.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> rng = np.random.default_rng(0)
    >>> dose = rng.normal(size=500)
    >>> data = dag_gfn.from_array(np.column_stack([dose, 2.0 * dose + rng.normal(size=500)]), ["dose", "pain"])
    >>> posterior = dag_gfn.fit(data, progress=False)
    >>> found = dag_gfn.effects.probability(posterior, "effect(dose, pain) > 1 & edge(dose, pain)", rng=0)
    >>> round(found.value, 1)  # half of the graphs point the other way
    0.5
    """
    asked = as_query(query, posterior.names)
    if not asked.effects():
        return posterior.probability(asked)
    _, holds = drawn_answers(posterior, asked, num_draws=num_draws, rng=rng)
    value = float(holds.mean())
    draws = posterior.effective_samples
    known = posterior.covers_all_dags or draws is not None
    worth = 1.0 / len(holds) + (0.0 if draws is None else 1.0 / max(float(draws), 1.0))
    return Probability(value, math.sqrt(value * (1.0 - value) * worth) if known else math.nan, "samples")


def num_worth(posterior: GraphPosterior, num_draws: int) -> float:
    """Return how many independent draws a share of `num_draws` draws of graph and parameters is worth.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.effects.effect_questions import num_worth
    >>> from dag_gfn.posterior import GraphPosterior
    >>> num_worth(GraphPosterior.from_samples(("a", "b"), np.zeros((100, 2, 2), dtype=bool)), 100)
    50.0
    """
    draws = posterior.effective_samples
    return 1.0 / (1.0 / num_draws + (0.0 if draws is None else 1.0 / max(float(draws), 1e-9)))


def drawn_answers(
    posterior: GraphPosterior, query: Query, *, num_draws: int, rng: int | np.random.Generator
) -> tuple[Bool[np.ndarray, "k d d"], Bool[np.ndarray, " k"]]:
    """Return drawn graphs, and whether the query is true of each with the parameters drawn for it.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.effects.effect_questions import drawn_answers
    >>> from dag_gfn.posterior.conditioning import as_query
    >>> posterior = dag_gfn.fit(np.random.default_rng(0).normal(size=(100, 2)), progress=False)
    >>> query = as_query("effect(x0, x1) > 5", posterior.names)
    >>> graphs, holds = drawn_answers(posterior, query, num_draws=10, rng=0)
    >>> graphs.shape, bool(holds.any())
    ((10, 2, 2), False)
    """
    effects = tuple(dict.fromkeys(query.effects()))
    graphs, sizes = _sizes(posterior, effects, num_draws, rng)
    place = {(e.source, e.target, e.to, e.from_, e.state): n for n, e in enumerate(effects)}
    answers = []
    for part in chunks(len(graphs), posterior.d):
        of_part = sizes[:, part]

        def size(e: EffectComparison, values: np.ndarray = of_part) -> np.ndarray:
            return values[place[e.source, e.target, e.to, e.from_, e.state]]

        answers.append(query.holds_in(Batch(graphs[part], posterior.oriented_pairs, effects=size)))
    return graphs, np.concatenate(answers)


def truth_given_graphs(
    posterior: GraphPosterior,
    query: Query,
    graphs: Bool[np.ndarray, "k d d"],
    *,
    num_draws: int = 20_000,
    rng: int | np.random.Generator,
) -> Float64[np.ndarray, " k"]:
    """Return the probability that a query is true given each graph: 0 or 1 where the graph decides it.

    Parameters
    ----------
    posterior : GraphPosterior
        Whose statistics parameters are drawn from.
    query : Query
    graphs : ndarray, shape (k, d, d), bool
        Distinct graphs.
    num_draws : int
        Draws of parameters for all graphs together; a graph that is not drawn has the answer without parameters, an
        effect of zero.
    rng : int or numpy.random.Generator

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.effects.effect_questions import truth_given_graphs
    >>> from dag_gfn.posterior.conditioning import as_query
    >>> posterior = dag_gfn.fit(np.random.default_rng(0).normal(size=(100, 2)), progress=False)
    >>> query = as_query("edge(x0, x1)", posterior.names)
    >>> truth_given_graphs(posterior, query, posterior.graphs, rng=0).sum()
    np.float64(1.0)
    """
    if not query.effects():
        parts = [query.holds(graphs[p], posterior.oriented_pairs) for p in chunks(len(graphs), posterior.d)]
        return np.concatenate(parts).astype(np.float64)
    # every graph equally often, so that the improbable ones have draws too
    even = GraphPosterior.from_weights(
        posterior.names, graphs, np.zeros(len(graphs)), info=posterior.info, statistics=posterior.statistics
    )
    drawn, holds = drawn_answers(even, query, num_draws=max(num_draws, 4 * len(graphs)), rng=rng)
    _, group = graph.distinct(np.concatenate([graphs, drawn]))
    of_graph, of_draw = group[: len(graphs)], group[len(graphs) :]
    size = int(group.max()) + 1
    count = np.bincount(of_draw, minlength=size)
    true = np.bincount(of_draw, weights=holds, minlength=size)
    without = query.holds_in(Batch(graphs, posterior.oriented_pairs, effects=lambda e: np.zeros(len(graphs))))
    share = np.where(count > 0, true / np.maximum(count, 1), 0.0)[of_graph]
    return np.where(count[of_graph] > 0, share, without.astype(np.float64))


def _sizes(
    posterior: GraphPosterior,
    effects: Sequence[EffectComparison],
    num_draws: int,
    rng: int | np.random.Generator,
) -> tuple[Bool[np.ndarray, "k d d"], Float64[np.ndarray, "e k"]]:
    """Return drawn graphs, and the size of each effect with the parameters that were drawn for each graph."""
    names = posterior.names
    pairs = list(dict.fromkeys((names[e.source], names[e.target]) for e in effects))
    model = parameter_model(posterior)
    if model in (BlockGaussianParameters, AdditiveParameters):
        contrasts = dict(
            zip(pairs, contrast_effects(posterior, pairs, num_draws=num_draws, rng=rng), strict=True)
        )
        sizes = [_contrast_size(contrasts[names[e.source], names[e.target]], e) for e in effects]
        return contrasts[pairs[0]].graphs, np.stack(sizes)
    if model is DiscreteParameters:
        found = interventional_distributions(posterior, pairs, num_draws=num_draws, rng=rng)
        tables = dict(zip(pairs, found, strict=True))
        sizes = [_difference(tables[names[e.source], names[e.target]], e) for e in effects]
        return found[0].graphs, np.stack(sizes)
    for e in effects:
        if (e.to or e.state) is not None:
            column = names[e.source] if e.to is not None else names[e.target]
            raise QueryError(
                f"'{column}' is a number, which has no levels: write effect({column}, ...) without one"
            )
    everything = total_effects(posterior, num_draws=num_draws, rng=rng)
    return everything.graphs, np.stack([everything.samples[:, e.source, e.target] for e in effects])


def _difference(found: InterventionalDistribution, e: EffectComparison) -> Float64[np.ndarray, " k"]:
    """Return the change of the probability of a state between two settings of a category."""
    to, from_ = _compared(found.source, list(found.source_states), e)
    state = _state(found.target, list(found.target_states), e.state)
    return found.difference(state, from_=from_, to=to)


def _contrast_size(found: ContrastEffect, e: EffectComparison) -> Float64[np.ndarray, " k"]:
    """Return the change of a mean or probability, of mixed tables."""
    levels = [c for c, contrast in enumerate(found.contrasts) if contrast.from_]
    if levels:
        reference = found.contrasts[levels[0]].from_
        named = {found.contrasts[c].to: found.samples[:, c] for c in levels}
        named[reference] = np.zeros_like(found.samples[:, 0])
        to, from_ = _compared(found.source, list(named), e)
        change = named[to] - named[from_]
    elif e.to is not None:
        raise QueryError(
            f"'{found.source}' is a number, which has no levels: write effect({found.source}, ...) without one"
        )
    else:
        change = found.samples[:, 0] / found.rise
    outcomes = {outcome.level: o for o, outcome in enumerate(found.outcomes)}
    if None in outcomes:
        if e.state is not None:
            raise QueryError(f"'{found.target}' is a number, which has no levels")
        return change[:, outcomes[None]]
    state = _state(found.target, [level for level in outcomes if level is not None], e.state)
    return change[:, outcomes[state]]


def _compared(column: str, levels: list[str], e: EffectComparison) -> tuple[str, str]:
    """Return the level that a category is set to, and the one that this is compared with."""
    if e.to is None:
        raise QueryError(
            f"'{column}' is a category: say which level it is set to, as in effect({column} = {levels[-1]} over "
            f"{levels[0]}, ...); its levels are {', '.join(levels)}"
        )
    to = _state(column, levels, e.to)
    if e.from_ is not None:
        return to, _state(column, levels, e.from_)
    others = [level for level in levels if level != to]
    if len(others) != 1:
        raise QueryError(
            f"'{column}' has {len(levels)} levels: say which one {to} is compared with, as in effect({column} = {to} "
            f"over {others[0]}, ...)"
        )
    return to, others[0]


def _state(column: str, levels: list[str], level: str | None) -> str:
    if level is None:
        raise QueryError(
            f"'{column}' is a category: say whose probability changes, as in effect(..., {column} = {levels[-1]}); its "
            f"levels are {', '.join(levels)}"
        )
    if level not in levels:
        raise QueryError(f"'{column}' has no level '{level}'; its levels are {', '.join(levels)}")
    return level
