"""From data to a posterior over graphs: the one entry point of every method."""

import os
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np

from dag_gfn._version import __version__
from dag_gfn.budget import TimeBudget
from dag_gfn.data import (
    Dataset,
    data_doubts,
    data_warnings,
    from_array,
    from_frame,
    read_file,
    sufficient_statistics,
)
from dag_gfn.data.frames import is_frame
from dag_gfn.errors import DataError, DataWarning, NotConvergedWarning, NotTractable, OptionError, shortened
from dag_gfn.fitting import methods
from dag_gfn.fitting.methods import Run, TrainingOptions
from dag_gfn.memory import require_memory
from dag_gfn.posterior import GraphPosterior
from dag_gfn.posterior.verdict import judge_convergence
from dag_gfn.scores import (
    SPARSE_FAMILIES,
    Constraints,
    ScoreTable,
    chance_links,
    make_prior,
    make_score,
    sparse_doubts,
)

MAX_SEED = 2**63 - 1
MAX_ITERATIONS = 10**12
MAX_SECONDS = 10**9
"""Thirty years: clocks and counters hold no more than some thousand times that."""
UNLIKE_THE_MODEL = {
    "code": "unlike_the_model",
    "level": "mild",
    "verdict": "the data look in some way unlike what the score assumes (see the warnings)",
}
"""What a verdict says where there are warnings about the data that have no doubt of their own."""

Edges = Iterable[tuple[str, str] | list[str]]


def fit(
    data: Any,
    *,
    method: str = "auto",
    score: str | None = None,
    prior: str = "uniform",
    seed: int = 0,
    iterations: int | None = None,
    time_budget: float | int | None = None,
    num_samples: int = 20_000,
    environment: str | None = None,
    objective: str | None = None,
    behaviour: str = "off",
    policy: str = "mlp",
    backward: str | None = None,
    reweight: bool | None = None,
    objective_options: Mapping[str, Any] | None = None,
    train_options: Mapping[str, Any] | None = None,
    max_parents: int | None = None,
    required: Edges = (),
    forbidden: Edges = (),
    sparse_families: str = "drop",
    standardize: bool | None = None,
    device: str = "cpu",
    exact_check: bool | None = None,
    order_modular: bool = False,
    alpha_mu: float | int | None = None,
    alpha_w: float | int | None = None,
    mean_obs: float | int | np.ndarray | None = None,
    equivalent_sample_size: float | int | None = None,
    noise_variance: float | int | None = None,
    weight_variance: float | int | None = None,
    beta: float | int | None = None,
    edges_per_node: float | int | None = None,
    progress: bool | Callable = True,
    checkpoint: Path | None = None,
) -> GraphPosterior:
    """Return the posterior over causal DAGs that the data support.

    Parameters
    ----------
    data : Dataset, DataFrame (of pandas or polars), ndarray of shape (n, d), or path of a CSV file
    method : {"auto", "exact", "gflownet", "mcmc"}
        ``auto`` is exact where that is affordable and trains a GFlowNet beyond.
    score : {"bge", "bdeu", "bde", "bic", "linear_gaussian"}, optional
        Default ``bge`` for continuous, ``bdeu`` for discrete columns.
    prior : {"uniform", "edge", "erdos_renyi", "fair"}
        Prior over graphs; none is normalised. ``uniform``: every DAG alike. ``edge``: each edge multiplies the prior
        by ``beta``. ``erdos_renyi``: edges independent before graphs with cycles are excluded. ``fair``: each number
        of parents of a node alike before graphs with cycles are excluded. :func:`dag_gfn.scores.make_prior` tells what
        is left of that among DAGs.
    seed : int
        The same seed, iterations and number of threads give the same result, to the last digit.
    iterations : int, optional
        Gradient steps, or with ``mcmc`` steps of each chain; by default chosen from the number of columns.
    time_budget : float, optional
        Seconds for the whole fit. Without `iterations` they are used: training, or the chains, go on until the result
        has converged or only the time for draws is left. What comes after is cut to fit, with a note.
    num_samples : int
        Graphs to draw from a trained GFlowNet, or from the layerings that the chains visit.
    environment : {"edges", "layers"}, optional
        How the GFlowNet builds graphs: edge by edge, or as root layers with all parent sets summed out. By default
        ``layers``, which is by far the more accurate, but ``edges`` for what needs them: the objectives ``modified_db``
        and ``flow_matching``, and a learned backward policy.
    behaviour, policy : str
        What it learns from (``off``: exploration, replay, and with ``layers`` short Markov chains; ``on``: its own
        samples alone), and its network (``mlp``, or ``transformer``: attention among the columns, slower by far).
    reweight : bool, optional
        With ``layers``: draw graphs and correct them by their importance weights, or take them as they are. By default
        they are corrected where the weights can be relied on, and elsewhere pooled with layerings of Markov chains. Up
        to 5 columns the policy's own distribution over all graphs is known, and is the result unless this is True.
    objective : str, optional
        What training minimises, a name in ``dag_gfn.gflownet.objectives.OBJECTIVES``; by default
        ``subtrajectory_balance``, and with ``edges`` ``modified_db``.
    backward : {"uniform", "learned"}, optional
        Backward policy. By default uniform, but learned for wake-sleep and its reverse.
    objective_options, train_options : mapping, optional
        Fields of the objective (``{"control_variate": "running"}``) and of
        `dag_gfn.gflownet.training.config.TrainConfig` (``{"learning_rate": 1e-3}``) to set otherwise than by default.
    max_parents : int, optional
        Largest number of parents of a node.
    required, forbidden : iterable of (source, target)
        Edges that every graph has, or that none has.
    sparse_families : {"drop", "keep"}
        Of discrete columns: leave out parent sets whose contingency table has more cells than there are rows that
        count for the column, or keep them. Discrete scores give such families parents for nothing, so that unrelated
        columns are linked. No parents at all, and the required ones alone, are always allowed.
    standardize : bool, optional
        z-score continuous columns, since BGe's prior is not scale free; False takes them as they are. By default
        True, but for ``linear_gaussian``, whose noise variance is in the columns' units: these are only centred.
    device : str
        Where to train, as torch names it.
    exact_check : bool, optional
        Compare the result with the exact posterior. By default where that is quick.
    order_modular : bool
        With ``exact``: the posterior in which a graph counts once for each of its topological orders, which much
        literature uses and no other method here does; it favours graphs with many orders, and its evidence is a
        mean over orders. See :class:`dag_gfn.exact.order_modular.OrderModular`.
    alpha_mu, alpha_w, mean_obs : optional
        Hyperparameters of BGe.
    equivalent_sample_size : float, optional
        Of BDeu and BDe.
    noise_variance, weight_variance : float, optional
        Of the linear-Gaussian score.
    beta : float, optional
        Odds of an edge under the prior ``edge``.
    edges_per_node : float, optional
        Of the prior ``erdos_renyi``: sets the probability of a directed edge before graphs with cycles are excluded,
        2 · edges_per_node / (d - 1) but at most one half. It is not the mean number of edges per node over DAGs.
    progress : bool or callable
        True shows progress on stderr; a callable is given each `TrainingReport` (`ChainReport`) instead.
    checkpoint : Path, optional
        File to save training to now and then, and to continue from where it exists.

    Returns
    -------
    GraphPosterior
        Its ``info`` tells how it was made and how far to trust it.

    Raises
    ------
    DataError, OptionError, ConstraintError, NotTractable
        With a message that says what was expected, what came, and what to do.

    Warns
    -----
    DataWarning
        Where the data look unlike what the score assumes.
    NotConvergedWarning
        Where training was too short for the result to be relied on.
    """
    budget = TimeBudget(time_budget)
    dataset = _dataset(data)
    _check_options(
        method,
        environment,
        objective,
        behaviour,
        policy,
        backward,
        seed,
        num_samples,
        iterations,
        time_budget,
        sparse_families,
    )
    require_memory(
        "num_samples", num_samples, 4 * dataset.d * (dataset.d + 25)
    )  # graphs, their masks, packed bits
    if order_modular and method not in ("auto", "exact"):
        raise OptionError(
            f"order_modular (--order-modular) is an exact posterior, not one of '{method}': choose method='exact' "
            "(--method exact), or leave it out"
        )
    z_scored = dataset.standardize() if dataset.kind == "continuous" else dataset
    unlike = data_warnings(dataset)
    if standardize is None and score == "linear_gaussian" and dataset.kind == "continuous":
        dataset = dataset.center()
    elif standardize or standardize is None:
        dataset = z_scored
    constraints = Constraints.from_names(dataset.names, required, forbidden, max_parents)
    if dataset.kind == "discrete" and sparse_families == "drop":
        constraints = constraints.without_sparse_families(dataset)
    local_score = make_score(
        score,
        dataset,
        alpha_mu=alpha_mu,
        alpha_w=alpha_w,
        mean_obs=mean_obs,
        equivalent_sample_size=equivalent_sample_size,
        noise_variance=noise_variance,
        weight_variance=weight_variance,
    )
    table = ScoreTable.build(
        local_score, make_prior(prior, dataset.d, beta=beta, edges_per_node=edges_per_node), constraints
    )
    doubts = [*data_doubts(z_scored), *local_score.doubts()]
    told = [*(doubt.warning for doubt in doubts), *unlike]
    for message in told:
        warnings.warn(message, DataWarning, stacklevel=2)
    run = Run(table, seed, num_samples, iterations, budget, exact_check, progress, list(dataset.notes), told)
    if constraints.cell_limit is not None:
        run.note(constraints.cell_limit.describe(dataset.names))
    options = TrainingOptions(
        environment=environment,
        objective=objective,
        objective_options=objective_options,
        behaviour=behaviour,
        policy=policy,
        backward=backward,
        reweight=reweight,
        device=device,
        train_options=train_options,
        checkpoint=checkpoint,
    )
    chosen = run.affordable_method(order_modular) if method == "auto" else method
    if chosen != "gflownet" and options.chosen:  # before the work that a slip of the pen would waste
        options.check(table.d)
    if chosen == "exact":
        try:
            posterior = methods.exact(run, order_modular=order_modular, automatic=method == "auto")
            if method == "auto" and iterations is not None and not order_modular:
                run.note(
                    "the exact posterior is quick here, so nothing was trained: --method gflownet trains"
                )
        except NotTractable as error:
            if method != "auto" or order_modular:
                raise
            run.note(
                f"a GFlowNet takes the place of the exact posterior, and cannot be checked against it: {error}"
            )
            chosen, run.exact_check = "gflownet", False  # what has just been refused is not asked for again
    if chosen == "mcmc":
        posterior = methods.mcmc(run)
    elif chosen == "gflownet":
        options = options.completed()
        posterior = methods.gflownet(run, options)
    if chosen != "gflownet" and options.chosen:
        run.note(
            f"method '{chosen}' trains nothing and takes no notice of {', '.join(options.chosen)}: --method gflownet "
            "does"
        )
    sparse = sparse_doubts(posterior.graphs, posterior.weights, dataset, sparse_families)
    for doubt in sparse:
        warnings.warn(doubt.warning, DataWarning, stacklevel=2)
    # Common in short tables, and no more than the probabilities say: in the result, not a warning of Python's.
    doubts_of_result = [*sparse, *chance_links(posterior.marginal("linked").values, dataset)]
    doubts += doubts_of_result
    run.told += [doubt.warning for doubt in doubts_of_result]
    told_before = len(run.told)
    if chosen != "exact":
        run.told += judge_convergence(posterior.info, chosen)
    for message in run.told[told_before:]:
        warnings.warn(message, NotConvergedWarning, stacklevel=2)
    return replace(
        posterior,
        info={
            "method": chosen,
            "objective": None,
            **{
                name: getattr(options, name) if chosen == "gflownet" else None
                for name in ("environment", "behaviour", "policy")
            },
            "score": table.score,
            "score_options": table.score_options,
            "prior": table.prior,
            "prior_options": table.prior_options,
            "constraints": {
                **constraints.describe(dataset.names),
                "sparse_families": sparse_families if dataset.kind == "discrete" else None,
            },
            "n": dataset.n,
            "kind": dataset.kind,
            "standardized": dataset.is_standardized,
            "notes": run.notes,
            "seed": seed,
            "version": __version__,
            "interrupted": False,
            "order_modular": order_modular,
            "log_evidence_source": {"exact": "exact", "gflownet": "importance weights"}.get(chosen),
            "log_evidence_standard_error": 0.0 if chosen == "exact" else None,
            **posterior.info,
            "warnings": run.told,
            "doubts": [*(doubt.record() for doubt in doubts), *([UNLIKE_THE_MODEL] if unlike else [])],
            "timing": {
                "total_seconds": budget.elapsed(),
                "phases": budget.phases,
                **posterior.info.get("timing", {}),
            },
        },
        statistics=sufficient_statistics(dataset),
    )


def _dataset(data: Any) -> Dataset:
    if isinstance(data, Dataset):
        return data
    if is_frame(data):
        return from_frame(data)
    if isinstance(data, np.ndarray):
        return from_array(data)
    if isinstance(data, str | os.PathLike):
        return read_file(data)
    kind = f"{type(data).__module__.split('.')[0]}.{type(data).__name__}".removeprefix("builtins.")
    remedy = ": use .collect() first" if hasattr(data, "collect") else ""
    raise DataError(
        f"expected a Dataset, a DataFrame, an array or the path of a CSV file, not {kind}{remedy}"
    )


def _check_options(
    method: str,
    environment: str | None,
    objective: str | None,
    behaviour: str,
    policy: str,
    backward: str | None,
    seed: int,
    num_samples: int,
    iterations: int | None,
    time_budget: float | int | None,
    sparse_families: str,
) -> None:
    planned = {
        "method": (method, ("auto", "exact", "gflownet", "mcmc"), ("bootstrap",)),
        "environment": (environment or "layers", ("edges", "layers"), ()),
        "policy": (policy, ("mlp", "transformer"), ()),
        "behaviour": (behaviour, ("on", "off"), ()),
        "sparse_families": (sparse_families, SPARSE_FAMILIES, ()),
        "objective": (objective, (None,) if objective is None else _objectives(), ()),
        "backward policy": (backward or "uniform", ("uniform", "learned"), ()),
    }
    for option, (value, built, later) in planned.items():
        if value in later or value not in built:
            choice = f"the only one is {built[0]}" if len(built) == 1 else f"choose {', '.join(built)}"
            if value in later:
                raise OptionError(f"{option} '{value}' is planned but not built yet: {choice}")
            raise OptionError(f"unknown {option} '{value}': {choice}")
    for option, number in (("num_samples", num_samples), ("iterations", iterations)):
        if number is not None and not (isinstance(number, Integral) and number > 0):
            raise OptionError(
                f"{option} must be positive and whole (--{option.replace('_', '-')}), not {number}"
            )
    if iterations is not None and iterations > MAX_ITERATIONS:
        raise OptionError(
            f"iterations (--iterations) must be at most {MAX_ITERATIONS:,}, not {shortened(iterations)}"
        )
    if time_budget is not None and not 0 < time_budget <= MAX_SECONDS:
        raise OptionError(
            f"time_budget must be positive seconds (--time-budget), at most {MAX_SECONDS:,}, not {time_budget}: leave "
            "it out for none"
        )
    if not (isinstance(seed, Integral) and 0 <= seed < MAX_SEED):
        raise OptionError(f"seed (--seed) must be a whole number from 0 to {MAX_SEED - 1}, not {seed}")


def _objectives() -> tuple[str, ...]:
    from dag_gfn.gflownet.objectives import OBJECTIVES  # loads torch

    return tuple(OBJECTIVES)
