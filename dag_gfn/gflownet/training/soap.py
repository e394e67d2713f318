"""SOAP: Adam in the eigenbasis of Shampoo's preconditioner, for the weight matrices of a network."""

from collections.abc import Iterable

import torch
from torch import Tensor


class SOAP(torch.optim.Optimizer):
    r"""Adam on gradients that are rotated so that their coordinates are nearly uncorrelated.

    A matrix of weights with gradient G keeps moving averages of :math:`GG^\top` and :math:`G^\top G`, and Adam
    works on :math:`Q_L^\top G Q_R`, Q being their eigenvectors, brought up to date now and then by one step
    of power iteration. Vectors and scalars are left to plain Adam. A step costs some eight products of matrices
    of the size of the weights, less than the network's own on a batch of hundreds of states.

    Parameters
    ----------
    params : iterable
        Parameters, or groups of them.
    lr : float
    betas : tuple of float
        Decay of the moving averages of gradient and square.
    basis_decay : float
        Decay of the moving averages that give the basis.
    basis_every, statistics_every : int
        Steps between updates of the basis, and of the averages that it comes from.

    References
    ----------
    Vyas et al., SOAP: Improving and Stabilizing Shampoo using Adam, ICLR 2025, algorithm 3.
    """

    def __init__(
        self,
        params: Iterable,
        lr: float = 3e-3,
        *,
        betas: tuple[float, float] = (0.95, 0.95),
        basis_decay: float = 0.95,
        basis_every: int = 20,
        statistics_every: int = 2,
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
                "eps": eps,
            },
        )

    @torch.no_grad()
    def step(self, closure=None) -> None:
        """Take one step along the gradients that there are."""
        assert closure is None, "gradients are computed before the step"
        for group in self.param_groups:
            for weights in group["params"]:
                if weights.grad is not None:
                    self._update(weights, group)

    def _update(self, weights: Tensor, group: dict) -> None:
        gradient, state = weights.grad, self.state[weights]
        is_matrix = weights.ndim == 2
        if not state:
            state["step"] = torch.zeros(())
            state["mean"] = torch.zeros_like(weights)
            state["square"] = torch.zeros_like(weights)
            if is_matrix:
                state["left"], state["right"] = gradient @ gradient.T, gradient.T @ gradient
                state["left_basis"] = _eigenvectors(state["left"])
                state["right_basis"] = _eigenvectors(state["right"])
        state["step"] += 1
        step = int(state["step"])
        first, second = group["betas"]
        mean = state["mean"].lerp_(gradient, 1 - first) / (1 - first**step)
        if is_matrix:
            left, right = state["left_basis"], state["right_basis"]
            if step % group["statistics_every"] == 0:
                state["left"].lerp_(gradient @ gradient.T, 1 - group["basis_decay"])
                state["right"].lerp_(gradient.T @ gradient, 1 - group["basis_decay"])
            gradient, mean = left.T @ gradient @ right, left.T @ mean @ right
        square = state["square"].mul_(second).addcmul_(gradient, gradient, value=1 - second)
        update = mean / ((square / (1 - second**step)).sqrt() + group["eps"])
        if is_matrix:
            update = left @ update @ right.T
            if step % group["basis_every"] == 0:
                self._turn_basis(state)
        weights.sub_(group["lr"] * update)

    def _turn_basis(self, state: dict) -> None:
        """Bring both bases up to date, largest eigenvalues first; the squares go where their axes go."""
        for side, axis in (("left", 0), ("right", 1)):
            average, basis = state[side], state[f"{side}_basis"]
            eigenvalues = (basis * (average @ basis)).sum(0)
            order = eigenvalues.argsort(descending=True)
            state["square"] = state["square"].index_select(axis, order)
            state[f"{side}_basis"] = torch.linalg.qr(average @ basis[:, order])[0]


def _eigenvectors(average: Tensor) -> Tensor:
    noise = torch.finfo(average.dtype).tiny
    return torch.linalg.eigh(average + noise * torch.eye(len(average), device=average.device))[1].flip(1)
