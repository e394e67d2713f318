"""Effects of numbers, categories and groups on each other: changes of means and of probabilities of levels."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float64

from dag_gfn.effects.column_positions import pair_index
from dag_gfn.effects.contrast_posterior import ContrastEffect
from dag_gfn.effects.contrasts import contrasts, settings
from dag_gfn.effects.curve_contrasts import curve_contrasts
from dag_gfn.effects.drawn_networks import drawn_networks
from dag_gfn.effects.graph_draws import no_path
from dag_gfn.errors import NotTractable
from dag_gfn.parameters import AdditiveParameters
from dag_gfn.parameters.block_gaussian import BlockGaussianBatch, BlockGaussianParameters
from dag_gfn.parameters.from_posterior import parameter_model
from dag_gfn.parameters.units import in_standard_deviations
from dag_gfn.posterior import GraphPosterior
from dag_gfn.posterior.features import chunks

_OTHERWISE = (
    "contrasts are for the scores 'block', 'copula' and 'additive': use total_effects for numbers, "
    "interventional_distribution for categories"
)


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
        return curve_contrasts(posterior, indices, references or {}, num_draws, generator)
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
