r"""The hypergrid: an environment with no DAGs in it, on which GFlowNets were first measured.

Objects are the cells x of a grid with D dimensions and H cells per side. With
:math:`u_i = |x_i / (H - 1) - 1/2|` the reward is

.. math:: R(x) = R_0 + R_1 \prod_i 1[u_i > 0.25] + R_2 \prod_i 1[0.3 < u_i < 0.4]

so there is a mode near each of the :math:`2^D` corners, and little reward between them. All cells can be listed, so
what a policy has learned is compared with the target itself.

References
----------
Bengio et al., Flow Network based Generative Models for Non-Iterative Diverse Candidate Generation, NeurIPS 2021,
section 4.1. Malkin et al., GFlowNets and Variational Inference, ICLR 2023, section 4.1.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from dag_gfn.errors import OptionError
from dag_gfn.gflownet.env.state import State
from dag_gfn.gflownet.policies.grid_mlp import GridObservation
from dag_gfn.gflownet.policies.masking import masked_log_softmax
from dag_gfn.gflownet.policies.policy import Policy
from dag_gfn.gflownet.policies.rows import distinct_words

_CHUNK = 1 << 16
"""Cells that pass a network at a time."""


@dataclass(frozen=True)
class GridState(State):
    """A batch of cells.

    Attributes
    ----------
    cell : Tensor, shape (b, D), int64
        Coordinates, from 0 to H - 1.
    number : Tensor, shape (b,), int64
        The cell's place among all cells in row-major order.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.env.hypergrid import Hypergrid
    >>> environment = Hypergrid(2, 8)
    >>> state = environment.step(environment.initial_state(1), torch.tensor([1]))
    >>> state.outcome.tolist(), state.number.tolist()
    ([[0, 1]], [1])
    """

    cell: Int[Tensor, "b D"]
    number: Int[Tensor, " b"]

    @property
    def outcome(self) -> Int[Tensor, "b D"]:
        """The field `cell`."""
        return self.cell

    def distinct(self) -> tuple[Int[Tensor, " u"], Int[Tensor, " b"]]:
        """Return the row of one copy of each distinct cell, and for every row which distinct cell it is."""
        return distinct_words(self.number)


class Hypergrid:
    r"""The environment of a grid: start in the corner 0, increase one coordinate at a time, stop anywhere.

    Action i < D increases coordinate i by one, D stops. An increase is illegal at the edge, :math:`x_i = H - 1`. The
    uniform backward policy decreases each coordinate that is not 0 with the same probability.

    Parameters
    ----------
    num_dimensions : int
        D. It is also `num_nodes`: the numbers that an object consists of.
    side : int
        Cells per side, H.
    r0, r1, r2 : float
        The reward everywhere, what the surroundings of the corners have more, and the modes beyond that.
    device : torch.device or str

    Raises
    ------
    OptionError
        If the grid has no dimension, fewer than two cells per side or 2^63 cells and more, if `r0` is not positive or
        another reward is negative.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.env.hypergrid import Hypergrid
    >>> environment = Hypergrid(2, 8)
    >>> cells = environment.state_of(torch.tensor([[3, 4], [0, 7], [1, 6]]))
    >>> [round(reward, 6) for reward in cells.log_reward.exp().tolist()]  # the middle, a corner, a mode
    [0.1, 0.6, 2.6]
    """

    every_state_terminal = True

    def __init__(
        self,
        num_dimensions: int,
        side: int,
        *,
        r0: float | int = 0.1,
        r1: float | int = 0.5,
        r2: float | int = 2.0,
        device: torch.device | str = "cpu",
    ):
        if num_dimensions < 1 or side < 2 or side**num_dimensions >= 1 << 63:
            raise OptionError(
                f"a grid has a dimension, two cells per side and less than 2^63 cells: {num_dimensions} dimensions "
                f"with {side} cells per side are none"
            )
        if not (r0 > 0 and r1 >= 0 and r2 >= 0):
            raise OptionError(f"r0 must be positive, r1 and r2 not negative: {r0}, {r1}, {r2}")
        self.side = side
        self.r0, self.r1, self.r2 = r0, r1, r2
        self.device = torch.device(device)
        self.num_nodes = num_dimensions
        self.num_actions = num_dimensions + 1
        self.stop_action = num_dimensions
        places = [side**k for k in reversed(range(num_dimensions))]
        self._places = torch.tensor(places, device=self.device)
        self._moves = torch.eye(self.num_actions, num_dimensions, dtype=torch.long, device=self.device)

    @property
    def num_cells(self) -> int:
        """Cells of the grid, H^D."""
        return self.side**self.num_nodes

    def log_reward(self, cell: Int[Tensor, "b D"]) -> Float[Tensor, " b"]:
        """Return log R of cells, shape (b,), float64.

        Bounds are compared in whole numbers: 12/15 - 1/2 is more than 0.3 in floating point.
        """
        twice = self._from_middle(cell)
        outer = (2 * twice > self.side - 1).all(1)
        reward = self.r0 + self.r1 * outer.double() + self.r2 * self._in_mode(twice).all(1).double()
        return reward.log()

    def _from_middle(self, cell: Int[Tensor, "b D"]) -> Int[Tensor, "b D"]:
        """Return 2 (H - 1) u, whole numbers."""
        return (2 * cell - (self.side - 1)).abs()

    def _in_mode(self, twice: Int[Tensor, "b D"]) -> Tensor:
        """Return whether 0.3 < u < 0.4, shape (b, D)."""
        return (10 * twice > 6 * (self.side - 1)) & (10 * twice < 8 * (self.side - 1))

    def mode_of(self, cell: Int[Tensor, "b D"]) -> Int[Tensor, " b"]:
        """Return the number of the mode that each cell belongs to, from 0 to 2^D - 1; -1 for cells of none."""
        corner = (2 * cell > self.side - 1) * (1 << torch.arange(self.num_nodes, device=self.device))
        return corner.sum(1).where(self._in_mode(self._from_middle(cell)).all(1), -1)

    @property
    def num_modes(self) -> int:
        """Modes of the grid: 2^D, or none where so few cells per side leave none between 0.3 and 0.4."""
        line = torch.arange(self.side, device=self.device).unsqueeze(1)
        return 2**self.num_nodes if self._in_mode(self._from_middle(line)).any() else 0

    def state_of(self, cell: Int[Tensor, "b D"]) -> GridState:
        """Return the states of given cells."""
        return GridState(self.log_reward(cell), cell, (cell * self._places).sum(1))

    def cells(self) -> GridState:
        """Return all cells in row-major order, as many as `num_cells`."""
        line = torch.arange(self.side, device=self.device)
        return self.state_of(torch.cartesian_prod(*[line] * self.num_nodes).view(-1, self.num_nodes))

    def initial_state(self, batch_size: int) -> GridState:
        """Return `batch_size` copies of the corner 0."""
        return self.state_of(torch.zeros(batch_size, self.num_nodes, dtype=torch.long, device=self.device))

    def observe(self, state: GridState) -> GridObservation:
        """Return the cells and their legal actions; the stop is always legal."""
        increases = state.cell < self.side - 1
        stop = torch.ones(len(state), 1, dtype=torch.bool, device=self.device)
        return GridObservation(state.cell, state.number, torch.cat([increases, stop], dim=1))

    def step(self, state: GridState, action: Int[Tensor, " b"]) -> GridState:
        """Increase one coordinate of each cell, or none where the action is the stop."""
        return self.state_of(state.cell + self._moves[action])

    def undo(self, state: GridState, action: Int[Tensor, " b"]) -> GridState:
        """Decrease one coordinate of each cell."""
        return self.state_of(state.cell - self._moves[action])

    def num_parents_of_state(self, state: GridState) -> Int[Tensor, " b"]:
        """Return the number of coordinates that are not 0."""
        return (state.cell > 0).sum(1)

    def backward_actions(
        self, state: GridState, *, generator: torch.Generator
    ) -> tuple[Int[Tensor, "b t"], Int[Tensor, " b"]]:
        """Draw a trajectory to each cell from the uniform backward policy, one decrease after another.

        Trajectories to a cell differ in probability: in (1, 2) the first coordinate is decreased with probability 1/2,
        though only one of the three increases was in it.

        Returns
        -------
        actions : Tensor, shape (b, t), int64
            In the order of the increases, padded with ``stop_action``; t is the largest sum of coordinates.
        lengths : Tensor, shape (b,), int64
        """
        cell, lengths = state.cell.clone(), state.cell.sum(1)
        longest = int(lengths.max()) if len(lengths) else 0
        actions = torch.full((len(state), longest), self.stop_action, device=self.device)
        for _ in range(longest):
            left = cell.sum(1)
            rows = (left > 0).nonzero().squeeze(1)
            keys = torch.rand(len(rows), self.num_nodes, generator=generator, device=self.device)
            chosen = keys.masked_fill(cell[rows] == 0, -1.0).argmax(1)
            actions[rows, left[rows] - 1] = chosen
            cell[rows, chosen] -= 1
        return actions, lengths

    def predecessors(self, seen: GridObservation) -> tuple[GridState, Int[Tensor, " p"], Int[Tensor, " p"]]:
        """Return the cells with one coordinate less by one than the given ones."""
        which, action = (seen.cell > 0).nonzero(as_tuple=True)
        return self.state_of(seen.cell[which] - self._moves[action]), action, which

    def target(self) -> Float[Tensor, " n"]:
        """Return the probability R(x) / Z of each cell in row-major order, shape (H^D,), float64."""
        return self.cells().log_reward.softmax(0)


@torch.no_grad()
def terminal_probabilities(environment: Hypergrid, policy: Policy) -> Float[Tensor, " n"]:
    r"""Return the probability that a trajectory of the policy ends in each cell, shape (H^D,), float64.

    Cells are visited in order of their sum of coordinates. The probability of reaching x is
    :math:`\sum_i p(x - e_i)\, P_F(i\mid x - e_i)`, that of ending there :math:`p(x)\, P_F(\top\mid x)`.

    Parameters
    ----------
    environment : Hypergrid
        Small enough that all its cells can be listed.
    policy : Policy

    Examples
    --------
    The uniform policy on 2 x 2 cells stops in the corner 0 with probability 1/3, and halfway with 1/2:

    >>> from dag_gfn.gflownet.env.hypergrid import Hypergrid, terminal_probabilities
    >>> from dag_gfn.gflownet.policies.uniform import UniformPolicy
    >>> [round(float(p), 4) for p in terminal_probabilities(Hypergrid(2, 2), UniformPolicy())]
    [0.3333, 0.1667, 0.1667, 0.3333]
    """
    state = environment.cells()
    parts = [environment.observe(state[k : k + _CHUNK]) for k in range(0, len(state), _CHUNK)]
    p = torch.cat([masked_log_softmax(policy(seen).double(), seen.legal_actions).exp() for seen in parts])
    reached = torch.zeros(len(state), dtype=torch.float64, device=environment.device)
    reached[0] = 1.0
    order = state.cell.sum(1).argsort(stable=True)
    for here in order.split(state.cell.sum(1).bincount().tolist()):
        for i in range(environment.num_nodes):
            leaving = here[state.cell[here, i] < environment.side - 1]
            onwards = leaving + environment.side ** (environment.num_nodes - 1 - i)
            reached[onwards] += reached[leaving] * p[leaving, i]
    return reached * p[:, -1]
