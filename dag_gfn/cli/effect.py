"""dag-gfn effect: the causal effect of one column on another."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

import dag_gfn
from dag_gfn.cli.options import Debug, check_seed
from dag_gfn.cli.output import require_output
from dag_gfn.errors import OptionError
from dag_gfn.fitting.progress import AnnouncedShare
from dag_gfn.memory import require_memory


def effect(
    folder: Annotated[Path, typer.Argument(help="A posterior folder.")],
    source: Annotated[str, typer.Option("--from", metavar="X", help="The column that is set.")],
    target: Annotated[str, typer.Option("--to", metavar="Y", help="The column that is looked at.")],
    reference: Annotated[
        str | None,
        typer.Option(
            metavar="LEVEL",
            help="The level of X that others are compared with, in mixed tables; the most frequent by default.",
        ),
    ] = None,
    draws: Annotated[int, typer.Option(help="Draws of graph and parameters.")] = 2000,
    seed: Annotated[int, typer.Option(help="Same seed, same draws.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    debug: Debug = False,
) -> None:
    """Print the causal effect of one column on another, averaged over graphs."""
    import numpy as np

    from dag_gfn import effects
    from dag_gfn.parameters import BlockGaussianParameters, DiscreteParameters
    from dag_gfn.parameters.from_posterior import parameter_model
    from dag_gfn.views.effect_sentences import (
        contrast_sentences,
        distribution_sentences,
        total_effect_sentences,
    )

    require_output()

    check_seed(seed)
    posterior = dag_gfn.load(folder)
    require_memory("draws", draws, 40 * posterior.d**2)
    found: effects.InterventionalDistribution | effects.TotalEffect | effects.ContrastEffect
    model = parameter_model(posterior)
    if reference is not None and model is not BlockGaussianParameters:
        raise OptionError(
            "--reference is for mixed tables and groups (score block): distributions of categories have every level, "
            "and numbers have none"
        )
    if model is BlockGaussianParameters:
        contrast = effects.contrast_effect(
            posterior, source, target, reference=reference, num_draws=draws, rng=np.random.default_rng(seed)
        )
        lines, found = contrast_sentences(contrast), contrast
        content: dict[str, Any] = {
            "changes": contrast.summary().to_dict(orient="records"),
            "expected": contrast.table().to_dict(orient="records"),
            "in_standard_deviations": contrast.in_standard_deviations,
            "warnings": contrast.warnings,
        }
    elif model is DiscreteParameters:
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
        content = {"distribution": distribution.summary().to_dict(orient="records")}
    else:
        everything = effects.total_effects(posterior, num_draws=draws, rng=np.random.default_rng(seed))
        total = everything.effect(source, target)
        try:
            adjusted = effects.parent_adjustment(
                posterior, source, target, num_draws=draws, rng=np.random.default_rng(seed)
            )
        except OptionError:  # the data have interventions
            adjusted = None
        lines, found = total_effect_sentences(total, adjusted), total
        content = {
            "mean": total.mean,
            "interval_90": total.interval(),
            "in_standard_deviations": total.in_standard_deviations,
            "by_direction": total.by_direction().to_dict(orient="records"),
            "parent_adjustment": None
            if adjusted is None
            else {"mean": adjusted.mean, "interval_90": adjusted.interval()},
        }
    if not as_json:
        from dag_gfn.views.wording import assumptions  # loads libraries that --help does not need

        print("\n".join([*lines, assumptions(posterior.info)]))
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
