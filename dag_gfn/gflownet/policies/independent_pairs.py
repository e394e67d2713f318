"""Log-probabilities of edges and of stopping if the pairs of nodes were independent: where edge policies start."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import softplus

from dag_gfn.gflownet.policies.edge_observation import EdgeObservation

_MAX_NODES_WITHOUT_ORDERS = 20
"""With more nodes, the number of orders in which edges can be added is taken into account."""
_LEAST_LOGIT = -10.0
"""Lower bound of an edge's log-probability, in nats."""


def independent_pairs(
    observation: EdgeObservation, stop_scale: Float[Tensor, ""], *, count_orders: bool | None = None
) -> Float[Tensor, "b a"]:
    r"""Return the log-probabilities of each edge and of stopping if the pairs of nodes were independent.

    Let g and g' be the gains of the two directions of a pair (-inf where illegal) and :math:`Z = 1 + e^g + e^{g'}`.
    The log-probability of i -> j is :math:`g - \log Z`, and that of stopping is minus the sum of log Z over pairs,
    times `stop_scale`. An edge gets at least -10 nats: pairs are in fact not independent, and later edges can make up
    for one of low gain.

    Parameters
    ----------
    observation : EdgeObservation
    stop_scale : Tensor, shape ()
    count_orders : bool, optional
        Whether the sum over pairs is corrected for the number of orders in which edges can be added; by default above
        20 nodes.

    Returns
    -------
    Tensor, shape (b, d*d + 1)
        Edges in row-major order, and the stop; they are not normalised.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.policies.edge_observation import EdgeObservation
    >>> from dag_gfn.gflownet.policies.independent_pairs import independent_pairs
    >>> legal = ~torch.eye(2, dtype=torch.bool)[None]  # one pair: no edge, 0 -> 1 (weight 6) or 1 -> 0 (weight 1)
    >>> seen = EdgeObservation(~legal & legal, legal, torch.tensor([[[0.0, 6.0], [1.0, 0.0]]]).log().clamp_min(0))
    >>> [round(float(p), 3) for p in independent_pairs(seen, torch.tensor(1.0))[0, [1, 2, 4]].exp()]
    [0.75, 0.125, 0.125]
    """
    gains = observation.gains.masked_fill(~observation.legal, -torch.inf)
    either = torch.logaddexp(softplus(gains), gains.transpose(1, 2))  # (b, d, d), symmetric
    edges = (gains - either).clamp_min(_LEAST_LOGIT).masked_fill(~observation.legal, 0.0).flatten(1)
    log_total = either.sum(dim=(1, 2)) / 2
    if gains.shape[1] > _MAX_NODES_WITHOUT_ORDERS if count_orders is None else count_orders:
        # of the orders of k + m edges, a share 1 / C(k + m, m) has the k present edges first: without this term the
        # small gains of thousands of pairs add up, and a large graph would keep growing
        k = observation.adjacency.sum(dim=(1, 2)) + 1.0
        m = (1 - (-either).exp()).sum(dim=(1, 2)) / 2
        log_total = (log_total - ((k + m + 1).lgamma() - (k + 1).lgamma() - (m + 1).lgamma())).clamp_min(0.0)
        edges = edges - k.log().unsqueeze(1)
    stop = -stop_scale * log_total
    return torch.cat([edges, stop.unsqueeze(1)], dim=1)
