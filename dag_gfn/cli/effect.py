"""dag-gfn effect: the causal effect of one column on another."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

import dag_gfn
from dag_gfn.cli.options import Debug, check_seed
from dag_gfn.cli.output import require_output
from dag_gfn.fitting.progress import AnnouncedShare
from dag_gfn.memory import require_memory
from dag_gfn.views.wording import assumptions


def effect(
    folder: Annotated[Path, typer.Argument(help="A posterior folder.")],
    source: Annotated[str, typer.Option("--from", metavar="X", help="The column that is set.")],
    target: Annotated[str, typer.Option("--to", metavar="Y", help="The column that is looked at.")],
    draws: Annotated[int, typer.Option(help="Draws of graph and parameters.")] = 2000,
    seed: Annotated[int, typer.Option(help="Same seed, same draws.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    debug: Debug = False,
) -> None:
    """Print the causal effect of one column on another, averaged over graphs."""
    import numpy as np

    from dag_gfn import effects
    from dag_gfn.views.effect_sentences import distribution_sentences, total_effect_sentences

    require_output()

    check_seed(seed)
    posterior = dag_gfn.load(folder)
    require_memory("draws", draws, 40 * posterior.d**2)
    found: effects.InterventionalDistribution | effects.TotalEffect
    if posterior.info.get("kind") == "discrete":
        with AnnouncedShare("effect") as on_progress:
            distribution = effects.interventional_distribution(
                posterior,
                source,
                target,
                num_draws=draws,
                rng=np.random.default_rng(seed),
                on_progress=on_progress,
            )
        lines, found = distribution_sentences(distribution), distribution
        content: dict[str, Any] = {"distribution": distribution.summary().to_dict(orient="records")}
    else:
        everything = effects.total_effects(posterior, num_draws=draws, rng=np.random.default_rng(seed))
        total = everything.effect(source, target)
        adjusted = None
        if posterior.statistics["scatter"].ndim == 2:  # without interventions
            adjusted = effects.parent_adjustment(
                posterior, source, target, num_draws=draws, rng=np.random.default_rng(seed)
            )
        lines, found = total_effect_sentences(total, adjusted), total
        content = {
            "mean": total.mean,
            "interval_90": total.interval(),
            "by_direction": total.by_direction().to_dict(orient="records"),
            "parent_adjustment": None
            if adjusted is None
            else {"mean": adjusted.mean, "interval_90": adjusted.interval()},
        }
    if not as_json:
        print("\n".join([*lines, assumptions(posterior.info.get("kind") or "continuous")]))
        return
    content = {
        "from": source,
        "to": target,
        **content,
        "probability_zero": found.probability_zero,
        "by_class": found.by_class().to_dict(orient="records"),
        "num_draws": draws,
        "seed": seed,
    }
    print(json.dumps(content, ensure_ascii=False, indent=2))
