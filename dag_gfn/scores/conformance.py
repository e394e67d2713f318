"""Whether a score, or a graph prior, keeps its contract, checked on what the caller supplies."""

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from jaxtyping import Float64, Int64

from dag_gfn.data import from_array
from dag_gfn.data.dataset import Dataset
from dag_gfn.errors import OptionError
from dag_gfn.graphs.subsets import pack, parent_sets, remove_bit, unpack
from dag_gfn.scores.graph_prior import GraphPrior
from dag_gfn.scores.local_score import LocalScore
from dag_gfn.scores.registry import score_options


def check_score(make: Callable[[Dataset], LocalScore], data: Dataset, *, tolerance: float = 1e-8) -> None:
    """Hold a score to its contract on a small table without interventions.

    - Values are finite float64 numbers, and a family's value depends on its own columns alone.
    - A batch of parent sets has the values of its sets one by one, in any order; `complete_table` and `scores_within`
      agree with `local_scores`.
    - Neither the order of the rows nor that of the columns matters.
    - Markov-equivalent DAGs score equally where the score claims it.
    - Rows in which a node was set do not count for it, or interventions are refused.
    - Whole weights count as repeated rows.
    - Tables of the other kinds are refused.

    Parameters
    ----------
    make : callable
        Returns the score for a dataset, for example the class itself. Its options must be the same for all columns.
    data : Dataset
        Of the kind of the score, without interventions: 3 to 8 columns, and few enough rows that scores stay below some
        thousand nats. At least half of the rows must determine the score too.
    tolerance : float
        Relative difference allowed between two computations of a value.

    Raises
    ------
    AssertionError
        If the score does not do what its contract says.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data import from_array
    >>> from dag_gfn.scores import BGe
    >>> from dag_gfn.scores.conformance import check_score
    >>> check_score(BGe, from_array(np.random.default_rng(0).normal(size=(30, 4))))
    """
    assert data.intervened is None, "check_score sets values itself: give data without interventions"
    score = make(data)
    table = score.complete_table()
    _check_declarations(score)
    _check_batches(score, table, tolerance)

    reversed_rows = make(replace(data, values=data.values[::-1].copy())).complete_table()
    _require_close(reversed_rows, table, tolerance, "the order of the rows changes the score")
    _check_column_order(make(_columns_rolled(data)), table, tolerance)
    _check_decomposable(make, data, table, tolerance)
    if score.is_equivalent:
        _check_equivalence(score, table, tolerance)
    _check_interventions(make, data, score.honours_interventions, tolerance)
    _check_weights(make, data, tolerance)
    for kind in sorted({"continuous", "discrete", "mixed"} - set(score.kinds())):
        message = f"a score for {' or '.join(score.kinds())} tables accepts one that is {kind}"
        _require_refusal(make, _two_valued(data, kind), message)


def check_prior(make: Callable[[int], GraphPrior]) -> None:
    """Hold a graph prior to its contract for all numbers of nodes.

    It has a finite log prior for each number of parents 0 .. d-1, and hyperparameters that JSON can hold.

    Parameters
    ----------
    make : callable
        Returns the prior for a number of nodes.

    Raises
    ------
    AssertionError
        If the prior does not do what its contract says.

    Examples
    --------
    >>> from functools import partial
    >>> from dag_gfn.scores import make_prior
    >>> from dag_gfn.scores.conformance import check_prior
    >>> check_prior(partial(make_prior, "fair"))
    """
    for d in (1, 2, 3, 10, 63):
        prior = make(d)
        assert isinstance(prior.name, str), "a prior has a name"
        by_size = prior.log_prior_by_size
        assert by_size.shape == (d,), f"log_prior_by_size has shape {by_size.shape} for {d} nodes"
        assert by_size.dtype == np.float64, f"log_prior_by_size has dtype {by_size.dtype}"
        assert np.isfinite(by_size).all(), f"some values are not finite for {d} nodes"
        json.dumps(prior.hyperparameters, allow_nan=False)  # raises what JSON cannot hold


def _check_declarations(score: LocalScore) -> None:
    assert isinstance(score.name, str), "a score has a name"
    known = {"continuous", "discrete", "mixed"}
    assert score.kinds(), "a score takes no kind of table"
    assert set(score.kinds()) <= known, f"kinds are {score.kinds()}, not of {sorted(known)}"
    assert score.names == score.data.nodes, "names are not the nodes of the data"
    assert score.families_per_second > 0, f"families_per_second is {score.families_per_second}"
    options = score_options(type(score))
    assert set(score.hyperparameters) == set(options), (
        f"hyperparameters are {sorted(score.hyperparameters)}, the constructor's keywords {sorted(options)}"
    )
    json.dumps(score.hyperparameters, allow_nan=False)  # raises what JSON cannot hold
    assert isinstance(score.doubts(), list), "doubts is no list"


def _check_batches(score: LocalScore, table: Float64[np.ndarray, "d sets"], tolerance: float) -> None:
    d = score.d
    assert table.shape == (d, 1 << (d - 1)), f"complete_table has shape {table.shape}"
    assert table.dtype == np.float64, f"complete_table has dtype {table.dtype}"
    assert np.isfinite(table).all(), "some values are not finite"
    for node in range(d):
        sets = parent_sets(node, d)
        values = score.local_scores(node, sets)
        assert values.dtype == np.float64, f"local_scores has dtype {values.dtype}"
        _require_close(values, table[node], tolerance, "local_scores differs from complete_table")
        single = np.concatenate([score.local_scores(node, sets[k : k + 1]) for k in range(len(sets))])
        assert (single == values).all(), "a batch differs from its parent sets one by one"
        mixed = np.concatenate([sets[::-1], sets[::2]])  # in descending order, then some once more
        expected = np.concatenate([values[::-1], values[::2]])
        assert (score.local_scores(node, mixed) == expected).all(), (
            "the order of the parent sets changes the values"
        )
        assert score.local_scores(node, sets[:0]).shape == (0,), "an empty batch has no empty result"
        everything = int(sets[-1])
        within = score.scores_within(node, everything)
        _require_close(within, table[node], tolerance, "scores_within differs from complete_table")
        one = everything & -everything
        _require_close(
            score.scores_within(node, one),
            score.local_scores(node, np.array([0, one], dtype=np.int64)),
            tolerance,
            "scores_within of one candidate differs from local_scores",
        )


def _columns_rolled(data: Dataset) -> Dataset:
    """Return the data with every column one place further to the right, the last one first."""
    order = np.roll(np.arange(data.d), 1).tolist()
    return replace(
        data,
        values=data.values[:, order],
        names=tuple(data.names[j] for j in order),
        kinds=tuple(data.kinds[j] for j in order),
        cardinalities=tuple(data.cardinalities[j] for j in order),
        states=tuple(data.states[j] for j in order),
        means=data.means[order],
        scales=data.scales[order],
        true_graph=None,
    )


def _check_column_order(rolled: LocalScore, table: Float64[np.ndarray, "d sets"], tolerance: float) -> None:
    d = rolled.d
    for node in range(d):
        members = unpack(parent_sets(node, d), d)
        moved = pack(np.roll(members, 1, axis=1))  # column j is column j + 1 there, the last one column 0
        _require_close(
            rolled.local_scores((node + 1) % d, moved),
            table[node],
            tolerance,
            "the order of the columns changes the score",
        )


def _check_decomposable(
    make: Callable[[Dataset], LocalScore],
    data: Dataset,
    table: Float64[np.ndarray, "d sets"],
    tolerance: float,
) -> None:
    for changed in range(data.d):
        values = data.values.copy()
        values[:, changed] = np.roll(values[:, changed], 1)
        other = make(replace(data, values=values))
        for node in set(range(data.d)) - {changed}:
            sets = parent_sets(node, data.d)
            apart = sets[sets >> changed & 1 == 0]
            _require_close(
                other.local_scores(node, apart),
                table[node, remove_bit(apart, node)],
                tolerance,
                "a column outside the family changes its value",
            )


def _check_equivalence(score: LocalScore, table: Float64[np.ndarray, "d sets"], tolerance: float) -> None:
    """Check that turning a covered edge changes nothing: Markov-equivalent DAGs differ by such turns alone.

    Where Pa_j = Pa_i + i the edge i -> j may turn (Chickering, "A transformational characterization of equivalent
    Bayesian network structures", UAI 1995): local(i, P) + local(j, P + i) = local(j, P) + local(i, P + j).
    """
    d = score.d

    def value(node: int, sets: Int64[np.ndarray, " m"]) -> Float64[np.ndarray, " m"]:
        return table[node, remove_bit(sets, node)]

    for i in range(d):
        for j in range(i):
            sets = parent_sets(i, d)
            shared = sets[sets >> j & 1 == 0]
            _require_close(
                value(i, shared) + value(j, shared | np.int64(1) << i),
                value(j, shared) + value(i, shared | np.int64(1) << j),
                tolerance,
                "Markov-equivalent DAGs score differently",
            )


def _check_interventions(
    make: Callable[[Dataset], LocalScore], data: Dataset, honoured: bool, tolerance: float
) -> None:
    set_rows = np.zeros((data.n, data.d), dtype=bool)
    set_rows[::3, 1] = True
    experiment = replace(data, intervened=set_rows)
    if not honoured:
        _require_refusal(make, experiment, "a score that does not honour interventions accepts them")
        return
    found = make(experiment)
    own, others = parent_sets(1, data.d), parent_sets(0, data.d)
    # The node's cells change places among the rows in which it was set: its distribution over all rows stays.
    moved = data.values.copy()
    moved[::3, 1] = np.roll(moved[::3, 1], 1)
    message = "rows in which a node was set count for it"
    expected = make(replace(experiment, values=moved))
    _require_close(found.local_scores(1, own), expected.local_scores(1, own), tolerance, message)
    _require_close(found.complete_table()[1], found.local_scores(1, own), tolerance, message)
    if "mixed" not in found.kinds():  # such a score scales categories by all rows
        alone = make(replace(data, values=data.values[~set_rows[:, 1]]))
        _require_close(found.local_scores(1, own), alone.local_scores(1, own), tolerance, message)
    message = "rows in which one node was set do not count for another"
    _require_close(found.local_scores(0, others), make(data).local_scores(0, others), tolerance, message)


def _check_weights(make: Callable[[Dataset], LocalScore], data: Dataset, tolerance: float) -> None:
    repeats = 1 + np.arange(data.n) % 3
    weighted = make(replace(data, weights=repeats.astype(np.float64))).complete_table()
    repeated = make(replace(data, values=np.repeat(data.values, repeats, axis=0))).complete_table()
    _require_close(weighted, repeated, tolerance, "whole weights differ from repeated rows")


def _two_valued(data: Dataset, kind: str) -> Dataset:
    """Return a table of 0 and 1 in which all columns are numbers or categories, or all but the first categories."""
    codes = np.tile([[0], [1]], (data.n, data.d))
    if kind == "continuous":
        return from_array(codes)
    discrete = from_array(codes, discrete="all")
    if kind == "discrete":
        return discrete
    return replace(
        discrete,
        kinds=("continuous", *discrete.kinds[1:]),
        cardinalities=(0, *discrete.cardinalities[1:]),
        states=((), *discrete.states[1:]),
    )


def _require_refusal(make: Callable[[Dataset], LocalScore], data: Dataset, message: str) -> None:
    try:
        make(data)
    except OptionError:
        return
    raise AssertionError(message)


def _require_close(found: np.ndarray, expected: np.ndarray, tolerance: float, message: str) -> None:
    error = np.abs(found - expected) / np.maximum(1.0, np.abs(expected))
    assert error.max() <= tolerance, f"{message}, by {error.max():.3g} of its size"
