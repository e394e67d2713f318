"""Draws from the prior that a chain's sweeps must leave as they are (Geweke, JASA 99, 2004).

Graph, parameters and rows come from the prior. Some cells are then hidden, and a chain that begins at this very state
makes a few sweeps. Given what is seen its state is a draw from the posterior, so that afterwards graph and rows still
have the distribution of the prior. Functions of both are compared before and after: independent pairs, in which all
errors of a sweep add up.
"""

import numpy as np
from prior_draws import all_dags, draw_rows

from dag_gfn.completion.gaussian_cells import GaussianCells, RankColumn
from dag_gfn.completion.gaussian_chain import GaussianChain
from dag_gfn.completion.graph_draws import MovedGraphs
from dag_gfn.completion.normal_wishart import NormalWishartPrior
from dag_gfn.scores import Constraints, make_prior

ROWS = 12
CASES = (
    "saturated",
    "saturated ranks",
    "numbers",
    "ranks",
    "blocks",
    "interventions",
    "moves",
    "moves and ranks",
)


class EnumeratedGraphs:
    """Exact draws by the scores of all DAGs."""

    def __init__(self, prior):
        self.prior, self.dags, self.probabilities = prior, None, None

    def first(self, scores):
        self.dags = all_dags(scores.layout.d)
        return self.dags[0].copy()

    def draw(self, scores, parents, *, rng):
        nodes = np.tile(np.arange(self.dags.shape[1]), len(self.dags))
        log_r = scores.local_scores(nodes, self.dags.reshape(-1)).reshape(self.dags.shape)
        log_prior = self.prior.log_prior(nodes, self.dags.reshape(-1)).reshape(self.dags.shape)
        log_r = (log_r + log_prior).sum(axis=1)
        weights = np.exp(log_r - log_r.max())
        self.probabilities = weights / weights.sum()
        return self.dags[rng.choice(len(self.dags), p=self.probabilities)].copy()


def differences(case, pairs, sweeps, rng):
    """Return functions of the state after the sweeps minus those before, shape (pairs, functions)."""
    nodes = [[0], [1, 3], [2]] if case == "blocks" else [[0], [1], [2]]
    num_columns = sum(map(len, nodes))
    prior, constraints = make_prior("edge", 3, beta=0.5), Constraints.none(3)
    graphs = MovedGraphs(prior, constraints, proposals=15) if "moves" in case else EnumeratedGraphs(prior)
    dags = all_dags(3)
    weights = 0.5 ** np.array([sum(int(mask).bit_count() for mask in dag) for dag in dags])
    hidden = np.zeros((ROWS, num_columns), dtype=bool)
    hidden[[0, 0, 1, 2, 4], [0, 1, 1, 2, 0]] = hidden[3] = True
    set_to = None
    if case == "interventions":
        set_to = np.full((ROWS, 3), np.nan)
        set_to[[0, 1, 2, 3, 3], [0, 0, 1, 2, 0]] = [1.5, -2.0, 2.0, -1.0, 1.0]
        hidden[:] = False
        hidden[[0, 0, 1, 2, 3], [1, 2, 2, 0, 1]] = hidden[4] = True
    found = []
    for _ in range(pairs):
        dag = dags[rng.choice(len(dags), p=weights / weights.sum())]
        saturated = "saturated" in case
        dag = np.array([0b000, 0b001, 0b011]) if saturated else dag
        rows = draw_rows(nodes, dag, ROWS, rng, set_to=set_to)
        ranks = []
        if "ranks" in case:
            ranks = [
                RankColumn(c, _levels(rows[:, c], sizes, hidden[:, c]))
                for c, sizes in ((0, (6, 3)), (1, (3, 4, 2)))
            ]
        seen = np.where(hidden, np.nan, rows)
        cells = GaussianCells(seen, nodes, ranks, intervened=None if set_to is None else ~np.isnan(set_to))
        chain = GaussianChain(
            cells, NormalWishartPrior.of(num_columns), None if saturated else graphs, rng=rng
        )
        chain.values[:] = rows
        if not saturated:
            chain.parents = dag.copy()
        before = _functions(rows, dag)
        for _ in range(sweeps):
            chain.sweep()
        found.append(_functions(chain.values, dag if saturated else chain.parents) - before)
    return np.array(found)


def largest_z(found):
    """Return the largest z-score of the mean differences; functions that never differ do not count."""
    spread = found.std(axis=0)
    varying = spread > 0
    assert varying.sum() > 20
    return abs(found.mean(axis=0)[varying] / spread[varying]).max() * np.sqrt(len(found))


def _levels(values, sizes, hidden):
    """Return the levels that the order of the values gives to the cells that are not hidden; `sizes` are fixed."""
    levels, seen = np.full(len(values), -1), np.flatnonzero(~hidden)
    levels[seen[np.argsort(values[seen])]] = np.repeat(np.arange(len(sizes)), sizes)
    return levels


def _functions(values, dag):
    """Return bounded functions of a graph and a table: the prior of the covariance has heavy tails."""
    d = len(dag)
    arrows = np.array([[dag[j] >> i & 1 for j in range(d)] for i in range(d)])
    linked = (arrows + arrows.T)[np.triu_indices(d, 1)]
    scatter = np.cov(values.T, bias=True)
    spread = np.diag(scatter)
    correlations = (scatter / np.sqrt(np.outer(spread, spread)))[np.triu_indices(len(spread), 1)]
    # of the first column of each node, by pairs of nodes
    squares = (scatter[:d, :d] ** 2 / np.outer(spread[:d], spread[:d]))[np.triu_indices(d, 1)]
    drawn = np.tanh(values[[0, 1, 3, 3, 3], [1, 2, 0, 1, 2]] ** 2)
    sums = [arrows.sum(), squares.sum(), np.tanh(np.log(spread)).sum(), drawn.sum(), linked @ squares]
    sums += [(linked - 0.5) @ (squares - 0.4), arrows.sum() * squares.sum(), np.tanh(values).sum()]
    signs = [np.tanh(values[0, 0]) * np.tanh(values[0, 1]), np.tanh(values[1, 1] * values[1, 2])]
    parts = [
        arrows.ravel(),
        drawn,
        np.tanh(np.log(spread)),
        np.tanh(values[:4]).ravel(),
        correlations,
        squares,
    ]
    return np.concatenate([*map(np.asarray, parts), linked * squares, sums, signs]).astype(float)
