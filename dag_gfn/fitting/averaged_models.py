r"""The posterior averaged over models, each by its evidence.

.. math:: P(f \mid D) = \sum_m P(m \mid D)\, P(f \mid D, m), \qquad P(m \mid D) \propto p(D \mid m),

all models equally probable before the data (Hoeting et al., "Bayesian model averaging: a tutorial", Statistical
Science 14 (1999)).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float64

from dag_gfn.fitting.methods import Run
from dag_gfn.fitting.mixture_graphs import MixtureScores, most_probable
from dag_gfn.fitting.options import FitOptions
from dag_gfn.fitting.prepare import Prepared
from dag_gfn.fitting.training_options import TrainingOptions
from dag_gfn.graphs import graph
from dag_gfn.posterior import GraphPosterior, Marginal
from dag_gfn.posterior.evidence import Evidence
from dag_gfn.posterior.method_result import MethodResult, Search
from dag_gfn.posterior.verdict import judge

LEAST_WEIGHT = 0.001
"""Models of a smaller probability are left out of an average."""
_STARTS = 50  # of the draws, for the search for the most probable graphs

MethodOf = Callable[[Run, FitOptions], tuple[str, TrainingOptions | None, MethodResult]]
"""Runs the method that was chosen on the table of a run."""


@dataclass(frozen=True, eq=False)
class WeightedModel:
    """A model of an average.

    Attributes
    ----------
    label : str
    chosen : FitOptions
    prepared : Prepared
    weight : float
        Its probability; those of all models sum to one.

    Examples
    --------
    See `fit_averaged`.
    """

    label: str
    chosen: FitOptions
    prepared: Prepared
    weight: float


def fit_averaged(
    run: Run, models: Sequence[WeightedModel], method_of: MethodOf
) -> tuple[str, TrainingOptions | None, MethodResult]:
    """Return the average of the posteriors of models, with the method and the training of the most probable one.

    Parameters
    ----------
    run : Run
        Of the most probable model.
    models : sequence of WeightedModel
        The most probable first.
    method_of : callable

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> x = np.random.default_rng(0).normal(size=(30, 2))
    >>> data = dag_gfn.from_array(np.round(np.column_stack([x[:, 0], x.sum(1)])) > 0, discrete="all")
    >>> posterior = dag_gfn.fit(data, score="auto", average_models=True, progress=False)
    >>> len(posterior.info["model_choice"]["averaged"])  # sample sizes of BDeu
    5
    """
    found = []
    for index, model in enumerate(models):
        own = replace(
            run,
            table=model.prepared.table,
            budget=run.budget.part(of_left=1.0 / (len(models) - index)),
            exact_check=run.exact_check if index == 0 else False,
            ranks_classes=len(models) == 1,
        )
        found.append(method_of(own, model.chosen))
    results = [result for _, _, result in found]
    weights = np.array([model.weight for model in models])
    worst = min(range(len(results)), key=lambda k: (_rank(results[k]), -weights[k]))
    method, training, first = found[0]
    posterior, search = _mixed(run, models, results, weights)
    return (
        method,
        training,
        replace(
            first,
            posterior=posterior,
            diagnostics=results[worst].diagnostics,
            evidence=Evidence(),
            interrupted=any(result.interrupted for result in results),
            best_graph=None,
            exact_check=None,
            exact_edges=None,
            raw_edges=None,
            search=search,
            settings={**first.settings, "normalized_scores": True} if search else dict(first.settings),
        ),
    )


def _rank(result: MethodResult) -> int:
    converged = judge(result.diagnostics, None, result.evidence).converged
    return {False: 0, None: 1, True: 2}[converged]


def _mixed(
    run: Run, models: Sequence[WeightedModel], results: list[MethodResult], weights: Float64[np.ndarray, " m"]
) -> tuple[GraphPosterior, Search | None]:
    """Return the mixture of posteriors, and the search for its most probable graphs where scores are known."""
    posteriors = [result.posterior for result in results]
    marginals = {name: _marginal(name, posteriors, weights) for name in ("edge", "path")}
    graphs = np.concatenate([posterior.graphs for posterior in posteriors])
    log_weights = np.concatenate(
        [p.log_weights + np.log(weight) for p, weight in zip(posteriors, weights, strict=True)]
    )
    every = all(posterior.covers_all_dags for posterior in posteriors)
    evidence = [result.evidence.log_z for result in results]
    scores, best, search = None, None, None
    if None not in evidence:
        log_z = np.array(evidence, dtype=np.float64)
        mixture = MixtureScores([model.prepared.table for model in models], np.log(weights), log_z)
        scores = mixture.log_probability(graph.parent_masks(graphs))
        starts = [p.best_graphs[:1] for p in posteriors if len(p.best_graphs)]
        starts.append(graphs[np.argsort(-scores, kind="stable")[:_STARTS]])
        adjacency, log_probability, _ = most_probable(
            mixture, np.concatenate(starts), budget=run.budget.part()
        )
        best, search = (adjacency, log_probability), Search(len(adjacency), proven=False)
    worths = [p.effective_samples for p in posteriors]
    inverse = sum(w * w / worth for w, worth in zip(weights, worths, strict=True) if worth)
    mixed = GraphPosterior.from_weights(
        posteriors[0].names,
        graphs,
        log_weights,
        scores,
        num_samples=sum(p.record.num_samples or 0 for p in posteriors) or None,
        effective_samples=1.0 / inverse if inverse > 0 else None,
        marginals=marginals,
        info={"all_dags": True} if every else None,
    )
    if best is not None and not every:
        mixed = replace(mixed, best_graphs=best[0], best_log_scores=best[1])
    return mixed, search


def _marginal(name: str, posteriors: list[GraphPosterior], weights: Float64[np.ndarray, " m"]) -> Marginal:
    each = [posterior.marginal(name) for posterior in posteriors]
    values = np.clip(np.tensordot(weights, np.stack([m.values for m in each]), axes=1), 0.0, 1.0)
    sources = {m.source for m in each}
    if sources == {"exact"}:
        return Marginal(values, "exact")
    errors = np.nan_to_num(np.stack([m.errors() for m in each]))
    source = each[0].source if len(sources) == 1 else "rao_blackwell"
    return Marginal(values, source, np.sqrt(np.tensordot(weights**2, errors**2, axes=1)))
