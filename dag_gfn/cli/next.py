"""dag-gfn next: which variable to set in the next experiment."""

from pathlib import Path
from typing import Annotated

import typer

import dag_gfn
from dag_gfn.cli.options import Debug, check_seed, read_settings
from dag_gfn.cli.output import print_json, require_output
from dag_gfn.memory import require_memory


def next_(
    folder: Annotated[Path, typer.Argument(help="A posterior folder.")],
    rows: Annotated[int, typer.Option(help="Rows in which each variable would be set.")] = 100,
    about: Annotated[
        str | None,
        typer.Option(
            metavar="QUERY", help='What is to be learned, such as "path(a,b)"; the graph by default.'
        ),
    ] = None,
    batch: Annotated[
        int, typer.Option(help="Variables to set in one experiment, each in rows of its own.")
    ] = 1,
    cost: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=COST", help="What setting a variable costs, 1 by default; repeat."),
    ] = None,
    forbid_target: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A variable that cannot be set; repeat.")
    ] = None,
    graphs: Annotated[int, typer.Option(help="Graphs to compare, where not all are known.")] = 400,
    simulations: Annotated[int, typer.Option(help="Simulated outcomes of each experiment.")] = 400,
    seed: Annotated[int, typer.Option(help="Same seed, same figures.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    debug: Debug = False,
) -> None:
    """Rank the variables by what setting them is expected to tell about the graph, or about a question."""
    from dag_gfn.experiment_choice import next_experiments
    from dag_gfn.views.next_sentences import next_json, next_sentences

    require_output()
    check_seed(seed)
    posterior = dag_gfn.load(folder)
    require_memory("rows", rows, 8 * posterior.d * 16)
    found = next_experiments(
        posterior,
        rows=rows,
        batch=batch,
        about=about,
        costs=read_settings("cost", cost or []),
        forbid_targets=forbid_target or [],
        num_graphs=graphs,
        num_simulations=simulations,
        rng=seed,
    )
    if as_json:
        print_json("next", {**next_json(found), "seed": seed})
    else:
        print("\n".join(next_sentences(found, posterior)))
