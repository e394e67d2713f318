"""The exact distribution over all DAGs that a policy of the edge-addition environment samples from."""

import numpy as np
import torch
from jaxtyping import Float64, UInt8

from dag_gfn.exact.enumeration import enumerate_dags
from dag_gfn.gflownet.policies.edge_observation import EdgeObservation
from dag_gfn.gflownet.policies.masking import masked_log_softmax
from dag_gfn.gflownet.policies.policy import Policy
from dag_gfn.graphs import graph
from dag_gfn.scores import ScoreTable

_BATCH = 8192


class EdgeMarginal:
    """All DAGs on d nodes as a lattice, through which the probability of any policy can be pushed.

    What a policy sees of each DAG is computed once, by enumeration and from the score table, sharing nothing
    with the environment; so this also checks the environment.

    Parameters
    ----------
    table : ScoreTable
    max_nodes : int
        As for `enumerate_dags`.
    device : torch.device or str
        Where the policy lives.

    Raises
    ------
    NotTractable
        If there are too many nodes.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.gflownet.edges.marginal import EdgeMarginal
    >>> from dag_gfn.gflownet.policies.uniform import UniformPolicy
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> table = ScoreTable.build(make_score("bge", from_array(np.random.default_rng(0).normal(size=(10, 2)))))
    >>> log_p = EdgeMarginal(table).log_probabilities(UniformPolicy())
    >>> np.exp(log_p).round(6).tolist()  # of stopping and adding one of two edges, each is as likely
    [0.333333, 0.333333, 0.333333]
    """

    def __init__(self, table: ScoreTable, *, max_nodes: int = 5, device: torch.device | str = "cpu"):
        d = table.d
        self.masks: UInt8[np.ndarray, "m d"] = enumerate_dags(d, max_nodes=max_nodes)
        wide = self.masks.astype(np.int64)
        adjacency = graph.adjacency_from_masks(wide, d)
        gains = table.column_gains(np.tile(np.arange(d), len(wide)), wide.reshape(-1)).reshape(-1, d, d)
        gains = gains.swapaxes(1, 2)  # [graph, source, target]
        closes_cycle = graph.transitive_closure(adjacency).swapaxes(1, 2)
        legal = np.isfinite(gains) & ~closes_cycle
        self.observation = EdgeObservation(
            torch.from_numpy(np.ascontiguousarray(adjacency)).to(device),
            torch.from_numpy(np.ascontiguousarray(legal)).to(device),
            torch.from_numpy(np.where(legal, gains, 0.0).astype(np.float32)).to(device),
        )
        self._root = _find(wide, table.constraints.required[None, :])[0]
        source, i, j = np.nonzero(legal)
        child = wide[source]
        child[np.arange(len(source)), j] |= np.int64(1) << i
        target, action = _find(wide, child), i * d + j
        num_edges = np.bitwise_count(self.masks).sum(axis=1)[source]
        # masks come fewest edges first, and so do the sources
        starts = np.flatnonzero(np.diff(num_edges)) + 1
        self._levels = list(
            zip(np.split(source, starts), np.split(action, starts), np.split(target, starts), strict=True)
        )

    @torch.no_grad()
    def log_probabilities(self, policy: Policy) -> Float64[np.ndarray, " m"]:
        r"""Return log P_θ(G) of every DAG, in the order of `masks`; they sum to one.

        Probability of reaching a state is pushed to its children, one number of edges at a time:
        :math:`P(s') = \sum_s P(s) P_F(s'\mid s)` and :math:`P_θ(G) = P(G) P_F(\top\mid G)`.
        """
        log_p = torch.cat(
            [
                masked_log_softmax(policy(part).double(), part.legal_actions)
                for part in (self.observation[k : k + _BATCH] for k in range(0, len(self.masks), _BATCH))
            ]
        )
        p = log_p.exp().cpu().numpy()
        reached = np.zeros(len(self.masks))
        reached[self._root] = 1.0
        for source, action, target in self._levels:
            flow = reached[source] * p[source, action]
            reached += np.bincount(target, weights=flow, minlength=len(reached))
        with np.errstate(divide="ignore"):
            return np.log(reached) + log_p[:, -1].cpu().numpy()


def _find(masks: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return the row of `masks` that equals each row of `wanted`."""
    d = masks.shape[1]
    digits = np.int64(1) << (d * np.arange(d, dtype=np.int64))
    keys = masks @ digits
    order = np.argsort(keys)
    return order[np.searchsorted(keys, wanted @ digits, sorter=order)]
