"""Perceptrons for hypergrids, on one-hot coordinates: the forward policy, the backward policy and the state flow."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from dag_gfn.gflownet.policies.perceptron import perceptron, start_small
from dag_gfn.gflownet.policies.policy import Observation
from dag_gfn.gflownet.policies.rows import distinct_words


@dataclass(frozen=True)
class GridObservation(Observation):
    """A batch of cells of a grid with D dimensions.

    Attributes
    ----------
    cell : Tensor, shape (b, D), int64
        Coordinates.
    number : Tensor, shape (b,), int64
        The cell's place among all cells in row-major order.
    legal : Tensor, shape (b, D + 1), bool
        Legal actions: increasing each coordinate, stopping.

    Examples
    --------
    >>> from dag_gfn.gflownet.env.hypergrid import Hypergrid
    >>> environment = Hypergrid(2, 3)
    >>> environment.observe(environment.cells()).legal_actions[5].tolist()  # cell (1, 2) is at the edge
    [True, False, True]
    """

    cell: Int[Tensor, "b D"]
    number: Int[Tensor, " b"]
    legal: Bool[Tensor, "b a"]

    @property
    def legal_actions(self) -> Bool[Tensor, "b a"]:
        """The field `legal`."""
        return self.legal

    def distinct(self) -> tuple[Int[Tensor, " u"], Int[Tensor, " b"]]:
        """Return the row of one copy of each distinct cell, and for every row which distinct cell it is."""
        return distinct_words(self.number)


class _OnCells(nn.Module):
    """A perceptron on one-hot coordinates whose last layer begins near zero."""

    def __init__(self, num_dimensions: int, side: int, outputs: int, hidden_size: int, num_layers: int):
        super().__init__()
        self.side = side
        self.body = perceptron([num_dimensions * side] + [hidden_size] * num_layers)
        self.head = nn.Linear(hidden_size, outputs)
        start_small(self.head)

    def outputs(self, cell: Int[Tensor, "b D"]) -> Float[Tensor, "b o"]:
        """Return the last layer's values, shape (b, o)."""
        one_hot = cell.unsqueeze(2) == torch.arange(self.side, device=cell.device)  # (b, D, H)
        return self.head(self.body(one_hot.flatten(1).float()))


class GridMLP(_OnCells):
    """Logits of increasing each coordinate and of stopping; before training the policy is nearly uniform.

    Parameters
    ----------
    num_dimensions : int
        D.
    side : int
        Cells per side, H.
    hidden_size : int
        Units of a hidden layer.
    num_layers : int
        Hidden layers.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.env.hypergrid import Hypergrid
    >>> from dag_gfn.gflownet.policies.grid_mlp import GridMLP
    >>> environment = Hypergrid(2, 3)
    >>> _ = torch.manual_seed(0)
    >>> GridMLP(2, 3, hidden_size=8)(environment.observe(environment.cells())).shape
    torch.Size([9, 3])
    """

    def __init__(self, num_dimensions: int, side: int, *, hidden_size: int = 256, num_layers: int = 2):
        super().__init__(num_dimensions, side, num_dimensions + 1, hidden_size, num_layers)

    def forward(self, observation: GridObservation) -> Float[Tensor, "b a"]:
        """Return logits of shape (b, D + 1), stop last."""
        return self.outputs(observation.cell)


class GridBackward(_OnCells):
    """Log-probabilities of the coordinate that was increased last; before training they are nearly uniform.

    Parameters
    ----------
    num_dimensions, side, hidden_size, num_layers : int
        As for `GridMLP`.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.env.hypergrid import Hypergrid
    >>> from dag_gfn.gflownet.policies.grid_mlp import GridBackward
    >>> environment = Hypergrid(2, 3)
    >>> _ = torch.manual_seed(0)
    >>> backward = GridBackward(2, 3, hidden_size=8)
    >>> backward(environment.observe(environment.cells()[2:3])).exp().tolist()  # cell (0, 2)
    [[0.0, 1.0]]
    """

    def __init__(self, num_dimensions: int, side: int, *, hidden_size: int = 256, num_layers: int = 2):
        super().__init__(num_dimensions, side, num_dimensions, hidden_size, num_layers)

    def forward(self, observation: GridObservation) -> Float[Tensor, "b D"]:
        """Return log-probabilities, shape (b, D); -inf where the coordinate is 0."""
        possible = observation.cell > 0
        logits = self.outputs(observation.cell).masked_fill(~possible, -torch.inf)
        some = possible.any(dim=1, keepdim=True)  # nothing can be undone in the initial state
        return logits.where(some, 0.0).log_softmax(dim=1)


class GridStateFlow(_OnCells):
    """The log of the flow through a cell, or if the model is forward-looking log F(s) - log R(s).

    Parameters
    ----------
    num_dimensions, side, hidden_size, num_layers : int
        As for `GridMLP`.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.env.hypergrid import Hypergrid
    >>> from dag_gfn.gflownet.policies.grid_mlp import GridStateFlow
    >>> environment = Hypergrid(2, 3)
    >>> _ = torch.manual_seed(0)
    >>> GridStateFlow(2, 3, hidden_size=8)(environment.observe(environment.cells())).shape
    torch.Size([9])
    """

    def __init__(self, num_dimensions: int, side: int, *, hidden_size: int = 256, num_layers: int = 2):
        super().__init__(num_dimensions, side, 1, hidden_size, num_layers)

    def forward(self, observation: GridObservation) -> Float[Tensor, " b"]:
        """Return the flow in nats, shape (b,)."""
        return self.outputs(observation.cell).squeeze(1)
