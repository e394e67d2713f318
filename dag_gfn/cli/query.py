"""dag-gfn query: the probability of a statement about the graph."""

import math
import warnings
from pathlib import Path
from typing import Annotated

import typer

import dag_gfn
from dag_gfn.cli.options import Debug, check_seed
from dag_gfn.cli.output import print_json, require_output
from dag_gfn.errors import shortened
from dag_gfn.fitting.progress import announce
from dag_gfn.memory import require_memory

_NEW_DRAWS = 20_000


def query(
    folder: Annotated[Path, typer.Argument(help="A posterior folder.")],
    query: Annotated[str, typer.Argument(help='For example "edge(a,b) & !path(b,c)"; see docs/queries.md.')],
    given: Annotated[str | None, typer.Option(help="A query that is known to be true.")] = None,
    draws: Annotated[
        int, typer.Option(help="Draws of graph and parameters, for queries about effects.")
    ] = 4000,
    new_draws: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Graphs to draw anew for --given, where the sampler was saved; default 20,000 where few saved ones "
            "comply, 0 for none.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of these draws.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    debug: Debug = False,
) -> None:
    """Print the probability of a statement about the graph, or about effects."""
    from dag_gfn.posterior.conditioning import as_query
    from dag_gfn.views.terminal import probability_sentence

    require_output()
    posterior = dag_gfn.load(folder)
    if given is not None:
        check_seed(seed)
        posterior = _given(posterior, given, new_draws, seed)
    asked = as_query(query, posterior.names)
    if asked.effects():
        from dag_gfn.effects.effect_questions import num_worth
        from dag_gfn.effects.effect_questions import probability as probability_of_effects

        check_seed(seed)
        require_memory("draws", draws, 40 * posterior.d**2)
        probability = probability_of_effects(posterior, asked, num_draws=draws, rng=seed)
        worth: float | None = num_worth(posterior, draws)
    else:
        probability = posterior.probability(asked)
        worth = posterior.effective_samples
    if not as_json:
        print(probability_sentence(probability, query, given=given, draws=worth))
        if asked.effects() and posterior.info.get("score") == "additive":
            from dag_gfn.views.effect_sentences import CURVES_IN_QUERIES

            print(CURVES_IN_QUERIES)
        return
    error = probability.standard_error
    content = {
        "query": query,
        "given": given,
        "probability": probability.value,
        "standard_error": None if math.isnan(error) else error,
        "source": probability.source,
        "effective_samples": worth,
        "conditions": posterior.info.get("conditions", []),
    }
    print_json("query", content)


def _given(
    posterior: "dag_gfn.GraphPosterior", given: str, new_draws: int | None, seed: int
) -> "dag_gfn.GraphPosterior":
    """Return the posterior given a statement: from saved draws, or from new ones where few of these comply."""
    from dag_gfn.posterior.conditioning import as_query
    from dag_gfn.posterior.sampled_condition import FEW_DRAWS, can_draw_given

    if new_draws:
        return _drawn(posterior, given, new_draws, seed)
    statement = as_query(given, posterior.names)
    if new_draws == 0 or posterior.covers_all_dags or not can_draw_given(posterior, statement):
        return posterior.given(given)
    share = posterior.probability(statement).value
    if share * (posterior.effective_samples or 0.0) >= FEW_DRAWS:
        return posterior.given(given)
    announce(f"few saved graphs comply with '{shortened(given)}': the saved sampler draws others", shown=True)
    return _drawn(posterior, given, _NEW_DRAWS, seed)


def _drawn(
    posterior: "dag_gfn.GraphPosterior", given: str, new_draws: int, seed: int
) -> "dag_gfn.GraphPosterior":
    """Return the posterior given a statement from new draws, and say where these cannot be relied on."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", dag_gfn.NotConvergedWarning)
        found = posterior.given(given, new_draws=new_draws, seed=seed)
    for warning in caught:
        announce(str(warning.message), shown=True)
    return found
