"""What is measured of a program's draws: distances from the exact posterior, from the truth, and from rows held out."""

import numpy as np
from peers.table import Drawn, Table
from published_tables.edge_figures import edge_figures

from dag_gfn.graphs.graph import cpdag


def errors(edge: np.ndarray, exact: np.ndarray) -> tuple[float, float]:
    """Return the largest and the root mean square difference over ordered pairs."""
    difference = np.abs(edge - exact)[~np.eye(len(edge), dtype=bool)]
    return float(difference.max()), float(np.sqrt(np.mean(difference**2)))


def shares(drawn: Drawn) -> np.ndarray:
    """Return the normalised weights of the DAGs."""
    weights = np.exp(drawn.log_weights - drawn.log_weights.max())
    return weights / weights.sum()


def expected_cpdag_shd(drawn: Drawn, truth: np.ndarray) -> float:
    """Return the expected number of pairs in which the CPDAG of a draw differs from that of the truth."""
    if not len(drawn.graphs):
        return float("nan")
    upper = np.triu_indices(len(truth), 1)
    found, true = cpdag(drawn.graphs), cpdag(truth)
    differs = (found != true) | (found.transpose(0, 2, 1) != true.T)
    return float(shares(drawn) @ differs[:, upper[0], upper[1]].sum(axis=1))


def held_out_density(drawn: Drawn, train: Table, every: Table) -> float:
    r"""Return the log density of rows that were held out, given the others, for each row.

    .. math:: \log \sum_k w_k\, p(\text{held out} \mid G_k, \text{rest}), \qquad
        \log p(\text{held out} \mid G, \text{rest}) = \log p(\text{all} \mid G) - \log p(\text{rest} \mid G)

    With BIC it is an approximation, as BIC is.
    """
    number = len(every.values) - len(train.values)
    if not len(drawn.graphs) or number == 0:
        return float("nan")
    from peers.own import score_table

    graphs, inverse = np.unique(drawn.graphs, axis=0, return_inverse=True)
    gain = score_table(every).log_reward_of(graphs) - score_table(train).log_reward_of(graphs)
    return float(np.logaddexp.reduce(np.log(shares(drawn)) + gain[inverse.ravel()]) / number)


def figures(
    runs: list[Drawn], *, train: Table, every: Table, exact: np.ndarray | None, truth: np.ndarray | None
) -> dict[str, float]:
    """Return the figures of two runs: means over them, but for the largest error and the agreement between them."""
    found: dict[str, float] = {}
    if exact is not None:
        each = np.array([errors(run.edge, exact) for run in runs])
        found |= {"edge_max_error": each[:, 0].max(), "edge_rmse": np.sqrt(np.mean(each[:, 1] ** 2))}
    if len(runs) == 2:
        largest, rms = errors(runs[0].edge, runs[1].edge)
        found |= {"runs_differ_at_most": largest, "runs_differ_rms": rms}
    if truth is not None:
        each_run = [edge_figures(run.edge, truth) for run in runs]
        for key in ("auroc", "expected_shd", "expected_skeleton_shd"):
            found[key] = float(np.mean([one[key] for one in each_run]))
        found["expected_cpdag_shd"] = float(np.mean([expected_cpdag_shd(run, truth) for run in runs]))
    found["held_out_log_density"] = float(np.mean([held_out_density(run, train, every) for run in runs]))
    return found
