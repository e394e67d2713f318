"""The optimiser SOAP: Adam in the eigenbasis of Shampoo's preconditioner."""

from collections.abc import Callable, Iterable
from typing import Any, overload

import torch
from torch import Tensor


class SOAP(torch.optim.Optimizer):
    r"""Adam on rotated gradients, whose coordinates are nearly uncorrelated.

    For a weight matrix with gradient G, moving averages of :math:`GG^\top` and :math:`G^\top G` are kept. Adam works on
    :math:`Q_L^\top G Q_R`, where :math:`Q_L` and :math:`Q_R` are their eigenvectors; these are updated every
    `basis_every` steps by one step of power iteration. Vectors and scalars use plain Adam. A step takes about eight
    matrix products of the size of the weights, less than the network on a batch of hundreds of states. A side that is
    longer than `longest_side` is not rotated, as in Shampoo with one side: an input of d^2 features would cost more
    than the network itself.

    Parameters
    ----------
    params : iterable
        Parameters, or groups of parameters.
    lr : float
        Learning rate.
    betas : tuple of float
        Decay of the moving averages of the gradient and of its square.
    basis_decay : float
        Decay of the moving averages of :math:`GG^\top` and :math:`G^\top G`.
    basis_every, statistics_every : int
        Steps between updates of the eigenvectors, and of the averages that they come from.
    longest_side : int
        Largest number of rows or columns with a basis of its own.
    eps : float
        Is added to the root of the mean square.

    References
    ----------
    Vyas et al., SOAP: Improving and Stabilizing Shampoo using Adam, ICLR 2025, algorithm 3.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.training.soap import SOAP
    >>> weights = torch.nn.Parameter(torch.tensor([[4.0, 1.0], [2.0, -3.0]]))
    >>> optimizer = SOAP([weights], lr=0.2)
    >>> for _ in range(60):
    ...     optimizer.zero_grad()
    ...     weights.square().sum().backward()
    ...     optimizer.step()
    >>> weights.square().sum().item() < 1.0  # it began at 30
    True
    """

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[dict[str, Any]],
        lr: float = 3e-3,
        *,
        betas: tuple[float, float] = (0.95, 0.95),
        basis_decay: float = 0.95,
        basis_every: int = 20,
        statistics_every: int = 2,
        longest_side: int = 512,
        eps: float = 1e-8,
    ):
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": betas,
                "basis_decay": basis_decay,
                "basis_every": basis_every,
                "statistics_every": statistics_every,
                "longest_side": longest_side,
                "eps": eps,
            },
        )

    @overload
    def step(self, closure: None = None) -> None: ...

    @overload
    def step(self, closure: Callable[[], float]) -> float: ...

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """Take one step, and return the loss if a closure computes it with its gradients."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for weights in group["params"]:
                if weights.grad is not None:
                    self._update(weights, weights.grad, group)
        return loss

    def _update(self, weights: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        state = self.state[weights]
        is_matrix = weights.ndim == 2
        if not state:
            state["step"] = torch.zeros(())
            state["mean"] = torch.zeros_like(weights)
            state["square"] = torch.zeros_like(weights)
            for side, average in _averages(gradient, group["longest_side"]) if is_matrix else ():
                state[side], state[f"{side}_basis"] = average, _eigenvectors(average)
        state["step"] += 1
        step = int(state["step"])
        first, second = group["betas"]
        mean = state["mean"].lerp_(gradient, 1 - first) / (1 - first**step)
        left, right = state.get("left_basis"), state.get("right_basis")
        if is_matrix and step % group["statistics_every"] == 0:
            for side, average in _averages(gradient, group["longest_side"]):
                state[side].lerp_(average, 1 - group["basis_decay"])
        gradient, mean = _rotated(gradient, left, right), _rotated(mean, left, right)
        square = state["square"].mul_(second).addcmul_(gradient, gradient, value=1 - second)
        update = mean / ((square / (1 - second**step)).sqrt() + group["eps"])
        update = _rotated(update, None if left is None else left.T, None if right is None else right.T)
        if is_matrix and step % group["basis_every"] == 0:
            self._turn_basis(state)
        weights.sub_(group["lr"] * update)

    def _turn_basis(self, state: dict[str, Any]) -> None:
        """Update the bases, largest eigenvalues first, and reorder the mean squares with their axes."""
        for side, axis in (("left", 0), ("right", 1)):
            if side not in state:
                continue
            average, basis = state[side], state[f"{side}_basis"]
            eigenvalues = (basis * (average @ basis)).sum(0)
            order = eigenvalues.argsort(descending=True)
            state["square"] = state["square"].index_select(axis, order)
            state[f"{side}_basis"] = torch.linalg.qr(average @ basis[:, order])[0]


def _averages(gradient: Tensor, longest_side: int) -> list[tuple[str, Tensor]]:
    """Return G G^T and G^T G of those sides that are not too long."""
    rows, columns = gradient.shape
    sides = [("left", gradient @ gradient.T)] if rows <= longest_side else []
    return sides + ([("right", gradient.T @ gradient)] if columns <= longest_side else [])


def _rotated(matrix: Tensor, left: Tensor | None, right: Tensor | None) -> Tensor:
    """Return left^T matrix right; without a basis a side stays as it is."""
    if left is not None:
        matrix = left.T @ matrix
    return matrix if right is None else matrix @ right


def _eigenvectors(average: Tensor) -> Tensor:
    """Return the eigenvectors as columns, largest eigenvalue first."""
    noise = torch.finfo(average.dtype).tiny
    return torch.linalg.eigh(average + noise * torch.eye(len(average), device=average.device))[1].flip(1)
