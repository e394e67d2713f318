"""dag-gfn effect: the causal effect of one column on another."""

import math
from pathlib import Path
from typing import Annotated, Any

import typer

import dag_gfn
from dag_gfn.cli.options import Debug, check_seed
from dag_gfn.cli.output import print_json, require_output
from dag_gfn.errors import OptionError
from dag_gfn.fitting.progress import AnnouncedShare
from dag_gfn.memory import require_memory


def effect(
    folder: Annotated[Path, typer.Argument(help="A posterior folder.")],
    sources: Annotated[
        list[str],
        typer.Option("--from", metavar="X", help="The column that is set; repeat to set several at once."),
    ],
    target: Annotated[str, typer.Option("--to", metavar="Y", help="The column that is looked at.")],
    reference: Annotated[
        str | None,
        typer.Option(
            metavar="LEVEL",
            help="The level of X that others are compared with, in mixed tables; the most frequent by default.",
        ),
    ] = None,
    above: Annotated[
        float | None, typer.Option(metavar="C", help="Print how probable an effect above C is.")
    ] = None,
    below: Annotated[
        float | None, typer.Option(metavar="C", help="Print how probable an effect below C is.")
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Draw it: a curve with bands (score additive) or the distribution of a slope, as PNG, PDF or SVG.",
        ),
    ] = None,
    draws: Annotated[int, typer.Option(help="Draws of graph and parameters.")] = 2000,
    seed: Annotated[int, typer.Option(help="Same seed, same draws.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    debug: Debug = False,
) -> None:
    """Print the causal effect of one column on another, or of several at once, averaged over graphs."""
    import numpy as np

    from dag_gfn import effects
    from dag_gfn.effects.dose_response import quantile_values
    from dag_gfn.effects.thresholds import Share, Signs
    from dag_gfn.parameters import (
        AdditiveParameters,
        BlockGaussianParameters,
        DiscreteParameters,
        LinearGaussianParameters,
    )
    from dag_gfn.parameters.from_posterior import parameter_model
    from dag_gfn.views import plots
    from dag_gfn.views.effect_sentences import (
        contrast_sentences,
        distribution_sentences,
        dose_response_sentences,
        several_causes_sentences,
        threshold_sentences,
        total_effect_sentences,
    )
    from dag_gfn.views.plots.axes import save_figure

    require_output()

    check_seed(seed)
    posterior = dag_gfn.load(folder)
    require_memory("draws", draws, 40 * posterior.d**2)
    found: (
        effects.InterventionalDistribution
        | effects.TotalEffect
        | effects.ContrastEffect
        | effects.SeveralCauses
    )
    model = parameter_model(posterior)
    source = sources[0]
    for limit in (above, below):
        if limit is not None and not math.isfinite(limit):
            raise OptionError(f"--above and --below expect a number, not {limit}")
    rng = np.random.default_rng(seed)
    if plot is not None and (len(sources) > 1 or model not in (AdditiveParameters, LinearGaussianParameters)):
        raise OptionError(
            "--plot draws the effect of one number on another: leave it out, --json has all figures"
        )
    if reference is not None and model not in (BlockGaussianParameters, AdditiveParameters):
        raise OptionError(
            "--reference is for mixed tables and groups (scores block and additive): distributions of categories have "
            "every level, and numbers have none"
        )
    questions: list[tuple[str, str, float, Share]] = []
    signs: list[tuple[str, Signs]] = []
    asked = [(side, limit) for side, limit in (("above", above), ("below", below)) if limit is not None]
    if len(sources) > 1:
        if reference is not None:
            raise OptionError(
                "--reference is for one column that is set: leave it out where there are several"
            )
        several = effects.several_causes(posterior, sources, target, num_draws=draws, rng=rng)
        lines, found = several_causes_sentences(several), several
        content: dict[str, Any] = {"several": several.summary().to_dict(orient="records")}
        for s, setting in enumerate(several.settings):
            for o, outcome in enumerate(several.outcomes):
                for side, limit in asked:
                    share = getattr(several, f"probability_{side}")(limit, s, o)
                    what = (
                        f"P({outcome}) at {setting}"
                        if several.are_probabilities
                        else f"the change of {outcome}, {setting},"
                    )
                    questions.append((what, side, limit, share))
    elif model in (BlockGaussianParameters, AdditiveParameters):
        contrast = effects.contrast_effect(
            posterior, source, target, reference=reference, num_draws=draws, rng=np.random.default_rng(seed)
        )
        lines, found = contrast_sentences(contrast), contrast
        for c, change in enumerate(contrast.contrasts):
            for o, outcome_of in enumerate(contrast.outcomes):
                what = f"the effect of {change} on {outcome_of}"
                signs.append((what, contrast.signs(c, o)))
                questions += [
                    (what, side, limit, getattr(contrast, f"probability_{side}")(limit, c, o))
                    for side, limit in asked
                ]
        content = {
            "changes": contrast.summary().to_dict(orient="records"),
            "expected": contrast.table().to_dict(orient="records"),
            "in_standard_deviations": contrast.in_standard_deviations,
            "warnings": contrast.warnings,
        }
        if contrast.by_curves and not contrast.contrasts[0].from_:
            few = quantile_values(posterior, source)
            for values in (few, None) if as_json or plot is not None else (few,):
                curve = effects.dose_response(
                    posterior, source, target, values=values, num_draws=min(draws, 1000), rng=seed
                )
                lines += dose_response_sentences(curve) if values is few else []
            content["dose_response"] = curve.summary().to_dict(orient="records")
            if plot is not None:
                save_figure(plots.dose_response(curve), plot)
        elif plot is not None:
            raise OptionError(f"--plot draws effects of numbers, and '{source}' is a category: leave it out")
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
        base = distribution.source_states[0]
        for to in distribution.source_states[1:]:
            for state in distribution.target_states:
                what = f"the effect of {source} = {to} instead of {base} on P({target} = {state})"
                signs.append((what, distribution.signs(state, from_=base, to=to)))
                questions += [
                    (
                        what,
                        side,
                        limit,
                        getattr(distribution, f"probability_{side}")(limit, state, from_=base, to=to),
                    )
                    for side, limit in asked
                ]
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
        if plot is not None:
            save_figure(plots.effect_posterior(total), plot)
        what = f"the effect of {source} on {target}"
        signs.append((what, total.signs()))
        questions += [
            (what, side, limit, getattr(total, f"probability_{side}")(limit)) for side, limit in asked
        ]
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

        lines += threshold_sentences(questions, signs if len(signs) == 1 or asked else [])
        print("\n".join([*lines, assumptions(posterior.info)]))
        return
    by_class = (
        {} if isinstance(found, effects.SeveralCauses) else {"by_class": found.by_class().to_dict("records")}
    )
    content = {
        "from": source if len(sources) == 1 else sources,
        "to": target,
        **content,
        "probability_zero": found.probability_zero,
        **by_class,
        "questions": [
            {
                "effect": what,
                "side": side,
                "limit": limit,
                "probability": share.value,
                "standard_error": share.standard_error,
            }
            for what, side, limit, share in questions
        ],
        "signs": [
            {"effect": what, **{sign: share.value for sign, share in of_effect._asdict().items()}}
            for what, of_effect in signs
        ],
        "num_draws": draws,
        "seed": seed,
    }
    print_json("effect", content)
