"""Partition MCMC of the R package BiDAG (Suter, Kuipers, Moffa and Beerenwinkel, Journal of Statistical Software 2023).

The script has been written from the package's documentation and is tested with a stand-in for R, not with R itself.
"""

import numpy as np

from peers.r_script import drawn_from, missing, numbers_from, read_table
from peers.table import Drawn, Table, require

name = "BiDAG partition MCMC (R)"
gives = "posterior"
_WHOLE_SPACE = 13
"""Up to so many columns every edge is in the search space; beyond, the package's own choice (tests, and one more)."""


def installed() -> str | None:
    return missing("BiDAG")


def _score(data: Table) -> str:
    require(data.prior == "uniform", "BiDAG's partition MCMC has the uniform prior")
    if data.score == "bge":
        return f'score <- scoreparameters("bge", data, bgepar = list(am = {data.alpha_mu!r}, aw = {data.alpha_w!r}))'
    require(data.score == "bdeu", f"BiDAG has BGe and BDe, not {data.score}")
    size = data.equivalent_sample_size
    return f'score <- scoreparameters("bdecat", data, bdecatpar = list(chi = {size!r}, edgepf = 1))'


def score_code(data: Table) -> str:
    """Return the script that scores a DAG."""
    return f"""library(BiDAG)
{read_table(data)}
{_score(data)}
graph <- as.matrix(read.table(args[3]))
dimnames(graph) <- list(names(data), names(data))
cat(format(DAGscore(score, graph), digits = 17), file = args[2])
"""


def run_code(data: Table) -> str:
    """Return the script that runs a chain: a short one to learn its speed, then as long a one as there is time for."""
    space = "matrix(1, d, d) - diag(d)" if data.d <= _WHOLE_SPACE else "NULL"
    return f"""library(BiDAG)
{read_table(data)}
seconds <- as.numeric(args[3])
set.seed(as.integer(args[4]))
d <- ncol(data)
{_score(data)}
chain <- function(iterations) partitionMCMC(
  score, startspace = {space}, iterations = iterations, stepsave = max(1, iterations %/% 1000), hardlimit = d
)
time_of <- function(iterations) system.time(chain(iterations))[["elapsed"]]
short <- time_of(1000)
step <- max((time_of(3000) - short) / 2000, 1e-6)
left <- seconds - 2 * short - 2000 * step
found <- chain(max(1000, floor((left - short) / step)))
graphs <- found$traceadd$incidence
graphs <- graphs[-seq_len(length(graphs) %/% 5)]
lines <- sapply(graphs, function(graph) paste(as.integer(t(as.matrix(graph))), collapse = " "))
writeLines(lines, args[2])
"""


def score_of(data: Table, dag: np.ndarray) -> float | None:
    return float(numbers_from(score_code(data), data, matrix=dag)[0, 0])


def run(data: Table, seconds: float, seed: int) -> Drawn:
    return drawn_from(run_code(data), data, seconds, seed, "DAGs of one chain, a fifth burn-in")
