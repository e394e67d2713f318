"""dag-gfn query: the probability of a statement about the graph."""

import json
import math
from pathlib import Path
from typing import Annotated

import typer

import dag_gfn
from dag_gfn.cli.options import Debug, check_seed
from dag_gfn.cli.output import require_output
from dag_gfn.memory import require_memory


def query(
    folder: Annotated[Path, typer.Argument(help="A posterior folder.")],
    query: Annotated[str, typer.Argument(help='For example "edge(a,b) & !path(b,c)"; see docs/queries.md.')],
    given: Annotated[str | None, typer.Option(help="A query that is known to be true.")] = None,
    draws: Annotated[
        int, typer.Option(help="Draws of graph and parameters, for queries about effects.")
    ] = 4000,
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
        posterior = posterior.given(given)
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
    print(json.dumps(content, ensure_ascii=False, indent=2))
