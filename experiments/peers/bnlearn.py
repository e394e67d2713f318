"""Hill climbing of the R package bnlearn (Scutari), on resampled rows.

The script has been written from the package's documentation and is tested with a stand-in for R, not with R itself.
"""

import numpy as np

from peers.r_script import drawn_from, missing, numbers_from, read_table
from peers.table import Drawn, Table, require

name = "bnlearn hill climbing, resampled (R)"
gives = "frequencies"


def installed() -> str | None:
    return missing("bnlearn")


def _score(data: Table) -> str:
    """Return the arguments that say which score."""
    require(data.prior == "uniform", "this adapter runs bnlearn under the uniform prior alone")
    if data.score == "bge":
        return f'"bge", iss.mu = {data.alpha_mu!r}, iss.w = {data.alpha_w!r}, nu = rep(0, ncol(data))'
    if data.score == "bdeu":
        return f'"bde", iss = {data.equivalent_sample_size!r}'
    return '"bic"' if data.is_discrete else '"bic-g"'


def score_code(data: Table) -> str:
    """Return the script that scores a DAG."""
    return f"""library(bnlearn)
{read_table(data)}
graph <- as.matrix(read.table(args[3]))
dimnames(graph) <- list(names(data), names(data))
network <- empty.graph(names(data))
amat(network) <- graph
cat(format(score(network, data, type = {_score(data)}), digits = 17), file = args[2])
"""


def run_code(data: Table) -> str:
    """Return the script that climbs on resampled rows while there is time."""
    return f"""library(bnlearn)
{read_table(data)}
seconds <- as.numeric(args[3])
set.seed(as.integer(args[4]))
start <- proc.time()[["elapsed"]]
lines <- character(0)
while (length(lines) == 0 || proc.time()[["elapsed"]] - start < seconds) {{
  rows <- sample(nrow(data), replace = TRUE)
  network <- hc(data[rows, , drop = FALSE], score = {_score(data)})
  lines <- c(lines, paste(as.integer(t(amat(network))), collapse = " "))
}}
writeLines(lines, args[2])
"""


def score_of(data: Table, dag: np.ndarray) -> float | None:
    return float(numbers_from(score_code(data), data, matrix=dag)[0, 0])


def run(data: Table, seconds: float, seed: int) -> Drawn:
    return drawn_from(run_code(data), data, seconds, seed, "resamples")
