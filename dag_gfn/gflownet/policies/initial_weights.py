"""Initial weights from a generator of their own."""

from collections.abc import Callable
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

_DRAW = {torch.rand, torch.randn}
"""Called by modules here without a generator; the functions of `torch.nn.init` pass one on, which is None."""


class DrawnFrom(TorchFunctionMode):
    """Within the block, what builds modules in this thread draws from the given generator, not from torch's own.

    Layers of `torch.nn` know the global generator only. Seeding that one would change what other threads draw, and
    they what is drawn here. The numbers are those that the global generator would give from the same state.

    Parameters
    ----------
    generator : torch.Generator
        On the CPU, where modules are built.
    """

    def __init__(self, generator: torch.Generator):
        super().__init__()
        self.generator = generator

    def __torch_function__(
        self, func: Callable, types: Any, args: tuple = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Call the function of torch, with the generator where it draws and none was given."""
        kwargs = {} if kwargs is None else kwargs
        draws = func in _DRAW or "generator" in kwargs
        if draws and kwargs.get("generator") is None:
            kwargs = {**kwargs, "generator": self.generator}
        return func(*args, **kwargs)
