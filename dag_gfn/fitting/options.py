"""Every option of `fit`, declared once: keywords, flags, parameters, checks and records are made from here."""

# ruff: noqa: RUF009  # option() makes a field

from dataclasses import dataclass
from typing import Any

from dag_gfn.errors import OptionError
from dag_gfn.fitting.baseline_options import BootstrapOptions
from dag_gfn.fitting.knowledge_options import KnowledgeOptions
from dag_gfn.fitting.training_options import TrainingOptions
from dag_gfn.options import (
    NameOrObject,
    Numbers,
    OneOf,
    OptionGroup,
    number,
    numbers,
    one_of,
    option,
    positive_seconds,
    true_or_false,
    whole,
)

BASELINES = ("bootstrap", "structure_mcmc", "order_mcmc")
"""Methods that others compare with; ``auto`` never takes one."""
NOT_BY_SCORES = ("bootstrap", "order_mcmc")
"""Those whose graphs are not as probable as score and prior say."""
MAX_SEED = 2**63 - 2
MAX_ITERATIONS = 10**12
MAX_SECONDS = 10**9
"""Thirty years; clocks and counters can hold about a thousand times as much."""


@dataclass(frozen=True)
class MethodOptions(OptionGroup, panel="The method"):
    """The method, and the number of its draws.

    Examples
    --------
    >>> from dag_gfn.fitting.options import MethodOptions
    >>> MethodOptions(method="magic")
    Traceback (most recent call last):
    dag_gfn.errors.OptionError: unknown method 'magic': choose auto, exact, gflownet, mcmc, bootstrap, structure_mcmc, \
order_mcmc
    """

    method: str = option(
        "auto",
        "How the posterior is computed.",
        details="``auto`` is exact where that is affordable and trains a GFlowNet beyond. Baselines to "
        "compare with (docs/baselines.md): ``bootstrap``, which is no posterior, ``structure_mcmc``, chains that "
        "change one edge at a time, and ``order_mcmc``, chains over orders, whose prior counts a graph once for each "
        "of its orders.",
        check=one_of("auto", "exact", "gflownet", "mcmc", *BASELINES),
        first=True,
    )
    seed: int = option(
        0,
        "Same seed, iterations and threads: same result.",
        details="It is the same to the last digit.",
        check=whole(0, MAX_SEED),
        recorded=True,
    )
    num_samples: int = option(
        20_000,
        "Graphs to sample.",
        details="They are drawn from a trained GFlowNet, from the layerings that the chains visit, or from an exact "
        "posterior that does not hold all graphs. A GFlowNet over edges beyond 6 columns gives those that were moved "
        "(docs/method.md).",
        check=whole(1),
    )
    exact_check: bool | None = option(
        None,
        "Compare with the exact posterior; default where that is quick.",
        check=true_or_false,
        identity=False,
    )
    num_completed: int | None = option(
        None,
        "Where cells are missing: completed tables; default by columns.",
        details="Each has other draws of the cells that were not seen, and the method runs on each. The result is "
        "their weighted mean. By default 24 to 200 for exact posteriors, as many as are affordable, and 8 or 20 for "
        "chains and GFlowNets.",
        check=whole(1, 100_000),
    )
    n_jobs: int | None = option(
        None,
        "Completed tables to work on at a time; default all cores.",
        details="The result is the same for any number.",
        check=whole(1, 10_000),
        identity=False,
    )
    order_modular: bool = option(
        False,
        "With exact: count a graph once for each of its orders.",
        details="Much literature uses this posterior, and of the other methods ``order_mcmc`` alone. It favours graphs "
        "with many topological orders, and its evidence is a mean over orders. See "
        ":class:`dag_gfn.exact.order_modular.OrderModular`.",
        check=true_or_false,
        recorded=True,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.order_modular and self.method not in ("auto", "exact"):
            raise OptionError(
                f"order_modular (--order-modular) is an exact posterior, not one of '{self.method}': choose "
                "method='exact' (--method exact), or leave it out"
            )


@dataclass(frozen=True)
class DurationOptions(OptionGroup, panel="The method"):
    """How long the fit may take.

    Examples
    --------
    >>> from dag_gfn.fitting.options import DurationOptions
    >>> DurationOptions(iterations=0)
    Traceback (most recent call last):
    dag_gfn.errors.OptionError: iterations must be positive and whole (--iterations), not 0
    """

    iterations: int | None = option(
        None,
        "Gradient steps, or steps of a chain; default by columns.",
        check=whole(1, MAX_ITERATIONS),
    )
    time_budget: float | int | None = option(
        None,
        "Seconds for the whole fit; used until it has converged.",
        details="Without `iterations` they are used: training, or the chains, go on until the result has converged or "
        "only the time for draws is left. What comes after is cut to fit, with a note.",
        check=positive_seconds(MAX_SECONDS),
        first=True,
        identity=False,
    )


class _ScoreOrOneOf(OneOf):
    """A check that a value is one of some names, or a score, or makes one."""

    def __call__(self, name: str, value: Any) -> None:
        if not callable(value) and not hasattr(value, "local_scores"):
            super().__call__(name, value)


def score_or_one_of(*names: str) -> OneOf:
    """Return the check that a value is one of these names, a score or a callable that makes one.

    Examples
    --------
    >>> from dag_gfn.fitting.options import score_or_one_of
    >>> score_or_one_of("bge", "bic")("score", "bgw")
    Traceback (most recent call last):
    dag_gfn.errors.OptionError: unknown score 'bgw': choose bge, bic
    """
    return _ScoreOrOneOf(names)


@dataclass(frozen=True)
class ModelOptions(OptionGroup, panel="The model"):
    """What is modelled: score and prior.

    Examples
    --------
    >>> from dag_gfn.fitting.options import ModelOptions
    >>> ModelOptions(max_parents=3).score is None
    True
    """

    score: NameOrObject | None = option(
        None,
        "Score of a graph; default by the kinds of the columns.",
        check=score_or_one_of(
            "bge", "bdeu", "bde", "bic", "linear_gaussian", "block", "copula", "additive", "auto"
        ),
        details="By default ``bge`` for numbers, ``bdeu`` for categories, ``block`` for both, and ``copula`` where a "
        "column is ordinal; see :func:`dag_gfn.scores.score_for`. ``block`` is ``bge`` for nodes that own several "
        "columns: categories beside numbers, and groups. ``copula`` takes numbers and ordered categories for bent or "
        "coarse readings of normal variables; effects are then in normal scores. ``additive`` lets each number act "
        "through a curve. ``auto`` takes the score, and numbers as they are or their normal scores, that the data "
        "support best; see :func:`dag_gfn.compare_models`. In Python, also a score of your own: a subclass of "
        ":class:`dag_gfn.scores.LocalScore`, a function from the dataset to such a score, or a score "
        "(docs/own_score.md).",
    )
    average_models: bool = option(
        False,
        "With score auto: average over the models, not the best alone.",
        details="Each model weighs by its evidence. Effects are computed with the parameters of the best model.",
        check=true_or_false,
    )
    prior: str = option(
        "uniform",
        "Prior over graphs.",
        details="None is normalised. ``uniform``: every DAG has the same probability. ``edge``: each edge multiplies "
        "the prior by `beta`. ``erdos_renyi``: edges are independent before graphs with cycles are excluded. "
        "``fair``: each number of parents of a node has the same mass before graphs with cycles are excluded. "
        ":func:`dag_gfn.scores.make_prior` describes the priors restricted to DAGs.",
        check=one_of("uniform", "edge", "erdos_renyi", "fair"),
    )
    max_parents: int | None = option(
        None, "Largest number of parents of a node.", check=whole()
    )  # Constraints refuses what is negative
    sparse_families: str = option(
        "drop",
        "Discrete families with more table cells than rows.",
        details="``drop`` leaves out parent sets whose contingency table has more cells than there are rows that "
        "count for the column. Discrete scores give such families parents for nothing, so that unrelated columns are "
        "linked. No parents at all, and the required ones alone, are always allowed.",
        check=one_of("drop", "keep"),
    )
    standardize: bool | None = option(
        None,
        "z-score continuous columns; default, but for linear_gaussian.",
        details="BGe's prior is not scale free. False takes the columns as they are. The noise variance of "
        "``linear_gaussian`` is in the columns' units: by default these are only centred.",
        check=true_or_false,
    )
    margins: str | None = option(
        None,
        "Numbers as they are, or their normal scores; default as they are, but for additive.",
        details="``normal_scores`` puts the normal quantile of its rank in the place of each number, so that outliers, "
        "skewness and units of a column do not matter. Effects are then in normal scores: one is about a standard "
        "deviation of a normal column. Default ``as_is``, and ``normal_scores`` for the score ``additive``: on tables "
        "of known causes the directions that it finds are then right more often.",
        check=one_of("as_is", "normal_scores"),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.average_models and self.score != "auto":
            raise OptionError(
                "average_models (--average-models) averages over the models of score 'auto': choose score='auto' "
                "(--score auto), or leave it out"
            )


@dataclass(frozen=True)
class ScoreHyperparameters(OptionGroup, panel="Hyperparameters"):
    """Hyperparameters of the scores; what is None has the score's own default.

    Examples
    --------
    >>> from dag_gfn.fitting.options import ScoreHyperparameters
    >>> ScoreHyperparameters(alpha_mu=2.0).values()["alpha_mu"]
    2.0
    """

    alpha_mu: float | int | None = option(
        None,
        "Of bge, block, copula and additive: rows that the prior mean is worth; by default 1.",
        check=number,
    )
    alpha_w: float | int | None = option(
        None, "Of bge, block, copula and additive: degrees of freedom; by default columns + 2.", check=number
    )
    mean_obs: Numbers | None = option(
        None, "Of bge: prior mean, one or one for each column; by default 0.", check=numbers
    )
    equivalent_sample_size: float | int | None = option(
        None, "Of bdeu and bde: rows that the prior is worth; by default 1.", check=number
    )
    noise_variance: float | int | None = option(
        None, "Of linear_gaussian: variance of the noise; by default 0.1.", check=number
    )
    weight_variance: float | int | None = option(
        None, "Of linear_gaussian: prior variance of a weight; by default 1.", check=number
    )
    num_curves: int | None = option(
        None, "Of additive: curves of a column beside its straight line; by default 4.", check=whole(1)
    )
    curve_weight: float | int | None = option(
        None,
        "Of additive: how much of what curves say counts; by default 0.05.",
        details="1 takes the model at its word: noise is normal and of constant variance. With less, the evidence for "
        "curves is discounted, and so is the certainty of directions that rest on shape alone.",
        check=number,
    )
    line_probability: float | int | None = option(
        None,
        "Of additive: prior probability that the parents of a column act by straight lines; by default 0.5.",
        check=number,
    )


@dataclass(frozen=True)
class PriorHyperparameters(OptionGroup, panel="Hyperparameters"):
    """Hyperparameters of the priors over graphs; what is None has the prior's own default.

    Examples
    --------
    >>> from dag_gfn.fitting.options import PriorHyperparameters
    >>> PriorHyperparameters(beta=0.1).values()
    {'beta': 0.1, 'edges_per_node': None}
    """

    beta: float | int | None = option(
        None, "Of the prior edge: the odds of an edge; by default 0.5.", check=number
    )
    edges_per_node: float | int | None = option(
        None,
        "Of the prior erdos_renyi: sets the probability of an edge; by default 1.",
        details="The probability of a directed edge before graphs with cycles are excluded is 2 · edges_per_node / "
        "(d - 1), but at most one half. It is not the mean number of edges per node over DAGs.",
        check=number,
    )


@dataclass(frozen=True)
class FitOptions(OptionGroup):
    """Every option of `dag_gfn.fit`, by groups.

    Examples
    --------
    >>> from dag_gfn.fitting.options import FitOptions
    >>> chosen = FitOptions.from_keywords({"method": "mcmc", "policy": "mlp", "backward": "uniform"}, caller="fit")
    >>> chosen.method.method, chosen.unnoticed_by("mcmc")
    ('mcmc', ['backward'])
    """

    method: MethodOptions
    duration: DurationOptions
    model: ModelOptions
    knowledge: KnowledgeOptions
    score: ScoreHyperparameters
    prior: PriorHyperparameters
    bootstrap: BootstrapOptions
    training: TrainingOptions
