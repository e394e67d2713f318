"""Records of tensors that have a row for each member of a batch."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TypeVar

import torch
from torch import Tensor

R = TypeVar("R", bound="Rows")


@dataclass(frozen=True)
class Rows:
    """A record whose fields are tensors with the same first dimension, one row for each member of a batch."""

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """The fields, in the order of their declaration."""
        return tuple(getattr(self, field.name) for field in fields(self))

    def __len__(self) -> int:
        return len(self.tensors[0])

    def __getitem__(self: R, rows: Tensor | slice) -> R:
        """Return the chosen rows, as a batch of their own."""
        return type(self)(*(tensor[rows] for tensor in self.tensors))

    @classmethod
    def concatenate(cls: type[R], parts: Sequence[R]) -> R:
        """Join batches of one kind end to end."""
        kind = type(parts[0])
        return kind(*(torch.cat(columns) for columns in zip(*(part.tensors for part in parts), strict=True)))

    @property
    def num_bytes(self) -> int:
        """Memory that the tensors take."""
        return sum(tensor.nbytes for tensor in self.tensors)
