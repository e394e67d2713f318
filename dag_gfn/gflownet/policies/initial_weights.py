"""Initial weights of networks, drawn from a given generator instead of torch's global one."""

from collections.abc import Callable
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

_DRAW = {torch.rand, torch.randn}
"""Functions that modules of this package call without a generator; those of `torch.nn.init` pass on generator=None."""


class DrawnFrom(TorchFunctionMode):
    """A context in which modules that this thread builds draw their weights from the given generator.

    Layers of `torch.nn` only use the global generator, which all threads share: seeding it would change the draws of
    other threads, and their draws would change these. The weights are the same as the global generator would give from
    the same state.

    Parameters
    ----------
    generator : torch.Generator
        On the CPU, where modules are built.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.policies.initial_weights import DrawnFrom
    >>> def layer(seed):
    ...     with DrawnFrom(torch.Generator().manual_seed(seed)):
    ...         return torch.nn.Linear(3, 2)
    >>> torch.equal(layer(0).weight, layer(0).weight), torch.equal(layer(0).weight, layer(1).weight)
    (True, False)
    """

    def __init__(self, generator: torch.Generator):
        super().__init__()
        self.generator = generator

    def __torch_function__(
        self, func: Callable, types: Any, args: tuple = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Call the function of torch, and pass the generator if it draws numbers and was given none."""
        kwargs = {} if kwargs is None else kwargs
        draws = func in _DRAW or "generator" in kwargs
        if draws and kwargs.get("generator") is None:
            kwargs = {**kwargs, "generator": self.generator}
        return func(*args, **kwargs)
