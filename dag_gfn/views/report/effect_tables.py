"""The effects of every variable on every other, computed beforehand for the page's explorer."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dag_gfn import effects
from dag_gfn.effects.draw_summaries import QUANTILES
from dag_gfn.effects.graph_draws import EquivalenceClass, equivalence_classes, no_path
from dag_gfn.errors import DagGfnError
from dag_gfn.parameters import AdditiveParameters, BlockGaussianParameters
from dag_gfn.parameters.discrete import DiscreteParameters
from dag_gfn.parameters.from_posterior import parameter_model, parameter_tables
from dag_gfn.parameters.units import in_standard_deviations
from dag_gfn.posterior import GraphPosterior
from dag_gfn.views.report.curve_drawing import curve_tables, groups_of

TOTAL_DRAWS = 2000
DISTRIBUTION_DRAWS = 400
CONTRAST_DRAWS = 1000
CURVED_DRAWS = 300  # each is a simulation
PAIRS_AT_ONCE = 40
"""Pairs whose draws of effects are held in memory together."""
BINS = 24
TOP_CLASSES = 4
MIN_CLASS = 0.01
"""Share of the draws below which a class is not told apart."""
MIN_EFFECT = 0.005
"""Probability of an effect below which nothing is said of its size."""
MAX_DISTRIBUTIONS = 240
"""Pairs with a category, those with the likeliest effects, that are computed."""
MAX_STATES = 100
"""Product of two variables' states beyond which a table helps nobody."""
MAX_SECONDS = 300
"""Seconds of work beyond which the page goes without distributions."""
MAX_EDGES_TEXT = 300
SEED = 0
_ENDS = [QUANTILES["5%"], QUANTILES["95%"]]


def effect_tables(
    posterior: GraphPosterior, *, on_progress: Callable[[float, float], None] | None = None
) -> dict[str, Any]:
    """Return what the explorer shows, as JSON holds it.

    Parameters
    ----------
    posterior : GraphPosterior
    on_progress : callable, optional
        Given the share of the distributions that is done, in [0, 1], and the seconds that all should take.

    Returns
    -------
    dict
        `kind`: ``total``, ``distribution``, ``contrast`` or ``none`` (then `reason` says why).
        `in_standard_deviations`: whether changes are in these, as the columns' units are lost. `classes`: edges and
        probability of the equivalence classes that `by_class` counts through. `pairs[i][j]` is of the
        effect of i on j (row → column), or None: `zero`, its probability of being nil, and

        - total: `mean`, `q` (5, 50 and 95 % quantiles), `low`, `high` and `bins` (counts of the draws with an effect
          between them), `by_class` (class, mean, 5 %, 95 %, share of no effect);
        - contrast: `changes` (change of i, outcome of j, whether that is a probability, mean, 5 %, 95 %), `warnings`,
          `by_class` (class, share of no effect, means in the order of `changes`), and where i acts through a curve,
          `curve`: see `curve_tables`;
        - distribution: `table[a][b]` = mean, 5 % and 95 % quantiles of P(j = b | do(i = a)), `by_class`
          (class, share of no effect, means by state).

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import GraphPosterior
    >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
    >>> posterior = GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([0.75, 0.25]))
    >>> from dag_gfn.views.report.effect_tables import effect_tables
    >>> effect_tables(posterior)["reason"]
    "this posterior was made without the data's statistics"
    """
    try:
        if not posterior.statistics:
            return {"kind": "none", "reason": "this posterior was made without the data's statistics"}
        model = parameter_model(posterior)
        if model is DiscreteParameters:
            return _distributions(posterior, on_progress)
        in_contrasts = model in (BlockGaussianParameters, AdditiveParameters)
        return _contrasts(posterior) if in_contrasts else _totals(posterior)
    except DagGfnError as error:
        return {"kind": "none", "reason": str(error)}


def _totals(posterior: GraphPosterior) -> dict[str, Any]:
    everything = effects.total_effects(posterior, num_draws=TOTAL_DRAWS, rng=SEED)
    classes = _classes(everything.graphs, posterior.names, everything.oriented)
    table: list[list[dict[str, Any] | None]] = [[None] * posterior.d for _ in posterior.names]
    for i, j in np.argwhere(~np.eye(posterior.d, dtype=bool)):
        samples, zero = everything.samples[:, i, j], float(everything.probability_zero[i, j])
        pair: dict[str, Any] = {"zero": round(zero, 4)}
        drawn = samples[samples != 0.0]
        if 1.0 - zero >= MIN_EFFECT and drawn.size:
            low, high = np.quantile(drawn, [0.005, 0.995])
            counts, _ = np.histogram(drawn, bins=BINS, range=(low, high) if high > low else None)
            pair |= {
                "mean": _short(everything.mean[i, j]),
                "q": [_short(q) for q in np.quantile(samples, list(QUANTILES.values()))],
                "low": _short(low),
                "high": _short(high),
                "bins": counts.tolist(),
                "by_class": [
                    [
                        c,
                        *map(_short, (s.mean(), *np.quantile(s, _ENDS))),
                        round(float((s == 0).mean()), 3),
                    ]
                    for c, s in enumerate(samples[found.draws] for found in classes)
                ],
            }
        table[i][j] = pair
    return {
        "kind": "total",
        "draws": TOTAL_DRAWS,
        "in_standard_deviations": everything.in_standard_deviations,
        "classes": _class_texts(classes),
        "pairs": table,
    }


def _contrasts(posterior: GraphPosterior) -> dict[str, Any]:
    d, names = posterior.d, posterior.names
    zero = no_path(posterior)
    curved = parameter_model(posterior) is AdditiveParameters
    groups = groups_of(posterior) if curved else set()
    table: list[list[dict[str, Any] | None]] = [[None] * d for _ in names]
    likely: list[tuple[int, int]] = []
    for i, j in sorted(np.argwhere(~np.eye(d, dtype=bool)).tolist(), key=lambda pair: zero[*pair]):
        table[i][j] = {"zero": round(float(zero[i, j]), 4)}
        if 1.0 - zero[i, j] >= MIN_EFFECT and len(likely) < MAX_DISTRIBUTIONS and not {i, j} & groups:
            likely.append((i, j))
    if curved:
        likely.sort()  # what has the same source is simulated together
    classes: list[EquivalenceClass] = []
    draws, together = (CURVED_DRAWS, MAX_DISTRIBUTIONS) if curved else (CONTRAST_DRAWS, PAIRS_AT_ONCE)
    for start in range(0, len(likely), together):  # the same draws for all, as the seed is the same
        batch = likely[start : start + together]
        found = effects.contrast_effects(
            posterior, [(names[i], names[j]) for i, j in batch], num_draws=draws, rng=SEED
        )
        classes = classes or _classes(found[0].graphs, names, found[0].oriented)
        for (i, j), effect in zip(batch, found, strict=True):
            if effect.mean.size <= MAX_STATES:
                table[i][j] = (table[i][j] or {}) | _contrast(effect, classes)
    if curved:
        for (i, j), curve in curve_tables(posterior, likely).items():
            table[i][j] = (table[i][j] or {}) | {"curve": curve}
    return {
        "kind": "contrast",
        "by_curves": curved,
        "draws": draws,
        "in_standard_deviations": in_standard_deviations(posterior.info),
        "classes": _class_texts(classes),
        "pairs": table,
    }


def _contrast(effect: effects.ContrastEffect, classes: Sequence[EquivalenceClass]) -> dict[str, Any]:
    low, high = np.quantile(effect.samples, _ENDS, axis=0)
    no_effect = (effect.samples == 0.0).all(axis=(1, 2))
    return {
        "changes": [
            [
                str(contrast),
                str(outcome),
                outcome.level is not None,
                *map(_short, (effect.mean[c, o], low[c, o], high[c, o])),
            ]
            for c, contrast in enumerate(effect.contrasts)
            for o, outcome in enumerate(effect.outcomes)
        ],
        "warnings": effect.warnings,
        "by_class": [
            [
                c,
                round(float(no_effect[known.draws].mean()), 3),
                list(map(_short, effect.samples[known.draws].mean(axis=0).reshape(-1))),
            ]
            for c, known in enumerate(classes)
        ],
    }


def _distributions(
    posterior: GraphPosterior,
    on_progress: Callable[[float, float], None] | None,
) -> dict[str, Any]:
    d, names = posterior.d, posterior.names
    zero = no_path(posterior)
    first = next(p for p in parameter_tables(posterior) if isinstance(p, DiscreteParameters))
    r = first.cardinalities
    table: list[list[dict[str, Any] | None]] = [[None] * d for _ in names]
    shown: list[tuple[int, int]] = []
    for i, j in sorted(np.argwhere(~np.eye(d, dtype=bool)).tolist(), key=lambda pair: zero[*pair]):
        table[i][j] = {"zero": round(float(zero[i, j]), 4)}
        small = r[i] * r[j] <= MAX_STATES
        if small and 1.0 - zero[i, j] >= MIN_EFFECT and len(shown) < MAX_DISTRIBUTIONS:
            shown.append((i, j))
    found = effects.interventional_distributions(
        posterior,
        [(names[i], names[j]) for i, j in shown],
        num_draws=DISTRIBUTION_DRAWS,
        rng=SEED,
        max_seconds=MAX_SECONDS,
        on_progress=on_progress,
    )
    classes = _classes(found[0].graphs, names, found[0].oriented) if found else []
    for (i, j), effect in zip(shown, found, strict=True):
        low, high = np.quantile(effect.samples, _ENDS, axis=0)
        no_effect = (np.ptp(effect.samples, axis=1) == 0).all(axis=1)
        table[i][j] = (table[i][j] or {}) | {
            "table": np.stack([effect.mean, low, high], axis=-1).round(4).tolist(),
            "by_class": [
                [
                    c,
                    round(float(no_effect[known.draws].mean()), 3),
                    effect.samples[known.draws].mean(axis=0).round(3).tolist(),
                ]
                for c, known in enumerate(classes)
            ],
        }
    in_a_table = {node for pair in shown for node in pair}
    return {
        "kind": "distribution",
        "draws": DISTRIBUTION_DRAWS,
        "in_standard_deviations": False,
        "classes": _class_texts(classes),
        "states": [list(first.states[node]) if node in in_a_table else [] for node in range(d)],
        "pairs": table,
    }


def _classes(graphs: np.ndarray, names: Sequence[str], oriented: np.ndarray | None) -> list[EquivalenceClass]:
    found = equivalence_classes(graphs, names, top=TOP_CLASSES, oriented=oriented)
    return [c for c in found if c.probability >= MIN_CLASS]


def _class_texts(classes: list[EquivalenceClass]) -> list[dict[str, Any]]:
    return [
        {
            "edges": c.edges if len(c.edges) <= MAX_EDGES_TEXT else f"{c.edges[: MAX_EDGES_TEXT - 1]}…",
            "probability": round(c.probability, 4),
        }
        for c in classes
    ]


def _short(number: float | np.floating) -> float:
    """Return four significant digits: more would only make the file larger."""
    return float(f"{number:.4g}")
