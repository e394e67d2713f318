"""Means of continuous variables when one is set, averaged over graphs: E[y | do(x = v)]."""

from dataclasses import dataclass
from typing import final

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float64

from dag_gfn.effects.column_positions import node_index
from dag_gfn.effects.dose_response import set_values
from dag_gfn.effects.draw_summaries import QUANTILES
from dag_gfn.effects.simulated_settings import Question, additive_parameters, simulated_outcomes
from dag_gfn.effects.total_effect import linear_gaussian_networks
from dag_gfn.errors import OptionError
from dag_gfn.parameters import AdditiveParameters
from dag_gfn.parameters.from_posterior import parameter_model
from dag_gfn.parameters.units import in_standard_deviations
from dag_gfn.posterior import GraphPosterior
from dag_gfn.posterior.features import chunks


@final
@dataclass(frozen=True, eq=False)
class InterventionalMeans:
    """Posterior of the mean of every variable when one of them is set, in original units.

    Attributes
    ----------
    names : tuple of str, length d
    source : str
        The variable that is set.
    value : float
        The value that it is set to.
    samples : ndarray, shape (k, d), float64
        Entry (s, j): E[x_j | do(source = value)] in draw s of graph and parameters.
    graphs : ndarray, shape (k, d, d), bool
        The graph of every draw; entry (s, i, j) is True for i → j (row → column).
    mean : ndarray, shape (d,), float64
        Posterior means: of the draws where causes act through curves, else summed over all weighted graphs with the
        parameters integrated out.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.effects import InterventionalMeans
    >>> samples = np.array([[2.0, 3.9], [2.0, 4.1]])
    >>> graphs = np.repeat(np.array([[[False, True], [False, False]]]), 2, axis=0)
    >>> means = InterventionalMeans(("dose", "effect"), "dose", 2.0, samples, graphs, samples.mean(axis=0))
    >>> print(means.summary().round(2).to_string())
       target  mean    5%  50%   95%
    0    dose   2.0  2.00  2.0  2.00
    1  effect   4.0  3.91  4.0  4.09
    """

    names: tuple[str, ...]
    source: str
    value: float
    samples: Float64[np.ndarray, "k d"]
    graphs: Bool[np.ndarray, "k d d"]
    mean: Float64[np.ndarray, " d"]

    def summary(self) -> pd.DataFrame:
        """Return the columns target, mean, 5%, 50%, 95%, with a row for every variable."""
        quantiles = np.quantile(self.samples, list(QUANTILES.values()), axis=0)
        return pd.DataFrame(
            {
                "target": list(self.names),
                "mean": self.mean,
                **dict(zip(QUANTILES, quantiles, strict=True)),
            }
        )


def interventional_means(
    posterior: GraphPosterior,
    source: str,
    value: float | int,
    *,
    num_draws: int = 2000,
    rng: int | np.random.Generator,
) -> InterventionalMeans:
    """Return the posterior of E[x_j | do(source = value)] for all j, averaged over graphs and parameters.

    Parameters
    ----------
    posterior : GraphPosterior
        Of continuous columns with the score ``bge``, ``linear_gaussian`` or ``additive``. ``linear_gaussian`` has no
        intercepts: its means are those that were subtracted from the columns.
    source : str
        Name of a column.
    value : float
        In the column's own units.
    num_draws : int
    rng : int or numpy.random.Generator
        Seed or generator.

    Raises
    ------
    OptionError
        If the column is unknown, the value is not finite or (``additive``) beyond the range that was seen, the score
        has no such parameters, or ranks were scored, so that no value can be set.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> rng = np.random.default_rng(0)
    >>> dose = rng.normal(size=500)
    >>> effect = 1.0 + 2.0 * dose + rng.normal(size=500)
    >>> data = dag_gfn.from_array(np.column_stack([dose, effect]), ["dose", "effect"])
    >>> posterior = dag_gfn.fit(data, required=[("dose", "effect")], progress=False)
    >>> dag_gfn.effects.interventional_means(posterior, "dose", 3.0, rng=0).mean.round().tolist()  # 1 + 2 * 3
    [3.0, 7.0]
    """
    node = node_index(posterior.names, source)
    if not np.isfinite(value):
        raise OptionError(f"the value that '{source}' is set to must be finite, not {value}")
    if in_standard_deviations(posterior.info):
        raise OptionError(
            f"the ranks of '{source}' were scored, so that no value can be set in its own units: use total_effects or "
            "contrast_effect, whose changes are in standard deviations"
        )
    generator = np.random.default_rng(rng)
    if parameter_model(posterior) is AdditiveParameters:
        return _with_curves(posterior, node, float(value), num_draws, generator)
    drawn = linear_gaussian_networks(posterior, num_draws, generator)
    mean = np.zeros(posterior.d)
    for parameters, graphs, weights in drawn.weighted():
        for part in chunks(len(graphs), posterior.d):
            mean += weights[part] @ parameters.expected(graphs[part]).interventional_means(node, value)
    samples = np.zeros((len(drawn.graphs), posterior.d))
    for parameters, draws in drawn.parts():
        networks = parameters.sample(drawn.graphs[draws], rng=generator)
        samples[draws] = networks.interventional_means(node, value)
    return InterventionalMeans(
        names=posterior.names,
        source=source,
        value=float(value),
        samples=samples,
        graphs=drawn.graphs,
        mean=mean,
    )


def _with_curves(
    posterior: GraphPosterior, node: int, value: float, num_draws: int, rng: np.random.Generator
) -> InterventionalMeans:
    """Return the means where causes act through curves, from simulated networks; their mean is that of the draws."""
    parameters = additive_parameters(posterior)
    for margin, name in zip(parameters.margins, posterior.names, strict=True):
        if margin is None:
            raise OptionError(
                f"means of all columns are of numbers, and '{name}' is none: use dose_response, for one column each"
            )
    points = parameters.points(node, set_values(parameters, node, [value]))
    others = tuple(j for j in range(posterior.d) if j != node)
    question = Question((node,), points, others)
    graphs, (found,) = simulated_outcomes(posterior, [question], num_draws=num_draws, rng=rng)
    samples = np.full((len(graphs), posterior.d), value)
    for j, means in zip(others, found, strict=True):
        samples[:, j] = means[:, 0, 0]
    return InterventionalMeans(
        names=posterior.names,
        source=posterior.names[node],
        value=value,
        samples=samples,
        graphs=graphs,
        mean=samples.mean(axis=0),
    )
