"""Parent sets as bitmasks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dag_gfn.graphs import subsets

masks = st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=20).map(lambda m: np.array(m, np.int64))


@given(masks)
def test_pack_inverts_unpack(masks):
    members = subsets.unpack(masks, 63)
    assert members.tolist() == [[bool(m >> i & 1) for i in range(63)] for m in masks.tolist()]
    np.testing.assert_array_equal(subsets.pack(members), masks)
    np.testing.assert_array_equal(subsets.popcount(masks), members.sum(-1))


def test_pack_keeps_leading_axes():
    members = np.zeros((2, 3, 4), dtype=bool)
    members[1, 2, [0, 3]] = True
    packed = subsets.pack(members)
    assert packed.shape == (2, 3)
    assert packed[1, 2] == 9
    assert packed.sum() == 9
    assert subsets.pack(np.array([True, False, True])).shape == ()


def test_pack_refuses_more_nodes_than_bits():
    with pytest.raises(ValueError, match="64 nodes"):
        subsets.pack(np.zeros((1, 64), dtype=bool))


@given(masks, st.integers(0, 62))
def test_insert_bit_inverts_remove_bit(masks, node):
    without = masks & ~(np.int64(1) << node)
    squeezed = subsets.remove_bit(without, node)
    members = np.delete(subsets.unpack(without, 63), node, axis=-1)
    np.testing.assert_array_equal(squeezed, subsets.pack(members))
    np.testing.assert_array_equal(subsets.insert_bit(squeezed, node), without)
    # The node's own bit is ignored, and one node per mask gives the same.
    np.testing.assert_array_equal(subsets.remove_bit(masks, node), squeezed)
    nodes = np.full(len(masks), node, dtype=np.int64)
    np.testing.assert_array_equal(subsets.remove_bit(masks, nodes), squeezed)


@pytest.mark.parametrize("d", [1, 2, 3, 5])
def test_parent_sets_are_all_sets_without_the_node(d):
    for node in range(d):
        sets = subsets.parent_sets(node, d)
        assert sets.tolist() == [s for s in range(1 << d) if not s >> node & 1]
        np.testing.assert_array_equal(subsets.remove_bit(sets, node), np.arange(1 << (d - 1)))


@given(st.sets(st.integers(0, 62), max_size=8))
def test_subsets_within_are_all_in_the_order_of_their_bits(members):
    ascending = sorted(members)
    expected = [
        sum(1 << member for k, member in enumerate(ascending) if s >> k & 1) for s in range(1 << len(members))
    ]
    found = subsets.subsets_within(sum(1 << member for member in members))
    assert found.tolist() == expected == sorted(expected)


@pytest.mark.parametrize("k", [0, 1, 2, 5])
def test_zeta_transform_sums_over_subsets(k, rng):
    values = rng.normal(size=(3, 1 << k))
    expected = [
        [sum(row[t] for t in range(1 << k) if t & s == t) for s in range(1 << k)] for row in values.tolist()
    ]
    before = values.copy()
    np.testing.assert_allclose(subsets.zeta_transform(values), expected, atol=1e-12)
    np.testing.assert_allclose(subsets.moebius_transform(np.array(expected)), values, atol=1e-12)
    np.testing.assert_array_equal(values, before)


def test_transforms_refuse_a_length_that_is_no_power_of_two():
    with pytest.raises(ValueError, match="2\\^k values"):
        subsets.zeta_transform(np.zeros(3))


def test_log_zeta_transform_is_the_zeta_transform_of_exponentials(rng):
    logs = 5 * rng.normal(size=(3, 16))
    logs[0, :4] = -np.inf
    with np.errstate(divide="ignore"):
        expected = np.log(subsets.zeta_transform(np.exp(logs)))
    np.testing.assert_allclose(subsets.log_zeta_transform(logs), expected, atol=1e-12)
    np.testing.assert_allclose(subsets.log_zeta_transform(logs - 5000.0), expected - 5000.0, atol=1e-9)
