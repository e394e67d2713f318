"""The record of training of every GFlowNet, and its policy as a posterior."""

import numpy as np
from jaxtyping import Float64

from dag_gfn.exact.enumeration import enumerate_dags, graph_posterior
from dag_gfn.gflownet.sampling.importance import ImportanceEstimate
from dag_gfn.gflownet.training.config import TrainConfig
from dag_gfn.gflownet.training.report import TrainingResult
from dag_gfn.posterior import GraphPosterior
from dag_gfn.posterior.diagnostic_parts import Importance
from dag_gfn.posterior.evidence import known_evidence
from dag_gfn.posterior.method_result import TrainingRecord
from dag_gfn.scores import ScoreTable


def training_record(training: TrainingResult, config: TrainConfig) -> TrainingRecord:
    """Return the options of a training run, and its figures at some iterations.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 2)))
    >>> table = ScoreTable.build(make_score("bge", data))
    >>> from dag_gfn.gflownet.layers.fit import fit_layers
    >>> from dag_gfn.gflownet.request import FitRequest
    >>> from dag_gfn.gflownet.training.config import default_config, make_objective
    >>> config = default_config(2, environment="layers", iterations=2, behaviour="on")
    >>> fit = fit_layers(table, FitRequest(0, config, 10, make_objective("subtrajectory_balance")))
    >>> from dag_gfn.gflownet.record import training_record
    >>> training_record(fit.training, config).options["iterations"]
    2
    """
    return TrainingRecord(
        options={**vars(config), "exploration": vars(config.exploration)},
        history=[{"iteration": at.iteration, "loss": at.loss, **at.metrics} for at in training.history],
    )


def training_seconds(training: TrainingResult) -> dict[str, float | list[float]]:
    """Return the seconds of the whole training, and until each entry of its history.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 2)))
    >>> table = ScoreTable.build(make_score("bge", data))
    >>> from dag_gfn.gflownet.layers.fit import fit_layers
    >>> from dag_gfn.gflownet.request import FitRequest
    >>> from dag_gfn.gflownet.training.config import default_config, make_objective
    >>> config = default_config(2, environment="layers", iterations=2, behaviour="on")
    >>> fit = fit_layers(table, FitRequest(0, config, 10, make_objective("subtrajectory_balance")))
    >>> from dag_gfn.gflownet.record import training_seconds
    >>> sorted(training_seconds(fit.training))
    ['history_seconds', 'training_seconds']
    """
    return {
        "training_seconds": training.seconds,
        "history_seconds": [at.seconds for at in training.history],
    }


def importance_of(
    estimate: ImportanceEstimate, draws: int, *, log_z_upper: float | None = None
) -> Importance:
    """Return the diagnostics of importance weights; the evidence is None where the draws do not determine it.

    Examples
    --------
    >>> from dag_gfn.gflownet.record import importance_of
    >>> from dag_gfn.gflownet.sampling.importance import ImportanceEstimate
    >>> few = ImportanceEstimate(ess=0.01, log_z_lower=-4.0, log_z=-3.0, standard_error=0.9)
    >>> importance_of(few, 100).log_z is None  # worth one draw
    True
    """
    log_z, error = known_evidence(
        estimate.log_z, estimate.standard_error, effective_draws=estimate.ess * draws
    )
    return Importance(
        ess=estimate.ess,
        log_z=log_z,
        log_z_standard_error=error,
        log_z_lower=estimate.log_z_lower,
        log_z_upper=log_z_upper,
    )


def policy_posterior(
    table: ScoreTable,
    log_probabilities: Float64[np.ndarray, " m"],
    *,
    log_evidence: float | None = None,
    num_samples: int | None = None,
) -> GraphPosterior:
    """Return a policy's exact distribution over all DAGs as a posterior.

    Parameters
    ----------
    table : ScoreTable
    log_probabilities : ndarray, shape (m,), float64
        In the order of `enumerate_dags`.
    log_evidence : float, optional
    num_samples : int, optional
        Number of objects that were drawn as well, for the diagnostics.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 2)))
    >>> table = ScoreTable.build(make_score("bge", data))
    >>> from dag_gfn.gflownet.record import policy_posterior
    >>> policy_posterior(table, np.log(np.full(3, 1 / 3))).marginal("edge").values.round(2).tolist()
    [[0.0, 0.33], [0.33, 0.0]]
    """
    masks = enumerate_dags(table.d)
    log_scores = table.log_reward(masks.astype(np.int64))
    return graph_posterior(
        table.names,
        masks,
        log_probabilities,
        log_evidence=log_evidence,
        log_scores=log_scores,
        source="policy",
        info={} if num_samples is None else {"diagnostics": {"num_samples": num_samples}},
    )
