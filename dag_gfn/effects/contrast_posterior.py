"""The posterior of an effect between numbers, categories and groups, as draws of changes of means and probabilities."""

from dataclasses import dataclass
from typing import final

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float64

from dag_gfn.effects.column_positions import pair_index
from dag_gfn.effects.contrasts import Contrast
from dag_gfn.effects.draw_summaries import central_interval, spread
from dag_gfn.effects.graph_draws import equivalence_classes
from dag_gfn.effects.thresholds import Share, Signs, share_above, share_below, signs
from dag_gfn.graphs import graph
from dag_gfn.parameters.node_columns import Feature

OUTSIDE = 0.005
"""A probability that leaves [0, 1] by more than this is warned of."""


@final
@dataclass(frozen=True, eq=False)
class ContrastEffect:
    """Posterior of the effect of one variable on another where either may be a category or a group.

    For a number as outcome an effect is the change of its mean. For a level of a category it is the change of its
    probability, under a linear approximation: the same change from every starting point. So a probability can leave
    [0, 1]; nothing is clipped, and `warnings` says where it does.

    Attributes
    ----------
    names : tuple of str, length d
        The nodes of the graphs.
    source, target : str
    contrasts : tuple of Contrast, length c
        What is changed: a number by one unit (where it acts through a curve, from its 25 % to its 75 % quantile), a
        category from its reference level to another.
    outcomes : tuple of Feature, length o
        What is looked at: numbers in their own units, and levels.
    samples : ndarray, shape (k, c, o), float64
        Changes in each draw of graph and parameters. They are exactly 0 in draws whose graph has no path from `source`
        to `target`.
    graphs : ndarray, shape (k, d, d), bool
        The graph of every draw; entry (s, i, j) is True for i → j (row → column).
    mean : ndarray, shape (c, o), float64
        Posterior means.
    probability_zero : float
        Probability that `target` does not descend from `source`.
    settings : tuple of str, length s
        Points at which the outcomes were looked at: the levels of a category, or two standard deviations to either
        side of the mean of a number (where it acts through a curve, its 25 % and 75 % quantiles).
    expected : ndarray, shape (s, o), float64
        Posterior means of the outcomes when `source` is set to each.
    in_standard_deviations : bool
        Whether numbers are in standard deviations of the normal variables behind their ranks, as these have no units.
    rise : float
        How far a number is raised by the first contrast, in its own units.
    by_curves : bool
        Whether causes act through curves, so that another step has another effect.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> import dag_gfn
    >>> rng = np.random.default_rng(0)
    >>> drug = rng.random(500) < 0.5
    >>> table = pd.DataFrame({"drug": np.where(drug, "yes", "no"), "pain": 5.0 - 3.0 * drug + rng.normal(size=500)})
    >>> posterior = dag_gfn.fit(table, required=[("drug", "pain")], progress=False)
    >>> effect = dag_gfn.effects.contrast_effect(posterior, "drug", "pain", reference="no", rng=0)
    >>> print(effect.summary()[["change", "outcome", "mean", "5%", "95%"]].round(1).to_string())
                         change outcome  mean   5%  95%
    0  drug = yes instead of no    pain  -3.0 -3.2 -2.9
    >>> effect.table().round(1).to_dict("list")
    {'drug': ['no', 'yes'], 'pain': [4.9, 1.9]}
    """

    names: tuple[str, ...]
    source: str
    target: str
    contrasts: tuple[Contrast, ...]
    outcomes: tuple[Feature, ...]
    samples: Float64[np.ndarray, "k c o"]
    graphs: Bool[np.ndarray, "k d d"]
    mean: Float64[np.ndarray, "c o"]
    probability_zero: float
    settings: tuple[str, ...]
    expected: Float64[np.ndarray, "s o"]
    in_standard_deviations: bool = False
    oriented: Bool[np.ndarray, "d d"] | None = None
    rise: float = 1.0
    by_curves: bool = False

    def summary(self) -> pd.DataFrame:
        """Return a row for each contrast and outcome.

        Columns: change, outcome, is_level (whether the change is one of a probability), mean, 5%, 50%, 95%; draws
        without an effect are included.
        """
        rows = self._rows(np.ones(len(self.samples), dtype=bool))
        rows["mean"] = self.mean.reshape(-1)
        return rows

    def where_present(self) -> pd.DataFrame:
        """Return the summary among draws whose graph has a path from source to target; no row if none has one."""
        i, j = pair_index(self.names, self.source, self.target)
        present = graph.path_matrix(self.graphs)[:, i, j]
        return self._rows(present) if present.any() else self._rows(~present).iloc[:0]

    def _rows(self, draws: Bool[np.ndarray, " k"]) -> pd.DataFrame:
        return pd.DataFrame(
            [
                {
                    "change": str(contrast),
                    "outcome": str(outcome),
                    "is_level": outcome.level is not None,
                    **spread(self.samples[draws, c, o]),
                }
                for c, contrast in enumerate(self.contrasts)
                for o, outcome in enumerate(self.outcomes)
            ]
        )

    def table(self) -> pd.DataFrame:
        """Return the expected outcomes, a row for each setting of the source and a column for each outcome."""
        values = pd.DataFrame(self.expected, columns=[str(outcome) for outcome in self.outcomes])
        values.insert(0, self.source, list(self.settings))
        return values

    def interval(self, contrast: int = 0, outcome: int = 0, level: float = 0.9) -> tuple[float, float]:
        """Return the central credible interval of one change, draws without an effect included."""
        return central_interval(self.samples[:, contrast, outcome], level)

    def probability_above(self, threshold: float | int, contrast: int = 0, outcome: int = 0) -> Share:
        """Return the probability that one change is above a number, with its Monte-Carlo error."""
        change = self.samples[:, contrast, outcome]
        return share_above(change, self._present(), self.probability_zero, float(threshold))

    def probability_below(self, threshold: float | int, contrast: int = 0, outcome: int = 0) -> Share:
        """Return the probability that one change is below a number, with its Monte-Carlo error."""
        change = self.samples[:, contrast, outcome]
        return share_below(change, self._present(), self.probability_zero, float(threshold))

    def signs(self, contrast: int = 0, outcome: int = 0) -> Signs:
        """Return the probabilities that one change is positive, negative, or none."""
        return signs(self.samples[:, contrast, outcome], self._present(), self.probability_zero)

    def _present(self) -> Bool[np.ndarray, " k"]:
        i, j = pair_index(self.names, self.source, self.target)
        return graph.path_matrix(self.graphs)[:, i, j]

    def by_class(self, top: int = 5) -> pd.DataFrame:
        """Return the changes within the most probable Markov equivalence classes.

        Columns: those of `summary`, edges (a → b where the graphs of the class agree, a — b elsewhere), probability and
        probability_zero (both are shares of the draws).
        """
        i, j = pair_index(self.names, self.source, self.target)
        path = graph.path_matrix(self.graphs)[:, i, j]
        parts = []
        for found in equivalence_classes(self.graphs, self.names, top=top, oriented=self.oriented):
            of_class = {
                "edges": found.edges,
                "probability": found.probability,
                "probability_zero": float(1.0 - path[found.draws].mean()),
            }
            parts.append(self._rows(found.draws).assign(**of_class))
        return pd.concat(parts, ignore_index=True)

    @property
    def warnings(self) -> list[str]:
        """Where a probability leaves [0, 1], one sentence each: the linear approximation fails there."""
        told = []
        levels = np.array([outcome.level is not None for outcome in self.outcomes])
        for setting, expected in zip(self.settings, self.expected, strict=True):
            beyond = np.where(levels, np.maximum(-expected, expected - 1.0), -np.inf)
            worst = int(beyond.argmax())
            if beyond[worst] > OUTSIDE:
                model = "model" if self.by_curves else "linear approximation"
                told.append(
                    f"at {self.source} = {setting} the {model} gives {self.outcomes[worst]} the "
                    f"probability {expected[worst]:.2f}, which cannot be: do not rely on changes of "
                    "probability that far out"
                )
        return told
