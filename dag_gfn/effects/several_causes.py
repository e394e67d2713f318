"""The effect of setting several variables at once, averaged over graphs and parameters.

While variables are set, their own causes do not act on them: the edges into them are cut. Each then has a direct effect
along the paths that do not pass through another one that is set.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import final

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float64

from dag_gfn.effects.column_positions import node_index
from dag_gfn.effects.contrasts import contrasts
from dag_gfn.effects.curve_contrasts import several_curves
from dag_gfn.effects.draw_summaries import spread
from dag_gfn.effects.drawn_networks import drawn_networks
from dag_gfn.effects.thresholds import Share, share_error
from dag_gfn.effects.total_effect import linear_gaussian_networks
from dag_gfn.effects.variable_elimination import Factor, elimination_order, sum_product
from dag_gfn.errors import NotTractable, OptionError
from dag_gfn.graphs import graph
from dag_gfn.parameters import (
    AdditiveParameters,
    BlockGaussianBatch,
    BlockGaussianParameters,
    DiscreteParameters,
    LinearGaussianBatch,
)
from dag_gfn.parameters.from_posterior import parameter_model
from dag_gfn.parameters.units import in_standard_deviations
from dag_gfn.posterior import GraphPosterior
from dag_gfn.posterior.features import chunks

MAX_SETTINGS = 200
"""Combinations of states that several categories are set to, at most."""
MAX_CELLS = 1 << 22
"""Largest product of probability tables, in cells."""


@final
@dataclass(frozen=True, eq=False)
class SeveralCauses:
    """Posterior of what setting several variables at once does to another.

    Attributes
    ----------
    names : tuple of str, length d
    sources : tuple of str
    target : str
    settings : tuple of str
        What is set: a change of one variable while the others are held, or of all; of categories alone, the states that
        they are set to.
    outcomes : tuple of str
        The target, or each of its states.
    samples : ndarray, shape (k, s, o), float64
        Changes of means and probabilities; of categories alone, the probabilities themselves.
    are_probabilities : bool
        Whether `samples` are probabilities rather than changes.
    graphs : ndarray, shape (k, d, d), bool
        The graph of every draw; entry (s, i, j) is True for i → j (row → column).
    in_standard_deviations : bool
        Whether numbers have no units, since ranks were scored.

    Examples
    --------
    See `several_causes`.
    """

    names: tuple[str, ...]
    sources: tuple[str, ...]
    target: str
    settings: tuple[str, ...]
    outcomes: tuple[str, ...]
    samples: Float64[np.ndarray, "k s o"]
    are_probabilities: bool
    graphs: Bool[np.ndarray, "k d d"]
    in_standard_deviations: bool = False

    def summary(self) -> pd.DataFrame:
        """Return a row for each setting and outcome: setting, outcome, mean, 5%, 50%, 95%."""
        return pd.DataFrame(
            [
                {"setting": setting, "outcome": outcome, **spread(self.samples[:, s, o])}
                for s, setting in enumerate(self.settings)
                for o, outcome in enumerate(self.outcomes)
            ]
        )

    @property
    def probability_zero(self) -> float:
        """The share of the draws in which the target descends from none of the sources."""
        path = graph.path_matrix(self.graphs)
        sources = [self.names.index(source) for source in self.sources]
        return float(1.0 - path[:, sources, self.names.index(self.target)].any(axis=1).mean())

    def probability_above(self, threshold: float | int, setting: int = 0, outcome: int = 0) -> Share:
        """Return the share of the draws in which one figure is above a number, with its Monte-Carlo error."""
        hits = int((self.samples[:, setting, outcome] > threshold).sum())
        return Share(hits / len(self.samples), share_error(hits, len(self.samples)))

    def probability_below(self, threshold: float | int, setting: int = 0, outcome: int = 0) -> Share:
        """Return the share of the draws in which one figure is below a number, with its Monte-Carlo error."""
        hits = int((self.samples[:, setting, outcome] < threshold).sum())
        return Share(hits / len(self.samples), share_error(hits, len(self.samples)))


def several_causes(
    posterior: GraphPosterior,
    sources: Sequence[str],
    target: str,
    *,
    num_draws: int = 2000,
    rng: int | np.random.Generator,
) -> SeveralCauses:
    """Return the posterior of what setting several variables at once does to another.

    Parameters
    ----------
    posterior : GraphPosterior
        Of a score that has parameters (all but ``bic``).
    sources : sequence of str
        Two or more variables.
    target : str
        Another one.
    num_draws : int
        Draws of graph and parameters.
    rng : int or numpy.random.Generator
        Seed or generator.

    Raises
    ------
    OptionError
        If a name is unknown or occurs twice, or the score has no parameters.
    NotTractable
        If categories have too many combinations of states.

    Examples
    --------
    Age acts on pain directly and through dose. With dose held, only the direct effect, about 3, is left:

    >>> import numpy as np
    >>> import dag_gfn
    >>> rng = np.random.default_rng(0)
    >>> age = rng.normal(size=500)
    >>> dose = age + rng.normal(size=500)
    >>> rows = np.column_stack([age, dose, 3.0 * age + 2.0 * dose + rng.normal(size=500)])
    >>> data = dag_gfn.from_array(rows, ["age", "dose", "pain"])
    >>> known = [("age", "dose"), ("age", "pain"), ("dose", "pain")]
    >>> posterior = dag_gfn.fit(data, required=known, progress=False)
    >>> effect = dag_gfn.effects.several_causes(posterior, ["age", "dose"], "pain", num_draws=200, rng=0)
    >>> print(effect.summary()[["setting", "mean"]].round(1).to_string())
                              setting  mean
    0  age one unit higher, dose held   3.1
    1  dose one unit higher, age held   2.0
    2             all one unit higher   5.0
    """
    names = posterior.names
    nodes = [node_index(names, name) for name in (*sources, target)]
    if len(nodes) < 3:
        raise OptionError("name at least two variables to set; total_effects is for one")
    if len(set(nodes)) < len(nodes):
        raise OptionError("the variables that are set and the one that is looked at must all be different")
    generator = np.random.default_rng(rng)
    model = parameter_model(posterior)
    compute = _linear
    if model is BlockGaussianParameters:
        compute = _block
    elif model is DiscreteParameters:
        compute = _discrete
    elif model is AdditiveParameters:
        compute = several_curves
    settings, outcomes, samples, graphs = compute(posterior, nodes[:-1], nodes[-1], num_draws, generator)
    return SeveralCauses(
        names=names,
        sources=tuple(sources),
        target=target,
        settings=tuple(settings),
        outcomes=tuple(outcomes),
        samples=samples,
        are_probabilities=model is DiscreteParameters,
        graphs=graphs,
        in_standard_deviations=in_standard_deviations(posterior.info),
    )


_Found = tuple[list[str], list[str], np.ndarray, np.ndarray]
"""Settings, outcomes, samples and graphs."""


def _linear(
    posterior: GraphPosterior, sources: list[int], target: int, num_draws: int, rng: np.random.Generator
) -> _Found:
    drawn = linear_gaussian_networks(posterior, num_draws, rng)
    changes = np.zeros((num_draws, len(sources)))
    for parameters, draws in drawn.parts():
        networks = parameters.sample(drawn.graphs[draws], rng=rng)
        coefficients = networks.coefficients.copy()
        coefficients[:, :, sources] = 0.0
        cut = LinearGaussianBatch(coefficients, networks.intercepts, networks.noise_variances)
        changes[draws] = cut.total_effects()[:, sources, target]
    unit = "standard deviation" if in_standard_deviations(posterior.info) else "unit"
    names = [posterior.names[i] for i in sources]
    settings = [f"{name} one {unit} higher, {_held(names, name)} held" for name in names]
    samples = np.concatenate([changes, changes.sum(axis=1, keepdims=True)], axis=1)
    return [*settings, f"all one {unit} higher"], [posterior.names[target]], samples[:, :, None], drawn.graphs


def _held(names: list[str], changed: str) -> str:
    return " and ".join(name for name in names if name != changed)


def _block(
    posterior: GraphPosterior, sources: list[int], target: int, num_draws: int, rng: np.random.Generator
) -> _Found:
    drawn = drawn_networks(posterior, num_draws, rng, BlockGaussianParameters, "use another score")
    names = [posterior.names[i] for i in sources]
    unit = "standard deviation" if in_standard_deviations(posterior.info) else "unit"
    columns = drawn.parameters[0].columns
    settings = [
        f"{contrast}, {_held(names, posterior.names[i])} held"
        for i in sources
        for contrast in contrasts(drawn.parameters[0], i, unit=unit)
    ]
    features = columns.features_of(target)
    samples = np.zeros((num_draws, len(settings), len(features)))
    for parameters, draws in drawn.parts():
        own = parameters.columns
        there = own.design_columns(target)
        scale = own.feature_map[there, features] * own.scales[features]
        steps = [(i, np.stack([c.step for c in contrasts(parameters, i, unit=unit)])) for i in sources]
        for part in chunks(len(draws), parameters.num_columns):
            networks = parameters.sample(drawn.graphs[draws[part]], rng=rng)
            coefficients, without = networks.coefficients.copy(), networks.graphs.copy()
            for i in sources:
                coefficients[:, :, own.design_columns(i)] = 0.0
                without[:, :, i] = False
            cut = BlockGaussianBatch(
                networks.widths, without, coefficients, networks.intercepts, networks.noise_covariances
            )
            paths = cut.path_sums
            samples[draws[part]] = np.concatenate(
                [step @ paths[:, own.design_columns(i), there] @ scale for i, step in steps], axis=1
            )
    return settings, [str(columns.features[f]) for f in features], samples, drawn.graphs


def _discrete(
    posterior: GraphPosterior, sources: list[int], target: int, num_draws: int, rng: np.random.Generator
) -> _Found:
    drawn = drawn_networks(posterior, num_draws, rng, DiscreteParameters, "use another score")
    states = drawn.parameters[0].states
    shape = (*(len(states[i]) for i in sources), len(states[target]))
    combinations = math.prod(shape[:-1])
    if combinations > MAX_SETTINGS:
        raise NotTractable(
            f"the variables have {combinations:,} combinations of states, more than {MAX_SETTINGS}: set fewer at once"
        )
    settings = [
        ", ".join(f"{posterior.names[i]} = {state}" for i, state in zip(sources, combination, strict=True))
        for combination in product(*(states[i] for i in sources))
    ]
    samples = np.zeros((num_draws, *shape))
    for parameters, draws in drawn.parts():
        for adjacency, here in _by_graph(drawn.graphs, draws, sources, target):
            samples[here] = _sums(parameters, adjacency, sources, target, len(here), rng)
    outcomes = [f"{posterior.names[target]} = {state}" for state in states[target]]
    return settings, outcomes, samples.reshape(num_draws, combinations, -1), drawn.graphs


def _by_graph(
    graphs: Bool[np.ndarray, "k d d"], draws: np.ndarray, sources: list[int], target: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield what matters of the graphs, the edges among causes of the target with those into sources cut; its draws."""
    cut = graphs[draws].copy()
    cut[:, :, sources] = False
    cut &= graph.transitive_closure(cut)[:, None, :, target]  # no edges into what does not act on the target
    first, group = graph.distinct(cut)
    for number, k in enumerate(first):
        yield cut[k], draws[group == number]


def _sums(
    parameters: DiscreteParameters,
    adjacency: Bool[np.ndarray, "d d"],
    sources: list[int],
    target: int,
    count: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return draws of P(target | do(sources)), shape (count, states of each source ..., states of the target)."""
    acts = graph.transitive_closure(adjacency)[:, target]
    nodes = [v for v in np.flatnonzero(acts).tolist() if v not in sources]
    scopes = {v: (v, *np.flatnonzero(adjacency[:, v]).tolist()) for v in nodes}
    kept = (*sources, target)
    order, cells = elimination_order(list(scopes.values()), kept, parameters.cardinalities)
    if cells > MAX_CELLS:
        raise NotTractable(
            f"the sum over the other variables needs {cells:,} cells, more than {MAX_CELLS:,}: set fewer at once, or "
            "fit with fewer parents (--max-parents)"
        )
    shape = (*(parameters.cardinalities[i] for i in sources), parameters.cardinalities[target])
    found = np.empty((count, *shape))
    step = max(1, MAX_CELLS // cells)
    for start in range(0, count, step):
        size = min(step, count - start)
        factors = [
            Factor(scope, parameters.family(v, scope[1:]).sample(size, rng)) for v, scope in scopes.items()
        ]
        found[start : start + size] = sum_product(factors, order, kept)
    return found
