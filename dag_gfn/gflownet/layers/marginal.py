"""The exact distribution over all DAGs on a few nodes that a policy over root layerings samples from."""

import numpy as np
import torch
from jaxtyping import Float64, UInt8

from dag_gfn.exact.enumeration import enumerate_dags
from dag_gfn.gflownet.env.root_layers import RootLayers
from dag_gfn.gflownet.policies.masking import masked_log_softmax
from dag_gfn.gflownet.policies.policy import Policy
from dag_gfn.gflownet.sampling.rollouts import backward_rollout
from dag_gfn.graphs import graph
from dag_gfn.layerings.layered_dags import layering_of
from dag_gfn.scores import ScoreTable


class LayerMarginal:
    r"""All DAGs on d nodes by their root layerings, of which there are few: 541 of 29,281 DAGs at d = 5.

    A layering is built by one trajectory, and parents are drawn from the posterior given the layering, so that

    .. math:: P_\theta(G) = P_\theta(\mathrm{layering\ of\ } G)\, R(G) \Big/ \sum_{G'} R(G'),

    the sum over the DAGs with the same layering. Layerings share most of their states, each of which the policy is
    shown once.

    Parameters
    ----------
    table : ScoreTable
    environment : RootLayers
        Of the same table, where the policy lives.
    max_nodes : int
        As for `enumerate_dags`.

    Raises
    ------
    NotTractable
        If there are too many nodes.
    ValueError
        If not all other nodes are candidate parents: then a layering's weight is not the sum of R(G).

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.gflownet.env.root_layers import RootLayers
    >>> from dag_gfn.gflownet.layers.marginal import LayerMarginal
    >>> from dag_gfn.gflownet.policies.uniform import UniformPolicy
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> table = ScoreTable.build(make_score("bge", from_array(np.random.default_rng(0).normal(size=(10, 2)))))
    >>> marginal = LayerMarginal(table, RootLayers(LayerWeights.build(table)))
    >>> np.exp(marginal.log_probabilities(UniformPolicy())).round(6).tolist()  # no edge, 0 -> 1, 1 -> 0
    [0.25, 0.25, 0.5]
    """

    def __init__(self, table: ScoreTable, environment: RootLayers, *, max_nodes: int = 5):
        if environment.weights.has_outside:
            raise ValueError(
                "expected weights of all parent sets, not of candidates and odds: build them with "
                "LayerWeights.build(table)"
            )
        self.masks: UInt8[np.ndarray, "m d"] = enumerate_dags(table.d, max_nodes=max_nodes)
        wide = self.masks.astype(np.int64)
        log_scores = table.log_reward(wide)
        self._possible = log_scores > -np.inf
        layer_of = layering_of(graph.adjacency_from_masks(wide[self._possible], table.d))
        _, first, self._layering = np.unique(
            layer_of @ table.d ** np.arange(table.d), return_index=True, return_inverse=True
        )
        log_scores = log_scores[self._possible]
        largest = np.full(len(first), -np.inf)
        np.maximum.at(largest, self._layering, log_scores)
        relative = log_scores - largest[self._layering]
        total = np.bincount(self._layering, weights=np.exp(relative))
        self._log_given_layering = relative - np.log(total)[self._layering]

        trajectories = backward_rollout(
            environment,
            environment.state_of(torch.from_numpy(layer_of[first]).to(environment.device)),
            generator=torch.Generator(device=environment.device),  # nothing is random
        )
        place, self._state = trajectories.distinct_states()
        self._observation = trajectories.observation[place]
        self._action = trajectories.action
        self._row = trajectories.position // trajectories.shape[1]

    @torch.no_grad()
    def log_probabilities(self, policy: Policy) -> Float64[np.ndarray, " m"]:
        """Return log P_θ(G) of every DAG, in the order of `masks`, given that the layering is finished.

        They sum to one: what constraints lead to a dead end is drawn anew.
        """
        log_p = masked_log_softmax(policy(self._observation).double(), self._observation.legal_actions)
        of_layering = log_p.new_zeros(int(self._row.max()) + 1)
        of_layering.index_add_(0, self._row, log_p[self._state, self._action])
        # NaN after a step that cannot be: a layering whose weight is below all digits is never built
        of_layering = of_layering.nan_to_num(nan=-torch.inf, neginf=-torch.inf).log_softmax(0)
        log_probabilities = np.full(len(self.masks), -np.inf)
        log_probabilities[self._possible] = (
            of_layering.cpu().numpy()[self._layering] + self._log_given_layering
        )
        return log_probabilities
