"""Bounds of DAGs that are partly built, against the completions listed one by one."""

import numpy as np
import oracles
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dag_gfn.exact.completions import FREE, completion, completions, largest_weight, packed, unpacked


def random_weights(d, rng):
    weights = 3 * rng.normal(size=(d, 1 << (d - 1)))
    weights[:, 1:][rng.random((d, (1 << (d - 1)) - 1)) < 0.2] = -np.inf
    return weights


def weight_of(weights):
    return lambda j, parents: weights[j, sum(1 << (a - (a > j)) for a in parents)]


@pytest.mark.parametrize("seed", range(30))
def test_bounds_are_the_best_completions(seed):
    rng, d = np.random.default_rng(seed), 4
    weights = random_weights(d, rng)
    tables, own = completions(weights), weight_of(weights)
    inside = {int(v) for v in rng.permutation(d)[: rng.integers(0, d)]}
    mask = sum(1 << v for v in inside)
    # for each node, a part of what is there must not hold all of its parents, or nothing is demanded
    barred = [mask & int(rng.integers(1 << d)) if rng.random() < 0.7 else FREE for _ in range(d)]
    best = -np.inf
    for dag in oracles.all_dags(d):
        if any(dag[i, j] for j in inside for i in range(d) if i not in inside):
            continue  # nothing leads into what is there
        sets = {j: set(np.flatnonzero(dag[:, j]).tolist()) for j in range(d) if j not in inside}
        if all(barred[j] == FREE or any(not barred[j] >> a & 1 for a in sets[j]) for j in sets):
            best = max(best, sum(own(j, frozenset(parents)) for j, parents in sets.items()))
    found = completion(tables, mask, np.array(barred, dtype=np.int32), np.empty(1 << d))
    assert found == pytest.approx(best, abs=1e-9)
    if all(b == FREE for b in barred):
        assert tables.free[mask] == found


@given(st.integers(0, 2**32 - 1))
def test_largest_weights_of_families(seed):
    rng, d = np.random.default_rng(seed), 5
    weights = random_weights(d, rng)
    tables, j, inside = completions(weights), int(rng.integers(d)), int(rng.integers(1 << d))
    inside &= ~(1 << j)
    barred = inside & int(rng.integers(1 << d))
    families = [packed(s, j) for s in range(1 << d) if s & ~inside == 0]
    others = [packed(s, j) for s in range(1 << d) if s & ~inside == 0 and s & ~barred]
    assert largest_weight(tables, j, inside, FREE) == weights[j, families].max()
    assert largest_weight(tables, j, inside, barred) == max(weights[j, others], default=-np.inf)
    assert unpacked(packed(inside, j), j) == inside
    ranked = weights[j, tables.families[j]]
    assert (ranked[1:] <= ranked[:-1]).all()
