"""The effects of every variable on every other, computed beforehand for the page's explorer."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from dag_gfn import effects
from dag_gfn.effects.graph_draws import EquivalenceClass, equivalence_classes
from dag_gfn.errors import DagGfnError
from dag_gfn.posterior import GraphPosterior

TOTAL_DRAWS = 2000
DISTRIBUTION_DRAWS = 400
BINS = 24
TOP_CLASSES = 4
MIN_CLASS = 0.01
"""Share of the draws below which a class is not told apart."""
MIN_EFFECT = 0.005
"""Probability of an effect below which nothing is said of its size."""
MAX_DISTRIBUTIONS = 240
"""Pairs of discrete variables, those with the likeliest effects, that are computed."""
MAX_STATES = 100
"""Product of two variables' states beyond which a table helps nobody."""
MAX_EDGES_TEXT = 300
SEED = 0


def effect_tables(posterior: GraphPosterior) -> dict[str, Any]:
    """Return what the explorer shows, as JSON holds it.

    Returns
    -------
    dict
        `kind`: ``total``, ``distribution`` or ``none`` (then `reason` says why). `classes`: edges and probability
        of the equivalence classes that `by_class` counts through. `pairs[i][j]` is of the effect of i on j (row
        → column), or None: `zero`, its probability of being nil, and

        - total: `mean`, `q` (5, 50 and 95 % quantiles), `low`, `high` and `bins` (counts of the draws with an effect
          between them), `by_class` (class, mean, 5 %, 95 %, share of no effect);
        - distribution: `table[a][b]` = mean, 5 % and 95 % quantiles of P(j = b | do(i = a)), `by_class`
          (class, share of no effect, means by state).
    """
    try:
        if posterior.info.get("kind") == "discrete":
            return _distributions(posterior)
        return _totals(posterior)
    except DagGfnError as error:
        return {"kind": "none", "reason": str(error)}


def _totals(posterior: GraphPosterior) -> dict[str, Any]:
    if not posterior.statistics:
        return {"kind": "none", "reason": "this posterior was made without the data's statistics"}
    everything = effects.total_effects(posterior, num_draws=TOTAL_DRAWS, rng=SEED)
    classes = _classes(everything.graphs, posterior.names)
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
                "q": [_short(q) for q in np.quantile(samples, [0.05, 0.5, 0.95])],
                "low": _short(low),
                "high": _short(high),
                "bins": counts.tolist(),
                "by_class": [
                    [
                        c,
                        *map(_short, (s.mean(), *np.quantile(s, [0.05, 0.95]))),
                        round(float((s == 0).mean()), 3),
                    ]
                    for c, s in enumerate(samples[found.draws] for found in classes)
                ],
            }
        table[i][j] = pair
    return {"kind": "total", "draws": TOTAL_DRAWS, "classes": _class_texts(classes), "pairs": table}


def _distributions(posterior: GraphPosterior) -> dict[str, Any]:
    d, zero = posterior.d, 1.0 - posterior.marginal("path").values
    table: list[list[dict[str, Any] | None]] = [[None] * d for _ in posterior.names]
    off_diagonal = np.argwhere(~np.eye(d, dtype=bool))
    likeliest = sorted(off_diagonal.tolist(), key=lambda pair: zero[pair[0], pair[1]])
    classes: list[EquivalenceClass] | None = None
    states: dict[int, list[str]] = {}
    computed = 0
    for i, j in likeliest:
        table[i][j] = {"zero": round(float(np.clip(zero[i, j], 0.0, 1.0)), 4)}
        if 1.0 - zero[i, j] < MIN_EFFECT or computed >= MAX_DISTRIBUTIONS:
            continue
        if i in states and j in states and len(states[i]) * len(states[j]) > MAX_STATES:
            continue
        # the same seed draws the same graphs for every pair, so the classes are those of the first
        found = effects.interventional_distribution(
            posterior, posterior.names[i], posterior.names[j], num_draws=DISTRIBUTION_DRAWS, rng=SEED
        )
        computed += 1
        states[i], states[j] = list(found.source_states), list(found.target_states)
        if len(states[i]) * len(states[j]) > MAX_STATES:
            continue
        if classes is None:
            classes = _classes(found.graphs, posterior.names)
        low, high = np.quantile(found.samples, [0.05, 0.95], axis=0)
        no_effect = (np.ptp(found.samples, axis=1) == 0).all(axis=1)
        table[i][j] |= {
            "table": np.stack([found.mean, low, high], axis=-1).round(4).tolist(),
            "by_class": [
                [
                    c,
                    round(float(no_effect[known.draws].mean()), 3),
                    found.samples[known.draws].mean(axis=0).round(3).tolist(),
                ]
                for c, known in enumerate(classes)
            ],
        }
    return {
        "kind": "distribution",
        "draws": DISTRIBUTION_DRAWS,
        "classes": _class_texts(classes or []),
        "states": [states.get(node, []) for node in range(d)],
        "pairs": table,
    }


def _classes(graphs: np.ndarray, names: Sequence[str]) -> list[EquivalenceClass]:
    return [c for c in equivalence_classes(graphs, names, top=TOP_CLASSES) if c.probability >= MIN_CLASS]


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
