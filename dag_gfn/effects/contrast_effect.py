"""Effects of numbers, categories and groups on each other: changes of means and of probabilities of levels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float64

from dag_gfn.effects.column_positions import pair_index
from dag_gfn.effects.contrasts import Contrast, contrasts, settings
from dag_gfn.effects.draw_summaries import central_interval, spread
from dag_gfn.effects.drawn_networks import drawn_networks
from dag_gfn.effects.graph_draws import equivalence_classes, no_path
from dag_gfn.effects.simulated_settings import (
    Question,
    additive_parameters,
    node_settings,
    outcomes_of,
    require_no_group,
    simulated_outcomes,
)
from dag_gfn.effects.thresholds import Share, Signs, share_above, share_below, signs
from dag_gfn.errors import NotTractable
from dag_gfn.graphs import graph
from dag_gfn.parameters import AdditiveParameters
from dag_gfn.parameters.block_gaussian import BlockGaussianBatch, BlockGaussianParameters
from dag_gfn.parameters.from_posterior import parameter_model
from dag_gfn.parameters.node_columns import Feature
from dag_gfn.parameters.units import in_standard_deviations
from dag_gfn.posterior import GraphPosterior
from dag_gfn.posterior.features import chunks

_OTHERWISE = (
    "contrasts are for the scores 'block' and 'additive', where columns are categories and numbers: use total_effects for numbers, "
    "interventional_distribution for categories"
)
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
                told.append(
                    f"at {self.source} = {setting} the linear approximation gives {self.outcomes[worst]} the "
                    f"probability {expected[worst]:.2f}, which cannot be: do not rely on changes of "
                    "probability that far out"
                )
        return told


def contrast_effect(
    posterior: GraphPosterior,
    source: str,
    target: str,
    *,
    reference: str | None = None,
    num_draws: int = 2000,
    rng: int | np.random.Generator,
) -> ContrastEffect:
    """Return the posterior of the effect of one variable on another, numbers, categories or groups.

    Parameters
    ----------
    posterior : GraphPosterior
        Of the score ``block``, ``copula`` or ``additive``. Where causes act through curves, a number is raised from its
        25 % to its 75 % quantile, and `dose_response` has the whole curve.
    source, target : str
        Names of nodes.
    reference : str, optional
        The level of the source that others are compared with; the most frequent by default.
    num_draws : int
    rng : int or numpy.random.Generator
        Seed or generator.

    Raises
    ------
    OptionError
        If a name or level is unknown, the score has no such parameters, or the columns of a group follow from each
        other.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> import dag_gfn
    >>> rng = np.random.default_rng(0)
    >>> dose = rng.normal(size=500)
    >>> table = pd.DataFrame({"dose": dose, "well": np.where(dose + rng.normal(size=500) > 0, "yes", "no")})
    >>> posterior = dag_gfn.fit(table, required=[("dose", "well")], progress=False)
    >>> effect = dag_gfn.effects.contrast_effect(posterior, "dose", "well", rng=0)
    >>> print(effect.summary()[["change", "outcome", "mean"]].round(2).to_string())
                                          change     outcome  mean
    0                       dose one unit higher   well = no -0.29
    1                       dose one unit higher  well = yes  0.29
    2  dose one standard deviation (1.01) higher   well = no -0.29
    3  dose one standard deviation (1.01) higher  well = yes  0.29
    """
    (found,) = contrast_effects(
        posterior,
        [(source, target)],
        references={} if reference is None else {source: reference},
        num_draws=num_draws,
        rng=rng,
    )
    return found


def contrast_effects(
    posterior: GraphPosterior,
    pairs: Sequence[tuple[str, str]],
    *,
    references: Mapping[str, str] | None = None,
    num_draws: int = 2000,
    rng: int | np.random.Generator,
) -> list[ContrastEffect]:
    r"""Return the posteriors of the effects of many pairs, from the same draws.

    In the design columns z the model is linear, so :math:`E[z_j \mid do(z_i = v)] = E[z_j] + (v - E[z_i]) T_{ij}` with
    the block :math:`T_{ij}` of :math:`(I - B)^{-1}`. The levels of a category are points of its block, and a linear map
    of :math:`z_j` gives the means of numbers and the probabilities of levels.

    Parameters
    ----------
    posterior, num_draws, rng
        As for `contrast_effect`.
    pairs : sequence of (str, str)
        Source and target of each, names of nodes.
    references : mapping from str to str, optional
        Reference levels of sources.

    Raises
    ------
    OptionError
        As for `contrast_effect`.
    NotTractable
        If effects in the columns' units are too large for double precision.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> import dag_gfn
    >>> rng = np.random.default_rng(0)
    >>> drug = rng.random(500) < 0.5
    >>> table = pd.DataFrame({"drug": np.where(drug, "yes", "no"), "pain": -3.0 * drug + rng.normal(size=500)})
    >>> posterior = dag_gfn.fit(table, required=[("drug", "pain")], progress=False)
    >>> effects = dag_gfn.effects.contrast_effects(posterior, [("drug", "pain"), ("pain", "drug")], rng=0)
    >>> [effect.probability_zero for effect in effects]
    [0.0, 1.0]
    """
    indices = [pair_index(posterior.names, source, target) for source, target in pairs]
    generator = np.random.default_rng(rng)
    if parameter_model(posterior) is AdditiveParameters:
        return _with_curves(posterior, indices, references or {}, num_draws, generator)
    drawn = drawn_networks(posterior, num_draws, generator, BlockGaussianParameters, _OTHERWISE)
    without_units = in_standard_deviations(posterior.info)
    unit = "standard deviation" if without_units else "unit"
    references = references or {}

    def plans(parameters: BlockGaussianParameters) -> list[_Plan]:
        return [_Plan(parameters, i, j, references.get(posterior.names[i]), unit) for i, j in indices]

    first = plans(drawn.parameters[0])
    samples = [np.zeros((len(drawn.graphs), *plan.shape)) for plan in first]
    for of_table, draws in drawn.parts():
        of_pairs = plans(of_table)
        for part in chunks(len(draws), of_table.num_columns):
            networks = of_table.sample(drawn.graphs[draws[part]], rng=generator)
            for plan, values in zip(of_pairs, samples, strict=True):
                values[draws[part]] = plan.changes(networks)
    means = [np.zeros(plan.shape) for plan in first]
    expected = [np.zeros((len(plan.settings), plan.shape[1])) for plan in first]
    for of_table, graphs, weights in drawn.weighted():
        of_pairs = plans(of_table)
        for part in chunks(len(graphs), of_table.num_columns):
            networks = of_table.expected(graphs[part])
            for plan, mean, at_settings in zip(of_pairs, means, expected, strict=True):
                mean += np.tensordot(weights[part], plan.changes(networks), axes=1)
                at_settings += np.tensordot(weights[part], plan.outcomes_at(networks), axes=1)
    if not all(np.isfinite(values).all() for values in (*samples, *means, *expected)):
        raise NotTractable(
            "effects in the columns' units are too large for double precision: divide the columns by powers of ten "
            "first"
        )
    zero = no_path(posterior)
    return [
        ContrastEffect(
            names=posterior.names,
            source=posterior.names[plan.source],
            target=posterior.names[plan.target],
            contrasts=tuple(plan.contrasts),
            outcomes=plan.outcomes,
            samples=values,
            graphs=drawn.graphs,
            mean=mean,
            probability_zero=float(zero[plan.source, plan.target]),
            settings=tuple(setting.name for setting in plan.settings),
            expected=at_settings,
            in_standard_deviations=without_units,
            oriented=posterior.oriented_pairs,
        )
        for plan, values, mean, at_settings in zip(first, samples, means, expected, strict=True)
    ]


def _with_curves(
    posterior: GraphPosterior,
    indices: list[tuple[int, int]],
    references: Mapping[str, str],
    num_draws: int,
    rng: np.random.Generator,
) -> list[ContrastEffect]:
    """Return effects where causes act through curves: differences between settings of simulated networks."""
    parameters, names = additive_parameters(posterior), posterior.names
    for _, j in indices:
        require_no_group(parameters, j)
    sources = list(dict.fromkeys(i for i, _ in indices))
    settings_of = {i: node_settings(parameters, i, reference=references.get(names[i])) for i in sources}
    targets_of = {i: tuple(dict.fromkeys(j for source, j in indices if source == i)) for i in sources}
    questions = [Question((i,), settings_of[i].points, targets_of[i]) for i in sources]
    graphs, found = simulated_outcomes(posterior, questions, num_draws=num_draws, rng=rng)
    zero, effects = no_path(posterior), []
    for i, j in indices:
        at, outcomes = settings_of[i], found[sources.index(i)][targets_of[i].index(j)]
        samples = np.stack([outcomes[:, to] - outcomes[:, start] for start, to in at.pairs], axis=1)
        effects.append(
            ContrastEffect(
                names=names,
                source=names[i],
                target=names[j],
                contrasts=at.contrasts,
                outcomes=outcomes_of(parameters, j),
                samples=samples,
                graphs=graphs,
                mean=samples.mean(axis=0),
                probability_zero=float(zero[i, j]),
                settings=at.names,
                expected=outcomes.mean(axis=0),
                oriented=posterior.oriented_pairs,
                rise=at.rise,
            )
        )
    return effects


class _Plan:
    """What is computed for one pair: steps of the source, and the map from the design of the target to outcomes."""

    def __init__(
        self, parameters: BlockGaussianParameters, source: int, target: int, reference: str | None, unit: str
    ):
        columns = parameters.columns
        self.source, self.target = source, target
        self.own, self.there = columns.design_columns(source), columns.design_columns(target)
        categories = any(columns.features[f].level is not None for f in columns.features_of(target))
        self.contrasts = contrasts(
            parameters, source, reference=reference, with_spread=categories and unit == "unit", unit=unit
        )
        self.settings = settings(parameters, source)
        self.steps = np.stack([contrast.step for contrast in self.contrasts])
        features = columns.features_of(target)
        self.outcomes = tuple(columns.features[f] for f in features)
        self.map = columns.feature_map[self.there, features] * columns.scales[features]
        self.offsets = columns.offsets[features] + columns.scales[features] * columns.feature_means[features]
        self.shape = (len(self.contrasts), len(features))

    def changes(self, networks: BlockGaussianBatch) -> Float64[np.ndarray, "k c o"]:
        """Return the changes of the outcomes in each network."""
        return self.steps @ networks.path_sums[:, self.own, self.there] @ self.map

    def outcomes_at(self, networks: BlockGaussianBatch) -> Float64[np.ndarray, "k s o"]:
        """Return the expected outcomes at each setting in each network."""
        if not self.settings:
            return np.zeros((len(networks.intercepts), 0, self.shape[1]))
        means = networks.means()
        away = np.stack([setting.point for setting in self.settings]) - means[:, None, self.own]
        reached = means[:, None, self.there] + away @ networks.path_sums[:, self.own, self.there]
        return self.offsets + reached @ self.map
