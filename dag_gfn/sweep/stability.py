"""Stability beside probability: how often each link is found when rows are drawn again."""

from dataclasses import dataclass

import numpy as np

from dag_gfn.sweep.results import Results

SURE, RARELY = 0.9, 0.75
"""A link of at least the first probability that is found in less than the second share of the resamples is unsteady."""
FEW_RESAMPLES = 10
"""Fewer say little of how steady a link is."""


@dataclass(frozen=True)
class Stability:
    """One pair, by its probability and over resamples of the rows.

    Attributes
    ----------
    a, b : int
    posterior : float
        Probability of a link in the base setting; nan where that fit is not there.
    mean : float
        Mean of that probability over the resamples.
    share : float
        Share of the resamples in which it is above one half.
    error : float
        Standard error of the share, by the number of resamples; at least that of one in so many.
    low, high : float
        Its 10 and 90 % quantiles over the resamples.
    resamples : int

    Examples
    --------
    See `stability`.
    """

    a: int
    b: int
    posterior: float
    mean: float
    share: float
    error: float
    low: float
    high: float
    resamples: int

    @property
    def is_unsteady(self) -> bool:
        """Whether these rows make a link look surer than other rows would, beyond the error of the share."""
        return self.posterior >= SURE and self.share + self.error < RARELY


def stability(results: Results, setting: int = 0) -> list[Stability]:
    """Return the stability of each pair in one setting, in the order of the pairs; none without resamples.

    Examples
    --------
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.sweep import plan, run
    >>> from dag_gfn.sweep.results import read_results
    >>> from dag_gfn.sweep.stability import stability
    >>> rain = np.random.default_rng(0).normal(size=40)
    >>> data = dag_gfn.from_array(np.column_stack([rain, 2 * rain + np.random.default_rng(1).normal(size=40)]))
    >>> _ = plan(data, "steady", scores=["bge"], bootstraps=3), run("steady", jobs=1)
    >>> [(each.share, each.resamples) for each in stability(read_results(Path("steady")))]
    [(1.0, 3)]
    """
    linked = results.pairs(results.bootstraps(setting))
    count = len(linked)
    if not count:
        return []
    posterior = results.pairs(results.of_setting(setting))
    share = (linked > 0.5).mean(axis=0)
    kept = np.clip(share, 0.5 / count, 1 - 0.5 / count)
    error = np.sqrt(kept * (1 - kept) / count)
    low, high = np.quantile(linked, [0.1, 0.9], axis=0)
    mean = linked.mean(axis=0)
    return [
        Stability(
            a=int(a),
            b=int(b),
            posterior=float(posterior[p]),
            mean=float(mean[p]),
            share=float(share[p]),
            error=float(error[p]),
            low=float(low[p]),
            high=float(high[p]),
            resamples=count,
        )
        for p, (a, b) in enumerate(zip(results.first, results.second, strict=True))
    ]
