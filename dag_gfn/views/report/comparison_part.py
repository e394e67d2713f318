"""The report's part on another fit of the same variables: where the two differ."""

from typing import Any

from dag_gfn.posterior import GraphPosterior
from dag_gfn.posterior.metrics import compare_posteriors
from dag_gfn.views.pairs import pairs
from dag_gfn.views.wording import method_words, rows_words

MOST = 15
"""Pairs in the table."""


def comparison_part(posterior: GraphPosterior, other: GraphPosterior) -> dict[str, Any]:
    """Return how far two posteriors are apart, and the pairs that differ most in a direction or in being linked at all.

    Raises
    ------
    DataError
        If the variables are not the same.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import GraphPosterior
    >>> from dag_gfn.views.report.comparison_part import comparison_part
    >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
    >>> here, there = (GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([p, 1 - p])) for p in (0.75, 0.25))
    >>> found = comparison_part(here, there)
    >>> found["pairs"][0]["here"], found["pairs"][0]["there"]
    (['0.750', '0.250', '1.000'], ['0.250', '0.750', '1.000'])
    """
    distances = compare_posteriors(posterior, other)
    edge, its = posterior.marginal("edge").values, other.marginal("edge").values
    place = [other.names.index(name) for name in posterior.names]
    found = []
    for pair in pairs(posterior):
        here = (edge[pair.a, pair.b], edge[pair.b, pair.a])
        there = (its[place[pair.a], place[pair.b]], its[place[pair.b], place[pair.a]])
        differ = [abs(x - y) for x, y in (*zip(here, there, strict=True), (sum(here), sum(there)))]
        found.append((max(differ), pair, here, there))
    found.sort(key=lambda row: -row[0])
    return {
        "other": f"{method_words(other.info.get('method'))}, from {rows_words(other.info)}",
        "largest": f"{distances['edge_max_error']:.3g}",
        "rms": f"{distances['edge_rmse']:.3g}",
        "expected_shd": f"{distances['expected_shd']:.3g}",
        "options": _differing(posterior, other),
        "pairs": [
            {
                "names": (posterior.names[pair.a], posterior.names[pair.b]),
                "here": [f"{p:.3f}" for p in (*here, sum(here))],
                "there": [f"{p:.3f}" for p in (*there, sum(there))],
                "difference": f"{differ:.3f}",
            }
            for differ, pair, here, there in found[:MOST]
        ],
    }


def _differing(posterior: GraphPosterior, other: GraphPosterior) -> list[tuple[str, str, str]]:
    """Return the options that the two were not made alike with, with the values of both."""
    told = []
    for name in ("method", "score", "prior", "seed", "n", "version"):
        here, there = (str(one.info.get(name, "not known")) for one in (posterior, other))
        if here != there:
            told.append(("rows" if name == "n" else name, here, there))
    return told
