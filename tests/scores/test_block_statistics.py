"""The statistics of the block score."""

import io

import numpy as np
from score_data import dependent_codes, mixed

from dag_gfn.scores import BlockBGe


def test_they_hold_the_design_and_its_moments(rng):
    values = np.column_stack([dependent_codes(rng, 50, (3, 2)), rng.normal(size=(50, 2))])
    data = mixed(values, (3, 2, 0, 0), groups=(("pair", ("x1", "x3")),)).standardize()
    buffer = io.BytesIO()
    np.savez(buffer, **BlockBGe(data).statistics())
    buffer.seek(0)
    found = dict(np.load(buffer, allow_pickle=False))
    assert found["num_rows"].tolist() == [50, 50, 50]  # x0, pair and x2
    assert found["block_widths"].tolist() == [2, 2, 1]
    assert found["feature_nodes"].tolist() == [0, 0, 0, 1, 1, 1, 2]
    assert found["feature_columns"].tolist() == [0, 0, 0, 1, 1, 3, 2]
    assert found["feature_levels"].tolist() == [0, 1, 2, 0, 1, -1, -1]
    assert found["table_states"].tolist()[:2] == [["s0", "s1", "s2"], ["s0", "s1", ""]]
    features = np.column_stack(
        [
            *(values[:, 0] == c for c in range(3)),
            *(values[:, 1] == c for c in range(2)),
            data.values[:, 3],
            data.values[:, 2],
        ]
    )
    design = (features - found["feature_means"]) @ found["whitening"]
    np.testing.assert_allclose(design.mean(0), found["block_means"], atol=1e-12)
    np.testing.assert_allclose(50 * np.cov(design, rowvar=False, ddof=0), found["block_scatter"], atol=1e-9)
    np.testing.assert_allclose(found["feature_means"] + design @ found["feature_map"], features, atol=1e-12)
    raw = data.values[:, 3] * found["table_scales"][3] + found["table_means"][3]
    np.testing.assert_allclose(raw, values[:, 3], atol=1e-12)


def test_interventions_have_moments_of_each_node_and_weights_are_summed(rng):
    values = np.column_stack([dependent_codes(rng, 50, (3, 2)), rng.normal(size=50)])
    was_set = np.zeros((50, 3), dtype=bool)
    was_set[:10, 1] = True
    weights = rng.uniform(0.5, 2.0, 50)
    found = BlockBGe(mixed(values, (3, 2, 0), was_set, weights)).statistics()
    np.testing.assert_allclose(found["num_rows"], [weights.sum(), weights[10:].sum(), weights.sum()])
    assert found["block_scatter"].shape == (3, 4, 4)
    assert found["block_means"].shape == (3, 4)
    np.testing.assert_allclose(found["block_means"][1, 3], np.average(values[10:, 2], weights=weights[10:]))
