"""The table: complete and lazy storage, prior and constraints, gains and rewards."""

import numpy as np
import pytest
from score_data import continuous, correlated, dependent_codes, discrete

from dag_gfn.errors import DataError, NotTractable, OptionError
from dag_gfn.graphs.subsets import parent_sets, subsets_within
from dag_gfn.scores import BDeu, BGe, Constraints, ScoreTable, make_prior, make_score, table_bytes

D = 5
NAMES = tuple(f"x{i}" for i in range(D))


@pytest.fixture
def score(rng):
    return BGe(continuous(correlated(rng, 50, D)))


@pytest.fixture
def constraints():
    return Constraints.from_names(
        NAMES, required=[("x0", "x2")], forbidden=[("x1", "x2"), ("x4", "x0")], max_parents=3
    )


def random_families(rng, m, d=D):
    nodes = rng.integers(0, d, size=m)
    return nodes, rng.integers(0, 1 << d, size=m) & ~(np.int64(1) << nodes)


def test_complete_holds_score_prior_and_constraints(score, constraints):
    prior = make_prior("fair", D)
    table = ScoreTable.build(score, prior, constraints)
    assert table.is_complete
    assert (table.d, table.names, table.score, table.prior) == (D, NAMES, "bge", "fair")
    for node in range(D):
        sets = parent_sets(node, D)
        expected = score.local_scores(node, sets) + prior.log_prior(node, sets)
        expected[~constraints.allow(node, sets)] = -np.inf
        np.testing.assert_allclose(table.complete[node], expected, rtol=1e-12)


@pytest.mark.parametrize("constrained", [False, True])
@pytest.mark.parametrize("memory_limit", [1e9, 600])
def test_lazy_equals_complete(score, constraints, constrained, memory_limit, rng):
    prior = make_prior("edge", D).with_beliefs(rng.uniform(0.1, 0.9, size=(D, D)))
    limits = constraints if constrained else None
    complete = ScoreTable.build(score, prior, limits)
    lazy = ScoreTable.build(score, prior, limits, storage="lazy", memory_limit=memory_limit)
    assert not lazy.is_complete
    assert lazy.complete is None
    for _ in range(4):
        nodes, parents = random_families(rng, 37)
        np.testing.assert_allclose(
            lazy.local_scores(nodes, parents), complete.local_scores(nodes, parents), rtol=1e-12
        )
        np.testing.assert_allclose(
            lazy.column_gains(nodes, parents), complete.column_gains(nodes, parents), atol=1e-10
        )
        graphs = rng.integers(0, 1 << D, size=(6, D)) & ~(1 << np.arange(D))
        np.testing.assert_allclose(lazy.log_reward(graphs), complete.log_reward(graphs), rtol=1e-12)
    none = np.zeros(0, dtype=np.int64)
    for table in (lazy, complete):
        assert table.local_scores(none, none).shape == (0,)
        assert table.column_gains(none, none).shape == (0, D)


@pytest.mark.parametrize("storage", ["complete", "lazy"])
def test_scores_of_one_node_are_those_of_families_and_leave_no_trace(score, constraints, storage, rng):
    table = ScoreTable.build(score, make_prior("fair", D), constraints, storage=storage)
    reference = ScoreTable.build(score, make_prior("fair", D), constraints, storage="lazy")
    for node in range(D):
        sets = rng.integers(0, 1 << D, size=60)  # the node itself is in half of them
        expected = reference.local_scores(np.full(60, node), sets)
        np.testing.assert_allclose(table.scores_of(node, sets), expected, rtol=1e-12)
        candidates = int(rng.integers(0, 1 << D)) & ~(1 << node)
        sets = subsets_within(candidates)
        expected = reference.local_scores(np.full(len(sets), node), sets)
        np.testing.assert_allclose(table.scores_within(node, candidates), expected, rtol=1e-12, atol=1e-10)
    if storage == "lazy":
        assert len(table._cache) == 0
    assert table.families_per_second == score.families_per_second


@pytest.mark.parametrize("storage", ["complete", "lazy"])
def test_gains_and_rewards_follow_their_definition(score, constraints, storage, rng):
    table = ScoreTable.build(score, make_prior("fair", D), constraints, storage=storage)

    def value(node, mask):
        return table.local_scores(np.array([node]), np.array([mask]))[0]

    nodes, parents = random_families(rng, 60)
    gains = table.column_gains(nodes, parents)
    assert np.isfinite(gains).any()
    for f, (node, mask) in enumerate(zip(nodes.tolist(), parents.tolist(), strict=True)):
        for i in range(D):
            expected = -np.inf
            if i != node and not mask >> i & 1 and np.isfinite(value(node, mask)):
                expected = value(node, mask | 1 << i) - value(node, mask)
            assert gains[f, i] == pytest.approx(expected, abs=1e-12)
    graphs = rng.integers(0, 1 << D, size=(20, D)) & ~(1 << np.arange(D))
    expected = [sum(value(j, graph[j]) for j in range(D)) for graph in graphs.tolist()]
    np.testing.assert_allclose(table.log_reward(graphs), expected, rtol=1e-12)


@pytest.mark.parametrize("storage", ["complete", "lazy"])
def test_a_node_is_never_its_own_parent(score, storage):
    table = ScoreTable.build(score, storage=storage)
    nodes = np.array([0, 3])
    parents = np.array([0b00011, 0b01000])
    assert table.local_scores(nodes, parents).tolist() == [-np.inf, -np.inf]
    assert (table.column_gains(nodes, parents) == -np.inf).all()


@pytest.mark.parametrize("storage", ["complete", "lazy"])
def test_the_empty_graph_lacks_required_edges(score, constraints, storage):
    table = ScoreTable.build(score, None, constraints, storage=storage)
    graphs = np.array([[0, 0, 0, 0, 0], [0, 0, 1, 0, 0]])
    assert table.log_reward(graphs)[0] == -np.inf
    assert np.isfinite(table.log_reward(graphs)[1])


class CountingScore(BGe):
    asked = 0

    def local_scores(self, node, parents):
        self.asked += len(parents)
        return super().local_scores(node, parents)


def test_fifty_nodes_score_only_what_is_asked(rng):
    d = 50
    score = CountingScore(continuous(correlated(rng, 80, d)))
    table = ScoreTable.build(score, constraints=Constraints.from_names(score.data.names, max_parents=2))
    assert not table.is_complete
    nodes = np.repeat(np.arange(d), 2)
    none = np.zeros(2 * d, dtype=np.int64)
    gains = table.column_gains(nodes, none)
    assert score.asked == d * d  # the empty set and 49 single parents for each node, each once
    np.testing.assert_array_equal(gains[::2], gains[1::2])
    np.testing.assert_array_equal(table.column_gains(nodes, none), gains)
    assert score.asked == d * d
    full = np.int64(0b111) << 10
    assert table.local_scores(np.array([0]), np.array([full]))[0] == -np.inf
    assert score.asked == d * d  # beyond max_parents nothing is scored


def test_sixty_three_nodes_use_the_highest_bit(rng):
    data = discrete(dependent_codes(rng, 30, (2, 3) * 31 + (2,)), (2, 3) * 31 + (2,))
    score = BDeu(data)
    table = ScoreTable.build(score)
    nodes = np.array([0, 62, 0])
    parents = np.array([1 << 62, 1 << 61, 1 << 62])
    expected = [score.local_scores(int(v), np.array([p]))[0] for v, p in zip(nodes, parents, strict=True)]
    np.testing.assert_array_equal(table.local_scores(nodes, parents), expected)
    assert table.column_gains(nodes, parents).shape == (3, 63)


def test_the_cache_grows_and_is_emptied_at_its_limit(rng):
    score = CountingScore(continuous(correlated(rng, 40, 16)))
    nodes, parents = random_families(rng, 30_000, 16)
    expected = ScoreTable.build(score).local_scores(nodes, parents)
    large = ScoreTable.build(score, storage="lazy")
    small = ScoreTable.build(score, storage="lazy", memory_limit=18 * 1024)
    for table in (large, small):
        for start in range(0, 30_000, 1000):
            part = slice(start, start + 1000)
            np.testing.assert_allclose(
                table.local_scores(nodes[part], parents[part]), expected[part], rtol=1e-11
            )
    assert len(large._cache) == len(set(zip(nodes.tolist(), parents.tolist(), strict=True)))
    assert len(small._cache) <= 512
    assert len(small._cache._nodes) == 1024


def test_table_bytes_is_the_size_of_the_array(score):
    assert table_bytes(D) == ScoreTable.build(score).complete.nbytes
    assert table_bytes(24) == 24 * 2**23 * 8
    assert table_bytes(63) > 0


def test_a_table_beyond_the_limit_names_size_and_remedy(rng):
    score = BGe(continuous(correlated(rng, 30, 24)))
    message = r"24 nodes needs 1.6 GB, the limit is 1.0 GB: use lazy storage .*max_parents.* memory_limit="
    with pytest.raises(NotTractable, match=message):
        ScoreTable.build(score, storage="complete")
    assert not ScoreTable.build(score).is_complete


def test_auto_is_lazy_where_memory_is_short(score):
    assert not ScoreTable.build(score, memory_limit=table_bytes(D) - 1).is_complete
    assert ScoreTable.build(score, memory_limit=table_bytes(D)).is_complete


def test_unknown_storage_and_other_sizes_are_refused(score):
    with pytest.raises(OptionError, match="unknown storage 'disk'"):
        ScoreTable.build(score, storage="disk")
    with pytest.raises(OptionError, match="the prior is for 4 nodes, the data have 5"):
        ScoreTable.build(score, make_prior("fair", 4))
    with pytest.raises(OptionError, match="the constraints are for 4 nodes"):
        ScoreTable.build(score, constraints=Constraints.none(4))


def test_scores_that_are_not_finite_raise(rng):
    values = correlated(rng, 20, 3)
    values[:, 1] = values[:, 0] * 1e160
    with np.errstate(all="ignore"):
        score = make_score("linear_gaussian", continuous(values))
    message = r"'linear_gaussian' of column 'x.' is not a finite number"
    with pytest.raises(DataError, match=message):
        ScoreTable.build(score)
    lazy = ScoreTable.build(score, storage="lazy")
    with pytest.raises(DataError, match=message):
        lazy.column_gains(np.array([1, 0]), np.array([0, 0]))
