"""Total effects of continuous variables: the change of y per unit of x, averaged over graphs."""

from dataclasses import dataclass
from typing import final

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float64

from dag_gfn.effects.column_positions import pair_index
from dag_gfn.effects.draw_summaries import QUANTILES, central_interval, spread
from dag_gfn.effects.drawn_networks import DrawnNetworks, drawn_networks
from dag_gfn.effects.graph_draws import equivalence_classes, no_path
from dag_gfn.effects.thresholds import Share, Signs, share_above, share_below, signs
from dag_gfn.errors import OptionError
from dag_gfn.graphs import graph
from dag_gfn.parameters import LinearGaussianParameters
from dag_gfn.parameters.units import in_standard_deviations
from dag_gfn.posterior import GraphPosterior
from dag_gfn.posterior.features import chunks


@final
@dataclass(frozen=True, eq=False)
class TotalEffect:
    """Posterior of the total effect of one variable on another, in original units.

    Attributes
    ----------
    names : tuple of str, length d
    source, target : str
    samples : ndarray, shape (k,), float64
        Change of the mean of `target` when `source` is set one unit higher. It is exactly 0 in draws whose graph has no
        path from `source` to `target`.
    graphs : ndarray, shape (k, d, d), bool
        The graph of every draw; entry (s, i, j) is True for i → j (row → column).
    mean : float
        Posterior mean.
    probability_zero : float
        Probability that `target` does not descend from `source`.
    in_standard_deviations : bool
        Whether the effect is in standard deviations, as ranks were scored, which have no units.

    Examples
    --------
    Without prior knowledge, data on two variables cannot tell which causes the other:

    >>> import numpy as np
    >>> import dag_gfn
    >>> rng = np.random.default_rng(0)
    >>> dose = rng.normal(size=500)
    >>> rows = np.column_stack([dose, 2.0 * dose + rng.normal(size=500)])
    >>> data = dag_gfn.from_array(rows, ["dose", "effect"])
    >>> effects = dag_gfn.effects.total_effects(dag_gfn.fit(data, progress=False), rng=0)
    >>> effect = effects.effect("dose", "effect")
    >>> round(effect.probability_zero, 2)
    0.5
    >>> print(effect.by_direction().round(1).to_string())
           direction  probability  mean   5%  50%  95%
    0  dose ⇝ effect          0.5   2.0  1.9  2.0  2.1
    1  effect ⇝ dose          0.5   0.0  0.0  0.0  0.0
    """

    names: tuple[str, ...]
    source: str
    target: str
    samples: Float64[np.ndarray, " k"]
    graphs: Bool[np.ndarray, "k d d"]
    mean: float
    probability_zero: float
    in_standard_deviations: bool = False
    oriented: Bool[np.ndarray, "d d"] | None = None

    def interval(self, level: float = 0.9) -> tuple[float, float]:
        """Return the central credible interval of this level, draws without an effect included."""
        return central_interval(self.samples, level)

    def _present(self) -> Bool[np.ndarray, " k"]:
        i, j = pair_index(self.names, self.source, self.target)
        return graph.path_matrix(self.graphs)[:, i, j]

    def probability_above(self, threshold: float | int) -> Share:
        """Return the probability that the effect is above a number, with its Monte-Carlo error."""
        return share_above(self.samples, self._present(), self.probability_zero, float(threshold))

    def probability_below(self, threshold: float | int) -> Share:
        """Return the probability that the effect is below a number, with its Monte-Carlo error."""
        return share_below(self.samples, self._present(), self.probability_zero, float(threshold))

    def signs(self) -> Signs:
        """Return the probabilities that the effect is positive, negative, or none."""
        return signs(self.samples, self._present(), self.probability_zero)

    def by_direction(self) -> pd.DataFrame:
        """Return the effect among draws with a path from source to target, from target to source, and neither.

        Columns: direction, probability (share of the draws), mean, 5%, 50%, 95%.
        """
        i, j = pair_index(self.names, self.source, self.target)
        path = graph.path_matrix(self.graphs)
        forward, backward = path[:, i, j], path[:, j, i]
        parts = {
            f"{self.source} ⇝ {self.target}": forward,
            f"{self.target} ⇝ {self.source}": backward,
            "neither": ~(forward | backward),
        }
        return pd.DataFrame(
            [
                {"direction": text, "probability": float(draws.mean()), **spread(self.samples[draws])}
                for text, draws in parts.items()
                if draws.any()
            ]
        )

    def by_class(self, top: int = 5) -> pd.DataFrame:
        """Return the effect within the most probable equivalence classes.

        Graphs of one class fit the data equally well under a score-equivalent score such as BGe. So more observations
        do not reduce the spread between the graphs of a class.

        Parameters
        ----------
        top : int
            Largest number of classes.

        Returns
        -------
        DataFrame
            edges (a → b where the graphs of the class agree, a — b elsewhere), probability, probability_zero, mean, 5%,
            50%, 95%; probabilities are shares of the draws.
        """
        i, j = pair_index(self.names, self.source, self.target)
        path = graph.path_matrix(self.graphs)[:, i, j]
        return pd.DataFrame(
            [
                {
                    "edges": found.edges,
                    "probability": found.probability,
                    "probability_zero": float(1.0 - path[found.draws].mean()),
                    **spread(self.samples[found.draws]),
                }
                for found in equivalence_classes(self.graphs, self.names, top=top, oriented=self.oriented)
            ]
        )


@final
@dataclass(frozen=True, eq=False)
class TotalEffects:
    """Posterior of the total effects between all pairs of variables, in original units.

    Attributes
    ----------
    names : tuple of str, length d
    samples : ndarray, shape (k, d, d), float64
        Entry (s, i, j): change of the mean of j when i is set one unit higher (row → column), in draw s of graph
        and parameters. It is exactly 0 on the diagonal and where there is no path from i to j.
    graphs : ndarray, shape (k, d, d), bool
        The graph of every draw; entry (s, i, j) is True for i → j (row → column).
    mean : ndarray, shape (d, d), float64
        Posterior means (row → column), summed over all weighted graphs with the parameters integrated out.
    probability_zero : ndarray, shape (d, d), float64
        Probability that j does not descend from i (row i, column j), from the posterior's path marginals.
    in_standard_deviations : bool
        Whether the effects are in standard deviations, as ranks were scored, which have no units.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> rng = np.random.default_rng(0)
    >>> dose = rng.normal(size=500)
    >>> rows = np.column_stack([dose, 2.0 * dose + rng.normal(size=500)])
    >>> data = dag_gfn.from_array(rows, ["dose", "effect"])
    >>> posterior = dag_gfn.fit(data, required=[("dose", "effect")], progress=False)
    >>> print(dag_gfn.effects.total_effects(posterior, rng=0).summary().round(1).to_string())
       source  target  mean   5%  50%  95%  probability_zero
    0    dose  effect   2.0  1.9  2.0  2.1               0.0
    1  effect    dose   0.0  0.0  0.0  0.0               1.0
    """

    names: tuple[str, ...]
    samples: Float64[np.ndarray, "k d d"]
    graphs: Bool[np.ndarray, "k d d"]
    mean: Float64[np.ndarray, "d d"]
    probability_zero: Float64[np.ndarray, "d d"]
    in_standard_deviations: bool = False
    oriented: Bool[np.ndarray, "d d"] | None = None

    def summary(self) -> pd.DataFrame:
        """Return source, target, mean, 5%, 50%, 95% and probability_zero for all d(d-1) ordered pairs."""
        source, target = np.nonzero(~np.eye(len(self.names), dtype=bool))
        names = np.array(self.names, dtype=object)
        quantiles = np.quantile(self.samples[:, source, target], list(QUANTILES.values()), axis=0)
        return pd.DataFrame(
            {
                "source": names[source],
                "target": names[target],
                "mean": self.mean[source, target],
                **dict(zip(QUANTILES, quantiles, strict=True)),
                "probability_zero": self.probability_zero[source, target],
            }
        )

    def effect(self, source: str, target: str) -> TotalEffect:
        """Return the posterior of the effect of one variable on another."""
        i, j = pair_index(self.names, source, target)
        return TotalEffect(
            names=self.names,
            source=source,
            target=target,
            samples=self.samples[:, i, j],
            graphs=self.graphs,
            mean=float(self.mean[i, j]),
            probability_zero=float(self.probability_zero[i, j]),
            in_standard_deviations=self.in_standard_deviations,
            oriented=self.oriented,
        )


def total_effects(
    posterior: GraphPosterior, *, num_draws: int = 2000, rng: int | np.random.Generator
) -> TotalEffects:
    r"""Return the posterior of the total effects between all pairs, averaged over graphs and parameters.

    Each draw takes a graph in proportion to its weight, and parameters from their conjugate posterior. The effects
    are the entries of :math:`(I - B)^{-1}`.

    Parameters
    ----------
    posterior : GraphPosterior
        Of continuous columns with the score ``bge`` or ``linear_gaussian``.
    num_draws : int
    rng : int or numpy.random.Generator
        Seed or generator.

    Raises
    ------
    OptionError
        If the score has no such parameters.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> rng = np.random.default_rng(0)
    >>> dose = rng.normal(size=500)
    >>> rows = np.column_stack([dose, 2.0 * dose + rng.normal(size=500)])
    >>> data = dag_gfn.from_array(rows, ["dose", "effect"])
    >>> posterior = dag_gfn.fit(data, required=[("dose", "effect")], progress=False)
    >>> dag_gfn.effects.total_effects(posterior, rng=0).mean.round(1).tolist()  # row → column
    [[0.0, 2.0], [0.0, 0.0]]
    """
    generator = np.random.default_rng(rng)
    drawn = linear_gaussian_networks(posterior, num_draws, generator)
    d = posterior.d
    mean = np.zeros((d, d))
    for parameters, graphs, weights in drawn.weighted():
        for part in chunks(len(graphs), d):
            mean += np.tensordot(weights[part], parameters.expected(graphs[part]).total_effects(), axes=1)
    samples = np.zeros((len(drawn.graphs), d, d))
    for parameters, draws in drawn.parts():
        samples[draws] = parameters.sample(drawn.graphs[draws], rng=generator).total_effects()
    return TotalEffects(
        names=posterior.names,
        samples=samples,
        graphs=drawn.graphs,
        mean=mean,
        probability_zero=no_path(posterior),
        in_standard_deviations=in_standard_deviations(posterior.info),
        oriented=posterior.oriented_pairs,
    )


def parent_adjustment(
    posterior: GraphPosterior,
    source: str,
    target: str,
    *,
    num_draws: int = 2000,
    rng: int | np.random.Generator,
) -> TotalEffect:
    """Return the effect by adjusting for the parents of `source`, an approximation to `total_effects`.

    In each drawn graph `target` is regressed on `source` and the parents of `source`, and the coefficient of
    `source` is drawn. It is 0 where `target` is a parent of `source`. Only the parents of `source` are used from the
    graph. So the result is more robust where other edges are wrong, and less precise where they are right. It is seldom
    exactly 0 where `target` does not descend from `source`.

    Parameters
    ----------
    posterior, num_draws, rng
        As for `total_effects`.
    source, target : str
        Names of columns.

    Raises
    ------
    OptionError
        If a column is unknown, the score has no such parameters, or the data have interventions: a regression misses
        the part of the effect that passes through a variable that was set.

    References
    ----------
    Maathuis, Kalisch and Bühlmann, "Estimating high-dimensional intervention effects from observational data",
    Annals of Statistics 37 (2009).

    Examples
    --------
    Age causes dose and effect; adjusting for it gives the effect of dose, 2:

    >>> import numpy as np
    >>> import dag_gfn
    >>> rng = np.random.default_rng(0)
    >>> age = rng.normal(size=500)
    >>> dose = age + rng.normal(size=500)
    >>> effect = 2.0 * dose + 3.0 * age + rng.normal(size=500)
    >>> data = dag_gfn.from_array(np.column_stack([age, dose, effect]), ["age", "dose", "effect"])
    >>> known = [("age", "dose"), ("dose", "effect"), ("age", "effect")]
    >>> posterior = dag_gfn.fit(data, required=known, progress=False)
    >>> round(dag_gfn.effects.parent_adjustment(posterior, "dose", "effect", rng=0).mean, 1)
    2.0
    """
    i, j = pair_index(posterior.names, source, target)
    generator = np.random.default_rng(rng)
    drawn = linear_gaussian_networks(posterior, num_draws, generator)
    if any(len(parameters.matrices) > 1 for parameters in drawn.parameters):
        raise OptionError("adjustment by parents needs data without interventions: use total_effects")
    regressors = drawn.graphs[:, :, i].copy()  # the causes of i
    adjusted = ~regressors[:, j]
    regressors[:, i] = True
    samples, expected = np.zeros(len(drawn.graphs)), np.zeros(len(drawn.graphs))
    for parameters, draws in drawn.parts():
        here = draws[adjusted[draws]]
        scale = parameters.scales[j] / parameters.scales[i]
        samples[here] = parameters.regressions(j, regressors[here], generator)[0][:, i] * scale
        expected[here] = parameters.regressions(j, regressors[here], None)[0][:, i] * scale
    return TotalEffect(
        names=posterior.names,
        source=source,
        target=target,
        samples=samples,
        graphs=drawn.graphs,
        mean=float(expected.mean()),
        probability_zero=float(no_path(posterior)[i, j]),
        in_standard_deviations=in_standard_deviations(posterior.info),
        oriented=posterior.oriented_pairs,
    )


def linear_gaussian_networks(
    posterior: GraphPosterior, num_draws: int, rng: np.random.Generator
) -> DrawnNetworks[LinearGaussianParameters]:
    """Return draws of graphs with their parameters' posterior, or raise OptionError if not all columns are numbers.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.effects.total_effect import linear_gaussian_networks
    >>> posterior = dag_gfn.fit(np.random.default_rng(0).normal(size=(100, 3)), progress=False)
    >>> linear_gaussian_networks(posterior, 5, np.random.default_rng(0)).parameters[0].d
    3
    """
    return drawn_networks(
        posterior,
        num_draws,
        rng,
        LinearGaussianParameters,
        "effects per unit of every column are for numbers alone: use interventional_distribution for categories "
        "(scores bdeu and bde), contrast_effect for mixed tables and groups (score block), dose_response and "
        "contrast_effect for curves (score additive)",
    )
