"""A multilayer perceptron for root layerings."""

from itertools import pairwise

from jaxtyping import Float
from torch import Tensor, nn

from dag_gfn.gflownet.policies.layer_network import NUM_FEATURES, LayerNetwork, start_small
from dag_gfn.gflownet.policies.layer_observation import LayerObservation


class LayerMLP(LayerNetwork):
    """A perceptron that sees all nodes at once, and a linear map beside it.

    Parameters
    ----------
    log_all : Tensor, shape (d,)
        log ŵ_v of all parent sets of each node.
    hidden_size : int
        Units of a hidden layer.
    num_layers : int
        Hidden layers.
    """

    def __init__(self, log_all: Float[Tensor, " d"], *, hidden_size: int = 256, num_layers: int = 2):
        super().__init__(log_all)
        d = len(log_all)
        widths = [NUM_FEATURES * d] + [hidden_size] * num_layers
        self.body = nn.Sequential(
            *(layer for a, b in pairwise(widths) for layer in (nn.Linear(a, b), nn.ReLU()))
        )
        self.ready = nn.Linear(hidden_size, d)
        self.ready_skip = nn.Linear(NUM_FEATURES * d, d, bias=False)
        self.value = nn.Linear(hidden_size, 1)
        start_small(self.ready, self.value, skip=self.ready_skip)

    def corrections(
        self, observation: LayerObservation, features: Float[Tensor, "b f d"]
    ) -> tuple[Float[Tensor, "b d"], Float[Tensor, " b"]]:
        """Return what is added to the log-odds of each node and to the flow, in tens of nats."""
        seen = features.flatten(1)
        hidden = self.body(seen)
        return self.ready(hidden) + self.ready_skip(seen), self.value(hidden).squeeze(1)
