"""Gadget: partition MCMC with candidate parents (Viinikka et al., NeurIPS 2020), as sumu 0.1.

That is the version on the package registry, and its chain does not sample what it scores: where it splits a layer, it
draws the nodes with replacement, and always one node of the first layer (`R_basic_move` in sumu/mcmc_moves.py), while
it accepts as if all splits were equally likely. Of five columns, 144,496 steps spent 81 % in a layering of probability
45 %, by scores of layerings that equal ours to 1e-12. More time does not mend that. Later versions are in the
repository Sums-of-Products/sumu alone, and have not been run here.
"""

import importlib
import time
from functools import partial

import numpy as np

from peers.table import Drawn, Table, require

name = "Gadget (sumu 0.1.2)"
gives = "posterior"
_DRAWS = 1000
_CANDIDATES = 15  # all parents up to 16 columns


def installed() -> str | None:
    try:
        sumu = importlib.import_module("sumu.gadget")
    except Exception as error:  # compiled parts may fail in many ways
        return f"needs sumu 0.1 in the peers' Python: pip install sumu ({type(error).__name__}: {error})"
    if not hasattr(sumu.Gadget, "_precompute_candidate_restricted_scoring"):
        return "needs sumu 0.1, another version is installed: pip install 'sumu<0.2'"
    return None


def _local_scores(data: Table):
    """Return sumu's data and local scores, with the prior that is asked for (its own is fair)."""
    from sumu.gadget import Data, LocalScore

    require(data.score in ("bge", "bdeu"), f"sumu scores by BGe and BDeu, not by {data.score}")
    if data.score == "bge":
        same = data.alpha_mu == 1.0 and data.alpha_w == data.d + 2
        require(same, "sumu's BGe has alpha_mu = 1 and alpha_w = d + 2")
        table = Data(np.ascontiguousarray(data.values), discrete=False)
    else:
        seen = [len(np.unique(column)) for column in data.values.T]
        require(seen == data.cardinalities.tolist(), "sumu counts the states that occur, and some do not")
        table = Data(np.ascontiguousarray(data.values.astype(np.int32)), discrete=True)

    class Scores(LocalScore):
        """sumu's scores; those of all families are asked for one by one, as its compiled loop for BDeu fails today."""

        def all_candidate_restricted_scores(self, C):
            if data.score == "bge":
                return super().all_candidate_restricted_scores(C)
            found = np.empty((len(C), 1 << C.shape[1]))
            for node, candidates in enumerate(C):
                for mask in range(found.shape[1]):
                    parents = candidates[[k for k in range(len(candidates)) if mask >> k & 1]]
                    found[node, mask] = self._local(node, parents)
            return found

    make = partial(Scores, prior="fair" if data.prior == "fair" else "none")
    return table, make, make(table, scoref=data.score, maxid=-1, ess=data.equivalent_sample_size)


def score_of(data: Table, dag: np.ndarray) -> float | None:
    _, _, local = _local_scores(data)
    return float(sum(local.local(v, np.flatnonzero(dag[:, v])) for v in range(data.d)))


def run(data: Table, seconds: float, seed: int) -> Drawn:
    from sumu import gadget

    start = time.monotonic()
    np.random.seed(seed)  # noqa: NPY002  # sumu draws from the old global generator
    table, make, _ = _local_scores(data)
    gadget.LocalScore = make
    number = min(_CANDIDATES, data.d - 1)
    chain = gadget.Gadget(
        data=table,
        scoref=data.score,
        ess=data.equivalent_sample_size,
        max_id=-1,
        K=number,
        d=2,
        cp_algo="top",
        mc3_chains=1,
        tolerance=2.0**-32,
    )
    if number == data.d - 1:
        chain.cp_algo = "all"
        gadget.candidate_parent_algorithm["all"] = lambda K, n, **_: {
            v: tuple(u for u in range(n) if u != v) for v in range(n)
        }
    for prepare in (
        chain._find_candidate_parents,
        chain._precompute_scores_for_all_candidate_psets,
        chain._precompute_candidate_restricted_scoring,
        chain._precompute_candidate_complement_scoring,
        chain._init_mcmc,
    ):
        prepare()
    layerings, steps = [], 0
    while not layerings or time.monotonic() - start < 0.9 * seconds:  # the rest is for drawing DAGs
        layerings.append(chain.mcmc.sample()[0])
        steps += 1
        if len(layerings) == 20 * _DRAWS:
            layerings = layerings[::2]
    kept = layerings[len(layerings) // 2 :]
    chosen = np.linspace(0, len(kept) - 1, min(_DRAWS, len(kept))).astype(int)
    chain.Rs = [kept[k] for k in chosen]
    dags, _ = chain._sample_dags()
    graphs = np.zeros((len(dags), data.d, data.d), dtype=bool)
    for graph, families in zip(graphs, dags, strict=True):
        for family in families:
            if len(family) == 2:
                graph[list(family[1]), family[0]] = True
    return Drawn.of_graphs(graphs, f"{steps} steps of one chain, half burn-in, {number} candidate parents")
