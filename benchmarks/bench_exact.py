"""Speed of the exact posterior, as ratios to a straightforward log-space version in the same run.

Run with ``pytest benchmarks/bench_exact.py``; ``-k "not 20"`` leaves out what takes minutes. The straightforward
version is compiled too, runs on one core, keeps signed logarithms (one exponential for each term) and has the
textbook sum for every node and set of non-descendants, O(d 3^d). It is timed at ``NAIVE_NODES`` nodes and
scaled to d. Each line printed holds the best seconds, the processor seconds of all cores together (which other work
on the machine hardly changes), the ratio, and by how much the peak of memory rose above what was in use before,
tables included (Linux only); ``extra_info`` holds the same.
"""

import re
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
from numba import njit

from dag_gfn import DataWarning, fit
from dag_gfn.data import from_array, load_example
from dag_gfn.exact.best_dag import best_dag
from dag_gfn.exact.dag_dp import exact_marginals, log_evidence
from dag_gfn.exact.dag_recursion import DagRecursion
from dag_gfn.exact.dag_sampling import DagSampler
from dag_gfn.exact.order_modular import OrderModular
from dag_gfn.scores import ScoreTable, make_score

NAIVE_NODES = 11


def simulated(d, rows=200):
    """Return the BGe table of data from a random linear model with two parents a node."""
    rng = np.random.default_rng(d)
    weights = np.triu(rng.normal(size=(d, d)) * (rng.random((d, d)) < 4 / (d - 1)), 1)
    values = rng.normal(size=(rows, d))
    for j in range(d):
        values[:, j] += values @ weights[:, j]
    data = from_array(values[:, rng.permutation(d)]).standardize()
    return ScoreTable.build(make_score("bge", data), storage="complete")


@njit
def log_add(a, b):
    if a < b:
        a, b = b, a
    return a if b == -np.inf else a + np.log1p(np.exp(b - a))


@njit
def log_difference(plus, minus):
    return plus + np.log1p(-np.exp(minus - plus)) if plus > minus else -np.inf


@njit
def naive_marginals(log_weights):
    """Return the log evidence and P(i -> j) by alpha, beta and gamma in log space."""
    d = len(log_weights)
    size = 1 << d
    within = np.full((d, size), -np.inf)
    own = np.full((d, size), -np.inf)
    for j in range(d):
        below = (1 << j) - 1
        for s in range(size):
            if not s >> j & 1:
                own[j, s] = within[j, s] = log_weights[j, s & below | (s >> 1) & ~below]
        for bit in range(d):
            for s in range(size):
                if s >> bit & 1:
                    within[j, s] = log_add(within[j, s], within[j, s ^ 1 << bit])
    alpha, beta = np.full(size, -np.inf), np.full(size, -np.inf)
    alpha[0] = beta[0] = 0.0
    for u in range(1, size):
        for forward in (True, False):
            plus, minus = -np.inf, -np.inf
            r = u
            while r:
                total, odd = alpha[u ^ r] if forward else beta[u ^ r], False
                for j in range(d):
                    if r >> j & 1:
                        total += within[j, u ^ r] if forward else within[j, (size - 1) ^ u]
                        odd = not odd
                if odd:
                    plus = log_add(plus, total)
                else:
                    minus = log_add(minus, total)
                r = (r - 1) & u
            if forward:
                alpha[u] = log_difference(plus, minus)
            else:
                beta[u] = log_difference(plus, minus)
    edge = np.zeros((d, d))
    above = np.empty(size)
    for v in range(d):
        above[:] = -np.inf
        for s in range(size):
            if s >> v & 1:
                continue
            descendants = (size - 1) ^ s ^ 1 << v
            plus, minus = -np.inf, -np.inf
            r = descendants
            while True:
                total, odd = beta[descendants ^ r], False
                for j in range(d):
                    if r >> j & 1:
                        total += within[j, s]
                        odd = not odd
                if odd:
                    minus = log_add(minus, total)
                else:
                    plus = log_add(plus, total)
                if r == 0:
                    break
                r = (r - 1) & descendants
            above[s] = alpha[s] + log_difference(plus, minus)
        for bit in range(d):
            for s in range(size):
                if not s >> bit & 1:
                    above[s] = log_add(above[s], above[s | 1 << bit])
        for s in range(size):
            if not s >> v & 1:
                probability = np.exp(own[v, s] + above[s] - alpha[size - 1])
                for i in range(d):
                    if s >> i & 1:
                        edge[i, v] += probability
    return alpha[size - 1], edge


@pytest.fixture(scope="module")
def naive_seconds():
    """Seconds of the straightforward version at NAIVE_NODES nodes, its answers checked."""
    table = simulated(NAIVE_NODES)
    naive_marginals(table.complete[:3, :4])  # compile
    start = time.perf_counter()
    evidence, edge = naive_marginals(table.complete)
    seconds = time.perf_counter() - start
    result = exact_marginals(table)
    assert result.log_evidence == pytest.approx(evidence, abs=1e-6)
    np.testing.assert_allclose(result.edge, edge, atol=1e-6)
    return seconds


def peak_bytes():
    """Return the largest memory in use since the last `forget_peak`; None where the system does not tell."""
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    return int(re.search(r"VmHWM:\s*(\d+)", status.read_text())[1]) * 1024


def forget_peak():
    if Path("/proc/self/clear_refs").exists():
        Path("/proc/self/clear_refs").write_text("5")


@pytest.fixture
def run(benchmark):
    """Time a function as `benchmark.pedantic` does, and the processor time that it takes even on a busy machine."""

    def pedantic(function, args=(), kwargs=None, **how):
        def timed(*args, **kwargs):
            start = time.process_time()
            result = function(*args, **kwargs)
            pedantic.cpu_seconds.append(time.process_time() - start)
            return result

        return benchmark.pedantic(timed, args, kwargs, **how)

    pedantic.cpu_seconds = []
    return pedantic


@pytest.fixture
def record(benchmark, run, capsys):
    """Print a line with the best seconds and how much the peak of memory rose while the test ran."""
    forget_peak()
    before = peak_bytes()

    def print_line(what, naive_seconds=None, **figures):
        if benchmark.stats is None:  # under --benchmark-disable
            return
        figures = {"seconds": benchmark.stats.stats.min, "cpu_seconds": min(run.cpu_seconds), **figures}
        if naive_seconds is not None:
            figures["ratio_to_naive"] = naive_seconds / figures["seconds"]
        if before is not None:
            figures["peak_megabytes"] = (peak_bytes() - before) / 1e6
        benchmark.extra_info.update(figures)
        with capsys.disabled():
            print(
                f"\n{what:45}", ", ".join(f"{name} {value:.3g}" for name, value in figures.items()), end=" "
            )

    return print_line


def rounds(d):
    return {"rounds": 1 if d > 17 else 5, "warmup_rounds": 0 if d > 17 else 1}


@njit(fastmath=True)
def horner(values, coefficients):
    """Evaluate a polynomial of degree 16 everywhere: 32 operations for each number that is read and written."""
    c0, c1, c2, c3 = coefficients
    for i in range(len(values)):
        x, y = values[i], c0
        for _ in range(4):
            y = (((y * x + c1) * x + c2) * x + c3) * x + c0
        values[i] = y


def operations_per_second():
    """Return the additions and multiplications that one core does in a loop that stays in registers."""
    values, coefficients, repeats = np.full(512, 0.5), (0.1, 0.2, 0.3, 0.4), 20_000
    best = np.inf
    for _ in range(5):
        start = time.process_time()
        for _ in range(repeats // 1000):
            horner_many(values, coefficients, 1000)
        best = min(best, time.process_time() - start)
    return 32 * len(values) * repeats / best


@njit
def horner_many(values, coefficients, repeats):
    for _ in range(repeats):
        horner(values, coefficients)


OPERATIONS = {"forward": 6, "backward": 4}
"""Floating-point operations of a term: forward its two products, two sums and a product and sum for its row; backward
three products, of which two make the power and the columns' factor one, and a sum. Exponents come on top."""


@pytest.mark.parametrize(("d", "rows"), [(18, 20), (18, 2000), (20, 20), (20, 200), (20, 2000)])
def test_passes(record, run, d, rows):
    """The two passes over 3^d terms: nanoseconds of one core for each, and the share of its operations a second.

    With 20 rows hardly a term is negligible; with 2,000 most are, and are left out. The share is meaningful for the
    former alone.
    """
    DagRecursion(simulated(6).complete).solve(with_sources=True)
    recursion = DagRecursion(simulated(d, rows).complete)
    most, figures = operations_per_second(), {}

    def both():
        start = time.process_time()
        recursion.solve(with_sources=True)
        middle = time.process_time()
        recursion.closed_probabilities()
        for name, seconds in (("forward", middle - start), ("backward", time.process_time() - middle)):
            figures[f"{name}_ns_per_term"] = 1e9 * seconds / 3**d
            figures[f"{name}_share_of_peak"] = OPERATIONS[name] * 3**d / seconds / most

    run(both, rounds=1, warmup_rounds=d < 20)
    record(f"both passes, d = {d}, {rows} rows", billions_per_second=most / 1e9, **figures)


@pytest.mark.parametrize("d", [11, 14, 15, 17, 18, 20, 22])
def test_marginals(run, record, naive_seconds, d):
    """All edges and paths, and the evidence."""
    exact_marginals(simulated(6))
    result = run(exact_marginals, (simulated(d),), **rounds(d))
    record(
        f"edges and paths, d = {d}",
        naive_seconds * d * 3**d / (NAIVE_NODES * 3**NAIVE_NODES),
        self_check=result.self_check,
        error_bound=result.error_bound,
    )


@pytest.mark.parametrize("d", [14, 17, 20, 22])
def test_evidence(run, record, d):
    log_evidence(simulated(6))
    run(log_evidence, (simulated(d),), **rounds(d))
    record(f"evidence, d = {d}")


@pytest.mark.parametrize("d", [15, 20])
def test_best_dag(run, record, d):
    best_dag(simulated(6))
    run(best_dag, (simulated(d),), **rounds(d))
    record(f"best DAG, d = {d}")


@pytest.mark.parametrize("d", [15, 20])
def test_order_modular(run, record, d):
    OrderModular(simulated(6)).edge_marginals()
    run(lambda table: OrderModular(table).edge_marginals(), (simulated(d),), **rounds(d))
    record(f"order-modular edges, d = {d}")


@pytest.mark.parametrize(("d", "rows"), [(15, 20), (15, 200), (20, 20), (20, 200)])
def test_ten_thousand_samples(run, record, d, rows):
    """Few rows: a flat posterior, in which no two draws meet after the first nodes."""
    rng = np.random.default_rng(0)
    DagSampler(simulated(6)).sample(5, rng=rng)
    start = time.perf_counter()
    sampler = DagSampler(simulated(d, rows))
    preparation = time.perf_counter() - start
    sample = run(sampler.sample, (10_000,), {"rng": rng}, rounds=1)
    record(
        f"10,000 samples, d = {d}, {rows} rows", preparation_seconds=preparation, self_check=sample.self_check
    )


@pytest.mark.parametrize(("name", "columns"), [("wine", 13), ("breast_cancer", 18), ("breast_cancer", 20)])
def test_fit_of_a_real_table(run, record, name, columns):
    """From the data to the posterior: scores, probabilities, 20,000 draws and the best DAG."""
    data = load_example(name)
    data = from_array(data.values[:, :columns], data.names[:columns])

    def posterior():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)
            return fit(data, method="exact", progress=False)

    result = run(posterior, rounds=1, warmup_rounds=columns < 15)
    diagnostics = result.info["diagnostics"]
    record(
        f"fit of {name}, d = {columns}",
        self_check=diagnostics["self_check"],
        error_bound=diagnostics["error_bound"],
    )
