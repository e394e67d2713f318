import numpy as np
from scipy.stats import rankdata

from dag_gfn.completion.block_scores import BlockScores
from dag_gfn.completion.gaussian_cells import GaussianCells, RankColumn
from dag_gfn.completion.normal_wishart import BlockLayout, NormalWishartPrior
from dag_gfn.completion.rank_moves import RankMoves

NODES = [[0, 1], [2], [3]]


def test_moments_and_scores_are_those_of_the_moved_table(rng):
    """Whether that is the right distribution is for the joint-distribution tests of the chain."""
    ranks = [RankColumn(1, np.arange(20) // 5), RankColumn(3, np.arange(20) % 3)]
    cells = GaussianCells(rng.normal(size=(20, 4)), NODES, ranks)
    layout, prior, parents = BlockLayout(NODES), NormalWishartPrior.of(4), np.array([0b000, 0b001, 0b011])
    values = cells.start(rng)
    before = values.copy()
    moments = prior.after(values)
    scores = BlockScores(moments, layout)
    moves = RankMoves(cells, layout)
    for _ in range(20):
        moments, scores = moves.move(values, moments, scores, parents, rng=rng)
    again = prior.after(values)
    assert np.allclose(moments.matrices, again.matrices, rtol=1e-10)
    assert np.allclose(moments.centres, again.centres, rtol=1e-10)
    assert np.allclose(scores.complete_table(), BlockScores(again, layout).complete_table(), rtol=1e-10)
    assert (values[:, [0, 2]] == before[:, [0, 2]]).all()
    for column in (1, 3):
        assert (values[:, column] != before[:, column]).all()  # 80 proposals were not all rejected
        assert (rankdata(values[:, column]) == rankdata(before[:, column])).all()
