"""A perceptron for root layerings."""

from jaxtyping import Float
from torch import Tensor, nn

from dag_gfn.gflownet.policies.layer_network import NUM_FEATURES, LayerNetwork
from dag_gfn.gflownet.policies.layer_observation import LayerObservation
from dag_gfn.gflownet.policies.perceptron import perceptron, start_small

_FEW_NODES = 6
_SMALL_HIDDEN, _HIDDEN = 128, 256
"""With few nodes distinct states are few, and the optimiser takes as long as the network."""


class LayerMLP(LayerNetwork):
    """A perceptron on the features of all nodes; a linear map of the same features is added to its log-odds.

    Parameters
    ----------
    log_all : Tensor, shape (d,)
    log_without : Tensor, shape (d, d)
        As for `LayerNetwork`.
    hidden_size : int, optional
        Units of a hidden layer; by default 128 up to 6 nodes and 256 beyond.
    num_layers : int
        Hidden layers.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from dag_gfn.gflownet.env.root_layers import RootLayers
    >>> from dag_gfn.gflownet.policies.layer_mlp import LayerMLP
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> environment = RootLayers(LayerWeights.of(np.zeros((2, 2))))
    >>> _ = torch.manual_seed(0)
    >>> network = LayerMLP(environment.log_all, environment.log_without, hidden_size=8)
    >>> network(environment.observe(environment.initial_state(1))).shape  # two nodes, closing, stopping
    torch.Size([1, 4])
    """

    def __init__(
        self,
        log_all: Float[Tensor, " d"],
        log_without: Float[Tensor, "d d"],
        *,
        hidden_size: int | None = None,
        num_layers: int = 2,
    ):
        super().__init__(log_all, log_without)
        d = len(log_all)
        if hidden_size is None:
            hidden_size = _SMALL_HIDDEN if d <= _FEW_NODES else _HIDDEN
        widths = [NUM_FEATURES * d] + [hidden_size] * num_layers
        self.body = perceptron(widths)
        self.ready = nn.Linear(hidden_size, d)
        self.ready_skip = nn.Linear(NUM_FEATURES * d, d, bias=False)
        self.value = nn.Linear(hidden_size, 1)
        start_small(self.ready, self.value, skip=self.ready_skip)

    def corrections(
        self, observation: LayerObservation, features: Float[Tensor, "b f d"]
    ) -> tuple[Float[Tensor, "b d"], Float[Tensor, " b"]]:
        """Return the corrections of the log-odds of each node and of the log-flow, in tens of nats."""
        seen = features.flatten(1)
        hidden = self.body(seen)
        return self.ready(hidden) + self.ready_skip(seen), self.value(hidden).squeeze(1)
