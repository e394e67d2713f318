"""Greedy equivalence search of causal-learn, on resampled rows."""

import importlib
import warnings

import numpy as np

from peers.resampling import frequencies
from peers.table import Drawn, Table, require

name = "GES, resampled (causal-learn)"
gives = "frequencies"


def installed() -> str | None:
    try:
        importlib.import_module("causallearn.search.ScoreBased.GES")
    except Exception as error:
        return f"needs causal-learn in the peers' Python: pip install causal-learn ({type(error).__name__}: {error})"
    return None


def _local(data: Table) -> tuple[str, dict]:
    """Return the name and the parameters of its local score."""
    if data.score == "bic" and not data.is_discrete:
        return "local_score_BIC", {"lambda_value": 0.5}
    require(data.score == "bdeu", f"causal-learn's GES has BIC of numbers and BDeu, not {data.score}")
    states = dict(enumerate(data.cardinalities.tolist()))
    return "local_score_BDeu", {
        "sample_prior": data.equivalent_sample_size,
        "structure_prior": (data.d - 1) / 2,  # parents are as probable as not: the uniform prior
        "r_i_map": states,
    }


def score_of(data: Table, dag: np.ndarray) -> float | None:
    module = importlib.import_module("causallearn.score.LocalScoreFunction")
    local, parameters = _local(data)
    score = getattr(module, local)
    if not data.is_discrete:  # without the constant of the likelihood
        parents = [np.flatnonzero(dag[:, j]).tolist() for j in range(data.d)]
        return float(sum(score(data.values, j, found, parameters) for j, found in enumerate(parents)))
    return float(
        sum(score(data.values, j, np.flatnonzero(dag[:, j]).tolist(), parameters) for j in range(data.d))
    )


def directed(marks: np.ndarray) -> np.ndarray:
    """Return causal-learn's matrix of marks as edges: i -> j has -1 in (i, j) and 1 in (j, i); i - j has -1 in both."""
    return (marks == -1) & ((marks.T == 1) | (marks.T == -1))


def run(data: Table, seconds: float, seed: int) -> Drawn:
    from causallearn.search.ScoreBased.GES import ges

    local, parameters = _local(data)

    def estimate(resampled: Table) -> np.ndarray:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return directed(ges(resampled.values, local, parameters=parameters)["G"].graph)

    return frequencies(estimate, data, seconds, seed)
