"""The report's part on the next experiment."""

from typing import Any

from dag_gfn.errors import NotTractable, OptionError
from dag_gfn.experiment_choice import next_experiments
from dag_gfn.experiment_choice.outcomes import named
from dag_gfn.posterior import GraphPosterior
from dag_gfn.views.next_sentences import conclusions, information_words, limit_words

ROWS = 100
MAX_NODES = 30
"""Largest number of variables: with more, the simulations would take longer than the rest of the page."""
GRAPHS, SIMULATIONS = 200, 200
MOST = 12
"""Variables in the table."""


def next_part(posterior: GraphPosterior) -> dict[str, Any] | None:
    """Return what the report says of the next experiment; None where this is not known.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import GraphPosterior
    >>> from dag_gfn.views.report.next_part import next_part
    >>> next_part(GraphPosterior.from_samples(("a", "b"), np.zeros((3, 2, 2), dtype=bool))) is None
    True
    """
    if not 2 <= posterior.d <= MAX_NODES:
        return None
    try:
        found = next_experiments(posterior, rows=ROWS, num_graphs=GRAPHS, num_simulations=SIMULATIONS, rng=0)
    except (OptionError, NotTractable):
        return None
    return {
        "rows": ROWS,
        "open_nats": found.open_nats,
        "table": [
            {
                "target": each.targets[0],
                "settings": named(each.settings[each.targets[0]]),
                "information": information_words(each.information),
                "share": min(1.0, each.information.value / max(found.ranked[0].information.value, 1e-9)),
                "limit": limit_words(each.limit),
                "open": [other for _, other in each.open_links],
            }
            for each in found.ranked[:MOST]
        ],
        "more": max(0, len(found.ranked) - MOST),
        "sentences": list(conclusions(found, posterior)),
    }
