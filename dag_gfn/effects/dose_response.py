"""Dose-response curves: the mean of one variable when another is set to each of many values, averaged over graphs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float64

from dag_gfn.effects.column_positions import node_index, pair_index
from dag_gfn.effects.draw_summaries import QUANTILES
from dag_gfn.effects.graph_draws import no_path
from dag_gfn.effects.simulated_settings import (
    Question,
    additive_parameters,
    outcomes_of,
    require_no_group,
    simulated_outcomes,
)
from dag_gfn.errors import OptionError
from dag_gfn.graphs import graph
from dag_gfn.parameters import AdditiveParameters
from dag_gfn.parameters.node_columns import Feature
from dag_gfn.posterior import GraphPosterior

NUM_VALUES = 21
"""Values that a variable is set to."""
RANGE = (0.05, 0.95)
"""Quantiles between which they lie."""


@final
@dataclass(frozen=True, eq=False)
class DoseResponse:
    """Posterior of the mean of one variable when another is set to each of several values, in the columns' own units.

    Attributes
    ----------
    names : tuple of str, length d
    source, target : str
    values : ndarray, shape (s,), float64
        What `source` is set to.
    outcomes : tuple of Feature, length o
        The target, or each of its levels.
    samples : ndarray, shape (k, s, o), float64
        Mean of the target, or probability of a level, in each draw of graph and parameters. In draws whose graph has
        no path from `source` to `target` it is exactly the same at all values.
    graphs : ndarray, shape (k, d, d), bool
        The graph of every draw; entry (s, i, j) is True for i → j (row → column).
    probability_zero : float
        Probability that `target` does not descend from `source`.
    is_bent : bool
        Whether numbers were scored by their normal scores. Nothing is then known beyond the range that was seen, and
        means are of values within it.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=300)
    >>> data = dag_gfn.from_array(np.column_stack([x, x**2 + 0.3 * rng.normal(size=300)]), ["dose", "pain"])
    >>> posterior = dag_gfn.fit(data, score="additive", required=[("dose", "pain")], progress=False)
    >>> curve = dag_gfn.effects.dose_response(posterior, "dose", "pain", values=[-1, 1], num_draws=100, rng=0)
    >>> print(curve.summary().round().to_string())
       dose outcome  mean   5%  50%  95%
    0  -1.0    pain   1.0  1.0  1.0  1.0
    1   1.0    pain   1.0  1.0  1.0  1.0
    """

    names: tuple[str, ...]
    source: str
    target: str
    values: Float64[np.ndarray, " s"]
    outcomes: tuple[Feature, ...]
    samples: Float64[np.ndarray, "k s o"]
    graphs: Bool[np.ndarray, "k d d"]
    probability_zero: float
    is_bent: bool = False

    @property
    def mean(self) -> Float64[np.ndarray, "s o"]:
        """Posterior means."""
        return np.asarray(self.samples.mean(axis=0))

    def band(self, level: float = 0.9) -> tuple[Float64[np.ndarray, "s o"], Float64[np.ndarray, "s o"]]:
        """Return the ends of the central credible interval at each value, draws without an effect included."""
        if not 0.0 < level < 1.0:
            raise OptionError(f"level must lie between 0 and 1, not {level}")
        low, high = np.quantile(self.samples, [0.5 - level / 2, 0.5 + level / 2], axis=0)
        return low, high

    def summary(self) -> pd.DataFrame:
        """Return a row for each value and outcome: the value, outcome, mean, 5%, 50%, 95%."""
        return self._rows(self.samples)

    def where_present(self) -> pd.DataFrame:
        """Return the summary among draws whose graph has a path from source to target; no row if none has one."""
        i, j = pair_index(self.names, self.source, self.target)
        present = graph.path_matrix(self.graphs)[:, i, j]
        return self._rows(self.samples[present]) if present.any() else self.summary().iloc[:0]

    def _rows(self, samples: Float64[np.ndarray, "m s o"]) -> pd.DataFrame:
        quantiles = np.quantile(samples, list(QUANTILES.values()), axis=0).reshape(len(QUANTILES), -1)
        label = (
            self.source if self.source not in ("outcome", "mean", *QUANTILES) else f"value of {self.source}"
        )
        return pd.DataFrame(
            {
                label: np.repeat(self.values, len(self.outcomes)),
                "outcome": [str(outcome) for outcome in self.outcomes] * len(self.values),
                "mean": samples.mean(axis=0).reshape(-1),
                **dict(zip(QUANTILES, quantiles, strict=True)),
            }
        )


def dose_response(
    posterior: GraphPosterior,
    source: str,
    target: str,
    *,
    values: Sequence[float | int] | Float64[np.ndarray, " s"] | None = None,
    num_draws: int = 1000,
    rng: int | np.random.Generator,
) -> DoseResponse:
    """Return the posterior of E[target | do(source = v)] at many values v, averaged over graphs and parameters.

    Each draw takes a graph in proportion to its weight and parameters from their posterior. Rows of this network are
    simulated from causes to effects with `source` set to each value.

    Parameters
    ----------
    posterior : GraphPosterior
        Of the score ``additive``.
    source : str
        Name of a number.
    target : str
        Name of a number or a category.
    values : sequence of float, optional
        In the source's own units; by default 21 values between its 5 % and its 95 % quantile.
    num_draws : int
    rng : int or numpy.random.Generator
        Seed or generator.

    Raises
    ------
    OptionError
        If the score is another one, a name is unknown, the source is a category or a group, or values are not finite
        or, where normal scores were scored, beyond the range that was seen.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=300)
    >>> data = dag_gfn.from_array(np.column_stack([x, np.tanh(2 * x) + 0.3 * rng.normal(size=300)]), ["dose", "pain"])
    >>> posterior = dag_gfn.fit(data, score="additive", required=[("dose", "pain")], progress=False)
    >>> curve = dag_gfn.effects.dose_response(posterior, "dose", "pain", num_draws=100, rng=0)
    >>> curve.mean[[0, 20], 0].round().tolist()
    [-1.0, 1.0]
    """
    (found,) = dose_responses(posterior, [(source, target)], values=values, num_draws=num_draws, rng=rng)
    return found


def dose_responses(
    posterior: GraphPosterior,
    pairs: Sequence[tuple[str, str]],
    *,
    values: Sequence[float | int] | Float64[np.ndarray, " s"] | None = None,
    num_values: int = NUM_VALUES,
    num_draws: int = 1000,
    rng: int | np.random.Generator,
) -> list[DoseResponse]:
    """Return the dose-response curves of many pairs, from the same draws.

    Parameters
    ----------
    posterior, values, num_draws, rng
        As for `dose_response`.
    pairs : sequence of (str, str)
        Source and target of each.
    num_values : int
        Values between quantiles, where none are given.

    Raises
    ------
    OptionError
        As for `dose_response`.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> posterior = dag_gfn.fit(np.random.default_rng(0).normal(size=(60, 2)), score="additive", progress=False)
    >>> pairs = [("x0", "x1"), ("x1", "x0")]
    >>> curves = dag_gfn.effects.dose_responses(posterior, pairs, num_values=3, num_draws=10, rng=0)
    >>> [curve.samples.shape for curve in curves]
    [(10, 3, 1), (10, 3, 1)]
    """
    indices = [pair_index(posterior.names, source, target) for source, target in pairs]
    parameters = additive_parameters(posterior)
    sources = list(dict.fromkeys(i for i, _ in indices))
    grids = {i: set_values(parameters, i, values, num_values) for i in sources}
    for _, j in indices:
        require_no_group(parameters, j)
    targets = {i: tuple(dict.fromkeys(j for source, j in indices if source == i)) for i in sources}
    questions = [Question((i,), parameters.points(i, grids[i]), targets[i]) for i in sources]
    graphs, found = simulated_outcomes(
        posterior, questions, num_draws=num_draws, rng=np.random.default_rng(rng)
    )
    zero = no_path(posterior)
    return [
        DoseResponse(
            names=posterior.names,
            source=posterior.names[i],
            target=posterior.names[j],
            values=grids[i],
            outcomes=outcomes_of(parameters, j),
            samples=found[sources.index(i)][targets[i].index(j)],
            graphs=graphs,
            probability_zero=float(zero[i, j]),
            is_bent=parameters.is_bent,
        )
        for i, j in indices
    ]


def set_values(
    parameters: AdditiveParameters,
    node: int,
    values: Sequence[float | int] | Float64[np.ndarray, " s"] | None,
    num_values: int = NUM_VALUES,
) -> Float64[np.ndarray, " s"]:
    """Return the values that a number is set to: those given, or evenly spread ones between two quantiles.

    Raises
    ------
    OptionError
        If the node is no number, or values are not finite or beyond what normal scores tell.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.effects.dose_response import set_values
    >>> from dag_gfn.parameters import parameter_posterior
    >>> posterior = dag_gfn.fit(np.random.default_rng(0).normal(size=(60, 2)), score="additive", progress=False)
    >>> set_values(parameter_posterior(posterior), 0, None, 3).round(1).tolist()
    [-1.6, 0.1, 1.7]
    """
    name, margin = parameters.columns.nodes[node], parameters.margins[node]
    if margin is None:
        raise OptionError(
            f"'{name}' is no number, so that its effect is no curve: use contrast_effect (dag-gfn effect without "
            "--plot), which compares its levels"
        )
    if values is None:
        low, high = (margin.at_share(share) for share in RANGE)
        if low == high:
            low, high = float(margin.own[0]), float(margin.own[-1])
        return np.linspace(low, high, num_values)
    grid = np.asarray(values, dtype=np.float64).reshape(-1)
    if len(grid) == 0 or not np.isfinite(grid).all():
        raise OptionError(
            f"values that '{name}' is set to must be finite numbers, one at least, not {values}"
        )
    if parameters.is_bent and (grid.min() < margin.own[0] or grid.max() > margin.own[-1]):
        raise OptionError(
            f"'{name}' was seen between {margin.own[0]:.4g} and {margin.own[-1]:.4g}, and its normal scores tell "
            f"nothing beyond: choose values in this range, not {grid.min():.4g} to {grid.max():.4g}"
        )
    return grid


def quantile_values(
    posterior: GraphPosterior, source: str, shares: Sequence[float] = (0.05, 0.25, 0.5, 0.75, 0.95)
) -> Float64[np.ndarray, " s"]:
    """Return quantiles of a number in its own units, without repetition: values to set it to.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.effects.dose_response import quantile_values
    >>> posterior = dag_gfn.fit(np.random.default_rng(0).normal(size=(60, 2)), score="additive", progress=False)
    >>> quantile_values(posterior, "x0", (0.25, 0.5, 0.75)).round(1).tolist()
    [-0.7, -0.0, 0.6]
    """
    margin = additive_parameters(posterior).margins[node_index(posterior.names, source)]
    if margin is None:
        raise OptionError(f"'{source}' is no number, and has no quantiles: its levels are set")
    return np.unique([margin.at_share(share) for share in shares])
