"""The score and its curves come back from the statistics, whatever the table."""

from dataclasses import replace

import numpy as np
import pytest
from curve_cases import chain, mixed_table

import dag_gfn
from dag_gfn.data.normal_scores import with_normal_margins
from dag_gfn.scores import Additive
from dag_gfn.scores.additive import CURVES_OF_EFFECTS
from dag_gfn.scores.additive_statistics import curves_from_statistics, moments_from_statistics
from dag_gfn.scores.curves import Curves
from dag_gfn.scores.moments import Moments


def tables(rng):
    numbers = dag_gfn.from_frame(chain(rng))
    was_set = np.zeros(numbers.values.shape, dtype=bool)
    was_set[:40, 1] = True
    return {
        "numbers": numbers,
        "mixed": dag_gfn.from_frame(mixed_table(rng)),
        "set": replace(numbers, intervened=was_set),
        "weights": replace(numbers, weights=rng.uniform(0.5, 2.0, numbers.n)),
        "two values": dag_gfn.from_frame(
            chain(rng).assign(d=rng.integers(0, 2, 200).astype(float)), continuous=["d"]
        ),
    }


@pytest.mark.parametrize("kind", ["numbers", "mixed", "set", "weights", "two values"])
@pytest.mark.parametrize("margins", [False, True])
def test_the_score_comes_back(kind, margins, rng):
    data = tables(rng)[kind]
    score = Additive((with_normal_margins(data) if margins else data).standardize(), num_curves=3)
    statistics = score.statistics()
    assert all(array.dtype.kind in "fiU" for array in statistics.values())
    assert all(np.isfinite(array).all() for array in statistics.values() if array.dtype.kind == "f")
    again = Additive.from_statistics(statistics, score.names, **score.hyperparameters)
    assert again.hyperparameters == score.hyperparameters
    assert again.has_interventions == score.has_interventions
    assert again.complete_table() == pytest.approx(score.complete_table(), abs=1e-6)
    for one, other in zip(curves_from_statistics(statistics), score.curves, strict=True):
        assert one.size in (0, CURVES_OF_EFFECTS)
        one = one.first(3)
        assert one.at(np.array([-3.0, 0.2, 5.0])) == pytest.approx(other.at(np.array([-3.0, 0.2, 5.0])))


def test_moments_are_those_of_lines_and_curves(rng):
    data = tables(rng)["set"].standardize()
    score = Additive(data, num_curves=2)
    curves = [Curves.of(x, CURVES_OF_EFFECTS) for x in data.values.T]  # more than those of the score
    blocks = [np.column_stack([x, each.at(x)]) for x, each in zip(data.values.T, curves, strict=True)]
    columns = np.concatenate(blocks, axis=1)
    found = moments_from_statistics(score.statistics())
    assert len(found) == 4
    for node, moments in enumerate(found):
        expected = Moments.of(columns[~data.intervened[:, node]])
        assert moments.num_rows == expected.num_rows
        assert moments.mean == pytest.approx(expected.mean)
        assert moments.scatter == pytest.approx(expected.scatter)


def test_quantiles_lead_to_the_tables_units(rng):
    frame = chain(rng)
    data = dag_gfn.from_frame(frame)
    for prepared in (data.standardize(), with_normal_margins(data).standardize()):
        statistics = Additive(prepared, num_curves=2).statistics()
        for j, name in enumerate(frame.columns):
            count = statistics["quantile_counts"][j]
            own = statistics["quantile_own"][j, :count]
            assert own[[0, -1]].tolist() == pytest.approx([frame[name].min(), frame[name].max()])
            assert (statistics["quantile_own"][j, count:] == 0).all()
    mixed = Additive(dag_gfn.from_frame(mixed_table(rng)).standardize(), num_curves=2).statistics()
    assert (mixed["quantile_counts"] > 0).tolist() == [True, False, True, False]
