from dataclasses import FrozenInstanceError, dataclass

import pytest
import torch
from torch import Tensor

from dag_gfn.gflownet.policies.rows import Rows, distinct_bits


@dataclass(frozen=True)
class Points(Rows):
    number: Tensor
    place: Tensor


def points(n):
    return Points(torch.arange(n), torch.arange(2.0 * n).view(n, 2))


def test_rows_are_chosen_in_all_tensors():
    some = points(5)[torch.tensor([3, 1])]
    assert isinstance(some, Points)
    assert some.number.tolist() == [3, 1]
    assert some.place.tolist() == [[6.0, 7.0], [2.0, 3.0]]
    assert len(points(5)[1:3]) == 2
    assert len(points(5)[points(5).number > 1]) == 3


def test_parts_are_joined_in_their_order():
    whole = points(5)
    joined = Rows.concatenate([whole[:2], whole[2:2], whole[2:]])
    assert isinstance(joined, Points)
    for one, other in zip(joined.tensors, whole.tensors, strict=True):
        assert torch.equal(one, other)


def test_fields_stand_in_their_order_and_cannot_be_set():
    number, place = points(3).tensors
    assert (number.shape, place.shape) == ((3,), (3, 2))
    with pytest.raises(FrozenInstanceError):
        points(3).number = number


def test_memory_is_that_of_all_tensors():
    assert points(3).num_bytes == 3 * 8 + 6 * 4
    assert points(0).num_bytes == 0


def test_equal_rows_of_bits_are_found():
    bits = torch.rand(200, 3, generator=torch.Generator().manual_seed(0)) < 0.5
    place, which = distinct_bits(bits)
    assert len(place) == len({tuple(row) for row in bits.tolist()})
    assert torch.equal(bits[place][which], bits)


def test_the_highest_of_63_bits_counts():
    bits = torch.zeros(2, 63, dtype=torch.bool)
    bits[1, 62] = True
    assert len(distinct_bits(bits)[0]) == 2
