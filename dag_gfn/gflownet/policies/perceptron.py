"""Pieces that networks share: a perceptron, and last layers that begin near zero."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn


def perceptron(widths: Sequence[int]) -> nn.Sequential:
    """Return linear layers of these widths, each followed by a rectifier.

    Examples
    --------
    >>> from dag_gfn.gflownet.policies.perceptron import perceptron
    >>> [type(layer).__name__ for layer in perceptron([4, 8, 8])]
    ['Linear', 'ReLU', 'Linear', 'ReLU']
    """
    return nn.Sequential(
        *(layer for width, next_ in pairwise(widths) for layer in (nn.Linear(width, next_), nn.ReLU()))
    )


@torch.no_grad()
def start_small(*heads: nn.Linear, skip: nn.Linear | None = None) -> None:
    """Scale the last layers down and set the linear map to zero, so that training begins near what is corrected.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.policies.perceptron import start_small
    >>> head, skip = torch.nn.Linear(2, 1), torch.nn.Linear(2, 1, bias=False)
    >>> start_small(head, skip=skip)
    >>> head.bias.item(), skip.weight.tolist()
    (0.0, [[0.0, 0.0]])
    """
    for head in heads:
        head.weight.mul_(0.1)
        head.bias.zero_()
    if skip is not None:
        skip.weight.zero_()
