"""Greedy equivalence search of pgmpy, on resampled rows."""

import warnings

import numpy as np

from peers import pgmpy_hill_climb
from peers.resampling import frequencies
from peers.table import Drawn, Table

name = "GES, resampled (pgmpy)"
gives = "frequencies"
installed = pgmpy_hill_climb.installed
score_of = pgmpy_hill_climb.score_of


def run(data: Table, seconds: float, seed: int) -> Drawn:
    from pgmpy.estimators import GES

    def estimate(resampled: Table) -> np.ndarray:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            score = pgmpy_hill_climb.structure_score(resampled)
            found = GES(score.data).estimate(scoring_method=score)
        both = [*found.undirected_edges, *((b, a) for a, b in found.undirected_edges)]
        return pgmpy_hill_climb.adjacency([*found.directed_edges, *both], data.d)

    return frequencies(estimate, data, seconds, seed)
