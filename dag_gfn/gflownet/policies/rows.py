"""Records of tensors with one row for each member of a batch, and which rows are equal."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TypeVar

import torch
from jaxtyping import Bool, Int
from torch import Tensor

R = TypeVar("R", bound="Rows")


@dataclass(frozen=True)
class Rows:
    """A record whose fields are tensors with the same first dimension, one row for each member of a batch.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import torch
    >>> from dag_gfn.gflownet.policies.rows import Rows
    >>> @dataclass(frozen=True)
    ... class Points(Rows):
    ...     x: torch.Tensor
    >>> points = Points(torch.tensor([1, 2, 3]))
    >>> Points.concatenate([points[:1], points[torch.tensor([2])]]).x.tolist()
    [1, 3]
    """

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """The fields, in the order of their declaration."""
        return tuple(getattr(self, field.name) for field in fields(self))

    def __len__(self) -> int:
        return len(self.tensors[0])

    def __getitem__(self: R, rows: Tensor | slice) -> R:
        """Return the chosen rows as a batch."""
        return type(self)(*(tensor[rows] for tensor in self.tensors))

    @classmethod
    def concatenate(cls: type[R], parts: Sequence[R]) -> R:
        """Join batches of one class along the first dimension."""
        kind = type(parts[0])
        return kind(*(torch.cat(columns) for columns in zip(*(part.tensors for part in parts), strict=True)))

    @property
    def num_bytes(self) -> int:
        """Memory of the tensors, in bytes."""
        return sum(tensor.nbytes for tensor in self.tensors)


def distinct_bits(bits: Bool[Tensor, "b k"]) -> tuple[Int[Tensor, " u"], Int[Tensor, " b"]]:
    """Return the row of one copy of each distinct row, and for every row which distinct one it is.

    Parameters
    ----------
    bits : Tensor, shape (b, k), bool
        At most 63 columns.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.policies.rows import distinct_bits
    >>> place, which = distinct_bits(torch.tensor([[True, False], [False, False], [True, False]]))
    >>> which.tolist()
    [1, 0, 1]
    """
    return distinct_words((bits * (1 << torch.arange(bits.shape[1], device=bits.device))).sum(1))


def distinct_words(words: Int[Tensor, " b"]) -> tuple[Int[Tensor, " u"], Int[Tensor, " b"]]:
    """Return the row of one copy of each distinct number, and for every row which distinct number it is.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.policies.rows import distinct_words
    >>> place, which = distinct_words(torch.tensor([7, 5, 9]))
    >>> place.tolist(), which.tolist()
    ([1, 0, 2], [1, 0, 2])
    """
    words, which = words.unique(return_inverse=True)
    place = torch.empty_like(words)
    place[which] = torch.arange(len(which), device=which.device)
    return place, which
