from dataclasses import replace

import numpy as np
import pytest
from effect_cases import mixed

from dag_gfn.parameters.node_columns import NodeColumns
from dag_gfn.scores import BlockBGe


@pytest.fixture
def table(rng):
    return mixed(
        {
            "age": rng.normal(40.0, 9.0, 60),
            "job": rng.choice(["cook", "nurse", "pilot"], 60),
            "rain": rng.normal(size=60),
            "wind": rng.normal(size=60),
        },
        groups=(("weather", ("rain", "wind")),),
    ).standardize()


def columns_of(data):
    return NodeColumns.from_statistics(data.nodes, BlockBGe(data).statistics())


def test_kinds_and_features(table):
    columns = columns_of(table)
    assert [columns.kind(node) for node in range(3)] == ["number", "category", "group"]
    assert [str(f) for f in columns.features] == [
        "age",
        "job = cook",
        "job = nurse",
        "job = pilot",
        "rain",
        "wind",
    ]
    assert [columns.has_full_rank(node) for node in range(3)] == [True] * 3


def test_points_map_back_to_the_cells_in_their_own_units(table):
    columns = columns_of(table)
    design = np.concatenate(
        [
            columns.point(0, {0: table.values[5, 0]}),
            columns.point(1, {1 + int(table.values[5, 1]): 1.0}),
            columns.point(2, {4: table.values[5, 2], 5: table.values[5, 3]}),
        ]
    )
    features = columns.offsets + columns.scales * (columns.feature_means + design @ columns.feature_map)
    original = table.to_frame().iloc[5]
    indicators = [float(original["job"] == level) for level in ("cook", "nurse", "pilot")]
    expected = [original["age"], *indicators, original["rain"], original["wind"]]
    np.testing.assert_allclose(features, expected, atol=1e-9)


def test_levels_without_rows_have_no_feature(rng):
    data = mixed({"a": np.repeat(["x", "y"], 20), "b": rng.normal(size=40)})
    states = (("x", "unseen", "y"), ())
    values = data.values * [2.0, 1.0]
    columns = columns_of(replace(data, values=values, states=states, cardinalities=(3, 0)))
    assert [str(f) for f in columns.features] == ["a = x", "a = y", "b"]


def test_a_group_whose_columns_follow_from_each_other_has_not_full_rank(rng):
    rain = rng.normal(size=60)
    data = mixed(
        {"rain": rain, "wet": 2.0 * rain, "age": rng.normal(size=60)}, groups=(("weather", ("rain", "wet")),)
    )
    assert not columns_of(data.standardize()).has_full_rank(0)


def test_numbers_in_standard_deviations(table):
    columns = columns_of(table)
    size = len(columns.feature_map)
    means, spreads = np.full(size, 0.5), np.full(size, 2.0)
    scaled = columns.in_standard_deviations(means, spreads)
    z = means + spreads  # one standard deviation above the mean
    assert scaled.offsets[0] + scaled.scales[0] * (z @ scaled.feature_map)[0] == pytest.approx(1.0)
    np.testing.assert_array_equal(scaled.scales[1:4], 1.0)  # levels stay indicators
