"""Local scores, graph priors, constraints, and the table that joins them."""

from dag_gfn.scores.additive import Additive
from dag_gfn.scores.bde import BDe, BDeu
from dag_gfn.scores.bge import BGe
from dag_gfn.scores.bic import DiscreteBIC, GaussianBIC
from dag_gfn.scores.block import BlockBGe
from dag_gfn.scores.block_statistics import block_statistics
from dag_gfn.scores.chance_links import chance_links
from dag_gfn.scores.constraints import Constraints
from dag_gfn.scores.copula import Copula
from dag_gfn.scores.family_list import FamilyList
from dag_gfn.scores.graph_prior import PRIORS, GraphPrior, make_prior
from dag_gfn.scores.linear_gaussian import LinearGaussian
from dag_gfn.scores.listed import ListedScore
from dag_gfn.scores.local_score import LocalScore
from dag_gfn.scores.registry import SCORES, ScoreChoice, make_score, needs_completion, score_for
from dag_gfn.scores.score_file import read_scores
from dag_gfn.scores.score_table import MEMORY_LIMIT, ScoreTable, table_bytes
from dag_gfn.scores.sparse_families import sparse_doubts
from dag_gfn.scores.wide_families import wide_doubts

__all__ = [
    "MEMORY_LIMIT",
    "PRIORS",
    "SCORES",
    "Additive",
    "BDe",
    "BDeu",
    "BGe",
    "BlockBGe",
    "Constraints",
    "Copula",
    "DiscreteBIC",
    "FamilyList",
    "GaussianBIC",
    "GraphPrior",
    "LinearGaussian",
    "ListedScore",
    "LocalScore",
    "ScoreChoice",
    "ScoreTable",
    "block_statistics",
    "chance_links",
    "make_prior",
    "make_score",
    "needs_completion",
    "read_scores",
    "score_for",
    "sparse_doubts",
    "table_bytes",
    "wide_doubts",
]
