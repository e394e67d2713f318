"""What every trained GFlowNet records of its training, and the posterior that its policy is."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float64

from dag_gfn.exact.enumeration import enumerate_dags, graph_posterior
from dag_gfn.gflownet.sampling.importance import ImportanceEstimate
from dag_gfn.gflownet.training.config import TrainConfig
from dag_gfn.gflownet.training.loop import TrainingResult
from dag_gfn.posterior import GraphPosterior
from dag_gfn.posterior.evidence import known_evidence
from dag_gfn.scores import ScoreTable


def training_info(
    training: TrainingResult, config: TrainConfig, importance: ImportanceEstimate, draws: int
) -> dict[str, Any]:
    """Return what every trained posterior records: how it was trained, and what the weights of its draws say."""
    log_z, error = known_evidence(
        importance.log_z, importance.standard_error, effective_draws=importance.ess * draws
    )
    return {
        "interrupted": training.interrupted,
        "diagnostics": {
            "iterations": training.iterations,
            "cut_short_by_time_budget": training.cut_short,
            "ess": importance.ess,
            "log_z": log_z,
            "log_z_standard_error": error,
            "log_z_lower": importance.log_z_lower,
            "log_z_upper": None,  # needs draws from the true posterior
        },
        "training": {
            "options": {**vars(config), "exploration": vars(config.exploration)},
            "history": [
                {"iteration": at.iteration, "loss": at.loss, **at.metrics} for at in training.history
            ],
        },
        "timing": {
            "training_seconds": training.seconds,
            "history_seconds": [at.seconds for at in training.history],
        },
    }


def policy_posterior(
    table: ScoreTable, log_probabilities: Float64[np.ndarray, " m"], info: Mapping[str, Any]
) -> GraphPosterior:
    """Return a policy's exact distribution over all DAGs, in the order of `enumerate_dags`, as a posterior."""
    masks = enumerate_dags(table.d)
    log_scores = table.log_reward(masks.astype(np.int64))
    return graph_posterior(
        table.names, masks, log_probabilities, log_scores=log_scores, source="policy", info=info
    )
