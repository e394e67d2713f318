"""The PC algorithm of causal-learn at level 0.05, on resampled rows: tests of independence, and no score."""

import warnings

import numpy as np

from peers import causal_learn_ges
from peers.resampling import frequencies
from peers.table import Drawn, Table

name = "PC, resampled (causal-learn)"
gives = "frequencies"
installed = causal_learn_ges.installed


def score_of(data: Table, dag: np.ndarray) -> float | None:
    return None


def run(data: Table, seconds: float, seed: int) -> Drawn:
    from causallearn.search.ConstraintBased.PC import pc

    test = "chisq" if data.is_discrete else "fisherz"

    def estimate(resampled: Table) -> np.ndarray:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = pc(resampled.values, 0.05, test, show_progress=False)
        marks = found.G.graph
        both = (marks == 1) & (marks.T == 1)  # two arrows: a link whose direction the tests dispute
        return causal_learn_ges.directed(marks) | both

    return frequencies(estimate, data, seconds, seed)
