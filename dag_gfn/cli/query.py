"""dag-gfn query: the probability of a statement about the graph."""

import json
import math
from pathlib import Path
from typing import Annotated

import typer

import dag_gfn
from dag_gfn.cli.options import Debug
from dag_gfn.cli.output import require_output


def query(
    folder: Annotated[Path, typer.Argument(help="A posterior folder.")],
    query: Annotated[str, typer.Argument(help='For example "edge(a,b) & !path(b,c)"; see docs/queries.md.')],
    given: Annotated[str | None, typer.Option(help="A query that is known to be true.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    debug: Debug = False,
) -> None:
    """Print the probability of a statement about the graph."""
    from dag_gfn.views.terminal import probability_sentence

    require_output()
    posterior = dag_gfn.load(folder)
    if given is not None:
        posterior = posterior.given(given)
    probability = posterior.probability(query)
    draws = posterior.effective_samples
    if not as_json:
        print(probability_sentence(probability, query, given=given, draws=draws))
        return
    error = probability.standard_error
    content = {
        "query": query,
        "given": given,
        "probability": probability.value,
        "standard_error": None if math.isnan(error) else error,
        "source": probability.source,
        "effective_samples": draws,
        "conditions": posterior.info.get("conditions", []),
    }
    print(json.dumps(content, ensure_ascii=False, indent=2))
