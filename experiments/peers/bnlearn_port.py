"""Hill climbing on resampled rows by bnlearn-port, the C code of R's bnlearn behind Python (imported as pybnlearn)."""

import importlib

import numpy as np

from peers.resampling import frequencies
from peers.table import Drawn, Table

name = "bnlearn hill climbing, resampled (bnlearn-port)"
gives = "frequencies"


def installed() -> str | None:
    try:
        importlib.import_module("pybnlearn")
    except Exception as error:
        return f"needs bnlearn-port in the peers' Python: pip install bnlearn-port ({type(error).__name__}: {error})"
    return None


def _frame(data: Table):
    import pandas as pd

    names = [f"v{j}" for j in range(data.d)]
    if not data.is_discrete:
        return pd.DataFrame(data.values, columns=names)
    columns = {
        column: pd.Categorical.from_codes(codes.astype(int), [str(state) for state in range(states)])
        for column, codes, states in zip(names, data.values.T, data.cardinalities.tolist(), strict=True)
    }
    return pd.DataFrame(columns)


def _score(data: Table) -> dict:
    if data.score == "bge":
        return {"iss.mu": data.alpha_mu, "iss.w": data.alpha_w, "nu": np.zeros(data.d)}
    return {"iss": data.equivalent_sample_size} if data.score == "bdeu" else {}


def _type(data: Table) -> str:
    return {"bge": "bge", "bdeu": "bde", "bic": "bic" if data.is_discrete else "bic-g"}[data.score]


def score_of(data: Table, dag: np.ndarray) -> float | None:
    import pybnlearn
    from pybnlearn.structure import BayesianNetwork

    arcs = [(f"v{i}", f"v{j}") for i, j in np.argwhere(dag)]
    network = BayesianNetwork([f"v{j}" for j in range(data.d)], arcs)
    return float(pybnlearn.score(network, _frame(data), type=_type(data), **_score(data)))


def run(data: Table, seconds: float, seed: int) -> Drawn:
    import pybnlearn

    def estimate(resampled: Table) -> np.ndarray:
        return pybnlearn.hc(_frame(resampled), score=_type(data), **_score(data)).amat().astype(bool)

    return frequencies(estimate, data, seconds, seed)
