"""Hill climbing of pgmpy, on resampled rows."""

import importlib
import logging
import warnings

import numpy as np

from peers.resampling import frequencies
from peers.table import Drawn, Table, require

name = "hill climbing, resampled (pgmpy)"
gives = "frequencies"


def installed() -> str | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            importlib.import_module("pgmpy.estimators")
    except Exception as error:
        return f"needs pgmpy in the peers' Python: pip install pgmpy ({type(error).__name__}: {error})"
    return None


def structure_score(data: Table):
    """Return pgmpy's score of a table: BDeu, or BIC."""
    import pandas as pd
    from pgmpy.estimators import BIC, BDeu, BICGauss

    logging.getLogger("pgmpy").setLevel(logging.ERROR)
    names = [f"v{j}" for j in range(data.d)]
    if not data.is_discrete:
        require(data.score == "bic", f"pgmpy has BIC for numbers, not {data.score}")
        return BICGauss(pd.DataFrame(data.values, columns=names))
    frame = pd.DataFrame(data.values.astype(int).astype(str), columns=names)
    states = {
        column: [str(state) for state in range(number)]
        for column, number in zip(names, data.cardinalities.tolist(), strict=True)
    }
    if data.score == "bdeu":
        return BDeu(frame, equivalent_sample_size=data.equivalent_sample_size, state_names=states)
    return BIC(frame, state_names=states)


def score_of(data: Table, dag: np.ndarray) -> float | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        score = structure_score(data)
        return float(
            sum(
                score.local_score(f"v{j}", [f"v{i}" for i in np.flatnonzero(dag[:, j])])
                for j in range(data.d)
            )
        )


def adjacency(edges: list, d: int) -> np.ndarray:
    """Return edges between v0, v1, ... as a matrix."""
    found = np.zeros((d, d), dtype=bool)
    for source, target in edges:
        found[int(source[1:]), int(target[1:])] = True
    return found


def run(data: Table, seconds: float, seed: int) -> Drawn:
    from pgmpy.estimators import HillClimbSearch

    def estimate(resampled: Table) -> np.ndarray:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            score = structure_score(resampled)
            found = HillClimbSearch(score.data).estimate(scoring_method=score, show_progress=False)
        return adjacency(list(found.edges()), data.d)

    return frequencies(estimate, data, seconds, seed)
