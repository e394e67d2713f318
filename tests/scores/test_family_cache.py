"""The cache against a dictionary."""

import numpy as np
from score_data import continuous, correlated

from dag_gfn.scores import BGe, ScoreTable
from dag_gfn.scores.family_cache import FamilyCache


def families(rng, m, d):
    """Return m distinct parent sets of one node, with values."""
    parents = rng.choice(1 << (d - 1), size=m, replace=False) << 1
    return parents, rng.normal(size=m)


def test_what_was_stored_is_found_and_nothing_else(rng):
    cache, known = FamilyCache(1e7), {}
    for node in (0, 5, 62):
        parents, values = families(rng, 3_000, 40)
        cache.insert(node, parents, values)
        known.update({(node, p): v for p, v in zip(parents.tolist(), values.tolist(), strict=True)})
    nodes = rng.choice([0, 5, 62, 7], size=5_000)
    asked = rng.choice([p for _, p in known], size=5_000)
    values, found = cache.look_up(nodes, asked)
    expected = [known.get(family) for family in zip(nodes.tolist(), asked.tolist(), strict=True)]
    assert found.tolist() == [value is not None for value in expected]
    assert values[found].tolist() == [value for value in expected if value is not None]
    assert len(cache) == len(known)


def test_at_its_limit_it_is_emptied_and_goes_on(rng):
    cache = FamilyCache(18 * 1024)  # 1024 slots, half of them used at most
    for _ in range(5):
        parents, values = families(rng, 300, 40)
        cache.insert(0, parents, values)
        found_values, found = cache.look_up(np.zeros(300, dtype=np.int64), parents)
        assert found.all()
        np.testing.assert_array_equal(found_values, values)
    assert len(cache) <= 512


def test_a_cache_of_no_size_keeps_next_to_nothing(rng):
    cache = FamilyCache(0)
    cache.insert(1, np.array([0, 4, 8]), np.zeros(3))
    assert len(cache) <= 1


def test_a_complete_table_has_no_use_for_it(rng):
    table = ScoreTable.build(BGe(continuous(correlated(rng, 30, 4))))
    table.local_scores(np.array([0, 1]), np.array([0b10, 0b01]))
    assert len(table._cache) == 0
