"""A hash table of local scores that have been computed, with a limit on its memory."""

from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float64, Int64
from numba import njit


class FamilyCache:
    """A hash table from (node, parent set) to a number, with a limit on its memory.

    Open addressing with linear probing: a family is in the slot that its hash names, or in the first free one after
    it. The table is at most half full. It doubles when it needs more; at the limit it is emptied and filled anew.

    Parameters
    ----------
    memory_limit : float
        In bytes.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.scores.family_cache import FamilyCache
    >>> cache = FamilyCache(memory_limit=1e6)
    >>> cache.insert(2, np.array([0b001, 0b011]), np.array([-4.0, -3.5]))
    >>> values, found = cache.look_up(np.array([2, 2]), np.array([0b011, 0b010]))
    >>> float(values[0]), found.tolist()
    (-3.5, [True, False])
    """

    _FIRST_SLOTS = 1 << 12
    _SLOT_BYTES = 18  # an int16, an int64 and a float64

    def __init__(self, memory_limit: int | float):
        limit = max(int(memory_limit) // self._SLOT_BYTES, 2)
        self._max_slots = 1 << (limit.bit_length() - 1)
        self._allocate(min(self._FIRST_SLOTS, self._max_slots))

    def __len__(self) -> int:
        return self._count

    def _allocate(self, slots: int) -> None:
        self._nodes = np.full(slots, -1, dtype=np.int16)  # -1: the slot is free
        self._parents = np.empty(slots, dtype=np.int64)
        self._values = np.empty(slots)
        self._count = 0

    def look_up(
        self, nodes: Int64[np.ndarray, " m"], parents: Int64[np.ndarray, " m"]
    ) -> tuple[Float64[np.ndarray, " m"], Bool[np.ndarray, " m"]]:
        """Return the values of families, and whether each is there; a value that is not there is arbitrary."""
        values, found = np.empty(len(nodes)), np.empty(len(nodes), dtype=np.bool_)
        _look_up(self._nodes, self._parents, self._values, nodes, parents, values, found)
        return values, found

    def insert(self, node: int, parents: Int64[np.ndarray, " m"], values: Float64[np.ndarray, " m"]) -> None:
        """Store the values of families of one node that are not there yet."""
        slots = len(self._nodes)
        needed = 2 * (self._count + len(parents))
        if needed > slots:
            kept = self._nodes >= 0
            old = self._nodes[kept].astype(np.int64), self._parents[kept], self._values[kept]
            if needed <= self._max_slots:
                self._allocate(1 << (needed - 1).bit_length())
                self._store(*old)
            else:  # forget everything, and keep as many of the new ones as half the slots hold
                room = self._max_slots // 2
                self._allocate(self._max_slots)
                parents, values = parents[:room], values[:room]
        self._store(np.full(len(parents), node, dtype=np.int64), parents, values)

    def _store(self, nodes: np.ndarray, parents: np.ndarray, values: np.ndarray) -> None:
        _store(self._nodes, self._parents, self._values, nodes, parents, values)
        self._count += len(nodes)


# The compiled functions below share the three arrays of the table: slot_nodes (slots,) int16, where -1 marks a free
# slot; slot_parents (slots,) int64; slot_values (slots,) float64. The number of slots is a power of two.
# The test run's annotation checker would wrap the functions that Numba compiles; @no_type_check keeps it off.


@njit(cache=True, nogil=True)
@no_type_check
def _slot(slot_nodes, slot_parents, node, parents):
    """Return the slot that holds the family, or the free slot where it would go.

    The hash multiplies by the constants of SplitMix64 and mixes high bits into low ones by shifts (Steele, Lea and
    Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014), as the low bits choose the slot.
    """
    last = np.uint64(len(slot_nodes) - 1)
    h = np.uint64(parents) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(node) * np.uint64(0xBF58476D1CE4E5B9)
    h = (h ^ (h >> np.uint64(29))) * np.uint64(0x94D049BB133111EB)
    slot = (h ^ (h >> np.uint64(32))) & last
    while slot_nodes[slot] >= 0 and (slot_nodes[slot] != node or slot_parents[slot] != parents):
        slot = (slot + np.uint64(1)) & last  # taken by another family: try the next
    return slot


@njit(cache=True, nogil=True)
@no_type_check
def _look_up(slot_nodes, slot_parents, slot_values, nodes, parents, values, found):
    """Write the value of each family, and whether it is there; the last four arrays have shape (m,)."""
    for f in range(len(nodes)):
        slot = _slot(slot_nodes, slot_parents, nodes[f], parents[f])
        found[f] = slot_nodes[slot] >= 0
        values[f] = slot_values[slot]


@njit(cache=True, nogil=True)
@no_type_check
def _store(slot_nodes, slot_parents, slot_values, nodes, parents, values):
    """Write each family to its slot; the last three arrays have shape (m,)."""
    for f in range(len(nodes)):
        slot = _slot(slot_nodes, slot_parents, nodes[f], parents[f])
        slot_nodes[slot] = nodes[f]
        slot_parents[slot] = parents[f]
        slot_values[slot] = values[f]
