"""From data to a posterior over graphs: the one entry point of every method."""

import os
import time
import warnings
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dag_gfn import __version__
from dag_gfn.data import Dataset, data_warnings, from_array, from_frame, read_csv, sufficient_statistics
from dag_gfn.errors import DataError, DataWarning, NotConvergedWarning, NotTractable, OptionError
from dag_gfn.exact.best_dag import best_dag
from dag_gfn.exact.dag_dp import Estimate
from dag_gfn.exact.posterior import ORDER_MODULAR_BIAS, fit_estimate, fit_exact, fit_order_modular
from dag_gfn.exact.reference import (
    ExactReference,
    exact_reference,
    reference_bytes,
    reference_seconds,
)
from dag_gfn.mcmc.chains import ChainReport
from dag_gfn.mcmc.partition import layering_of
from dag_gfn.mcmc.posterior import CHAINS, fit_mcmc
from dag_gfn.metrics import (
    jensen_shannon_divergence,
    kl_divergence,
    max_error,
    pearson_r,
    rmse,
    total_variation,
)
from dag_gfn.posterior import GraphPosterior
from dag_gfn.progress import ShareProgress, TrainingProgress, announce
from dag_gfn.scores import Constraints, ScoreTable, make_prior, make_score
from dag_gfn.scores.score_table import MAX_COMPLETE_NODES

REFERENCE_MEMORY = 4_000_000_000
"""Bytes that an exact computation may take without being asked for."""
ANNOUNCED_SECONDS = 4.0
"""What is expected to take longer is said before it begins."""
DEFAULT_OBJECTIVE = "modified_db"
MAX_SEED = 2**63 - 1
MAX_EDGE_ERROR = 0.05
"""Largest edge error, by the exact check, with which a fit counts as converged."""
MIN_ESS = 0.1
"""Effective sample size, as a share of the samples, below which one counts as failed where no check can be had."""

Edges = Iterable[tuple[str, str] | list[str]]


def fit(
    data: Dataset | pd.DataFrame | np.ndarray | str | os.PathLike,
    *,
    method: str = "auto",
    score: str | None = None,
    prior: str = "uniform",
    seed: int = 0,
    iterations: int | None = None,
    time_budget: float | int | None = None,
    num_samples: int = 20_000,
    environment: str = "edges",
    objective: str = DEFAULT_OBJECTIVE,
    behaviour: str = "off",
    policy: str = "mlp",
    backward: str | None = None,
    objective_options: Mapping[str, Any] | None = None,
    train_options: Mapping[str, Any] | None = None,
    max_parents: int | None = None,
    required: Edges = (),
    forbidden: Edges = (),
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
    data : Dataset, DataFrame, ndarray of shape (n, d), or path of a CSV file
    method : {"auto", "exact", "gflownet", "mcmc"}
        ``auto`` is exact where that is affordable and trains a GFlowNet beyond.
    score : {"bge", "bdeu", "bde", "bic", "linear_gaussian"}, optional
        Default ``bge`` for continuous, ``bdeu`` for discrete columns.
    prior : {"uniform", "edge", "erdos_renyi", "fair"}
        Prior over graphs.
    seed : int
        The same seed, iterations and number of threads give the same result, to the last digit.
    iterations : int, optional
        Gradient steps, or with ``mcmc`` steps of each chain; by default chosen from the number of columns.
    time_budget : float, optional
        Seconds after which training, or the chains, end in any case.
    num_samples : int
        Graphs to draw from a trained GFlowNet, or from the layerings that the chains visit.
    environment, objective, behaviour, policy : str
        How the GFlowNet builds graphs (``edges``), what it minimises (a name in
        ``dag_gfn.objectives.OBJECTIVES``), what it learns from (``off``: exploration and replay; ``on``: its own
        samples alone), and its network (``mlp``).
    backward : {"uniform", "learned"}, optional
        Backward policy. By default uniform, but learned for wake-sleep and its reverse.
    objective_options, train_options : mapping, optional
        Fields of the objective (``{"control_variate": "running"}``) and of `dag_gfn.training.TrainConfig`
        (``{"learning_rate": 1e-3}``) to set otherwise than by default.
    max_parents : int, optional
        Largest number of parents of a node.
    required, forbidden : iterable of (source, target)
        Edges that every graph has, or that none has.
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
        Of the prior ``erdos_renyi``.
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
    dataset = _dataset(data)
    _check_options(
        method, environment, objective, behaviour, policy, backward, seed, num_samples, iterations, time_budget
    )
    if order_modular and method not in ("auto", "exact"):
        raise OptionError(
            f"order_modular (--order-modular) is an exact posterior, not one of '{method}': choose method='exact' "
            "(--method exact), or leave it out"
        )
    z_scored = dataset.standardize() if dataset.kind == "continuous" else dataset
    told = data_warnings(z_scored)
    if standardize is None and score == "linear_gaussian" and dataset.kind == "continuous":
        dataset = dataset.center()
    elif standardize or standardize is None:
        dataset = z_scored
    table = ScoreTable.build(
        make_score(
            score,
            dataset,
            alpha_mu=alpha_mu,
            alpha_w=alpha_w,
            mean_obs=mean_obs,
            equivalent_sample_size=equivalent_sample_size,
            noise_variance=noise_variance,
            weight_variance=weight_variance,
        ),
        make_prior(prior, dataset.d, beta=beta, edges_per_node=edges_per_node),
        Constraints.from_names(dataset.names, required, forbidden, max_parents),
    )
    for message in told:
        warnings.warn(message, DataWarning, stacklevel=2)
    notes, shown = list(dataset.notes), progress is True

    def note(text: str) -> None:
        notes.append(text)
        announce(text, shown=shown)

    needed = fit_estimate(dataset.d, num_samples, order_modular=order_modular)
    automatic = method == "auto" and not order_modular
    if method == "auto":
        limit = 60.0 if time_budget is None else time_budget
        within_limits = needed.seconds <= limit and _affordable(table, limit)
        method = "exact" if order_modular or within_limits else "gflownet"
        if method == "gflownet":
            announce(
                f"a GFlowNet is trained, since the exact posterior of {dataset.d} columns would take {needed}, beyond "
                f"the {limit:g} seconds, {REFERENCE_MEMORY / 1e9:g} GB or {MAX_COMPLETE_NODES} columns that auto "
                "allows it",
                shown=shown,
            )
        elif iterations is not None and not order_modular:
            note("the exact posterior is quick here, so nothing was trained: --method gflownet trains")
    if order_modular:
        told.append(ORDER_MODULAR_BIAS)
    started = time.perf_counter()
    posterior, refused = None, False
    if method == "exact":
        if needed.seconds > ANNOUNCED_SECONDS and table.is_complete and needed.bytes <= REFERENCE_MEMORY:
            chosen = ", which auto chose as affordable," if automatic else ""
            announce(f"the exact posterior of {dataset.d} columns{chosen} takes {needed}", shown=shown)
        try:
            with ShareProgress(shown=shown) as on_share:
                posterior = (fit_order_modular if order_modular else fit_exact)(
                    table,
                    num_samples=num_samples,
                    rng=np.random.default_rng(seed),
                    memory_limit=REFERENCE_MEMORY,
                    progress=on_share,
                )
        except NotTractable as error:
            if not automatic:
                raise
            method, refused = "gflownet", True
            note(f"a GFlowNet takes the place of the exact posterior, and cannot be checked against it: {error}")
    info = {
        "method": method,
        "environment": environment if method == "gflownet" else None,
        "objective": objective if method == "gflownet" else None,
        "behaviour": behaviour if method == "gflownet" else None,
        "policy": policy if method == "gflownet" else None,
        "backward": backward if method == "gflownet" else None,
        "score": table.score,
        "score_options": table.score_options,
        "prior": table.prior,
        "prior_options": table.prior_options,
        "constraints": table.constraints.describe(dataset.names),
        "n": dataset.n,
        "kind": dataset.kind,
        "standardized": dataset.is_standardized,
        "notes": notes,
        "seed": seed,
        "version": __version__,
        "interrupted": False,
        "order_modular": order_modular,
        "log_evidence_source": {"exact": "exact", "gflownet": "importance weights"}.get(method),
        "warnings": list(told),
    }
    if method == "mcmc":
        reference = _reference(table, exact_check, time_budget, shown=shown)
        posterior = _fit_mcmc(table, seed, num_samples, iterations, time_budget, progress)
        if reference is not None:
            posterior.info["exact_check"] = exact_comparison(posterior, reference)
        told += _judge_convergence(posterior.info, method)
    if posterior is None:
        # imports torch, which nothing else needs
        from dag_gfn.gflownet import default_config, fit_gflownet, make_objective

        made = make_objective(objective, objective_options)
        config = default_config(
            dataset.d,
            objective=objective,
            behaviour=behaviour,
            iterations=iterations,
            time_budget=time_budget,
            options=train_options,
        )
        # what the recursion has just refused is not asked of it again
        reference = None if refused else _reference(table, exact_check, time_budget, shown=shown)
        with TrainingProgress() if progress is True else nullcontext(progress or None) as on_report:
            result = fit_gflownet(
                table,
                seed=seed,
                config=config,
                num_samples=num_samples,
                objective=made,
                policy=policy,
                backward=backward,
                device=device,
                judge=_judge(reference),
                on_report=on_report,
                checkpoint=checkpoint,
            )
        posterior = result.posterior(table, config)
        if reference is not None:
            posterior.info["exact_check"] = exact_comparison(posterior, reference, result.log_probabilities)
        told += _judge_convergence(posterior.info, method)
    for message in told[len(info["warnings"]) :]:
        warnings.warn(message, NotConvergedWarning, stacklevel=2)
    timing = {"total_seconds": time.perf_counter() - started, **posterior.info.get("timing", {})}
    return replace(
        posterior,
        info={**info, **posterior.info, "warnings": told, "timing": timing},
        statistics=sufficient_statistics(dataset),
    )


def _dataset(data: Dataset | pd.DataFrame | np.ndarray | str | os.PathLike) -> Dataset:
    if isinstance(data, Dataset):
        return data
    if isinstance(data, pd.DataFrame):
        return from_frame(data)
    if isinstance(data, np.ndarray):
        return from_array(data)
    if isinstance(data, str | os.PathLike):
        return read_csv(data)
    raise DataError(
        f"expected a Dataset, a DataFrame, an array or the path of a CSV file, not {type(data).__name__}"
    )


def _fit_mcmc(
    table: ScoreTable,
    seed: int,
    num_samples: int,
    iterations: int | None,
    time_budget: float | int | None,
    progress: bool | Callable,
) -> GraphPosterior:
    """Return the posterior by chains of which half begin at a best DAG: where modes are narrow, both kinds differ."""
    starts = [layering_of(best_dag(table).adjacency)] * (CHAINS // 2) if table.is_complete else []
    with ShareProgress(shown=progress is True) as on_share:

        def on_report(report: ChainReport) -> None:
            by_clock = 0.0 if time_budget is None else report.seconds / time_budget
            share = max(report.iteration / report.planned_iterations, by_clock)
            on_share("sampling root layerings", min(share, 1.0))

        return fit_mcmc(
            table,
            seed=seed,
            num_samples=num_samples,
            iterations=iterations,
            time_budget=time_budget,
            starts=starts,
            on_report=progress if callable(progress) else on_report,
        )


def _check_options(
    method: str,
    environment: str,
    objective: str,
    behaviour: str,
    policy: str,
    backward: str | None,
    seed: int,
    num_samples: int,
    iterations: int | None,
    time_budget: float | int | None,
) -> None:
    planned = {
        "method": (method, ("auto", "exact", "gflownet", "mcmc"), ("bootstrap",)),
        "environment": (environment, ("edges",), ("layers",)),
        "policy": (policy, ("mlp",), ("transformer",)),
        "behaviour": (behaviour, ("on", "off"), ()),
        "objective": (objective, _objectives(objective), ()),
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
    if time_budget is not None and not time_budget > 0:
        raise OptionError(f"time_budget must be positive seconds (--time-budget), not {time_budget}")
    if not (isinstance(seed, Integral) and 0 <= seed < MAX_SEED):
        raise OptionError(f"seed (--seed) must be a whole number from 0 to {MAX_SEED - 1}, not {seed}")


def _objectives(wanted: str) -> tuple[str, ...]:
    """Return the names of the objectives; where nobody asked for another, without loading torch for it."""
    if wanted == DEFAULT_OBJECTIVE:
        return (DEFAULT_OBJECTIVE,)
    from dag_gfn.objectives import OBJECTIVES

    return tuple(OBJECTIVES)


def _affordable(table: ScoreTable, seconds: float | int) -> bool:
    """Return whether the exact posterior can be had in this time and in memory."""
    return (
        table.is_complete
        and reference_seconds(table.d) <= seconds
        and reference_bytes(table.d) <= REFERENCE_MEMORY
    )


def _reference(
    table: ScoreTable, exact_check: bool | None, time_budget: float | int | None, *, shown: bool
) -> ExactReference | None:
    """Return the exact posterior to check against: when asked for, or else when it is quick."""
    if exact_check is False:
        return None
    if exact_check is None and not _affordable(table, max(10.0, 0.2 * (time_budget or 0.0))):
        return None
    needed = Estimate(reference_seconds(table.d), reference_bytes(table.d))
    if table.is_complete and needed.seconds > ANNOUNCED_SECONDS:
        announce(f"the exact probabilities to check against take {needed}", shown=shown)
    try:
        with ShareProgress(shown=shown) as on_share:
            return exact_reference(table, progress=lambda share: on_share("exact check", share))
    except NotTractable:  # double precision does not suffice: a check that nobody asked for fails no fit
        if exact_check:
            raise
        return None


def _judge(reference: ExactReference | None) -> Callable[[np.ndarray], dict[str, float]] | None:
    """Return what tells, during training, the divergence of a distribution over all DAGs from the exact one."""
    if reference is None or reference.log_probabilities is None:
        return None
    exact = np.exp(reference.log_probabilities)
    return lambda log_probabilities: {"jsd": jensen_shannon_divergence(np.exp(log_probabilities), exact)}


def exact_comparison(
    posterior: GraphPosterior,
    reference: ExactReference,
    log_probabilities: np.ndarray | None = None,
) -> dict[str, float]:
    """Return how far a posterior is from the exact one.

    Parameters
    ----------
    posterior : GraphPosterior
    reference : ExactReference
    log_probabilities : ndarray, shape (m,), float64, optional
        The method's own distribution over all DAGs, in the order of ``reference.masks``; then divergences
        in nats between the distributions are returned too.
    """
    check: dict[str, float] = {}
    if log_probabilities is not None and reference.log_probabilities is not None:
        own, exact = np.exp(log_probabilities), np.exp(reference.log_probabilities)
        check["jsd"] = jensen_shannon_divergence(own, exact)
        check["tv"] = total_variation(own, exact)
        check["kl"] = kl_divergence(exact, own)
    for feature, exact in reference.features.items():
        own = posterior.marginal(feature).values
        check[f"{feature}_rmse"] = rmse(own, exact)
        check[f"{feature}_max_error"] = max_error(own, exact)
        check[f"{feature}_pearson_r"] = pearson_r(own, exact)
    check["log_evidence"] = reference.log_evidence
    if posterior.log_evidence is not None:
        check["log_evidence_gap"] = posterior.log_evidence - reference.log_evidence
    return check


def _judge_convergence(info: dict[str, Any], method: str) -> list[str]:
    """Note in ``diagnostics`` whether the fit can be relied on; if not, return why and what to do."""
    diagnostics = info["diagnostics"]
    if "exact_check" in info:
        error = info["exact_check"]["edge_max_error"]
        diagnostics["converged"] = bool(error <= MAX_EDGE_ERROR)
        why = f"an edge probability is {error:.2f} away from the exact one"
    elif method == "mcmc":
        diagnostics["converged"] = diagnostics["chains_agree"]
        r_hat = diagnostics["max_r_hat"]  # None where infinite, which JSON does not hold
        why = (
            f"R-hat over the chains is {'not finite' if r_hat is None else f'up to {r_hat:.3g}'}, and they are worth "
            f"{diagnostics['min_effective_draws']:.0f} independent draws"
        )
    else:
        # few effective samples prove a bad fit; many do not prove a good one, since a lost mode has no samples
        diagnostics["converged"] = False if diagnostics["ess"] < MIN_ESS else None
        why = f"the effective sample size is {diagnostics['ess']:.1%} of the samples"
    if diagnostics["converged"] is not False:
        return []
    done = diagnostics["iterations"]
    subject, remedy = ("MCMC", "Run") if method == "mcmc" else ("the GFlowNet", "Train")
    advice = "use the exact posterior (method='exact', --method exact)"
    if "exact_check" not in info:  # or nobody could have it
        advice = "compare fits with several seeds before relying on it"
    return [
        f"{subject} has not converged after {done:,} iterations: {why}. "
        f"{remedy} longer (iterations, --iterations, say {4 * done}), or {advice}"
    ]
