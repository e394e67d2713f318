"""Speed of the score tables, as ratios to a naive version in the same run.

Run with ``pytest benchmarks/bench_scores.py``. The naive version scores one family at a time with NumPy and
is timed on a sample of families; ``extra_info`` holds the seconds of the complete table and the ratio.
"""

import time

import numpy as np
import pytest
from scipy.special import gammaln

from dag_gfn.data import from_array
from dag_gfn.graphs.subsets import unpack
from dag_gfn.scores import Constraints, ScoreTable, make_score
from dag_gfn.scores.additive import SHRINKAGES

ROWS = 1000


@pytest.fixture
def rng():
    return np.random.default_rng(1)


def continuous(rng, d):
    values = rng.normal(size=(ROWS, d)) @ (np.eye(d) + 0.3 * rng.normal(size=(d, d)))
    return from_array(values).standardize()


def discrete(rng, d):
    """Binary and ternary columns in turn, each often following the one before it."""
    states = np.where(np.arange(d) % 2, 3, 2)
    codes = rng.integers(0, states, size=(ROWS, d))
    for j in range(1, d):
        follow = rng.random(ROWS) < 0.5
        codes[follow, j] = codes[follow, j - 1] % states[j]
    return from_array(codes, discrete="all")


def naive_bge(score):
    """Return a function that scores one family by two determinants of R."""
    matrix, n = score.matrices[0], score.data.n

    def local_score(node, parents):
        k, degrees = len(parents), score.alpha_w - score.d + len(parents)
        minor = np.linalg.slogdet(matrix[np.ix_(parents, parents)])[1]
        family = np.append(parents, node)
        return (
            0.5 * np.log(score.alpha_mu / (n + score.alpha_mu))
            + gammaln(0.5 * (n + degrees + 1))
            - gammaln(0.5 * (degrees + 1))
            - 0.5 * n * np.log(np.pi)
            + 0.5 * (degrees + k + 1) * np.log(score.t)
            + 0.5 * (n + degrees) * minor
            - 0.5 * (n + degrees + 1) * np.linalg.slogdet(matrix[np.ix_(family, family)])[1]
        )

    return local_score


def naive_bdeu(score):
    """Return a function that scores one family by two sorted contingency tables."""
    codes = score.data.values.astype(np.int64)
    states = np.array(score.data.cardinalities)

    def cell_sum(columns):
        _, counts = np.unique(codes[:, columns], axis=0, return_counts=True)
        a = score.equivalent_sample_size / states[columns].prod()
        return (gammaln(a + counts) - gammaln(a)).sum()

    def local_score(node, parents):
        without = cell_sum(parents) if len(parents) else cell_sum(np.array([], dtype=np.int64))
        return cell_sum(np.append(parents, node)) - without

    return local_score


def naive_additive(score):
    """Return a function that scores one family by a regression for each shrinkage, from the columns of the rows."""
    values, n = score.data.values, score.data.n
    curves = [each.at(column) for each, column in zip(score.curves, values.T, strict=True)]

    def evidence(node, parents, shrinkage):
        lines = values[:, parents]
        bends = [curves[i] for i in parents] if shrinkage else []
        roughness = np.concatenate([score.curves[i].roughness for i in parents] if bends else [np.zeros(0)])
        columns = np.column_stack([np.ones(n), lines, *bends])
        precision = np.concatenate(
            [[score.alpha_mu], np.full(len(parents), score.t), (shrinkage or 0.0) * roughness]
        )
        gram = columns.T @ columns + np.diag(precision)
        y = values[:, node]
        fitted = columns.T @ y
        shape, scale = 0.5 * (score.alpha_w - score.d + len(parents) + 1), 0.5 * score.t
        rest = scale + 0.5 * (y @ y - fitted @ np.linalg.solve(gram, fitted))
        return (
            0.5 * (np.log(precision).sum() - np.linalg.slogdet(gram)[1])
            + shape * np.log(scale)
            - (shape + n / 2) * np.log(rest)
            + gammaln(shape + n / 2)
            - gammaln(shape)
            - 0.5 * n * np.log(2 * np.pi)
        )

    def local_score(node, parents):
        line = evidence(node, parents, None)
        if not len(parents):
            return line
        pi = score.line_probability
        share = (1 - pi) / len(SHRINKAGES)
        terms = [np.log(pi)] + [np.log(share) + evidence(node, parents, s) - line for s in SHRINKAGES]
        return line + score.curve_weight * np.logaddexp.reduce(terms)

    return local_score


def record_ratio(benchmark, table, naive, rng, sample=100):
    """Time the naive version on random families, check its values and record seconds and ratio."""
    d = table.d
    nodes = rng.integers(0, d, size=sample)
    masks = rng.integers(0, 1 << d, size=sample) & ~(np.int64(1) << nodes)
    parents = [np.flatnonzero(row) for row in unpack(masks, d)]
    start = time.perf_counter()
    expected = [naive(node, p) for node, p in zip(nodes, parents, strict=True)]
    each = (time.perf_counter() - start) / sample
    np.testing.assert_allclose(table.local_scores(nodes, masks), expected, rtol=1e-9)
    if benchmark.stats is not None:  # None under --benchmark-disable
        seconds = benchmark.stats.stats.min
        benchmark.extra_info["seconds"] = seconds
        benchmark.extra_info["ratio_to_naive"] = each * d * 2 ** (d - 1) / seconds


@pytest.mark.parametrize("d", [15, 20])
def test_complete_bge_table(benchmark, rng, d):
    score = make_score("bge", continuous(rng, d))
    table = benchmark.pedantic(ScoreTable.build, (score,), rounds=3, warmup_rounds=1)
    record_ratio(benchmark, table, naive_bge(score), rng)


@pytest.mark.parametrize("d", [12, 15])
def test_complete_additive_table(benchmark, rng, d):
    score = make_score("additive", continuous(rng, d))
    table = benchmark.pedantic(ScoreTable.build, (score,), rounds=2, warmup_rounds=0)
    record_ratio(benchmark, table, naive_additive(score), rng, sample=20)


@pytest.mark.parametrize("d", [12, 15])
def test_complete_bdeu_table(benchmark, rng, d):
    score = make_score("bdeu", discrete(rng, d))
    table = benchmark.pedantic(ScoreTable.build, (score,), rounds=3, warmup_rounds=1)
    record_ratio(benchmark, table, naive_bdeu(score), rng)


@pytest.mark.parametrize("num_distinct", [2_000, 200_000])
def test_complete_bdeu_table_of_many_rows(benchmark, rng, num_distinct):
    """From 300,000 rows of ten columns to the table; the naive version sorts the rows for every family."""
    codes = rng.integers(0, 4, size=(num_distinct, 10))[rng.integers(0, num_distinct, size=300_000)]
    data = from_array(codes, discrete="all")

    def build():
        vars(data).pop("distinct_rows", None)  # counted anew in every round
        return ScoreTable.build(make_score("bdeu", data))

    table = benchmark.pedantic(build, rounds=3, warmup_rounds=1)
    record_ratio(benchmark, table, naive_bdeu(make_score("bdeu", data)), rng, sample=5)


@pytest.mark.parametrize(("name", "make"), [("bge", continuous), ("bdeu", discrete)])
def test_lazy_gains_of_fifty_nodes(benchmark, rng, name, make):
    """A walk that adds one parent a step to 256 families: mostly new families, some known."""
    d, batch = 50, 256
    score = make_score(name, make(rng, d))
    limits = Constraints.from_names(score.data.names, max_parents=4)
    nodes = rng.integers(0, d, size=batch)

    def walk():
        table = ScoreTable.build(score, constraints=limits)
        parents = np.zeros(batch, dtype=np.int64)
        for _ in range(4):
            best = table.column_gains(nodes, parents).argmax(1)
            parents |= np.int64(1) << best
        return table, parents

    table, parents = benchmark.pedantic(walk, rounds=3, warmup_rounds=1)
    naive = {"bge": naive_bge, "bdeu": naive_bdeu}[name](score)
    sample = range(50)
    start = time.perf_counter()
    expected = [naive(nodes[f], np.flatnonzero(unpack(parents[f : f + 1], d)[0])) for f in sample]
    each = (time.perf_counter() - start) / len(sample)
    np.testing.assert_allclose(table.local_scores(nodes[:50], parents[:50]), expected, rtol=1e-9)
    if benchmark.stats is not None:
        rate = len(table._cache) / benchmark.stats.stats.min
        benchmark.extra_info["families_per_second"] = rate
        benchmark.extra_info["ratio_to_naive"] = each * rate
